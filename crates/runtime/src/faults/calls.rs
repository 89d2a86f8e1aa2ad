//! Engines with a point before and after every call that can fail.

use std::path::Path;
use std::sync::Arc;

use diagnostics::code;
use ir::{Check, CompiledPlan, LoadSource};

use super::armed;
use crate::engine::*;
use crate::{EngineError, Row, RowDigest};

fn pass(when: &str, call: &str) -> Result<()> {
    let what = format!("{when} {call}");
    armed::pass(&what).map_err(|armed::Fault| {
        EngineError::new(&code::STATEMENT_FAILED, format!("injected fault: {what}"))
    })
}

fn around<T>(call: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    pass("before", call)?;
    let done = work()?;
    pass("after", call)?;
    Ok(done)
}

pub(super) struct Sources(pub(super) Arc<dyn SourceEngine>);

impl SourceEngine for Sources {
    fn inspect(&self, file: &SourcePath) -> Result<SourceState> {
        around("inspect", || self.0.inspect(file))
    }

    fn back_up(
        &self,
        file: &SourcePath,
        backup: &Path,
        snapshot: &Path,
        work: &Path,
    ) -> Result<BackupReport> {
        around("back_up", || self.0.back_up(file, backup, snapshot, work))
    }

    fn back_up_one_of_many(
        &self,
        file: &SourcePath,
        backup: &Path,
        snapshot: &Path,
        work: &Path,
    ) -> Result<BackupReport> {
        around("back_up_one_of_many", || self.0.back_up_one_of_many(file, backup, snapshot, work))
    }

    fn make_durable(&self, folder: &Path) -> Result<()> {
        around("make_durable", || self.0.make_durable(folder))
    }

    fn changed_since(&self, before: &SourceState) -> Result<Option<String>> {
        around("changed_since", || self.0.changed_since(before))
    }

    fn touched_since(&self, before: &SourceState) -> Result<Option<String>> {
        around("touched_since", || self.0.touched_since(before))
    }

    fn open_source(&self, state: &SourceState, file: &FileParameters) -> Result<Box<dyn Snapshot>> {
        let opened = around("open_source", || self.0.open_source(state, file))?;
        Ok(Box::new(Copy(opened)))
    }

    fn open_snapshot(&self, snapshot: &Path, file: &FileParameters) -> Result<Box<dyn Snapshot>> {
        let opened = around("open_snapshot", || self.0.open_snapshot(snapshot, file))?;
        Ok(Box::new(Copy(opened)))
    }
}

struct Copy(Box<dyn Snapshot>);

impl Snapshot for Copy {
    fn columns(&mut self, from: &LoadSource) -> Result<Vec<SourceColumn>> {
        around("columns", || self.0.columns(from))
    }

    fn has_table(&mut self, table: &str) -> Result<bool> {
        around("has_table", || self.0.has_table(table))
    }

    fn prove(&mut self, scan: &Scan) -> Result<()> {
        around("prove", || self.0.prove(scan))
    }

    fn cuts(&mut self, table: &str, rows: u64) -> Result<Vec<i64>> {
        around("cuts", || self.0.cuts(table, rows))
    }

    fn scan(&mut self, scan: &Scan, sink: &mut dyn RowSink) -> Result<u64> {
        around("scan", || self.0.scan(scan, sink))
    }

    fn query(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
        around("source query", || self.0.query(sql))
    }
}

pub(super) struct Target(pub(super) Box<dyn TargetEngine>);

impl TargetEngine for Target {
    fn describe(&self) -> String {
        self.0.describe()
    }

    fn lock(&mut self, run: &RunInfo) -> Result<()> {
        around("lock", || self.0.lock(run))
    }

    fn leftovers(&mut self) -> Result<Vec<Leftover>> {
        around("leftovers", || self.0.leftovers())
    }

    fn remove_leftover(&mut self, leftover: &Leftover) -> Result<()> {
        around("remove_leftover", || self.0.remove_leftover(leftover))
    }

    fn preflight(&mut self, plan: &CompiledPlan) -> Result<Preflight> {
        around("preflight", || self.0.preflight(plan))
    }

    fn check_load(&mut self, table: &str, into: &[LoadInto]) -> Result<()> {
        self.0.check_load(table, into)
    }

    fn canceller(&self) -> Option<Box<dyn Cancel>> {
        self.0.canceller()
    }

    fn back_up_target(
        &mut self,
        plan: &CompiledPlan,
        folder: &Path,
    ) -> Result<Option<BackupReport>> {
        around("back_up_target", || self.0.back_up_target(plan, folder))
    }

    fn create_staging(&mut self, plan: &CompiledPlan, run: &RunInfo) -> Result<Staging> {
        around("create_staging", || self.0.create_staging(plan, run))
    }

    fn worker(&mut self) -> Result<Box<dyn Worker>> {
        let worker = around("worker", || self.0.worker())?;
        Ok(Box::new(Hand(worker)))
    }

    fn max_workers(&self) -> usize {
        self.0.max_workers()
    }

    fn check_live(&mut self, check: &Check) -> Result<CheckOutcome> {
        around("check_live", || self.0.check_live(check))
    }

    fn verify_catalog(&mut self, plan: &CompiledPlan) -> Result<CatalogReport> {
        around("verify_catalog", || self.0.verify_catalog(plan))
    }

    fn promote(
        &mut self,
        plan: &CompiledPlan,
        run: &RunInfo,
        hooks: &mut dyn PromoteHooks,
        after: &[Check],
    ) -> Result<Promotion> {
        around("promote", || self.0.promote(plan, run, &mut Hooks(hooks), after))
    }

    fn live_worker(&mut self, plan: &CompiledPlan) -> Result<Box<dyn Worker>> {
        let worker = around("live_worker", || self.0.live_worker(plan))?;
        Ok(Box::new(Hand(worker)))
    }

    fn outcome(&mut self, run_id: &str) -> Result<Outcome> {
        around("outcome", || self.0.outcome(run_id))
    }

    fn discard_staging(&mut self, run: &RunInfo) -> Result<()> {
        around("discard_staging", || self.0.discard_staging(run))
    }

    fn ledger(&mut self, run_id: &str) -> Result<Option<Box<dyn Ledger>>> {
        let ledger = around("ledger", || self.0.ledger(run_id))?;
        Ok(ledger.map(|ledger| Box::new(Book(ledger)) as Box<dyn Ledger>))
    }

    fn ledgers(&mut self) -> Result<Vec<String>> {
        around("ledgers", || self.0.ledgers())
    }

    fn join(&mut self, run_id: &str) -> Result<Box<dyn Worker>> {
        let worker = around("join", || self.0.join(run_id))?;
        Ok(Box::new(Hand(worker)))
    }
}

impl Recover for Target {
    fn area(&mut self, run: &RunInfo) -> Result<Area> {
        around("area", || self.0.area(run))
    }

    fn adopt_staging(&mut self, plan: &CompiledPlan, run: &RunInfo) -> Result<Option<Adopted>> {
        around("adopt_staging", || self.0.adopt_staging(plan, run))
    }

    fn restore(&mut self, request: &Restore<'_>) -> Result<Restored> {
        around("restore", || self.0.restore(request))
    }

    fn release(&mut self, run: &RunInfo) -> Result<()> {
        around("release", || self.0.release(run))
    }
}

struct Hooks<'a>(&'a mut dyn PromoteHooks);

impl PromoteHooks for Hooks<'_> {
    fn guard(&mut self) -> Result<()> {
        around("guard", || self.0.guard())
    }

    fn before_commit(&mut self, transaction: &str) -> Result<()> {
        around("before_commit", || self.0.before_commit(transaction))
    }

    fn retrying(&mut self, attempt: u32, wait_ms: u64, why: &str) {
        self.0.retrying(attempt, wait_ms, why);
    }

    fn check_done(&mut self, check: &Check, outcome: &CheckOutcome) {
        self.0.check_done(check, outcome);
    }
}

struct Hand(Box<dyn Worker>);

impl Worker for Hand {
    fn execute(&mut self, sql: &str) -> Result<Executed> {
        around("execute", || self.0.execute(sql))
    }

    fn execute_once(&mut self, step: &str, sql: &str) -> Result<Executed> {
        around("execute_once", || self.0.execute_once(step, sql))
    }

    fn load<'a>(&'a mut self, table: &str, columns: &[LoadInto]) -> Result<Box<dyn LoadSink + 'a>> {
        let sink = around("load", || self.0.load(table, columns))?;
        Ok(Box::new(Sink(sink)))
    }

    fn load_units<'a>(
        &'a mut self,
        lease: &'a Lease,
        columns: &[LoadInto],
    ) -> Result<Box<dyn UnitSink + 'a>> {
        let sink = around("load_units", || self.0.load_units(lease, columns))?;
        Ok(Box::new(Units(sink)))
    }

    fn digest_sink<'a>(
        &'a mut self,
        table: &str,
        columns: &[LoadInto],
    ) -> Result<Box<dyn LoadSink + 'a>> {
        around("digest_sink", || self.0.digest_sink(table, columns))
    }

    fn row_digest(&mut self, table: &str, columns: &[LoadInto]) -> Result<RowDigest> {
        around("row_digest", || self.0.row_digest(table, columns))
    }

    fn tell(&mut self) -> Option<&mut dyn Tell> {
        self.0.tell()
    }

    fn reconnect(&mut self) -> Result<()> {
        around("reconnect", || self.0.reconnect())
    }

    fn set_sequences(&mut self, table: &str) -> Result<()> {
        around("set_sequences", || self.0.set_sequences(table))
    }

    fn analyze(&mut self, table: &str) -> Result<()> {
        around("analyze", || self.0.analyze(table))
    }

    fn check(&mut self, check: &Check) -> Result<CheckOutcome> {
        around("check", || self.0.check(check))
    }

    fn query(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
        around("query", || self.0.query(sql))
    }

    fn canceller(&self) -> Box<dyn Cancel> {
        self.0.canceller()
    }
}

struct Sink<'a>(Box<dyn LoadSink + 'a>);

impl RowSink for Sink<'_> {
    fn row(&mut self, row: Row<'_>) -> Result<()> {
        self.0.row(row)
    }

    fn misfits(&mut self) -> Vec<Misfit> {
        self.0.misfits()
    }
}

impl LoadSink for Sink<'_> {
    fn finish(self: Box<Self>) -> Result<Loaded> {
        around("finish load", || self.0.finish())
    }
}

struct Units<'a>(Box<dyn UnitSink + 'a>);

impl RowSink for Units<'_> {
    fn row(&mut self, row: Row<'_>) -> Result<()> {
        self.0.row(row)
    }

    fn misfits(&mut self) -> Vec<Misfit> {
        self.0.misfits()
    }
}

impl UnitSink for Units<'_> {
    fn unit_done(&mut self, unit: usize, scanned: u64, misfits: &[Misfit]) -> Result<Loaded> {
        around("unit_done", || self.0.unit_done(unit, scanned, misfits))
    }

    fn commit(self: Box<Self>) -> Result<()> {
        around("commit units", || self.0.commit())
    }
}

struct Book(Box<dyn Ledger>);

impl Ledger for Book {
    fn open(&mut self, fleet: &Fleet) -> Result<()> {
        around("open ledger", || self.0.open(fleet))
    }

    fn join(&mut self) -> Result<Fleet> {
        around("join ledger", || self.0.join())
    }

    fn begin(&mut self, table: &str) -> Result<()> {
        around("begin load", || self.0.begin(table))
    }

    fn is_led(&mut self) -> Result<bool> {
        around("is_led", || self.0.is_led())
    }

    fn claim(&mut self, table: &str, units: usize) -> Result<Lease> {
        around("claim", || self.0.claim(table, units))
    }

    fn give_back(&mut self, lease: &Lease) -> Result<()> {
        around("give_back", || self.0.give_back(lease))
    }

    /// Asked for before every lease, and mostly does nothing.
    fn rejoin_if_lost(&mut self) -> Result<()> {
        self.0.rejoin_if_lost()
    }

    fn open_units(&mut self, table: &str) -> Result<u64> {
        around("open_units", || self.0.open_units(table))
    }

    fn close(&mut self, table: &str) -> Result<Tally> {
        around("close ledger", || self.0.close(table))
    }

    fn misfits(
        &mut self,
        table: &str,
        take: &mut dyn FnMut(Vec<Misfit>) -> Result<()>,
    ) -> Result<()> {
        around("ledger misfits", || self.0.misfits(table, take))
    }

    /// By the clock and not by the run: it would take numbers at random.
    fn heartbeat(&mut self) -> Result<()> {
        self.0.heartbeat()
    }
}
