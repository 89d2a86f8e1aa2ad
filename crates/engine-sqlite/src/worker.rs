//! The connection that builds the new file.

use diagnostics::code;
use ir::Check;
use runtime::RowDigest;
use runtime::engine::{Cancel, CheckOutcome, Executed, LoadInto, LoadSink, Result, Worker};
use rusqlite::{Connection, InterruptHandle};

use crate::cage::Cage;
use crate::error_code::engine_error;
use crate::execute::{execute, execute_once};
use crate::load::{Loader, row_digest};
use crate::target::check;
use crate::text::quote;

pub(crate) struct SqliteWorker {
    conn: Connection,
    cage: Cage,
}

impl SqliteWorker {
    pub(crate) fn new(mut conn: Connection) -> rusqlite::Result<Self> {
        let cage = Cage::for_building(&mut conn)?;
        Ok(Self { conn, cage })
    }

    fn on_table(&self, sql: &str, table: &str) -> Result<()> {
        self.conn.execute_batch(sql).map_err(|error| {
            engine_error(&code::STATEMENT_FAILED, &error).object(format!("table {table}"))
        })
    }
}

impl Worker for SqliteWorker {
    fn execute(&mut self, sql: &str) -> Result<Executed> {
        execute(&self.conn, &self.cage, &catalog::at_home(sql, "main"))
    }

    fn execute_once(&mut self, step: &str, sql: &str) -> Result<Executed> {
        execute_once(&self.conn, &self.cage, step, &catalog::at_home(sql, "main"))
    }

    fn load<'a>(&'a mut self, table: &str, columns: &[LoadInto]) -> Result<Box<dyn LoadSink + 'a>> {
        Ok(Box::new(Loader::begin(&self.conn, table, columns)?))
    }

    fn digest_sink<'a>(
        &'a mut self,
        table: &str,
        columns: &[LoadInto],
    ) -> Result<Box<dyn LoadSink + 'a>> {
        Ok(Box::new(Loader::digesting(&self.conn, table, columns)?))
    }

    fn row_digest(&mut self, table: &str, columns: &[LoadInto]) -> Result<RowDigest> {
        row_digest(&self.conn, table, columns)
    }

    /// Only `AUTOINCREMENT` has a sequence; an ordinary rowid is always one past the highest.
    fn set_sequences(&mut self, table: &str) -> Result<()> {
        let has = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence') \
                   AND EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' \
                               AND name = ?1 COLLATE NOCASE AND sql LIKE '%AUTOINCREMENT%')";
        let failed =
            |error| engine_error(&code::STATEMENT_FAILED, &error).object(format!("table {table}"));
        if !self.conn.query_row(has, [table], |row| row.get(0)).map_err(failed)? {
            return Ok(());
        }
        let highest = format!("(SELECT coalesce(max(rowid), 0) FROM {})", quote(table));
        let name = crate::text::literal(table);
        self.on_table(
            &format!(
                "UPDATE sqlite_sequence SET seq = max(seq, {highest}) \
                 WHERE name = {name} COLLATE NOCASE; \
                 INSERT INTO sqlite_sequence (name, seq) \
                 SELECT m.name, {highest} FROM sqlite_schema m WHERE m.type = 'table' \
                 AND m.name = {name} COLLATE NOCASE \
                 AND NOT EXISTS (SELECT 1 FROM sqlite_sequence s WHERE s.name = m.name)"
            ),
            table,
        )
    }

    fn analyze(&mut self, table: &str) -> Result<()> {
        self.on_table(&format!("ANALYZE main.{}", quote(table)), table)
    }

    fn check(&mut self, check: &Check) -> Result<CheckOutcome> {
        check::run(&self.conn, check)
    }

    fn query(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
        check::query(&self.conn, sql, &code::CHECK_FAILED)
    }

    fn canceller(&self) -> Box<dyn Cancel> {
        Box::new(Interrupt(self.conn.get_interrupt_handle()))
    }
}

struct Interrupt(InterruptHandle);

impl Cancel for Interrupt {
    fn cancel(&self) {
        self.0.interrupt();
    }
}
