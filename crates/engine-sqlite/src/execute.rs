//! Running a plan's SQL on the staging file.

use diagnostics::code;
use runtime::engine::{Executed, Result};
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::{Batch, Connection};

use crate::cage::Cage;
use crate::error_code::{engine_error, failure};

/// Runs every statement; a transaction that the SQL left open after an error is rolled back.
pub(crate) fn execute(conn: &Connection, cage: &Cage, sql: &str) -> Result<Executed> {
    cage.clear();
    run(conn, sql).map_err(|error| {
        if !conn.is_autocommit() {
            // The first error is the one to report.
            conn.execute_batch("ROLLBACK").ok();
        }
        let mut mapped = engine_error(&code::STATEMENT_FAILED, &error);
        mapped.offset = failure(&error).offset_in(sql);
        match cage.refused() {
            Some(what) => {
                mapped.message = format!("{what} is not permitted in a plan");
                mapped.help("the run alone decides where and how the new file is written")
            }
            None => mapped,
        }
    })
}

fn run(conn: &Connection, sql: &str) -> rusqlite::Result<Executed> {
    let mut batch = Batch::new(conn, sql);
    let mut rows_affected = 0;
    while let Some(mut statement) = batch.next()? {
        let before = conn.total_changes();
        let mut rows = statement.raw_query();
        while rows.next()?.is_some() {}
        rows_affected += conn.total_changes() - before;
    }
    Ok(Executed { rows_affected })
}
