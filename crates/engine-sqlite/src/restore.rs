//! Restoring a backup of a SQLite file: tried elsewhere, looked at before, put in place by a rename.
//!
//! ```text
//! bytes as written? ─► copied beside the place ─► integrity, schema, every row ─► synced
//!   ─► what is there gets a second name, with its -wal and -journal ─► renamed into place
//! ```
//! At every instant the place holds the old file whole, or nothing, or the new file whole; what was
//! replaced is never deleted. A `-wal` that stayed would be read into the new file: every copy of a
//! database restored beside a stale `-wal` has the wrong rows.

mod place;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use backup::manifest::{About, Content, Manifest};
use backup::{BackupName, files, unfinished};
use diagnostics::code;
use runtime::EngineError;
use runtime::engine::{Result, SourceEngine as _, SourcePath};
use rusqlite::Connection;

use crate::SqliteSources;
use crate::canonical::digest_database;
use crate::error_code::{engine_error, io_error};
use crate::source::backup::{self as copying, Partial};
use crate::source::orphans;
use crate::source::{schema_fingerprint, sync};
use crate::target::place::Place;

/// A restore that went well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    pub rows: u64,
    /// Where what was there is now.
    pub moved_aside: Option<PathBuf>,
    pub elapsed_ms: u64,
}

/// What is in the place of a restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InPlace {
    pub size: u64,
    /// Rows per table, or why they cannot be counted: a restore is often for a broken file.
    pub tables: std::result::Result<BTreeMap<String, u64>, String>,
    /// Files that SQLite takes for a part of it: they move aside with it.
    pub beside: Vec<String>,
    /// Processes that have it open.
    pub open_in: Vec<u32>,
}

/// Looks at what a restore would replace; nothing is changed. `scratch`: a private folder for what
/// the look may need to copy.
///
/// # Errors
/// `RUN803` where the place can be no file.
pub fn look(to: &Path, shown: &str, scratch: &Path) -> Result<Option<InPlace>> {
    let place = Place::of(to, shown)?;
    let [live, beside @ ..] = place.live_files();
    let there = |path: &PathBuf| path.symlink_metadata().is_ok();
    let beside: Vec<PathBuf> = beside.into_iter().filter(there).collect();
    if !there(&live) && beside.is_empty() {
        return Ok(None);
    }
    let found = SourcePath { source: String::new(), shown: shown.to_owned(), path: live.clone() };
    let state = SqliteSources::new(scratch).waiting(std::time::Duration::ZERO).inspect(&found);
    let name = |path: &PathBuf| crate::source::name_of(path);
    Ok(Some(InPlace {
        size: live.metadata().map_or(0, |found| found.len()),
        tables: state.map(|state| state.tables).map_err(|error| error.message),
        beside: beside.iter().map(name).collect(),
        open_in: place::open_in(&live),
    }))
}

/// Restores the backup into a folder of its own and compares every row with the manifest.
///
/// # Errors
/// `BKP101` that says what differs; `BKP106` where it cannot be tried.
pub fn drill(backup: &Path, manifest: &Manifest, folder: &Path) -> Result<Restored> {
    let start = Instant::now();
    manifest.check_bytes(backup)?;
    let mut partial = Partial::new();
    let rows = build(backup, manifest, &folder.join("restored"), &mut partial)?;
    Ok(Restored { rows, moved_aside: None, elapsed_ms: millis(start) })
}

/// Restores the backup to `to`. What is there is moved aside, and only where `replace` says so.
///
/// # Errors
/// `BKP105` where something is there and must stay; `BKP101`, `BKP106`, `RUN818`. The place is as
/// it was after each of them.
pub fn restore(
    backup: &Path,
    manifest: &Manifest,
    to: &Path,
    shown: &str,
    replace: bool,
) -> Result<Restored> {
    let start = Instant::now();
    let place = Place::of(to, shown)?;
    place::may_be_replaced(&place, replace)?;
    manifest.check_bytes(backup)?;
    unfinished::remove(place.folder(), &[&format!("{}{}-", unfinished::RESTORE, name(&place))]);
    let staged = place.folder().join(staged_name(&place));
    let mut partial = Partial::new();
    let rows = build(backup, manifest, &staged, &mut partial)?;
    place::like_old(&staged, &place.live())
        .and_then(|()| sync(&staged))
        .map_err(|error| io_error(&code::RESTORE_FAILED, shown, &error))?;
    // Once more: the copy took its time.
    place::may_be_replaced(&place, replace)?;
    let moved_aside = place::exchange(&place, &staged)?;
    partial.keep();
    Ok(Restored { rows, moved_aside, elapsed_ms: millis(start) })
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// What the place's own name looks like in names of files that a restore makes.
fn name(place: &Place) -> String {
    BackupName::plain(&crate::source::name_of(&place.live()))
}

fn staged_name(place: &Place) -> String {
    let name = BackupName::new(&name(place), runtime::clock::now(), "");
    name.partial().replacen(unfinished::BACKUP, unfinished::RESTORE, 1)
}

/// The backup as a database at `to`, which is new, with everything compared; gives its rows.
fn build(backup: &Path, manifest: &Manifest, to: &Path, partial: &mut Partial) -> Result<u64> {
    let failed = |error: EngineError| match error.code {
        found if found == &code::BACKUP_FAILED => {
            EngineError { code: &code::RESTORE_FAILED, ..error }
        }
        _ => error,
    };
    let About::Sqlite(about) = &manifest.about else {
        return Err(EngineError::new(&code::RESTORE_FAILED, "this is no backup of a SQLite file")
            .object(backup.display().to_string()));
    };
    let kept = copying::open_copy(backup).map_err(failed)?;
    copying::copy(&kept, to, partial).map_err(failed)?;
    let restored = copying::open_copy(to).map_err(failed)?;
    let shown = backup.display().to_string();
    let damaged = |message: String| {
        EngineError::new(&code::BACKUP_DAMAGED, message)
            .object(&shown)
            .help("restore another backup; `cutover backup list` shows them")
    };
    copying::check_copy(&shown, &restored).map_err(|error| damaged(error.message))?;
    let violations = orphans::count(&restored).map_err(|error| sqlite(&shown, &error))?;
    if violations != about.foreign_key_violations {
        let before = about.foreign_key_violations;
        return Err(damaged(format!("{violations} rows break foreign keys, {before} did")));
    }
    if schema_fingerprint(to, &restored)? != manifest.schema_fingerprint {
        return Err(damaged("the restored schema is not the one that was backed up".to_owned()));
    }
    match difference(&manifest.tables, &digests(&restored, &shown)?) {
        None => Ok(manifest.rows()),
        Some(message) => Err(damaged(message)),
    }
}

fn sqlite(shown: &str, error: &rusqlite::Error) -> EngineError {
    engine_error(&code::RESTORE_FAILED, error).object(shown)
}

fn digests(conn: &Connection, shown: &str) -> Result<BTreeMap<String, Content>> {
    let digests = digest_database(conn).map_err(|error| sqlite(shown, &error))?;
    Ok(digests.iter().map(|(table, digest)| (table.clone(), Content::from(digest))).collect())
}

/// The first table that is not what the manifest says.
fn difference(
    expected: &BTreeMap<String, Content>,
    found: &BTreeMap<String, Content>,
) -> Option<String> {
    let tables = expected.keys().chain(found.keys());
    tables.into_iter().find_map(|table| match (expected.get(table), found.get(table)) {
        (Some(a), Some(b)) if a == b => None,
        (Some(a), Some(b)) if a.rows == b.rows => {
            Some(format!("table `{table}` holds other values than were backed up"))
        }
        (a, b) => {
            let rows = |content: Option<&Content>| content.map_or(0, |content| content.rows);
            Some(format!("table `{table}` has {} rows, {} were backed up", rows(b), rows(a)))
        }
    })
}

/// The name that a replaced file gets.
fn aside(live: &Path) -> PathBuf {
    let now = runtime::clock::now();
    let time = now.strftime("%Y%m%dT%H%M%S");
    files::beside(live, &format!(".replaced-{time}.{:03}Z", now.subsec_millisecond()))
}
