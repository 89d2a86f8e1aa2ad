//! The leader's own part: its threads load from the snapshots, beside the workers that have joined.

use std::cell::Cell;
use std::time::Duration;

use ir::Load;

use super::Shared;
use super::load::{Read, Units, Watch, one_lease, until_done};
use crate::EngineError;
use crate::binding::{Binding, loads};
use crate::engine::{FleetUnit, Lease, LoadInto, RowSink, Tally, Worker};
use crate::executor::{Context, again};

/// How often a table's progress is told at most.
const INTERVAL: Duration = Duration::from_millis(250);

/// Loads what is missing of the table, and waits for what others load.
pub(crate) fn load(
    context: &Context<'_>,
    shared: &Shared,
    worker: &mut dyn Worker,
    load: &Load,
) -> Result<Tally, EngineError> {
    shared.begin(&load.table)?;
    taking(context, shared, worker, load, until_done)
}

/// Loads the units of one lease of a table that another thread leads; `false`: there are none.
pub(crate) fn help(
    context: &Context<'_>,
    shared: &Shared,
    worker: &mut dyn Worker,
    load: &Load,
) -> Result<bool, EngineError> {
    taking(context, shared, worker, load, one_lease)
}

/// How units are taken: with the lease that is lost where the connection is.
type Take<T> = fn(
    &Shared,
    &mut dyn Worker,
    &mut dyn Units,
    &dyn Watch,
    &mut Option<Lease>,
) -> Result<T, EngineError>;

/// Takes units, and again those whose connection was lost.
fn taking<T>(
    context: &Context<'_>,
    shared: &Shared,
    worker: &mut dyn Worker,
    load: &Load,
    take: Take<T>,
) -> Result<T, EngineError> {
    let binding = context.binding(&load.table)?;
    let mut units = Snapshots { context, load, binding };
    let (watch, mut held) = (Told::new(context, shared, load), None);
    again::on_lost_connection(context, worker, &load.table, &mut |worker| {
        shared.take_back(held.take().as_ref())?;
        take(shared, worker, &mut units, &watch, &mut held)
    })
}

/// The loads that a thread with nothing else to do can help with, and their steps.
pub(crate) fn to_help_with<'a>(
    context: &Context<'a>,
    shared: &Shared,
) -> Vec<(&'a ir::Step, &'a Load)> {
    let open = shared.to_help_with();
    if open.is_empty() {
        return Vec::new();
    }
    loads(context.session.plan).filter(|(_, load)| open.contains(&load.table.as_str())).collect()
}

struct Snapshots<'a> {
    context: &'a Context<'a>,
    load: &'a Load,
    binding: &'a Binding,
}

impl Units for Snapshots<'_> {
    fn table(&self) -> &str {
        &self.load.table
    }

    fn columns(&self) -> &[LoadInto] {
        &self.binding.into
    }

    fn scan(&mut self, unit: &FleetUnit, sink: &mut dyn RowSink) -> Result<u64, EngineError> {
        let mut snapshot = self.context.snapshot(&self.load.source, unit.file)?;
        snapshot.scan(&self.binding.scan_of(unit)?, sink)
    }

    fn expected(&self, file: usize) -> Option<u64> {
        self.context.held(&self.load.source, file, Binding::whole_table(self.load)?)
    }

    /// Snapshots are private: nobody writes to them.
    fn unchanged(&mut self, _units: &[&FleetUnit]) -> Result<(), EngineError> {
        Ok(())
    }
}

/// Tells the run's progress, and the ledger that the leader is alive.
struct Told<'a> {
    context: &'a Context<'a>,
    shared: &'a Shared,
    table: &'a str,
    total: Option<u64>,
    last: Cell<Duration>,
}

impl<'a> Told<'a> {
    fn new(context: &'a Context<'a>, shared: &'a Shared, load: &'a Load) -> Self {
        let table = Binding::whole_table(load);
        let total = table.and_then(|table| context.files.rows(&load.source, table));
        let last = Cell::new(context.session.clock.monotonic());
        Self { context, shared, table: &load.table, total, last }
    }
}

impl Watch for Told<'_> {
    fn look_up(&self, new: Read) -> Result<(), EngineError> {
        self.context.go_on()?;
        let read = self.shared.read(self.table, new);
        let clock = self.context.session.clock;
        self.shared.heartbeat(clock)?;
        let now = clock.monotonic();
        if now.saturating_sub(self.last.get()) >= INTERVAL {
            self.last.set(now);
            self.context.tell_rows(self.table, read.rows, self.total, read.bytes);
        }
        Ok(())
    }

    fn pause(&self, time: Duration) {
        self.context.session.clock.sleep(time);
    }
}
