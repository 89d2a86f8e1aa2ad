//! A new process goes on where a dead one stopped.
//!
//! What builds is not done again: backups whose bytes are still those that were compared, loads and
//! statements whose effect is in the staging area. What proves is: a verification of a process that
//! died says nothing about what its death left.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use diagnostics::code;
use ir::{Action, CompiledPlan, OnSourceChange, Place};

use super::opening::Opening;
use super::prepare::{self, Prepared};
use super::report::{RunOutcome, RunReport, TableCount};
use super::session::Session;
use super::{Drive, End, Finding, finish, runs_folder};
use crate::clock::Clock;
use crate::engine::{Outcome, RunInfo, SourceEngine, TargetEngine};
use crate::events::EventSink;
use crate::executor::{Graph, TakenUp};
use crate::journal::format::{FileRecord, SourceRecord, WarningKind};
use crate::journal::{Journal, Record, View};
use crate::stop::StopFlag;
use crate::{EngineError, RowDigest, faults};

pub struct ResumeRequest<'a> {
    pub run_id: String,
    /// The one that the dead process ran, kept in the folder of the run.
    pub plan: CompiledPlan,
    pub plan_dir: PathBuf,
    pub state_dir: PathBuf,
    pub sources: Arc<dyn SourceEngine>,
    pub target: Box<dyn TargetEngine>,
    pub clock: &'a dyn Clock,
    pub events: &'a dyn EventSink,
    pub stop: StopFlag,
    pub today: jiff::civil::Date,
    pub write_guard: String,
}

/// Goes on with a run that did not end. Never fails otherwise than by its report; can itself be
/// killed and repeated.
pub fn resume(request: ResumeRequest<'_>) -> RunReport {
    let ResumeRequest { plan, plan_dir, state_dir, target, clock, events, stop, .. } = request;
    let (mut target, sources) = (faults::target(target), faults::sources(request.sources));
    let info = RunInfo {
        run_dir: runs_folder(&state_dir).join(&request.run_id),
        run_id: request.run_id,
        plan_name: plan.name.clone(),
        compiled_digest: plan.digest().to_string(),
        plan_dir,
    };
    let mut session = Session::new(&plan, info, clock, events, stop);
    session.started(target.describe(), false);
    let drive = Drive {
        engine: sources.as_ref(),
        opening: Opening {
            state_dir: &state_dir,
            plan_digest: None,
            write_guard: request.write_guard,
        },
        today: request.today,
    };
    let end = drive.resume(&mut session, target.as_mut());
    finish::report(&session, target.describe(), end)
}

impl Drive<'_> {
    fn resume(&self, session: &mut Session<'_>, target: &mut dyn TargetEngine) -> End {
        let opened = Graph::of(session.plan)
            .and_then(|graph| target.lock(&session.info).map(|()| graph))
            .and_then(|graph| adopt_journal(session).map(|view| (graph, view)));
        match opened {
            Ok((graph, view)) => {
                let end = self.take_up(session, target, &graph, &view);
                finish::close(session, end)
            }
            Err(error) => End::before(vec![error.into()]),
        }
    }

    fn take_up(
        &self,
        session: &Session<'_>,
        target: &mut dyn TargetEngine,
        graph: &Graph,
        view: &View,
    ) -> End {
        let one = |error: EngineError| vec![Finding::from(error)];
        match super::undecided::ask(session, target) {
            Err(error) => return finish::undecided_end(Vec::new(), error),
            Ok(Outcome::Promoted) => return complete(session, target),
            Ok(Outcome::NotPromoted) => {}
        }
        let asked_by = session.info.run_id.clone();
        let found = session.record(Record::OutcomeFound { promoted: false, asked_by });
        let prepared = found
            .map_err(one)
            .and_then(|()| prepare::prepare(session, self.engine, target, self.today))
            .and_then(|prepared| same_world(session, view, &prepared).map(|()| prepared))
            .and_then(|prepared| {
                adopt_staging(session, target, view).map_err(one).map(|taken| (prepared, taken))
            });
        match prepared {
            Err(findings) => kept_open(findings),
            Ok((prepared, taken_up)) => self.execute(session, target, graph, &prepared, taken_up),
        }
    }
}

/// The journal of the dead process, its lock ours from now on, and what it said before.
fn adopt_journal(session: &mut Session<'_>) -> Result<View, EngineError> {
    let Some(mut journal) = Journal::adopt(&session.info.run_dir)? else {
        let message = format!("run {} is still alive", session.info.run_id);
        return Err(EngineError::new(&code::RUN_IN_PROGRESS, message)
            .help("wait for it, or stop it with Ctrl-C: `cutover status` shows it"));
    };
    let view = journal.view().clone();
    let program = concat!("cutover ", env!("CARGO_PKG_VERSION")).to_owned();
    let record = Record::Resumed { program, process: std::process::id() };
    journal.write(session.clock.now(), record)?;
    session.keep_journal(journal);
    Ok(view)
}

/// The promote had taken place: only the end of the run was not written.
fn complete(session: &Session<'_>, target: &mut dyn TargetEngine) -> End {
    let done = clear_up(session, target).and_then(|()| finish::record_promoted(session, target));
    finish::remove_copies(session, &session.info.run_dir.join(super::SNAPSHOTS));
    finish::promoted(session, done.err().map(Finding::from).into_iter().collect())
}

/// What a promote that was killed between two acts left beside the new state.
fn clear_up(session: &Session<'_>, target: &mut dyn TargetEngine) -> Result<(), EngineError> {
    let mut left = target.leftovers()?;
    left.retain(|leftover| leftover.run_id == session.info.run_id);
    left.iter().try_for_each(|leftover| target.remove_leftover(leftover))
}

/// Nothing was done, and the run stays where it is.
fn kept_open(findings: Vec<Finding>) -> End {
    let outcome = finish::outcome_before(&findings);
    let next_actions = vec![
        "mend what was found, then `cutover resume` again".to_owned(),
        "`cutover abort` removes what the run built; the target is as it was".to_owned(),
    ];
    End { outcome, findings, promotion: None, next_actions, stays_open: true }
}

/// Sources and target are what they were when the dead process looked at them.
fn same_world(session: &Session<'_>, view: &View, prepared: &Prepared) -> Result<(), Vec<Finding>> {
    let mut findings = Vec::new();
    if view.before.as_ref().is_some_and(|before| *before != prepared.before) {
        let message = "what the promote replaces is not what it was when the run began";
        let error = EngineError::new(&code::TARGET_CHANGED, message)
            .help("`cutover abort`, then run again: the new run looks at the target anew");
        findings.push(error.into());
    }
    // A process that died before it had looked at all of them has nothing to be held against.
    if view.before.is_some() {
        findings.extend(changed_sources(session, view, prepared));
    }
    if findings.is_empty() { Ok(()) } else { Err(findings) }
}

fn changed_sources(session: &Session<'_>, view: &View, prepared: &Prepared) -> Vec<Finding> {
    let now: Vec<SourceRecord> =
        prepared.files.all().map(|file| prepare::source_record(&file.state)).collect();
    let paths = |records: &[SourceRecord]| -> BTreeSet<(String, String)> {
        records.iter().map(|it| (it.source.clone(), it.path.clone())).collect()
    };
    if paths(&view.sources) != paths(&now) {
        let message = "the plan's patterns match other files than when the run began";
        let error = EngineError::new(&code::SOURCE_CHANGED, message)
            .help("`cutover abort`, then run again to take them along");
        return vec![error.into()];
    }
    let changed = view
        .sources
        .iter()
        .filter(|old| !now.iter().any(|new| new.path == old.path && content(new) == content(old)));
    changed.filter_map(|old| judge(session, old)).collect()
}

/// Times do not count: a restored file has others.
fn content(record: &SourceRecord) -> Vec<(&String, &String)> {
    record.files.iter().map(|FileRecord { name, sha256, .. }| (name, sha256)).collect()
}

/// The plan decides whether a source that changed stops the run.
fn judge(session: &Session<'_>, old: &SourceRecord) -> Option<Finding> {
    let message = format!("`{}` changed after its snapshot", old.shown);
    match session.plan.settings.on_source_change {
        OnSourceChange::Stop => {
            let error = EngineError::new(&code::SOURCE_CHANGED, message)
                .object(&old.shown)
                .help("`cutover abort`, then run again to take the new rows along");
            Some(error.into())
        }
        OnSourceChange::Warn => {
            let error = EngineError::new(&code::SOURCE_MOVED_ON, message).object(&old.shown);
            session.warn(WarningKind::SourceChanged, error.into()).err().map(Finding::from)
        }
    }
}

/// What the dead process did and need not be done again.
fn adopt_staging(
    session: &Session<'_>,
    target: &mut dyn TargetEngine,
    view: &View,
) -> Result<TakenUp, EngineError> {
    let backups = view.backups.clone();
    let attempt = view.resumed + 1;
    let Some(adopted) = target.adopt_staging(session.plan, &session.info)? else {
        if !view.done.is_empty() || view.temporary_path.is_some() {
            session.record(Record::StagingDiscarded)?;
        }
        return Ok(TakenUp { staging: None, done: BTreeSet::new(), backups, attempt });
    };
    let done: BTreeSet<usize> = (0..session.plan.steps.len())
        .filter(|at| is_done(session.plan, *at, view, &adopted.executed))
        .collect();
    remember(session, view, &done);
    Ok(TakenUp { staging: Some(adopted.staging), done, backups, attempt })
}

fn is_done(plan: &CompiledPlan, at: usize, view: &View, executed: &BTreeSet<String>) -> bool {
    let step = &plan.steps[at];
    let recorded = view.done.contains(&step.id);
    match &step.action {
        Action::Execute { place: Place::Staging, .. } => recorded || executed.contains(&step.id),
        Action::Load(load) => recorded && sent(view, &load.table).is_some(),
        Action::SetSequences { .. } | Action::Analyze { .. } => recorded,
        // What the promote replaces may have changed since: it is saved as it is now.
        Action::Preflight
        | Action::Backup { .. }
        | Action::BackupTarget
        | Action::CreateStaging
        | Action::Execute { place: Place::Promote, .. }
        | Action::VerifyRows { .. }
        | Action::VerifyCatalog
        | Action::Check(_)
        | Action::Invariant(_)
        | Action::Promote { .. }
        | Action::Settle => false,
    }
}

/// What the journal says was sent for a table.
fn sent(view: &View, table: &str) -> Option<RowDigest> {
    view.tables.get(table).and_then(|loaded| loaded.digest.parse().ok())
}

/// The report speaks of the whole run, and the verification of what was sent.
fn remember(session: &Session<'_>, view: &View, done: &BTreeSet<usize>) {
    for at in done {
        let step = &session.plan.steps[*at];
        session.was_done(&step.stage);
        let Action::Load(load) = &step.action else { continue };
        let (Some(loaded), Some(digest)) = (view.tables.get(&load.table), sent(view, &load.table))
        else {
            continue;
        };
        let count = TableCount {
            table: loaded.table.clone(),
            scanned: loaded.scanned,
            written: loaded.written,
            rejected: loaded.rejected,
            merged: loaded.merged,
            bytes: loaded.bytes,
            verified: None,
            elapsed_ms: loaded.elapsed_ms,
            misfits: loaded.misfits.clone(),
        };
        let mut progress = session.progress();
        progress.sent.insert(load.table.clone(), digest);
        progress.tables.insert(load.table.clone(), count);
    }
}

impl End {
    /// The journal is not closed: somebody resumes or aborts.
    pub(super) fn stays_open(&self) -> bool {
        self.stays_open && self.outcome != RunOutcome::Done
    }
}
