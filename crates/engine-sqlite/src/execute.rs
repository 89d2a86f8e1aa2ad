//! Running a plan's SQL on the staging file.

use diagnostics::code;
use runtime::EngineError;
use runtime::engine::{Executed, Result};
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::{Batch, Connection};

use crate::cage::Cage;
use crate::error_code::{engine_error, failure};
use crate::target::marker::{self, Note};

/// Runs every statement and notes the step as done, in one transaction. SQL that cannot run inside
/// one (`VACUUM`, its own `BEGIN`) runs alone, and is noted before and after.
pub(crate) fn execute_once(
    conn: &Connection,
    cage: &Cage,
    step: &str,
    sql: &str,
) -> Result<Executed> {
    let failed = |error| engine_error(&code::STATEMENT_FAILED, &error);
    conn.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
    match cage.holding(|| run_caged(conn, cage, sql)) {
        Ok(done) => {
            let noted = marker::note(conn, step, Note::Done);
            noted.and_then(|()| conn.execute_batch("COMMIT")).map_err(|error| {
                conn.execute_batch("ROLLBACK").ok();
                failed(error)
            })?;
            Ok(done)
        }
        Err(error) => {
            // Some errors roll back by themselves.
            conn.execute_batch("ROLLBACK").ok();
            if !needs_no_transaction(cage, &error) {
                return Err(mapped(cage, &error, sql));
            }
            marker::note(conn, step, Note::Alone).map_err(failed)?;
            let done = execute(conn, cage, sql)?;
            marker::note(conn, step, Note::Done).map_err(failed)?;
            Ok(done)
        }
    }
}

fn needs_no_transaction(cage: &Cage, error: &rusqlite::Error) -> bool {
    cage.refuses_transaction() || failure(error).message.contains("within a transaction")
}

fn run_caged(conn: &Connection, cage: &Cage, sql: &str) -> rusqlite::Result<Executed> {
    cage.clear();
    run(conn, sql)
}

/// Runs every statement; a transaction that the SQL left open after an error is rolled back.
pub(crate) fn execute(conn: &Connection, cage: &Cage, sql: &str) -> Result<Executed> {
    run_caged(conn, cage, sql).map_err(|error| {
        if !conn.is_autocommit() {
            // The first error is the one to report.
            conn.execute_batch("ROLLBACK").ok();
        }
        mapped(cage, &error, sql)
    })
}

fn mapped(cage: &Cage, error: &rusqlite::Error, sql: &str) -> EngineError {
    let mut mapped = engine_error(&code::STATEMENT_FAILED, error);
    mapped.offset = failure(error).offset_in(sql);
    match cage.refused() {
        Some(what) => {
            mapped.message = format!("{what} is not permitted in a plan");
            mapped.help("the run alone decides where and how the new file is written")
        }
        None => mapped,
    }
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
