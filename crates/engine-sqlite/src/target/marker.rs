//! The record of the run inside the file that it built.

use std::path::Path;
use std::time::Duration;

use diagnostics::code;
use runtime::engine::{Result, RunInfo};
use rusqlite::{Connection, OptionalExtension};

use crate::connect;
use crate::error_code::engine_error;
use crate::introspect::RUN_TABLE;

/// Written before the file is synced and renamed: where the file is, its record is.
pub(crate) fn write(conn: &Connection, run: &RunInfo, fingerprint: &str) -> rusqlite::Result<()> {
    conn.execute_batch(&format!(
        "DROP TABLE IF EXISTS {RUN_TABLE}; CREATE TABLE {RUN_TABLE} (run_id TEXT PRIMARY KEY, \
         plan TEXT NOT NULL, compiled_digest TEXT NOT NULL, fingerprint TEXT NOT NULL, \
         built_at TEXT NOT NULL) WITHOUT ROWID"
    ))?;
    let built_at = jiff::Timestamp::now().to_string();
    conn.execute(
        &format!("INSERT INTO {RUN_TABLE} VALUES (?1, ?2, ?3, ?4, ?5)"),
        (&run.run_id, &run.plan_name, &run.compiled_digest, fingerprint, built_at),
    )?;
    Ok(())
}

/// The run that built this file; `None` for a file that no run built.
pub(crate) fn run_of(path: &Path, shown: &str) -> Result<Option<String>> {
    let read = || {
        let conn = connect::open_to_read(path, Duration::from_secs(5))?;
        let exists = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = ?1)";
        if !conn.query_row(exists, [RUN_TABLE], |row| row.get(0))? {
            return Ok(None);
        }
        let sql = format!("SELECT run_id FROM {RUN_TABLE}");
        conn.query_row(&sql, [], |row| row.get(0)).optional()
    };
    read().map_err(|error| engine_error(&code::UNREACHABLE, &error).object(shown))
}
