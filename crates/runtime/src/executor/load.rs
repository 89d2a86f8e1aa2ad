//! Loads one table from the snapshots of all files of its source, in their order.

use std::time::Duration;

use diagnostics::code;
use ir::Load;

use super::{Context, again};
use crate::binding::{Binding, loads};
use crate::clock::millis;
use crate::engine::{LargeValues, LoadSink, Loaded, RowSink, Worker};
use crate::journal::Record;
use crate::journal::format::LoadedRecord;
use crate::merge::{self, Scanned};
use crate::misfits::MisfitLog;
use crate::run::TableCount;
use crate::{EngineError, Row, Value, fleet};

/// Loads the table and checks that what was read is what was written.
pub(super) fn load(
    context: &Context<'_>,
    worker: &mut dyn Worker,
    load: &Load,
) -> Result<(), EngineError> {
    let start = context.session.clock.monotonic();
    let (scanned, loaded, log) = match context.units(&load.table) {
        Some(shared) => {
            let mut log = MisfitLog::begin(&context.session.info.run_dir, &load.table)?;
            let tally = fleet::load(context, shared, worker, load)?;
            shared.misfits(&load.table, &mut |misfits| log.take(misfits))?;
            (Scanned { rows: tally.scanned, merged: 0 }, tally.loaded, log)
        }
        // Rows that are merged need all files, so one process loads them.
        None => again::on_lost_connection(context, worker, &load.table, &mut |worker| {
            let mut log = MisfitLog::begin(&context.session.info.run_dir, &load.table)?;
            let (scanned, loaded) = transfer(context, worker, load, &mut log)?;
            Ok((scanned, loaded, log))
        })?,
    };
    let took = context.session.clock.monotonic().saturating_sub(start);
    let count = TableCount {
        table: load.table.clone(),
        scanned: scanned.rows,
        written: loaded.digest.rows,
        merged: scanned.merged,
        rejected: log.rejected(),
        bytes: loaded.bytes,
        verified: None,
        elapsed_ms: millis(took),
        misfits: log.end()?,
    };
    balanced(context, load, &count)?;
    keep(context, count, &loaded)
}

/// One sink for all files.
fn transfer(
    context: &Context<'_>,
    worker: &mut dyn Worker,
    load: &Load,
    log: &mut MisfitLog,
) -> Result<(Scanned, Loaded), EngineError> {
    let binding = context.binding(&load.table)?;
    let sink = worker.load(&load.table, &binding.into)?;
    let mut counting = Counting::new(context, load, sink, log);
    let scanned = send(context, load, binding, &mut counting)?;
    let came = counting.rows + scanned.merged;
    if scanned.rows != came {
        let rows = scanned.rows;
        return Err(differ(load, format!("SQLite reports {rows} rows, {came} came through")));
    }
    counting.look_up()?;
    counting.tell();
    Ok((scanned, counting.sink.finish()?))
}

/// Sends the rows of the table to `sink` once more.
pub(super) fn replay(
    context: &Context<'_>,
    table: &str,
    sink: &mut dyn RowSink,
) -> Result<(), EngineError> {
    let mut loads = loads(context.session.plan);
    let Some((_, load)) = loads.find(|(_, load)| load.table == table) else { return Ok(()) };
    send(context, load, context.binding(table)?, sink).map(drop)
}

fn send(
    context: &Context<'_>,
    load: &Load,
    binding: &Binding,
    sink: &mut dyn RowSink,
) -> Result<Scanned, EngineError> {
    let read = &mut |file: usize, sink: &mut dyn RowSink| {
        context.go_on()?;
        context.snapshot(&load.source, file)?.scan(binding.scan(file)?, sink)
    };
    let memory = context.session.plan.settings.memory_bytes;
    let files = context.files.of(&load.source).iter();
    let names: Vec<String> = files.map(|file| file.state.path.shown.clone()).collect();
    merge::scan(load, &binding.into, memory, &names, read, sink)
}

/// Requirements R9, R17 and R88.
fn balanced(context: &Context<'_>, load: &Load, count: &TableCount) -> Result<(), EngineError> {
    let TableCount { scanned, written, rejected, merged, .. } = *count;
    if scanned != written + rejected + merged {
        return Err(differ(
            load,
            format!(
                "{scanned} rows were read, {written} written, {rejected} rejected, {merged} merged"
            ),
        ));
    }
    let Some(table) = Binding::whole_table(load) else { return Ok(()) };
    // A backup counts the rows of tables, not those of views and virtual tables.
    if !context.files.all_have(&load.source, table) {
        return Ok(());
    }
    let held = context.backed_up(&load.source, table);
    if scanned != held {
        return Err(differ(load, format!("{scanned} rows were read, the backup holds {held}")));
    }
    Ok(())
}

fn keep(context: &Context<'_>, count: TableCount, loaded: &Loaded) -> Result<(), EngineError> {
    let record = LoadedRecord {
        table: count.table.clone(),
        scanned: count.scanned,
        written: count.written,
        rejected: count.rejected,
        merged: count.merged,
        bytes: count.bytes,
        digest: loaded.digest.to_string(),
        elapsed_ms: count.elapsed_ms,
        misfits: count.misfits.clone(),
    };
    let mut progress = context.session.progress();
    progress.sent.insert(count.table.clone(), loaded.digest);
    progress.tables.insert(count.table.clone(), count);
    drop(progress);
    context.session.record(Record::Loaded(record))
}

fn differ(load: &Load, why: String) -> EngineError {
    EngineError::new(
        &code::ROWS_DIFFER,
        format!("the rows of `{}` do not add up: {why}", load.table),
    )
    .object(format!("table {}", load.table))
}

/// Counts on the way, tells of the progress and ends the scan when the run ends.
struct Counting<'a, 'w> {
    context: &'a Context<'a>,
    table: &'a str,
    total: Option<u64>,
    sink: Box<dyn LoadSink + 'w>,
    log: &'a mut MisfitLog,
    rows: u64,
    bytes: u64,
    told: Duration,
}

/// How often a table's progress is told at most.
const INTERVAL: Duration = Duration::from_millis(250);
/// The clock and the stop flag are looked at once in so many rows.
const EVERY: u64 = 512;

impl<'a, 'w> Counting<'a, 'w> {
    fn new(
        context: &'a Context<'a>,
        load: &'a Load,
        sink: Box<dyn LoadSink + 'w>,
        log: &'a mut MisfitLog,
    ) -> Self {
        let table = Binding::whole_table(load);
        let total = table.and_then(|table| context.files.rows(&load.source, table));
        let told = context.session.clock.monotonic();
        Self { context, table: &load.table, total, sink, log, rows: 0, bytes: 0, told }
    }

    fn look_up(&mut self) -> Result<(), EngineError> {
        self.context.go_on()?;
        self.log.take(self.sink.misfits())?;
        let now = self.context.session.clock.monotonic();
        if now.saturating_sub(self.told) >= INTERVAL {
            self.told = now;
            self.tell();
        }
        Ok(())
    }

    fn tell(&self) {
        self.context.tell_rows(self.table, self.rows, self.total, self.bytes);
    }
}

impl RowSink for Counting<'_, '_> {
    fn row(&mut self, row: Row<'_>) -> Result<(), EngineError> {
        self.rows += 1;
        self.bytes += row.values.iter().map(size).sum::<u64>();
        if self.rows.is_multiple_of(EVERY) {
            self.look_up()?;
        }
        self.sink.row(row)
    }

    fn large_row(&mut self, row: Row<'_>, large: &mut dyn LargeValues) -> Result<(), EngineError> {
        self.rows += 1;
        self.bytes += row.values.iter().map(size).sum::<u64>();
        self.bytes += large.list().iter().map(|value| value.length).sum::<u64>();
        self.look_up()?;
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
