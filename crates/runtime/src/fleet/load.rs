//! Loads the units of one table, lease by lease, until none is left.

use std::time::Duration;

use diagnostics::code;

use super::Shared;
use crate::engine::{
    Fate, FleetUnit, LargeValues, Lease, LoadInto, Misfit, RowSink, Tally, UnitSink, Worker,
};
use crate::{EngineError, Row, Value};

/// How long to wait where all that is left is leased to others.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// Where the rows of a table's units come from, and who is told of them.
pub(crate) trait Units {
    fn table(&self) -> &str;

    fn columns(&self) -> &[LoadInto];

    /// Sends the rows of one unit; gives how many there were.
    fn scan(&mut self, unit: &FleetUnit, sink: &mut dyn RowSink) -> Result<u64, EngineError>;

    /// How many rows the file must give, where that is known.
    fn expected(&self, file: usize) -> Option<u64>;

    /// Whether what was read is still what it was; asked before the rows are committed.
    fn unchanged(&mut self, units: &[&FleetUnit]) -> Result<(), EngineError>;
}

/// Who is told of the rows, and says when to stop.
pub(crate) trait Watch {
    /// `new`: what was read since the last call.
    ///
    /// # Errors
    /// Ends the load with this error.
    fn look_up(&self, new: Read) -> Result<(), EngineError>;

    fn pause(&self, time: Duration);
}

/// Rows that were read, and their bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Read {
    pub rows: u64,
    pub bytes: u64,
}

/// The clock and the stop flag are looked at once in so many rows.
const EVERY: u64 = 512;

/// Loads what nobody has loaded; returns when all units are, whoever loaded them. What is `held` at
/// its end is lost with the connection.
pub(crate) fn until_done(
    shared: &Shared,
    worker: &mut dyn Worker,
    units: &mut dyn Units,
    watch: &dyn Watch,
    held: &mut Option<Lease>,
) -> Result<Tally, EngineError> {
    let table = units.table().to_owned();
    loop {
        watch.look_up(Read::default())?;
        if one_lease(shared, worker, units, watch, held)? {
            continue;
        }
        if shared.open_units(&table)? == 0 {
            return shared.close(&table);
        }
        watch.pause(PAUSE);
    }
}

/// Loads the units of one lease, if there is one to have. What is `held` at its end is lost with the
/// connection.
pub(crate) fn one_lease(
    shared: &Shared,
    worker: &mut dyn Worker,
    units: &mut dyn Units,
    watch: &dyn Watch,
    held: &mut Option<Lease>,
) -> Result<bool, EngineError> {
    let lease = shared.claim(units.table())?;
    if lease.units.is_empty() {
        return Ok(false);
    }
    let lease = held.insert(lease);
    leased(shared, lease, worker, units, watch)?;
    *held = None;
    Ok(true)
}

/// The units of one lease, in one transaction. Gives what was read of them.
pub(super) fn leased(
    shared: &Shared,
    lease: &Lease,
    worker: &mut dyn Worker,
    units: &mut dyn Units,
    watch: &dyn Watch,
) -> Result<Read, EngineError> {
    let into = units.columns().to_vec();
    let mut sink = worker.load_units(lease, &into)?;
    let (mut read, mut done) = (Read::default(), Vec::with_capacity(lease.units.len()));
    for &at in &lease.units {
        let unit = shared.unit(&lease.table, at)?;
        read.add(one_unit(at, unit, sink.as_mut(), units, watch)?);
        done.push(unit);
    }
    units.unchanged(&done)?;
    sink.commit()?;
    watch.look_up(Read::default())?;
    Ok(read)
}

fn one_unit(
    at: usize,
    unit: &FleetUnit,
    sink: &mut dyn UnitSink,
    units: &mut dyn Units,
    watch: &dyn Watch,
) -> Result<Read, EngineError> {
    let mut counting = Counting {
        sink,
        watch,
        read: Read::default(),
        untold: Read::default(),
        misfits: Vec::new(),
    };
    let scanned = units.scan(unit, &mut counting)?;
    watch.look_up(counting.untold)?;
    let Counting { read, mut misfits, .. } = counting;
    misfits.extend(sink.misfits());
    let written = sink.unit_done(at, scanned, &misfits)?.digest.rows;
    let rejected = misfits.iter().filter(|misfit| misfit.fate == Fate::Rejected).count() as u64;
    let held = match unit.rowids {
        Some(_) => unit.rows,
        None => units.expected(unit.file).unwrap_or(scanned),
    };
    balanced(units.table(), unit.file, [held, scanned, read.rows, written + rejected])?;
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
    /// Of this unit.
    read: Read,
    /// Of it, what the watch has not been told.
    untold: Read,
    misfits: Vec<Misfit>,
}

impl Counting<'_> {
    fn count(&mut self, bytes: u64) {
        let row = Read { rows: 1, bytes };
        self.read.add(row);
        self.untold.add(row);
    }

    fn tell(&mut self) -> Result<(), EngineError> {
        self.watch.look_up(std::mem::take(&mut self.untold))
    }
}

impl Read {
    fn add(&mut self, more: Read) {
        self.rows += more.rows;
        self.bytes += more.bytes;
    }
}

impl RowSink for Counting<'_> {
    fn row(&mut self, row: Row<'_>) -> Result<(), EngineError> {
        self.count(row.values.iter().map(size).sum());
        if self.read.rows.is_multiple_of(EVERY) {
            self.tell()?;
            self.misfits.extend(self.sink.misfits());
        }
        self.sink.row(row)
    }

    fn large_row(&mut self, row: Row<'_>, large: &mut dyn LargeValues) -> Result<(), EngineError> {
        self.count(large.list().iter().map(|value| value.length).sum());
        self.tell()?;
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
