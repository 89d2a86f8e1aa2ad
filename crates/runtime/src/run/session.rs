//! What all parts of a run share: who hears of it, where it is recorded, how far it has come.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use ir::{Action, CompiledPlan, Place, Target};

use super::report::{BackupEntry, Finding, StageTiming, TableCount};
use crate::clock::{Clock, millis, stamp};
use crate::engine::RunInfo;
use crate::events::{EVENTS_VERSION, Event, EventSink, FindingText, Stamped};
use crate::journal::format::{Alias, StageName, WarningKind};
use crate::journal::{Journal, Record};
use crate::parallel::locked;
use crate::stop::StopFlag;
use crate::{EngineError, RowDigest};

pub(crate) struct Session<'a> {
    pub plan: &'a CompiledPlan,
    pub info: RunInfo,
    pub clock: &'a dyn Clock,
    events: &'a dyn EventSink,
    pub stop: StopFlag,
    start: Duration,
    /// `None`: a dry run.
    journal: Option<Mutex<Journal>>,
    progress: Mutex<Progress>,
}

/// How far the run has come.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    stages: BTreeMap<String, StageProgress>,
    pub tables: BTreeMap<String, TableCount>,
    /// What the loads sent.
    pub sent: BTreeMap<String, RowDigest>,
    pub warnings: Vec<Finding>,
    pub passed: Vec<String>,
    pub backups: Vec<BackupEntry>,
}

#[derive(Debug, Default)]
struct StageProgress {
    done: usize,
    first: Option<Duration>,
    last: Option<Duration>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        plan: &'a CompiledPlan,
        info: RunInfo,
        clock: &'a dyn Clock,
        events: &'a dyn EventSink,
        stop: StopFlag,
    ) -> Self {
        let start = clock.monotonic();
        let progress = Mutex::default();
        Self { plan, info, clock, events, stop, start, journal: None, progress }
    }

    pub(crate) fn keep_journal(&mut self, journal: Journal) {
        self.journal = Some(Mutex::new(journal));
    }

    pub(crate) fn journal_path(&self) -> Option<std::path::PathBuf> {
        self.journal.as_ref().map(|journal| locked(journal).path())
    }

    pub(crate) fn progress(&self) -> std::sync::MutexGuard<'_, Progress> {
        locked(&self.progress)
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.clock.monotonic().saturating_sub(self.start)
    }

    pub(crate) fn emit(&self, event: Event) {
        self.events.event(&Stamped {
            v: EVENTS_VERSION,
            run: self.info.run_id.clone(),
            at: stamp(self.clock.now()),
            elapsed_ms: millis(self.elapsed()),
            event,
        });
    }

    /// On disk when this returns. Nothing for a dry run.
    pub(crate) fn record(&self, record: Record) -> Result<(), EngineError> {
        let at = self.clock.now();
        self.journal.as_ref().map_or(Ok(()), |journal| locked(journal).write(at, record))
    }

    pub(crate) fn publish(&self) -> Result<(), EngineError> {
        self.journal.as_ref().map_or(Ok(()), |journal| locked(journal).publish())
    }

    pub(crate) fn passed(&self, what: impl Into<String>) {
        let what = what.into();
        self.progress().passed.push(what.clone());
        self.emit(Event::Passed { what });
    }

    /// Said, recorded and kept for the report; the run goes on.
    pub(crate) fn warn(&self, kind: WarningKind, finding: Finding) -> Result<(), EngineError> {
        let error = &finding.error;
        self.emit(Event::Warning {
            code: error.code.id,
            message: error.to_string(),
            help: error.help.clone(),
        });
        let record = Record::Warning {
            warning: kind,
            code: error.code.id.to_owned(),
            message: error.to_string(),
        };
        self.progress().warnings.push(finding);
        self.record(record)
    }

    pub(crate) fn finding(&self, finding: &Finding) {
        self.emit(Event::Finding { finding: FindingText::from(&finding.error) });
    }

    /// The error with the step that it happened in.
    pub(crate) fn at_step(&self, at: usize, error: EngineError) -> Finding {
        let step = &self.plan.steps[at];
        let now = self.elapsed();
        if let Some(stage) = self.progress().stages.get_mut(&step.stage) {
            stage.last = Some(now);
        }
        Finding::of_step(step, error)
    }

    /// A step of the stage that an earlier process of the run did.
    pub(crate) fn was_done(&self, stage: &str) {
        self.progress().stages.entry(stage.to_owned()).or_default().done += 1;
    }

    pub(crate) fn step_started(&self, at: usize) -> Result<(), EngineError> {
        let step = &self.plan.steps[at];
        let now = self.elapsed();
        let first = {
            let mut progress = self.progress();
            let stage = progress.stages.entry(step.stage.clone()).or_default();
            stage.first.replace(stage.first.unwrap_or(now)).is_none()
        };
        if first {
            self.emit(Event::StageStarted {
                stage: step.stage.clone(),
                steps: self.steps_of(&step.stage),
            });
            let alias = self.alias_of(&step.stage);
            self.record(Record::StageStarted { stage: step.stage.clone(), alias })?;
        }
        self.emit(Event::StepStarted { stage: step.stage.clone(), step: step.id.clone() });
        Ok(())
    }

    /// Runs one step that is no part of the graph's execution.
    pub(crate) fn timed(
        &self,
        at: usize,
        step: impl FnOnce() -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        self.step_started(at)?;
        let start = self.clock.monotonic();
        step()?;
        self.step_finished(at, self.clock.monotonic().saturating_sub(start))
    }

    pub(crate) fn step_finished(&self, at: usize, took: Duration) -> Result<(), EngineError> {
        let step = &self.plan.steps[at];
        let elapsed_ms = millis(took);
        self.record(Record::StepDone { step: step.id.clone(), elapsed_ms })?;
        self.emit(Event::StepFinished {
            stage: step.stage.clone(),
            step: step.id.clone(),
            took_ms: elapsed_ms,
        });
        let ended = self.count_step(&step.stage);
        ended.map_or(Ok(()), |elapsed_ms| self.stage_finished(&step.stage, elapsed_ms))
    }

    /// Milliseconds of the stage, if that was its last step.
    fn count_step(&self, name: &str) -> Option<u64> {
        let now = self.elapsed();
        let mut progress = self.progress();
        let stage = progress.stages.entry(name.to_owned()).or_default();
        stage.done += 1;
        stage.last = Some(now);
        (stage.done == self.steps_of(name)).then(|| stage.elapsed_ms())
    }

    fn stage_finished(&self, stage: &str, elapsed_ms: u64) -> Result<(), EngineError> {
        self.emit(Event::StageFinished { stage: stage.to_owned(), took_ms: elapsed_ms });
        let alias = self.alias_of(stage);
        self.record(Record::StageFinished { stage: stage.to_owned(), alias, elapsed_ms })?;
        self.publish()
    }

    fn steps_of(&self, stage: &str) -> usize {
        self.plan.steps.iter().filter(|step| step.stage == stage).count()
    }

    fn alias_of(&self, stage: &str) -> Alias {
        alias(self.plan, stage)
    }

    pub(crate) fn stage_timings(&self) -> Vec<StageTiming> {
        let progress = self.progress();
        let timings = stages(self.plan).into_iter().map(|stage| {
            let state = progress.stages.get(stage);
            StageTiming {
                stage: stage.to_owned(),
                steps: self.steps_of(stage),
                steps_done: state.map_or(0, |state| state.done),
                elapsed_ms: state.map_or(0, StageProgress::elapsed_ms),
            }
        });
        timings.collect()
    }
}

impl StageProgress {
    fn elapsed_ms(&self) -> u64 {
        match (self.first, self.last) {
            (Some(first), Some(last)) => millis(last.saturating_sub(first)),
            (_, None) | (None, _) => 0,
        }
    }
}

/// Stages in the order of the plan.
fn stages(plan: &CompiledPlan) -> Vec<&str> {
    let mut names = Vec::new();
    for step in &plan.steps {
        if !names.contains(&step.stage.as_str()) {
            names.push(step.stage.as_str());
        }
    }
    names
}

pub(crate) fn stage_names(plan: &CompiledPlan) -> Vec<StageName> {
    let name = |stage: &str| StageName { stage: stage.to_owned(), alias: alias(plan, stage) };
    stages(plan).into_iter().map(name).collect()
}

/// The fixed name of a stage, from what its first step does.
fn alias(plan: &CompiledPlan, stage: &str) -> Alias {
    let first = plan.steps.iter().find(|step| step.stage == stage).map(|step| &step.action);
    let sqlite = matches!(plan.target, Target::Sqlite(_));
    match first {
        Some(Action::Preflight) => Alias::ScanSource,
        Some(Action::Backup { .. } | Action::BackupTarget) => Alias::CreateBackup,
        Some(Action::CreateStaging) if sqlite => Alias::OpenSqlite,
        Some(Action::CreateStaging) => Alias::OpenTarget,
        Some(Action::Load(_)) if sqlite => Alias::WriteSqlite,
        Some(Action::Load(_)) => Alias::WriteTarget,
        Some(Action::Execute { place: Place::Staging | Place::Promote, .. }) => built(stage),
        Some(Action::SetSequences { .. }) => Alias::Build,
        Some(Action::Analyze { .. }) => Alias::Analyze,
        Some(
            Action::VerifyRows { .. }
            | Action::VerifyCatalog
            | Action::Check(_)
            | Action::Invariant(_),
        ) => Alias::VerifyTarget,
        Some(Action::Promote { .. }) => Alias::PromoteDatabase,
        Some(Action::Settle) => Alias::Completed,
        None => Alias::Sql,
    }
}

/// Steps of SQL say by the name of their stage what they are for.
fn built(stage: &str) -> Alias {
    let named = [
        ("index", Alias::BuildIndexes),
        ("constraint", Alias::AddConstraints),
        ("grant", Alias::ApplyGrants),
        ("build", Alias::Build),
        ("load", Alias::Build),
    ];
    named.iter().find(|(word, _)| stage.contains(word)).map_or(Alias::Sql, |(_, alias)| *alias)
}
