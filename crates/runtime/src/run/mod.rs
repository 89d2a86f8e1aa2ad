//! One run of one compiled plan: everything or nothing.
//!
//! The order of things: lock the target, open the journal, clear up after dead runs, look at
//! everything that can be known beforehand, then back up, build, verify and promote by the graph
//! of the plan, and whatever happens say how it ended.

mod dead;
mod expired;
mod finish;
mod opening;
mod prepare;
mod report;
mod resume;
mod room;
pub(crate) mod session;
mod undecided;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use diagnostics::code;
use ir::CompiledPlan;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

pub use opening::{Unreached, unreached};
pub use resume::{ResumeRequest, resume};

pub use report::{
    BackupEntry, Finding, PromotionFigures, RunOutcome, RunReport, StageTiming, TableCount,
};

use crate::clock::Clock;
use crate::engine::{RunInfo, SourceEngine, TargetEngine};
use crate::events::EventSink;
use crate::executor::{self, Context, Graph, Lead, TakenUp};
use crate::stop::StopFlag;
use crate::{EngineError, faults};
use opening::Opening;
use prepare::Prepared;
use session::Session;

pub struct RunRequest<'a> {
    pub plan: CompiledPlan,
    /// SHA-256 of the plan file's text, where the caller knows it; for the journal.
    pub plan_digest: Option<String>,
    /// Folder of the plan: relative paths start here.
    pub plan_dir: PathBuf,
    /// `.cutover` beside the plan, unless said otherwise.
    pub state_dir: PathBuf,
    pub sources: Arc<dyn SourceEngine>,
    pub target: Box<dyn TargetEngine>,
    pub clock: &'a dyn Clock,
    pub events: &'a dyn EventSink,
    pub stop: StopFlag,
    /// Everything but effects: nothing is written anywhere, not even a journal.
    pub dry_run: bool,
    /// Judges waivers.
    pub today: jiff::civil::Date,
    /// Whether the kernel keeps this process from writing outside the run's folders (`enforced`,
    /// or why not); for the journal.
    pub write_guard: String,
}

/// Runs the plan. Never fails otherwise than by its report.
pub fn run(request: RunRequest<'_>) -> RunReport {
    let RunRequest { plan, plan_dir, state_dir, target, clock, events, stop, .. } = request;
    let (mut target, sources) = (faults::target(target), faults::sources(request.sources));
    let (id, info) = run_info(&plan, plan_dir, &state_dir, clock);
    let mut session = Session::new(&plan, info, clock, events, stop);
    session.started(target.describe(), request.dry_run);
    let RunRequest { plan_digest, write_guard, .. } = request;
    let drive = Drive {
        engine: sources.as_ref(),
        opening: Opening { state_dir: &state_dir, plan_digest, write_guard },
        today: request.today,
    };
    let same = prepare::target_among_sources(&session);
    let end = match (id, request.dry_run) {
        (Err(error), _) => End::before(vec![error.into()]),
        _ if !same.is_empty() => End::before(same),
        (Ok(()), true) => drive.rehearse(&session, target.as_mut()),
        (Ok(()), false) => drive.run(&mut session, target.as_mut()),
    };
    finish::report(&session, target.describe(), end)
}

/// How a run ended, before it is told.
struct End {
    outcome: RunOutcome,
    findings: Vec<Finding>,
    promotion: Option<crate::engine::Promotion>,
    next_actions: Vec<String>,
    /// The run did not end: its journal is not closed.
    stays_open: bool,
}

impl End {
    /// Nothing has been touched.
    fn before(findings: Vec<Finding>) -> Self {
        let outcome = finish::outcome_before(&findings);
        let next_actions = finish::next_before(outcome, &findings);
        Self { outcome, findings, promotion: None, next_actions, stays_open: false }
    }
}

/// What the phases of a run need besides the session.
struct Drive<'a> {
    engine: &'a dyn SourceEngine,
    opening: Opening<'a>,
    today: jiff::civil::Date,
}

impl Drive<'_> {
    /// Everything up to the first effect.
    fn rehearse(&self, session: &Session<'_>, target: &mut dyn TargetEngine) -> End {
        let prepared = Graph::of(session.plan)
            .map_err(|error| vec![error.into()])
            .and_then(|_| dead::mention(session, target).map_err(|error| vec![error.into()]))
            .and_then(|()| prepare::prepare(session, self.engine, target, self.today));
        match prepared {
            Err(findings) => End::before(findings),
            Ok(_) => End {
                outcome: RunOutcome::DryRun,
                findings: Vec::new(),
                promotion: None,
                next_actions: vec![format!("`cutover run {}`", session.plan.file)],
                stays_open: false,
            },
        }
    }

    fn run(&self, session: &mut Session<'_>, target: &mut dyn TargetEngine) -> End {
        let graph = match Graph::of(session.plan) {
            Ok(graph) => graph,
            Err(error) => return End::before(vec![error.into()]),
        };
        if let Err(error) = target.lock(&session.info) {
            return self.opening.turned_away(session, target.describe(), error);
        }
        if let Err(error) = self.opening.journal(session, target.describe()) {
            return End::before(vec![error.into()]);
        }
        let cleared = dead::clear(session, target, self.opening.state_dir);
        let prepared =
            cleared.and_then(|()| prepare::prepare(session, self.engine, target, self.today));
        let end = match prepared {
            Err(findings) => End::before(findings),
            Ok(prepared) => self.execute(session, target, &graph, &prepared, TakenUp::default()),
        };
        finish::close(session, end)
    }

    fn execute(
        &self,
        session: &Session<'_>,
        target: &mut dyn TargetEngine,
        graph: &Graph,
        prepared: &Prepared,
        taken_up: TakenUp,
    ) -> End {
        let context = Context::new(session, self.engine, &prepared.files, &prepared.bindings);
        let mut lead = Lead {
            session,
            backups: backups_folder(self.opening.state_dir, &session.info.run_id),
            snapshots: session.info.run_dir.join(SNAPSHOTS),
            staging: taken_up.staging.is_some(),
            committing: false,
            promotion: None,
            taken_up,
        };
        let result = executor::execute(&context, graph, target, &mut lead);
        let end = finish::settle(&context, target, &lead, result);
        if end.outcome == RunOutcome::Done {
            expired::remove(session, target, self.opening.state_dir);
        }
        finish::remove_copies(session, &lead.snapshots);
        end
    }
}

pub(crate) const SNAPSHOTS: &str = "snapshots";

/// What the name of a run begins with: the second of its start, `20261121-053501`.
const SECOND: &str = "%Y%m%d-%H%M%S";
pub(crate) const SECOND_LENGTH: usize = 15;

pub(crate) fn runs_folder(state_dir: &Path) -> PathBuf {
    state_dir.join("runs")
}

fn backups_folder(state_dir: &Path, run_id: &str) -> PathBuf {
    state_dir.join("backups").join(run_id)
}

/// Who the new run is. Without an identifier it can be told, and do nothing.
fn run_info(
    plan: &CompiledPlan,
    plan_dir: PathBuf,
    state_dir: &Path,
    clock: &dyn Clock,
) -> (Result<(), EngineError>, RunInfo) {
    let run_id = run_id(start(clock, state_dir));
    let info = RunInfo {
        run_dir: runs_folder(state_dir).join(run_id.as_deref().unwrap_or("none")),
        run_id: run_id.clone().unwrap_or_default(),
        plan_name: plan.name.clone(),
        compiled_digest: plan.digest().to_string(),
        plan_dir,
    };
    (run_id.map(drop), info)
}

/// The start that a run is named after. Where the clock went back, that is right after the last one:
/// runs sort by their names.
fn start(clock: &dyn Clock, state_dir: &Path) -> Timestamp {
    let now = clock.now();
    let entries = std::fs::read_dir(runs_folder(state_dir)).into_iter().flatten().flatten();
    let last = entries.filter_map(|entry| start_of(entry.file_name().to_str()?)).max();
    let ahead = last.filter(|last| *last > now);
    ahead.map_or(now, |last| last + SignedDuration::from_secs(1))
}

fn start_of(run_id: &str) -> Option<Timestamp> {
    let start = DateTime::strptime(SECOND, run_id.get(..SECOND_LENGTH)?).ok()?;
    start.to_zoned(TimeZone::UTC).ok().map(|start| start.timestamp())
}

/// `20261121-053501-8c1f20`: sorts by start, and the random part keeps two runs apart.
fn run_id(start: Timestamp) -> Result<String, EngineError> {
    let mut random = [0_u8; 3];
    getrandom::fill(&mut random).map_err(|error| {
        EngineError::new(&code::INTERNAL, format!("the system gives no random numbers: {error}"))
    })?;
    let [a, b, c] = random;
    Ok(format!("{}-{a:02x}{b:02x}{c:02x}", start.strftime(SECOND)))
}
