//! PostgreSQL as the target of a run.
//!
//! Everything is built in a staging schema that nobody is granted and moves into the target schema
//! in one transaction, with a marker row that says so. Whoever looks sees the state before or after.

mod activity;
mod backup;
mod compare;
mod existing;
mod lock;
mod objects;
mod outcome;
mod preflight;
mod promote;
mod recover;
pub(crate) mod staging;
mod verify;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use catalog::{Catalog, Difference};
use diagnostics::code::INTERNAL;
use ir::{Check, CompiledPlan, PostgresTarget, Settings, Target};
use runtime::EngineError;
use runtime::engine::{
    Activity, BackupReport, Cancel, CatalogReport, CheckOutcome, Ledger, Leftover, LoadInto,
    Outcome, Preflight, PromoteHooks, Promotion, Result, RunInfo, Staging, TargetEngine, Worker,
};

use crate::backup::Trial;
use crate::connect::{Address, Connector, Everything, Pins, Session};
use crate::ledger::{self, PostgresLedger};
use crate::worker::PostgresWorker;
use crate::{check, home, scratch};

/// How long a server that ended the connection is waited for, to take back what was built on it: a
/// restart after a crash takes some seconds.
const RESTART: Duration = Duration::from_secs(15);

/// One target of one run.
pub struct PostgresEngine {
    connector: Connector,
    target: PostgresTarget,
    settings: Settings,
    /// The thread that leads the run works on this one.
    lead: Session,
    /// Idle, outside any transaction, and alive as long as we are: it holds the lock of the target.
    holder: Option<Session>,
    description: String,
    /// Set by `create_staging`.
    staging: Option<String>,
    /// Fingerprint of what the promote replaces, as preflight saw it.
    before: Option<String>,
    /// The baseline as this server reads it.
    baseline: Option<Catalog>,
    /// The promote would replace rows.
    replaces: bool,
    /// The tables that take rows, as preflight built them.
    loadable: preflight::LoadableTables,
    /// Where a backup of the target is tried; absent where the plan takes none.
    trial: Option<Result<Trial>>,
}

impl PostgresEngine {
    /// Connects to the plan's target. Relative paths start at `plan_dir`; the local server lives
    /// under `state_dir`.
    ///
    /// # Errors
    /// `RUN802`, `RUN809`, `PLN112`: never with a secret in it.
    pub fn connect(plan: &CompiledPlan, plan_dir: &Path, state_dir: &Path) -> Result<Self> {
        let address = Address::resolve(target_of(plan)?, plan_dir, state_dir)?;
        Self::at(plan, address)
    }

    /// Connects to another server than the plan's own: for a rehearsal.
    ///
    /// # Errors
    /// Those of [`PostgresEngine::connect`].
    pub fn at(plan: &CompiledPlan, address: Address) -> Result<Self> {
        let target = target_of(plan)?;
        let pins = Pins {
            statement_timeout_ms: plan.settings.statement_timeout_ms,
            lock_timeout_ms: plan.settings.lock_timeout_ms,
        };
        let connector = Connector::new(address, target.tls, pins)?;
        let mut lead = connector.open("lead")?;
        let description = describe(&mut lead, &target.schema)?;
        let trial = backup::is_wanted(plan).then(|| backup::trial(&connector, &mut lead));
        Ok(Self {
            connector,
            target: target.clone(),
            settings: plan.settings.clone(),
            lead,
            holder: None,
            description,
            staging: None,
            before: None,
            baseline: None,
            replaces: false,
            loadable: preflight::LoadableTables::new(),
            trial,
        })
    }

    /// The catalog of the target schema as it is now, home-relative: for `drift`.
    ///
    /// # Errors
    /// What the server says.
    pub fn live_catalog(&mut self) -> Result<Catalog> {
        let scope = crate::introspect::Scope::Schema(self.target.schema.clone());
        crate::introspect::introspect(&mut self.lead, &scope)
    }

    /// What the target schema has otherwise than `expected`, with the plan's own exceptions.
    ///
    /// # Errors
    /// What the server says.
    pub fn drift(&mut self, plan: &CompiledPlan, expected: &Catalog) -> Result<Vec<Difference>> {
        let live = self.live_catalog()?;
        Ok(compare::against_baseline(expected, &live, plan, &self.target))
    }

    /// `PostgreSQL 15.18`
    ///
    /// # Errors
    /// What the server says.
    pub fn engine_name(&mut self) -> Result<String> {
        scratch::engine_name(&mut self.lead)
    }

    /// Whether the connection to a remote server is verified; `false` is `HAZ503`.
    pub fn is_verified(&self) -> bool {
        self.connector.address().is_local() || self.target.tls == ir::TlsMode::VerifyFull
    }

    fn staging(&self) -> Result<&str> {
        self.staging.as_deref().ok_or_else(|| {
            EngineError::new(&INTERNAL, "the staging schema was not created in this run")
        })
    }

    fn open_worker(&mut self, stage: &str) -> Result<Box<dyn Worker>> {
        let staging = self.staging()?.to_owned();
        let worker = PostgresWorker::open(&self.connector, stage, &staging)?
            .noting_in(staging::notes_name(&staging));
        Ok(Box::new(worker.building(&self.settings)?.apart_from(&self.target.schema)?))
    }

    /// A new lead session where the old one is gone.
    fn reconnect(&mut self) -> Result<()> {
        if self.lead.client.is_closed() {
            self.lead = self.connector.open("lead")?;
        }
        Ok(())
    }
}

fn target_of(plan: &CompiledPlan) -> Result<&PostgresTarget> {
    match &plan.target {
        Target::Postgres(target) => Ok(target),
        Target::Sqlite(_) => {
            Err(EngineError::new(&INTERNAL, "the plan's target is not PostgreSQL"))
        }
    }
}

fn describe(lead: &mut Session, schema: &str) -> Result<String> {
    let engine = scratch::engine_name(lead)?;
    let database: String = lead.value(&INTERNAL, "select current_database()::text", &[])?;
    Ok(format!("{engine}, database {database}, schema {schema}"))
}

impl TargetEngine for PostgresEngine {
    fn describe(&self) -> String {
        self.description.clone()
    }

    fn lock(&mut self, run: &RunInfo) -> Result<()> {
        self.connector.set_run(&run.run_id);
        self.holder = Some(lock::take(&self.connector, &self.target.schema)?);
        self.lead = self.connector.open("lead")?;
        promote::marker_format(&mut self.lead).map(drop)
    }

    fn leftovers(&mut self) -> Result<Vec<Leftover>> {
        staging::leftovers(&mut self.lead, &self.target.schema)
    }

    fn remove_leftover(&mut self, leftover: &Leftover) -> Result<()> {
        staging::remove(&mut self.lead, &leftover.handle)
    }

    fn preflight(&mut self, plan: &CompiledPlan) -> Result<Preflight> {
        let own = self.connector.address().is_own_server();
        let verified = self.is_verified();
        let (mut result, loadable) =
            preflight::run(&mut self.lead, plan, &self.target, own, verified)?;
        self.loadable = loadable;
        self.before = Some(result.before.clone());
        self.replaces = !result.replaced.is_empty();
        if self.replaces
            && let Some(trial) = &self.trial
        {
            result.findings.extend(backup::obstacles(trial, self.lead.major()));
        }
        Ok(result)
    }

    fn check_load(&mut self, table: &str, into: &[LoadInto]) -> Result<()> {
        self.loadable.get(table).map_or(Ok(()), |found| found.check(into))
    }

    fn canceller(&self) -> Option<Box<dyn Cancel>> {
        let interrupt = Arc::clone(self.connector.interrupt());
        Some(Box::new(Everything { lead: crate::worker::canceller(&self.lead), interrupt }))
    }

    fn back_up_target(&mut self, _: &CompiledPlan, folder: &Path) -> Result<Option<BackupReport>> {
        if !self.replaces {
            return Ok(None);
        }
        let mut trial = match self.trial.take() {
            Some(trial) => trial?,
            None => Trial::on_same_server(&self.connector),
        };
        trial.end_with(&self.connector);
        backup::take(&self.connector, &self.target.schema, folder, &trial).map(Some)
    }

    fn activity(&mut self) -> Vec<Activity> {
        let run = format!("{}:%", self.connector.name());
        // It is for people; a lead that is lost shows when it is needed.
        activity::ask(&mut self.lead, &run).unwrap_or_default()
    }

    fn create_staging(&mut self, plan: &CompiledPlan, run: &RunInfo) -> Result<Staging> {
        let name = staging::create(&mut self.lead, &self.target, plan, run)?;
        self.staging = Some(name.clone());
        Ok(Staging { name })
    }

    fn worker(&mut self) -> Result<Box<dyn Worker>> {
        self.open_worker("worker")
    }

    fn max_workers(&self) -> usize {
        self.settings.connections.max(1) as usize
    }

    fn check_live(&mut self, check: &Check) -> Result<CheckOutcome> {
        self.reconnect()?;
        home::enter(&mut self.lead, &self.target.schema)?;
        let outcome = check::alone(&mut self.lead, check);
        crate::introspect::set_search_path(&mut self.lead, "pg_catalog")?;
        outcome
    }

    fn verify_catalog(&mut self, plan: &CompiledPlan) -> Result<CatalogReport> {
        self.reconnect()?;
        let staging = self.staging()?.to_owned();
        let (report, baseline) = verify::run(&mut self.lead, plan, &self.target, &staging)?;
        self.baseline = Some(baseline);
        Ok(report)
    }

    fn promote(
        &mut self,
        plan: &CompiledPlan,
        run: &RunInfo,
        hooks: &mut dyn PromoteHooks,
        after: &[Check],
    ) -> Result<Promotion> {
        let staging = self.staging()?.to_owned();
        let baseline = match self.baseline.take() {
            Some(baseline) => baseline,
            None => verify::baseline(&mut self.lead, plan)?,
        };
        let promote = promote::Promote {
            plan,
            target: &self.target,
            run,
            staging: &staging,
            before: self.before.as_deref(),
            baseline: &baseline,
            after,
        };
        if let Some(holder) = &mut self.holder {
            lock::still_held(holder, &self.target.schema)?;
        }
        let mut session = self.connector.open("promote")?;
        self.connector.interrupt().watch(crate::worker::canceller(&session));
        promote.run(&mut session, hooks)
    }

    fn live_worker(&mut self, _plan: &CompiledPlan) -> Result<Box<dyn Worker>> {
        let worker = PostgresWorker::open(&self.connector, "verify", &self.target.schema)?;
        Ok(Box::new(worker.read_only()?))
    }

    fn outcome(&mut self, run_id: &str) -> Result<Outcome> {
        outcome::ask(&self.connector, run_id)
    }

    fn discard_staging(&mut self, run: &RunInfo) -> Result<()> {
        self.staging = None;
        let (name, start) = (staging::name(&run.run_id), Instant::now());
        loop {
            let removed = self.reconnect().and_then(|()| staging::remove(&mut self.lead, &name));
            match removed {
                Err(error) if outcome::is_passing(&error) && start.elapsed() < RESTART => {
                    std::thread::sleep(outcome::PAUSE);
                }
                removed => return removed,
            }
        }
    }

    fn ledger(&mut self, run_id: &str) -> Result<Option<Box<dyn Ledger>>> {
        Ok(Some(Box::new(PostgresLedger::connect(&self.connector, run_id)?)))
    }

    fn ledgers(&mut self) -> Result<Vec<String>> {
        self.reconnect()?;
        let staged = staging::leftovers(&mut self.lead, &self.target.schema)?;
        let mut runs = ledger::runs(&mut self.lead)?;
        runs.retain(|run| staged.iter().any(|staging| staging.run_id == *run));
        Ok(runs)
    }

    fn join(&mut self, run_id: &str) -> Result<Box<dyn Worker>> {
        self.connector.set_run(run_id);
        self.staging = Some(staging::name(run_id));
        // Another name: whoever resumes the run ends the dead leader's workers, not this one.
        self.open_worker("member")
    }
}
