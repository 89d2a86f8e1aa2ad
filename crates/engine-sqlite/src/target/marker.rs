//! The record of the run inside the file that it builds: while it builds, which steps were executed;
//! when it is complete, which run built it and what it holds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use diagnostics::code;
use runtime::engine::{Result, RunInfo};
use runtime::{EngineError, RowDigest};
use rusqlite::{Connection, OptionalExtension};

use crate::canonical::digest_database;
use crate::connect;
use crate::error_code::engine_error;
use crate::introspect::RUN_TABLE;

/// Raised by one whenever an older program could misread the record. 1 had neither `format` nor
/// `tables`.
pub(crate) const FORMAT: i64 = 2;

/// What stands in a complete file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) run_id: String,
    /// `rows:digest` of every table as it was promoted; empty in records of format 1.
    pub(crate) tables: BTreeMap<String, String>,
}

/// Written before the file is synced and renamed: where the file is, its record is. The caller's
/// transaction holds it together with the last statements.
pub(crate) fn write(conn: &Connection, run: &RunInfo, fingerprint: &str) -> rusqlite::Result<()> {
    let tables = serde_json::to_string(&tables(conn)?).unwrap_or_default();
    conn.execute_batch(&format!(
        "DROP TABLE IF EXISTS {RUN_TABLE}; CREATE TABLE {RUN_TABLE} (run_id TEXT PRIMARY KEY, \
         plan TEXT NOT NULL, compiled_digest TEXT NOT NULL, fingerprint TEXT NOT NULL, \
         built_at TEXT NOT NULL, format INTEGER NOT NULL, tables TEXT NOT NULL) WITHOUT ROWID"
    ))?;
    let built_at = runtime::clock::now().to_string();
    let (id, plan, digest) = (&run.run_id, &run.plan_name, &run.compiled_digest);
    conn.execute(
        &format!("INSERT INTO {RUN_TABLE} VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"),
        (id, plan, digest, fingerprint, built_at, FORMAT, tables),
    )?;
    Ok(())
}

/// `rows:digest` of every table that holds rows, the record itself left out.
pub(crate) fn tables(conn: &Connection) -> rusqlite::Result<BTreeMap<String, String>> {
    let mut digests = digest_database(conn)?;
    // The schema holds the record's own definition.
    digests.retain(|table, _| table != RUN_TABLE && table != "sqlite_schema");
    let text = |(table, digest): (String, RowDigest)| (table, digest.to_string());
    Ok(digests.into_iter().map(text).collect())
}

/// The run that built this file; `None` for a file that no run completed.
///
/// # Errors
/// `SRC113` for a record of a newer format.
pub(crate) fn run_of(path: &Path, shown: &str) -> Result<Option<String>> {
    Ok(read(path, shown)?.map(|marker| marker.run_id))
}

/// # Errors
/// `SRC113` for a record of a newer format.
pub(crate) fn read(path: &Path, shown: &str) -> Result<Option<Marker>> {
    let failed = |error| engine_error(&code::UNREACHABLE, &error).object(shown);
    let conn = connect::open_to_read(path, Duration::from_secs(5)).map_err(failed)?;
    match format_of(&conn).map_err(failed)? {
        None => Ok(None),
        Some(format) if format > FORMAT => Err(too_new(format, shown)),
        Some(_) => marker(&conn).map_err(failed),
    }
}

/// `None` where there is no record of a complete file.
fn format_of(conn: &Connection) -> rusqlite::Result<Option<i64>> {
    if !has(conn, "run_id")? {
        return Ok(None);
    }
    if !has(conn, "format")? {
        return Ok(Some(1));
    }
    let sql = format!("SELECT format FROM {RUN_TABLE}");
    conn.query_row(&sql, [], |row| row.get(0)).optional()
}

fn has(conn: &Connection, column: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2)";
    conn.query_row(sql, [RUN_TABLE, column], |row| row.get(0))
}

fn marker(conn: &Connection) -> rusqlite::Result<Option<Marker>> {
    let tables = if has(conn, "tables")? { "tables" } else { "'{}'" };
    let sql = format!("SELECT run_id, {tables} FROM {RUN_TABLE}");
    let read = |row: &rusqlite::Row<'_>| {
        let tables: String = row.get(1)?;
        Ok(Marker {
            run_id: row.get(0)?,
            tables: serde_json::from_str(&tables).unwrap_or_default(),
        })
    };
    conn.query_row(&sql, [], read).optional()
}

fn too_new(found: i64, shown: &str) -> EngineError {
    let message = format!(
        "the file was promoted by a newer program: its record has format {found}, this program \
         reads up to {FORMAT}"
    );
    EngineError::new(&code::SQLITE_UNSUPPORTED_SCHEMA, message)
        .object(shown)
        .help("use the version of cutover that promoted it; nothing was touched")
}

// ---------------------------------------------------------------- while it builds

/// How a step was executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// Its effect is there.
    Done,
    /// It cannot run inside our transaction: it began, and only its end says whether it took place.
    Alone,
}

/// In the caller's transaction.
pub(crate) fn note(conn: &Connection, step: &str, note: Note) -> rusqlite::Result<()> {
    conn.execute_batch(&format!(
        "CREATE TABLE IF NOT EXISTS {RUN_TABLE} (step TEXT PRIMARY KEY, done INTEGER NOT NULL)"
    ))?;
    let sql = format!("INSERT OR REPLACE INTO {RUN_TABLE} VALUES (?1, ?2)");
    conn.execute(&sql, (step, note == Note::Done)).map(drop)
}

/// The steps whose effect is there; `None` where one began alone and may have taken place or not.
pub(crate) fn executed(conn: &Connection) -> rusqlite::Result<Option<BTreeSet<String>>> {
    if !has(conn, "step")? {
        return Ok(Some(BTreeSet::new()));
    }
    let mut statement = conn.prepare(&format!("SELECT step, done FROM {RUN_TABLE}"))?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows = rows.collect::<rusqlite::Result<Vec<(String, bool)>>>()?;
    let decided = rows.iter().all(|(_, done)| *done);
    Ok(decided.then(|| rows.into_iter().map(|(step, _)| step).collect()))
}

/// The file is complete already: a promote of this run finished it and was killed before the rename.
pub(crate) fn is_complete(conn: &Connection, run_id: &str) -> rusqlite::Result<bool> {
    if !has(conn, "run_id")? {
        return Ok(false);
    }
    let sql = format!("SELECT EXISTS (SELECT 1 FROM {RUN_TABLE} WHERE run_id = ?1)");
    conn.query_row(&sql, [run_id], |row| row.get(0))
}
