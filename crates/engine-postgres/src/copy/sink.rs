//! Takes rows, encodes them into one reused buffer, digests them, and sends them.

mod large;

use std::io::Write;

use diagnostics::code;
use postgres::{Client, CopyInWriter};
use runtime::engine::{Fate, LargeValues, LoadSink, Loaded, Result, RowSink, Watch};
use runtime::{EngineError, ErrorClass, Row, RowDigest};
use self_cell::{MutBorrow, self_cell};

use super::canonical::Canonical;
use super::columns::{Fallback, Table};
use super::encode::Scratch;
use super::misfit::Misfit;
use super::parse;
use crate::{guard, quote, sqlstate};

/// The buffer is sent when it holds this much. The server reads from its socket while the next one is
/// encoded; see [`Sending`] for why no thread stands between them.
const CHUNK: usize = 64 * 1024;

/// A buffer that one long row has grown beyond this is given back.
const KEEP: usize = 1024 * 1024;

/// Encodes and digests rows; sends them where there is somebody to send them to.
pub(super) struct Sink<'a> {
    table: Table,
    /// Field count that every row begins with.
    count: [u8; 2],
    canonical: Canonical,
    scratch: Scratch,
    buffer: Vec<u8>,
    digest: RowDigest,
    bytes: u64,
    /// A row was refused: what came before it must not be committed as if it were all.
    refused: bool,
    /// Columns of the row at hand that get the plan's replacement, and why.
    replaced: Vec<(usize, Misfit)>,
    misfits: Vec<runtime::engine::Misfit>,
    rejected: u64,
    watch: Option<&'a dyn Watch>,
    to: To<'a>,
}

enum To<'a> {
    Server(Sending<'a>),
    Nobody,
}

impl<'a> Sink<'a> {
    /// Begins a transaction that empties the table and takes the rows.
    pub(super) fn load(client: &'a mut Client, table: Table) -> Result<Self> {
        let sending = Sending::begin(client, &table)?;
        let mut sink = Self::new(table, To::Server(sending));
        sink.buffer.extend_from_slice(parse::HEADER);
        Ok(sink)
    }

    /// Takes the rows in the transaction that is open, beside others who load the same table.
    pub(super) fn append(client: &'a mut Client, table: Table) -> Result<Self> {
        let sending = Sending::within(client, &table)?;
        let mut sink = Self::new(table, To::Server(sending));
        sink.buffer.extend_from_slice(parse::HEADER);
        Ok(sink)
    }

    /// What has been taken until now.
    pub(super) fn so_far(&self) -> Loaded {
        Loaded { digest: self.digest, bytes: self.bytes + self.buffer.len() as u64 }
    }

    /// Ends the COPY and gives the connection back with its transaction open.
    pub(super) fn end(mut self) -> Result<&'a mut Client> {
        self.flush()?;
        match self.to {
            To::Server(sending) => sending.end(self.digest.rows, &self.table.name),
            To::Nobody => Err(ended(&self.table.name)),
        }
    }

    /// Sends what is left, with the end of the data.
    fn flush(&mut self) -> Result<()> {
        if self.refused {
            return Err(EngineError::new(&code::LOAD_FAILED, "a row was refused, so none is kept")
                .object(format!("table {}", self.table.name)));
        }
        if matches!(self.to, To::Server(_)) {
            self.buffer.extend_from_slice(&parse::TRAILER);
        }
        self.send()
    }

    /// Encodes and digests only; shows every row to whoever watches.
    pub(super) fn digest_only(table: Table, watch: Option<&'a dyn Watch>) -> Self {
        Self { watch, ..Self::new(table, To::Nobody) }
    }

    fn new(table: Table, to: To<'a>) -> Self {
        // PostgreSQL's tables have at most 1,600 columns.
        let count = (table.columns.len() as u16).to_be_bytes();
        Self {
            canonical: Canonical::of(&table),
            table,
            count,
            scratch: Scratch::default(),
            buffer: Vec::with_capacity(2 * CHUNK),
            digest: RowDigest::default(),
            bytes: 0,
            refused: false,
            replaced: Vec::new(),
            misfits: Vec::new(),
            rejected: 0,
            watch: None,
            to,
        }
    }

    /// Appends one row to the buffer and the digest, with the plan's replacement for each value that
    /// does not fit; nothing of it stays where there is none.
    ///
    /// # Errors
    /// The index of the column and why. Who calls this may reject the row or stop.
    fn put(&mut self, row: Row<'_>) -> std::result::Result<(), (usize, Misfit)> {
        let start = self.buffer.len();
        self.replaced.clear();
        loop {
            let Err((index, misfit)) = self.put_fields(row) else { return Ok(()) };
            self.buffer.truncate(start);
            let replaceable = matches!(self.table.columns[index].fallback, Fallback::Replace(..));
            if !replaceable || self.replaced.iter().any(|(already, _)| *already == index) {
                return Err((index, misfit));
            }
            // Again from the start: what is wrong with a field may only show in the row's canonical form.
            self.replaced.push((index, misfit));
        }
    }

    /// The field that stands for the value of this column in the row at hand.
    fn replacement(&self, index: usize) -> Option<&[u8]> {
        match &self.table.columns[index].fallback {
            Fallback::Replace(field, _) if self.replaced.iter().any(|(at, _)| *at == index) => {
                Some(field)
            }
            _ => None,
        }
    }

    fn put_fields(&mut self, row: Row<'_>) -> std::result::Result<(), (usize, Misfit)> {
        self.buffer.extend_from_slice(&self.count);
        let fields = self.buffer.len();
        for (index, (column, value)) in self.table.columns.iter().zip(row.values).enumerate() {
            if !self.replaced.is_empty()
                && let Some(field) = self.replacement(index)
            {
                let field = field.to_vec();
                self.buffer.extend_from_slice(&field);
                continue;
            }
            let field = self.buffer.len();
            column
                .encoder
                .put(*value, &mut self.buffer, &mut self.scratch)
                .map_err(|misfit| (index, misfit))?;
            // Rows that are only digested may be older than the constraint.
            let loaded_so =
                matches!(self.to, To::Server(_)) || !matches!(column.fallback, Fallback::Stop);
            if column.not_null && loaded_so && self.buffer[field..] == parse::NULL {
                return Err((index, null()));
            }
        }
        let canonical = self.canonical.row(&self.buffer[fields..])?;
        self.digest.add(canonical);
        if let Some(watch) = self.watch {
            watch.row(canonical, &String::new);
        }
        Ok(())
    }

    /// Sends what the buffer holds.
    fn send(&mut self) -> Result<()> {
        self.bytes += self.buffer.len() as u64;
        if let To::Server(sending) = &mut self.to {
            sending.send(&self.buffer, &self.table.name)?;
        }
        self.buffer.clear();
        if self.buffer.capacity() > KEEP {
            self.buffer.shrink_to(2 * CHUNK);
        }
        Ok(())
    }

    fn refuse(&mut self, error: EngineError) -> EngineError {
        self.refused = true;
        error
    }

    /// Rejects the row where the plan says so.
    ///
    /// # Errors
    /// `RUN812` otherwise.
    fn not_put(&mut self, row: Row<'_>, index: usize, misfit: Misfit) -> Result<()> {
        let (column, value) = (&self.table.columns[index], row.values[index]);
        // Rows until now, and this one.
        let nth = self.digest.rows + self.rejected + 1;
        if matches!(column.fallback, Fallback::Reject) {
            self.misfits.push(misfit.report(column, row, value, nth, Fate::Rejected));
            self.rejected += 1;
            return Ok(());
        }
        let error = misfit.into_error(&self.table.name, column, row, value, nth);
        Err(self.refuse(error))
    }

    fn report_replaced(&mut self, row: Row<'_>) {
        let nth = self.digest.rows + self.rejected;
        for (index, misfit) in self.replaced.drain(..) {
            let column = &self.table.columns[index];
            if let Fallback::Replace(_, fate) = column.fallback {
                let value = row.values[index];
                self.misfits.push(misfit.report(column, row, value, nth, fate));
            }
        }
    }
}

/// The server would refuse it too, but cannot say which row of which file it is.
fn null() -> Misfit {
    Misfit::new("the column is not null").help(
        "correct it in the source, give it a value by a `sql:` expression (`coalesce(…)`), or leave \
         such rows out by the table's `where:`",
    )
}

impl RowSink for Sink<'_> {
    fn row(&mut self, row: Row<'_>) -> Result<()> {
        if row.values.len() != self.table.columns.len() {
            let text = format!(
                "a row of {} values came for {} columns",
                row.values.len(),
                self.table.columns.len()
            );
            return Err(self.refuse(EngineError::new(&code::INTERNAL, text)));
        }
        if let Err((index, misfit)) = self.put(row) {
            return self.not_put(row, index, misfit);
        }
        if !self.replaced.is_empty() {
            self.report_replaced(row);
        }
        if self.buffer.len() >= CHUNK { self.send() } else { Ok(()) }
    }

    fn large_row(&mut self, row: Row<'_>, large: &mut dyn LargeValues) -> Result<()> {
        self.put_large(row, large)
    }

    fn misfits(&mut self) -> Vec<runtime::engine::Misfit> {
        std::mem::take(&mut self.misfits)
    }
}

impl LoadSink for Sink<'_> {
    fn finish(mut self: Box<Self>) -> Result<Loaded> {
        self.flush()?;
        if let To::Server(sending) = self.to {
            sending.commit(self.digest.rows, &self.table.name)?;
        }
        Ok(Loaded { digest: self.digest, bytes: self.bytes })
    }
}

type Writer<'c> = Option<CopyInWriter<'c>>;

self_cell!(
    /// A writer and the connection that it borrows: the connection is needed again for COMMIT.
    struct Copying<'a> {
        owner: MutBorrow<&'a mut Client>,
        #[not_covariant]
        dependent: Writer,
    }
);

/// A transaction with a COPY in it. Dropped before [`Sending::commit`], it rolls back.
///
/// The rows are sent from the thread that encodes them. The socket's buffer holds some chunks, the
/// server is the slower side, and a chunk is encoded in less time than the server takes for it, so
/// both work at once: `examples/copy_speed.rs` gave 1.1 to 1.3 times raw COPY of the same bytes with
/// other work on both of two cores. A thread with a queue between would add a copy of each buffer and
/// a wake-up, and a third party to two cores.
struct Sending<'a>(Option<Copying<'a>>);

impl<'a> Sending<'a> {
    fn begin(client: &'a mut Client, table: &Table) -> Result<Self> {
        let (truncate, copy) = statements(table);
        if let Err(error) = client.batch_execute(&format!("begin; {truncate}")) {
            roll_back(client);
            return Err(load_error(&table.name, &error));
        }
        Self::copying(client, table, &copy)
    }

    /// In the transaction that is open. Rows cannot be frozen: others see the table meanwhile.
    fn within(client: &'a mut Client, table: &Table) -> Result<Self> {
        let copy = copy_statement(table, "");
        Self::copying(client, table, &copy)
    }

    fn copying(client: &'a mut Client, table: &Table, copy: &str) -> Result<Self> {
        let failed = |error: postgres::Error| load_error(&table.name, &error);
        let copying = Copying::try_new_or_recover(MutBorrow::new(client), |client| {
            client.borrow_mut().copy_in(copy).map(Some)
        });
        copying.map(|copying| Self(Some(copying))).map_err(|(client, error)| {
            roll_back(client.into_inner());
            failed(error)
        })
    }

    fn send(&mut self, bytes: &[u8], table: &str) -> Result<()> {
        let Some(copying) = &mut self.0 else { return Err(ended(table)) };
        copying.with_dependent_mut(|_, writer| {
            let Some(writer) = writer else { return Err(ended(table)) };
            // In pieces, because the client library copies each: one long row is not held thrice.
            let mut pieces = bytes.chunks(2 * CHUNK);
            pieces.try_for_each(|piece| writer.write_all(piece)).map_err(|e| io_error(table, &e))
        })
    }

    /// Ends the COPY and commits, if the server took as many rows as were sent.
    fn commit(self, sent: u64, table: &str) -> Result<()> {
        let client = self.end(sent, table)?;
        match guard::untouched(client) {
            Err(error) => {
                roll_back(client);
                Err(error.object(format!("table {table}")))
            }
            Ok(()) => client.batch_execute("commit").map_err(|error| load_error(table, &error)),
        }
    }

    /// Ends the COPY; the transaction is open still, or rolled back where this fails.
    fn end(mut self, sent: u64, table: &str) -> Result<&'a mut Client> {
        let Some(mut copying) = self.0.take() else { return Err(ended(table)) };
        let taken = copying.with_dependent_mut(|_, writer| writer.take().map(CopyInWriter::finish));
        let client = copying.into_owner().into_inner();
        let error = match taken {
            Some(Ok(taken)) if taken == sent => return Ok(client),
            Some(Ok(taken)) => miscounted(table, sent, taken),
            Some(Err(error)) => load_error(table, &error),
            None => ended(table),
        };
        roll_back(client);
        Err(error)
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        if let Some(copying) = self.0.take() {
            // Letting go of the writer fails the COPY.
            roll_back(copying.into_owner().into_inner());
        }
    }
}

/// Without a result: the error that led here is the one to show, and a connection that cannot roll
/// back is lost, which rolls back by itself and shows at its next use.
fn roll_back(client: &mut Client) {
    drop(client.batch_execute("rollback"));
}

/// TRUNCATE in the same transaction lets COPY freeze the rows and, at `wal_level = minimal`, write no
/// WAL for them. A partitioned table cannot be frozen (0A000), nor truncated without its partitions.
fn statements(table: &Table) -> (String, String) {
    let (only, freeze) = if table.partitioned { ("", "") } else { ("only ", ", freeze") };
    (format!("truncate {only}{}", quote(&table.name)), copy_statement(table, freeze))
}

fn copy_statement(table: &Table, freeze: &str) -> String {
    let columns: Vec<String> = table.columns.iter().map(|column| quote(&column.name)).collect();
    let (name, columns) = (quote(&table.name), columns.join(", "));
    format!("copy {name} ({columns}) from stdin (format binary{freeze})")
}

/// The server's own words, and the table where they name none.
pub(super) fn load_error(table: &str, error: &postgres::Error) -> EngineError {
    let mut found = sqlstate::error(&code::LOAD_FAILED, error);
    let column =
        error.as_db_error().and_then(|db| db.column().map(|column| format!("{table}.{column}")));
    if found.object.is_none() {
        found.object =
            Some(column.map_or(format!("table {table}"), |column| format!("column {column}")));
    }
    found
}

pub(super) fn io_error(table: &str, error: &std::io::Error) -> EngineError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<postgres::Error>()) {
        Some(inner) => load_error(table, inner),
        None => EngineError::new(&code::CONNECTION_LOST, error.to_string())
            .class(ErrorClass::ConnectionLost)
            .object(format!("table {table}")),
    }
}

fn miscounted(table: &str, sent: u64, taken: u64) -> EngineError {
    EngineError::new(
        &code::LOAD_FAILED,
        format!("{sent} rows were sent but the server kept {taken}"),
    )
    .object(format!("table {table}"))
    .help("a trigger of the table drops rows; create it in a later stage than the load")
}

fn ended(table: &str) -> EngineError {
    EngineError::new(&code::INTERNAL, "rows came after the load had ended")
        .object(format!("table {table}"))
}
