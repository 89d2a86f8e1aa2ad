//! Loads the units of one table, lease by lease, until none is left.

use std::time::Duration;

use diagnostics::code;

use super::Shared;
use crate::engine::{Fate, LargeValues, Lease, LoadInto, Misfit, RowSink, Tally, UnitSink, Worker};
use crate::{EngineError, Row, Value};

/// How long to wait where all that is left is leased to others.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// Where the rows of a table's units come from, and who is told of them.
pub(crate) trait Units {
    fn table(&self) -> &str;

    fn columns(&self) -> &[LoadInto];

    /// Sends the rows of one file; gives how many there were.
    fn scan(&mut self, file: usize, sink: &mut dyn RowSink) -> Result<u64, EngineError>;

    /// How many rows the file must give, where that is known.
    fn expected(&self, file: usize) -> Option<u64>;

    /// Whether what was read is still what it was; asked before the rows are committed.
    fn unchanged(&mut self, files: &[usize]) -> Result<(), EngineError>;
}

/// Who is told of the rows, and says when to stop.
pub(crate) trait Watch {
    /// # Errors
    /// Ends the load with this error.
    fn look_up(&self, read: Read) -> Result<(), EngineError>;

    fn pause(&self, time: Duration);
}

/// What this process has read of a table until now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Read {
    pub rows: u64,
    pub bytes: u64,
}

/// The clock and the stop flag are looked at once in so many rows.
const EVERY: u64 = 512;

/// Loads what nobody has loaded; returns when all units are, whoever loaded them.
pub(crate) fn until_done(
    shared: &Shared,
    worker: &mut dyn Worker,
    units: &mut dyn Units,
    watch: &dyn Watch,
) -> Result<Tally, EngineError> {
    let into = units.columns().to_vec();
    let mut read = Read::default();
    loop {
        watch.look_up(read)?;
        let lease = shared.claim(units.table())?;
        if !lease.files.is_empty() {
            read = leased(&lease, &into, worker, units, watch, read)?;
        } else if shared.open_units(units.table())? == 0 {
            return shared.close(units.table());
        } else {
            watch.pause(PAUSE);
        }
    }
}

/// The units of one lease, in one transaction. Gives what was read until now.
pub(super) fn leased(
    lease: &Lease,
    into: &[LoadInto],
    worker: &mut dyn Worker,
    units: &mut dyn Units,
    watch: &dyn Watch,
    mut read: Read,
) -> Result<Read, EngineError> {
    let mut sink = worker.load_units(lease, into)?;
    for &file in &lease.files {
        let misfits = Vec::new();
        let mut counting = Counting { sink: sink.as_mut(), watch, read, rows: 0, misfits };
        let scanned = units.scan(file, &mut counting)?;
        let Counting { read: now, rows, mut misfits, .. } = counting;
        misfits.extend(sink.misfits());
        let written = sink.unit_done(file, scanned, &misfits)?.digest.rows;
        let rejected = misfits.iter().filter(|misfit| misfit.fate == Fate::Rejected).count() as u64;
        let held = units.expected(file).unwrap_or(scanned);
        balanced(units.table(), file, [held, scanned, rows, written + rejected])?;
        read = now;
    }
    units.unchanged(&lease.files)?;
    sink.commit()?;
    watch.look_up(read)?;
    Ok(read)
}

/// Every row that was read is in the unit, and the file gave as many as its backup holds.
fn balanced(table: &str, file: usize, counts: [u64; 4]) -> Result<(), EngineError> {
    let [held, scanned, came, written] = counts;
    if scanned == held && scanned == came && scanned == written {
        return Ok(());
    }
    let message = format!(
        "the rows of `{table}` do not add up in file {file}: the backup holds {held}, {scanned} \
         were read, {came} came through, and {written} were written or rejected"
    );
    Err(EngineError::new(&code::ROWS_DIFFER, message).object(format!("table {table}")))
}

struct Counting<'a> {
    sink: &'a mut dyn UnitSink,
    watch: &'a dyn Watch,
    read: Read,
    /// Of this file.
    rows: u64,
    misfits: Vec<Misfit>,
}

impl RowSink for Counting<'_> {
    fn row(&mut self, row: Row<'_>) -> Result<(), EngineError> {
        self.rows += 1;
        self.read.rows += 1;
        self.read.bytes += row.values.iter().map(size).sum::<u64>();
        if self.read.rows.is_multiple_of(EVERY) {
            self.watch.look_up(self.read)?;
            self.misfits.extend(self.sink.misfits());
        }
        self.sink.row(row)
    }

    fn large_row(&mut self, row: Row<'_>, large: &mut dyn LargeValues) -> Result<(), EngineError> {
        self.rows += 1;
        self.read.rows += 1;
        self.read.bytes += large.list().iter().map(|value| value.length).sum::<u64>();
        self.watch.look_up(self.read)?;
        self.sink.large_row(row, large)
    }
}

fn size(value: &Value<'_>) -> u64 {
    match value {
        Value::Null => 0,
        Value::Integer(_) | Value::Real(_) => 8,
        Value::Text(bytes) | Value::Blob(bytes) => bytes.len() as u64,
    }
}
