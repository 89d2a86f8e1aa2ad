//! The leader's own part: it loads from the snapshots, beside the workers that have joined.

use std::cell::Cell;
use std::time::Duration;

use ir::Load;

use super::Shared;
use super::load::{Read, Units, Watch, until_done};
use crate::EngineError;
use crate::binding::Binding;
use crate::engine::{LoadInto, RowSink, Tally, Worker};
use crate::events::Event;
use crate::executor::Context;

/// How often a table's progress is told at most.
const INTERVAL: Duration = Duration::from_millis(250);

/// Loads what is missing of the table, and waits for what others load.
pub(crate) fn load(
    context: &Context<'_>,
    shared: &Shared,
    worker: &mut dyn Worker,
    load: &Load,
) -> Result<Tally, EngineError> {
    let binding = context.binding(&load.table)?;
    let watch = Told::new(context, shared, load);
    shared.begin(&load.table)?;
    until_done(shared, worker, &mut Snapshots { context, load, binding }, &watch)
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

    fn scan(&mut self, file: usize, sink: &mut dyn RowSink) -> Result<u64, EngineError> {
        self.context.snapshot(&self.load.source, file)?.scan(self.binding.scan(file)?, sink)
    }

    fn expected(&self, file: usize) -> Option<u64> {
        self.context.held(&self.load.source, file, Binding::whole_table(self.load)?)
    }

    /// Snapshots are private: nobody writes to them.
    fn unchanged(&mut self, _files: &[usize]) -> Result<(), EngineError> {
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
    fn look_up(&self, read: Read) -> Result<(), EngineError> {
        self.context.go_on()?;
        let clock = self.context.session.clock;
        self.shared.heartbeat(clock)?;
        let now = clock.monotonic();
        if now.saturating_sub(self.last.get()) >= INTERVAL {
            self.last.set(now);
            self.context.session.emit(Event::Rows {
                table: self.table.to_owned(),
                done: read.rows,
                total: self.total,
                bytes: read.bytes,
            });
        }
        Ok(())
    }

    fn pause(&self, time: Duration) {
        self.context.session.clock.sleep(time);
    }
}
