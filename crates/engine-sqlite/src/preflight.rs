//! Everything that can be known before the window, all findings at once.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use catalog::{Catalog, Change, DiffOptions, Difference, Kind, Normaliser, ObjectKey, diff};
use diagnostics::code;
use ir::{Action, CompiledPlan, Existing, NewComponent, Place as StepPlace, Step};
use runtime::EngineError;
use runtime::engine::{Preflight, ReplacedTable, Result, SourcePath, TargetColumn};
use rusqlite::Connection;

use crate::cage::Cage;
use crate::canonical::stored_tables;
use crate::connect;
use crate::error_code::{engine_error, io_error};
use crate::execute::execute;
use crate::introspect::{RUN_TABLE, columns, introspect};
use crate::scratch::SqliteNormaliser;
use crate::source::file::{beside, has_journal_header, locate};
use crate::source::sha256;
use crate::target::SqliteTarget;
use crate::target::place::Place;
use crate::text::{count, quote};

pub(crate) fn preflight(target: &SqliteTarget, plan: &CompiledPlan) -> Result<Preflight> {
    let mut found = Preflight { before: live_fingerprint(&target.place)?, ..Preflight::default() };
    folder(&target.place, &target.sources, &mut found);
    not_a_source(target, &mut found);
    let built = prove(plan, &mut found)?;
    live(target, &built, &mut found);
    Ok(found)
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

/// By device and inode: symbolic links, hard links and bind mounts are seen through.
fn not_a_source(target: &SqliteTarget, found: &mut Preflight) {
    let identity = |path: &Path| path.metadata().ok().map(|m| (m.dev(), m.ino()));
    let live = target.place.live();
    let same = |source: &&std::path::PathBuf| {
        identity(&live).is_some() && identity(&live) == identity(source)
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

/// Applies the plan's statements and the baseline's to empty databases in memory.
fn prove(plan: &CompiledPlan, found: &mut Preflight) -> Result<Catalog> {
    let failed = |error: rusqlite::Error| engine_error(&code::NO_SCRATCH, &error);
    let mut conn = connect::in_memory().map_err(failed)?;
    let cage = Cage::for_building(&mut conn).map_err(failed)?;
    let before = found.findings.len();
    for (step, sql) in plan.steps.iter().filter_map(statement) {
        if let Err(error) = execute(&conn, &cage, &catalog::at_home(sql, "main")) {
            let at = &step.origin;
            let place = format!("{} ({}:{}:{})", step.id, at.file, at.line, at.column);
            found.findings.push(error.object(place));
        }
    }
    let built = introspect(&conn).map_err(failed)?;
    found.tables = target_columns(&conn).map_err(failed)?;
    compare(plan, &built, found);
    if found.findings.len() == before {
        found.passed.push(format!(
            "the plan's statements build the baseline ({}, in memory)",
            connect::version()
        ));
    }
    Ok(built)
}

fn statement(step: &Step) -> Option<(&Step, &str)> {
    match &step.action {
        Action::Execute { sql, place: StepPlace::Staging | StepPlace::Promote } => {
            Some((step, sql))
        }
        _ => None,
    }
}

fn compare(plan: &CompiledPlan, built: &Catalog, found: &mut Preflight) {
    let baseline = match SqliteNormaliser::new().normalise(&plan.baseline.script) {
        Ok(baseline) => baseline,
        Err(message) => {
            found.findings.push(EngineError::new(&code::NO_SCRATCH, message));
            return;
        }
    };
    for error in baseline.errors {
        let at = plan.baseline.origins.get(error.statement);
        let place = at.map_or_else(
            || plan.baseline.file.clone(),
            |at| format!("{}:{}:{}", at.file, at.line, at.column),
        );
        let mut finding = EngineError::new(&code::STATEMENT_REFUSED, error.message).object(place);
        finding.offset = error.offset;
        found.findings.push(finding);
    }
    for difference in diff(&baseline.catalog, built, &DiffOptions::default()) {
        if !is_new(&difference, &plan.baseline.new) {
            let message = format!("the plan does not build the baseline: {difference}");
            found.findings.push(
                EngineError::new(&code::CATALOG_DIFFERS, message).object(&plan.baseline.file),
            );
        }
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

type TargetColumns = std::collections::BTreeMap<String, Vec<TargetColumn>>;

fn target_columns(conn: &Connection) -> rusqlite::Result<TargetColumns> {
    let numbered = numbered_columns(conn)?;
    let mut tables = TargetColumns::new();
    for (table, rows) in columns(conn)? {
        if table.starts_with("sqlite_") {
            continue;
        }
        let column = |row: crate::introspect::ColumnRow| TargetColumn {
            identity: numbered.contains(&(table.clone(), row.name.clone())),
            name: row.name,
            type_name: row.data_type,
            not_null: row.not_null,
            has_default: row.default.is_some(),
            generated: row.hidden > 1,
        };
        let columns = rows.into_iter().filter(|row| row.hidden != 1).map(column).collect();
        tables.insert(table, columns);
    }
    Ok(tables)
}

/// Columns that are the rowid: SQLite numbers them where nothing is given ("ROWIDs and the INTEGER
/// PRIMARY KEY": the type is exactly `INTEGER`, the key has one column, the table has rowids).
fn numbered_columns(conn: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let sql = "SELECT l.name, max(x.name) FROM pragma_table_list l JOIN pragma_table_xinfo(l.name) x \
               WHERE l.schema = 'main' AND l.type = 'table' AND l.wr = 0 AND x.pk > 0 \
               GROUP BY l.name HAVING count(*) = 1 AND max(upper(x.type)) = 'INTEGER'";
    let mut statement = conn.prepare(sql)?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// What is at the target's path now, and what becomes of it.
fn live(target: &SqliteTarget, built: &Catalog, found: &mut Preflight) {
    let live = target.place.live();
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
            found.passed.push("the old target can be kept for rollback".to_owned());
            found.replaced = tables;
        }
    }
}

/// The tables of the old target, if the plan permits to replace it and nobody uses it.
fn replaceable(target: &SqliteTarget, live: &Path) -> Result<Vec<ReplacedTable>> {
    if target.existing == Existing::Refuse {
        return Err(target
            .finding(&code::TARGET_NOT_EMPTY, "there is a file at the target's path")
            .help("write `sqlite: { path: …, existing: replace }`; the old file is then kept for rollback"));
    }
    usable(target, live)?;
    live_tables(live)
        .map_err(|error| engine_error(&code::WRONG_TARGET, &error).object(&target.place.shown))
}

fn would_be_lost(table: &ReplacedTable, built: &Catalog) -> bool {
    let mut planned = built.of_kind(Kind::Table).map(|(key, _)| &key.name);
    table.rows > 0 && !planned.any(|name| name.eq_ignore_ascii_case(&table.table))
}

fn lost(target: &SqliteTarget, table: &ReplacedTable) -> EngineError {
    let rows = count(table.rows, "row");
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
fn usable(target: &SqliteTarget, live: &Path) -> Result<()> {
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
