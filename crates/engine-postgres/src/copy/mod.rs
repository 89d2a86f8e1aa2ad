//! The row path: SQLite values into PostgreSQL by binary COPY, and the proof that they arrived.
//!
//! ```text
//! row ─► encode (one function per type, into a reused buffer) ─► COPY … FROM STDIN ─► commit
//!             └─► canonical bytes ─► digest of what was sent ┐
//! COPY … TO STDOUT ─► parse ─► canonical bytes ─► digest of what is there ┴─ equal, or the run stops
//! ```
//!
//! Values never become an intermediate form and nothing is allocated per row. A value either arrives
//! whole or is a `RUN812` that names its file, row and column: what PostgreSQL's own input would
//! round, cut or pad is found here, before the server sees it.

mod canonical;
mod columns;
mod encode;
mod json;
mod misfit;
mod parse;
mod probe;
mod readback;
mod sink;
mod tell;
mod types;

use postgres::Client;
use runtime::engine::{LargeValues, LoadInto, LoadSink, Loaded, Misfit, Result, RowSink, Watch};
use runtime::{Row, RowDigest};

pub use probe::{Probe, Sent};

pub(crate) use columns::Loadable;

use columns::Table;
use sink::Sink;

/// Empties the table (found on the search path) and takes rows for `columns`, in one transaction
/// that [`LoadSink::finish`] commits and dropping the sink rolls back. The connection must not be in
/// a transaction.
///
/// # Errors
/// What is wrong with the table or the columns, all in one; `RUN811` where the server refuses to
/// truncate or to copy. The sink's `row` gives `RUN812` for a value that does not fit, its `finish`
/// the server's own refusals (`RUN811` with SQLSTATE, constraint or column): they are read only there.
pub fn load<'a>(
    client: &'a mut Client,
    table: &str,
    columns: &[LoadInto],
) -> Result<Box<dyn LoadSink + 'a>> {
    let table = Table::look_up(client, table, columns)?;
    Ok(Box::new(Sink::load(client, table)?))
}

/// Rows that go into a table in the transaction that is open on the connection; it stays open.
pub(crate) struct Appending<'a>(Sink<'a>);

/// Takes rows for `columns` beside what the table holds.
///
/// # Errors
/// As [`load`].
pub(crate) fn append<'a>(
    client: &'a mut Client,
    table: &str,
    columns: &[LoadInto],
) -> Result<Appending<'a>> {
    let table = Table::look_up(client, table, columns)?;
    Sink::append(client, table).map(Appending)
}

impl<'a> Appending<'a> {
    /// What has been taken until now.
    pub(crate) fn so_far(&self) -> Loaded {
        self.0.so_far()
    }

    /// Ends the COPY; where that fails the transaction is rolled back.
    pub(crate) fn end(self) -> Result<&'a mut Client> {
        self.0.end()
    }
}

impl RowSink for Appending<'_> {
    fn row(&mut self, row: Row<'_>) -> Result<()> {
        self.0.row(row)
    }

    fn large_row(&mut self, row: Row<'_>, large: &mut dyn LargeValues) -> Result<()> {
        self.0.large_row(row, large)
    }

    fn misfits(&mut self) -> Vec<Misfit> {
        self.0.misfits()
    }
}

/// Digest of the given columns of every row that is in the table now; equal to that of
/// [`LoadSink::finish`] if and only if (but for a collision of XXH3-128) the rows are those sent.
///
/// # Errors
/// As [`load`].
pub fn row_digest(client: &mut Client, table: &str, columns: &[LoadInto]) -> Result<RowDigest> {
    let table = Table::look_up(client, table, columns)?;
    readback::digest(client, &table)
}

/// A sink that encodes and digests like that of [`load`] but sends nothing: what the digest would be
/// if the rows were loaded now.
///
/// # Errors
/// As [`load`].
pub fn digest_sink(
    client: &mut Client,
    table: &str,
    columns: &[LoadInto],
) -> Result<Box<dyn LoadSink + 'static>> {
    let table = Table::look_up(client, table, columns)?;
    Ok(Box::new(Sink::digest_only(table, None)))
}

/// As [`digest_sink`], with every row shown.
///
/// # Errors
/// As [`load`].
pub(crate) fn watch_sent<'a>(
    client: &mut Client,
    table: &str,
    columns: &[LoadInto],
    watch: &'a dyn Watch,
) -> Result<Box<dyn LoadSink + 'a>> {
    let table = Table::look_up(client, table, columns)?;
    Ok(Box::new(Sink::digest_only(table, Some(watch))))
}

/// As [`row_digest`], with every row shown.
///
/// # Errors
/// As [`row_digest`].
pub(crate) fn watch_found(
    client: &mut Client,
    table: &str,
    columns: &[LoadInto],
    watch: &dyn Watch,
) -> Result<()> {
    let table = Table::look_up(client, table, columns)?;
    readback::watch(client, &table, watch)
}

/// What the rows are called that [`watch_found`] showed at these places.
///
/// # Errors
/// What the server says.
pub(crate) fn names(
    client: &mut Client,
    table: &str,
    columns: &[LoadInto],
    at: &[String],
) -> Result<Vec<String>> {
    let table = Table::look_up(client, table, columns)?;
    tell::names(client, &table, at)
}

/// Positions of the columns in which two rows differ, given by their canonical bytes.
pub(crate) fn differing(one: &[u8], other: &[u8]) -> Vec<usize> {
    tell::differing(one, other)
}
