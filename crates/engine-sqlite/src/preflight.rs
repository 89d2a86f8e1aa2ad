//! Everything that can be known before the window, all findings at once.

mod proof;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use catalog::properties as p;
use catalog::{Catalog, Change, Difference, Kind, ObjectKey};
use diagnostics::{code, plural};
use ir::{CompiledPlan, Existing, NewComponent};
use runtime::EngineError;
use runtime::engine::{Preflight, ReplacedTable, Result, SourcePath};
use rusqlite::Connection;

use crate::canonical::stored_tables;
use crate::connect;
use crate::error_code::{engine_error, io_error};
use crate::introspect::RUN_TABLE;
use crate::source::file::{beside, has_journal_header, locate};
use crate::source::{name_of, sha256};
use crate::target::SqliteTarget;
use crate::target::place::Place;
use crate::text::quote;

/// Also gives the database in memory that the plan's statements were applied to.
pub(crate) fn preflight(
    target: &SqliteTarget,
    plan: &CompiledPlan,
) -> Result<(Preflight, Connection)> {
    let mut found = Preflight { before: live_fingerprint(&target.place)?, ..Preflight::default() };
    folder(&target.place, &target.sources, &mut found);
    not_a_source(target, &mut found);
    let (built, proof) = proof::prove(plan, &mut found)?;
    live(target, &built, &mut found);
    Ok((found, proof))
}

impl SqliteTarget {
    fn finding(&self, code: &'static diagnostics::Code, message: impl Into<String>) -> EngineError {
        EngineError::new(code, message).object(&self.place.shown)
    }
}

/// The folder takes the new file: it may be written, there is room, and the names fit.
fn folder(place: &Place, sources: &[std::path::PathBuf], found: &mut Preflight) {
    let existing = place.folder().ancestors().find(|folder| folder.exists());
    let existing = existing.unwrap_or(Path::new("/"));
    let shown = &place.shown;
    let access = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
    if !existing.is_dir() || rustix::fs::access(existing, access).is_err() {
        found.findings.push(
            EngineError::new(&code::NO_PRIVILEGE, "the folder of the target cannot be written")
                .object(shown)
                .help("the new file is built beside the target; give this user the right to write"),
        );
        return;
    }
    // 255 bytes is the limit of the usual file systems; a run id has 22.
    if place.longest_name(&"x".repeat(22)) > 255 {
        let message = "the file name is too long for the names that a run makes from it";
        found.findings.push(EngineError::new(&code::PREFLIGHT, message).object(shown));
    }
    let needed: u64 = sources.iter().filter_map(|path| path.metadata().ok()).map(|m| m.len()).sum();
    match rustix::fs::statvfs(existing).map(|stat| stat.f_bavail * stat.f_frsize) {
        Ok(free) if free < needed => found.findings.push(
            EngineError::new(
                &code::DISK_FULL,
                format!("{free} bytes are free, the sources have {needed}"),
            )
            .object(shown),
        ),
        Ok(_) => found.passed.push("the target's folder can be written and has room".to_owned()),
        Err(errno) => {
            let failed = io_error(&code::PREFLIGHT, shown, &errno.into());
            found.findings.push(failed);
        }
    }
}

/// By device and inode: symbolic links, hard links and bind mounts are seen through. What SQLite
/// keeps beside the target is the target too.
fn not_a_source(target: &SqliteTarget, found: &mut Preflight) {
    let identity = |path: &Path| path.metadata().ok().map(|m| (m.dev(), m.ino()));
    let written: Vec<_> =
        target.place.live_files().iter().filter_map(|path| identity(path)).collect();
    let same = |source: &&std::path::PathBuf| {
        identity(source).is_some_and(|source| written.contains(&source))
    };
    match target.sources.iter().find(same) {
        Some(source) => found.findings.push(
            target
                .finding(
                    &code::SOURCE_TARGET_SAME_FILE,
                    format!("the target is the source `{}`", source.display()),
                )
                .help("a source is never written; name another file as target"),
        ),
        None => found.passed.push("the target is none of the sources".to_owned()),
    }
}

/// Whether the plan says that it adds this on purpose.
pub(crate) fn is_new(difference: &Difference, new: &[NewComponent]) -> bool {
    let names = |component: &NewComponent| {
        let ObjectKey { kind, parent, name, .. } = &difference.key;
        let kind_fits = component.kind.as_deref().is_none_or(|word| {
            word == kind.word() || (word == "table" && *kind == Kind::VirtualTable)
        });
        kind_fits && (component.name == *name || component.name == format!("{parent}.{name}"))
    };
    difference.change == Change::Extra && new.iter().any(names)
}

/// What is at the target's path now, and what becomes of it.
fn live(target: &SqliteTarget, built: &Catalog, found: &mut Preflight) {
    let live = target.place.live();
    if let Some(orphan) = target.place.orphan() {
        found.findings.push(orphaned(target, &orphan));
        return;
    }
    if !live.exists() {
        found.passed.push("there is no file at the target's path".to_owned());
        return;
    }
    match replaceable(target, &live) {
        Err(error) => found.findings.push(error),
        Ok(tables) => {
            found.findings.extend(
                tables
                    .iter()
                    .filter(|table| would_be_lost(table, built))
                    .map(|table| lost(target, table)),
            );
            found.findings.extend(newer(target, &live, built));
            found.passed.push("the old target can be kept for rollback".to_owned());
            found.replaced = tables;
        }
    }
}

/// An application that counts its schema up in `user_version` has been here with a newer one. Where
/// the plan states none there is nothing to compare with.
fn newer(target: &SqliteTarget, live: &Path, built: &Catalog) -> Option<EngineError> {
    let database = built.objects.get(&ObjectKey::new(Kind::Database, ""))?;
    let supported: i64 = database.properties.get(p::USER_VERSION)?.parse().ok()?;
    let version =
        |conn: Connection| conn.pragma_query_value(None, "user_version", |row| row.get(0));
    match connect::open_to_read(live, Duration::from_secs(5)).and_then(version) {
        Ok(version) if version <= supported => None,
        Ok(version) => Some(unsupported(target, version, supported)),
        Err(error) => Some(engine_error(&code::WRONG_TARGET, &error).object(&target.place.shown)),
    }
}

fn unsupported(target: &SqliteTarget, found: i64, supported: i64) -> EngineError {
    let message = format!(
        "the target's `PRAGMA user_version` is {found}, the plan supports {supported} and would put \
         an older schema in its place"
    );
    target.finding(&code::SQLITE_UNSUPPORTED_SCHEMA, message).help(
        "take the plan and baseline of the newer schema, or restore the backup from before it; \
         no schema is migrated down",
    )
}

fn orphaned(target: &SqliteTarget, orphan: &Path) -> EngineError {
    let name = name_of(orphan);
    target
        .finding(
            &code::PREFLIGHT,
            format!("there is no file at the target's path, but `{name}` of one that was there"),
        )
        .help("move it away together with the database that it belongs to; SQLite would read it into the new file")
}

/// The tables of the old target, if the plan permits to replace it and nobody uses it.
fn replaceable(target: &SqliteTarget, live: &Path) -> Result<Vec<ReplacedTable>> {
    if target.existing == Existing::Refuse {
        return Err(target
            .finding(&code::TARGET_NOT_EMPTY, "there is a file at the target's path")
            .help("write `sqlite: { path: …, existing: replace }`; the old file is then kept for rollback"));
    }
    usable(target, live)?;
    // A file that a newer program promoted says more than we could carry over.
    crate::target::marker::run_of(live, &target.place.shown)?;
    live_tables(live)
        .map_err(|error| engine_error(&code::WRONG_TARGET, &error).object(&target.place.shown))
}

fn would_be_lost(table: &ReplacedTable, built: &Catalog) -> bool {
    let mut planned = built.of_kind(Kind::Table).map(|(key, _)| &key.name);
    table.rows > 0 && !planned.any(|name| name.eq_ignore_ascii_case(&table.table))
}

fn lost(target: &SqliteTarget, table: &ReplacedTable) -> EngineError {
    let rows = plural(table.rows, "row");
    let message = format!(
        "the target has table `{}` with {rows} that the plan does not build; the new file would be \
         without it",
        table.table
    );
    target
        .finding(&code::PREFLIGHT, message)
        .help("add the table to the plan, or name another file as target")
}

/// Nobody is in the middle of something with it.
pub(crate) fn usable(target: &SqliteTarget, live: &Path) -> Result<()> {
    let path = SourcePath {
        source: String::new(),
        shown: target.place.shown.clone(),
        path: live.to_owned(),
    };
    let not_sqlite = |error: EngineError| EngineError { code: &code::WRONG_TARGET, ..error };
    let located = locate(&path).map_err(not_sqlite)?;
    if fs::metadata(live).is_ok_and(|found| found.len() > 0) {
        located.header().map_err(not_sqlite)?;
    }
    if let Some(pid) = located.locked_by()? {
        return Err(target
            .finding(&code::PREFLIGHT, format!("process {pid} has the target open"))
            .help("stop the programs that use it before the cutover"));
    }
    if has_journal_header(&beside(live, "-journal")) {
        return Err(target
            .finding(&code::PREFLIGHT, "the target has a hot rollback journal")
            .help(
                "open it once with the program that owns it, so that SQLite rolls the write back",
            ));
    }
    Ok(())
}

/// Tables of the old target with their rows, the record of runs left out.
fn live_tables(live: &Path) -> rusqlite::Result<Vec<ReplacedTable>> {
    let conn = connect::open_to_read(live, Duration::from_secs(5))?;
    let own = stored_tables(&conn)?.into_iter();
    own.filter(|table| !table.starts_with("sqlite_") && table != RUN_TABLE)
        .filter(|table| !is_shadow(&conn, table))
        .map(|table| {
            let rows =
                connect::count(&conn, &format!("SELECT count(*) FROM {}", quote(&table)), [])?;
            Ok(ReplacedTable { table, rows })
        })
        .collect()
}

fn is_shadow(conn: &Connection, table: &str) -> bool {
    let sql = "SELECT EXISTS (SELECT 1 FROM pragma_table_list WHERE schema = 'main' \
               AND name = ?1 AND type = 'shadow')";
    conn.query_row(sql, [table], |row| row.get(0)).unwrap_or(false)
}

/// Identity and bytes of the file at the target's path, its `-wal` included; `absent`.
pub(crate) fn live_fingerprint(place: &Place) -> Result<String> {
    let failed = |error: std::io::Error| io_error(&code::WRONG_TARGET, &place.shown, &error);
    let live = place.live();
    if !live.exists() {
        return Ok("absent".to_owned());
    }
    if !live.is_file() {
        return Err(
            EngineError::new(&code::WRONG_TARGET, "the target is not a file").object(&place.shown)
        );
    }
    let file = fs::File::open(&live).map_err(failed)?;
    let found = file.metadata().map_err(failed)?;
    let mut text = format!("{}:{}:{}", found.dev(), found.ino(), sha256(&file).map_err(failed)?);
    let wal = beside(&live, "-wal");
    if wal.metadata().is_ok_and(|found| found.len() > 0) {
        let file = fs::File::open(wal).map_err(failed)?;
        text += &format!(":{}", sha256(&file).map_err(failed)?);
    }
    Ok(text)
}
