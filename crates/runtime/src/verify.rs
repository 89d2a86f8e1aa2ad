//! `cutover verify`: what was promoted, held against the kept backups, any time later.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use diagnostics::code;
use ir::{Action, Check, CompiledPlan, Load};

use crate::binding::{Binding, loads};
use crate::clock::{Clock, millis, stamp};
use crate::digest::sha256_of;
use crate::engine::{
    FileParameters, Outcome, RowSink, Snapshot, SourceEngine, TargetEngine, Worker,
};
use crate::events::{EVENTS_VERSION, Event, EventSink, Stamped};
use crate::executor::rows_differ;
use crate::fleet::tags::{self, Tagged};
use crate::journal::View;
use crate::journal::format::BackupRecord;
use crate::recovery::{Kept, kept_plan};
use crate::run::{Finding, runs_folder};
use crate::status::{self, RunState};
use crate::{EngineError, RowDigest, merge, narrow};

/// Makes the engine for a run's compiled plan.
pub type OpenTarget<'a> = &'a dyn Fn(&CompiledPlan) -> Result<Box<dyn TargetEngine>, Vec<Finding>>;

pub struct VerifyRequest<'a> {
    pub state_dir: PathBuf,
    /// `None`: the last run that was promoted.
    pub run_id: Option<String>,
    pub sources: Arc<dyn SourceEngine>,
    /// Called with the compiled plan that is kept in the folder of the run.
    pub target: OpenTarget<'a>,
    pub clock: &'a dyn Clock,
    pub events: &'a dyn EventSink,
}

#[derive(Clone, Debug)]
pub struct VerifyReport {
    pub run_id: String,
    /// In the order of the plan; those that could not be compared have a finding instead.
    pub tables: Vec<VerifiedTable>,
    /// Errors where something differs or could not be verified.
    pub findings: Vec<Finding>,
    pub elapsed_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedTable {
    pub table: String,
    /// `rows:digest` of what the kept backups hold, converted.
    pub expected: String,
    /// `rows:digest` of what the target holds now.
    pub found: String,
}

/// Reads the kept backups and the target once more and compares every loaded table.
///
/// # Errors
/// When there is nothing to verify or the target cannot be asked; what differs is in the report.
pub fn verify(request: &VerifyRequest<'_>) -> Result<VerifyReport, Vec<Finding>> {
    let start = request.clock.monotonic();
    let one = |error: EngineError| vec![Finding::from(error)];
    let run_id = choose(request).map_err(one)?;
    let folder = runs_folder(&request.state_dir).join(&run_id);
    let Kept { plan, view } = kept_plan(&folder).map_err(one)?;
    let mut target = (request.target)(&plan)?;
    holds_run(target.as_mut(), &run_id).map_err(one)?;
    let mut worker = target.live_worker(&plan).map_err(one)?;
    let mut verifying = Verifying {
        request,
        plan: &plan,
        view: &view,
        start,
        tables: Vec::new(),
        findings: damaged_backups(&view),
    };
    if verifying.findings.is_empty() {
        loads(&plan).for_each(|(step, load)| {
            if let Err(error) = verifying.table(load, worker.as_mut()) {
                verifying.findings.push(at(step, error));
            }
        });
    }
    verifying.checks(&plan, worker.as_mut());
    let Verifying { tables, findings, .. } = verifying;
    let elapsed_ms = millis(request.clock.monotonic().saturating_sub(start));
    Ok(VerifyReport { run_id, tables, findings, elapsed_ms })
}

fn at(step: &ir::Step, error: EngineError) -> Finding {
    Finding {
        error,
        stage: Some(step.stage.clone()),
        step: Some(step.id.clone()),
        origin: Some(step.origin.clone()),
    }
}

fn choose(request: &VerifyRequest<'_>) -> Result<String, EngineError> {
    if let Some(id) = &request.run_id {
        let run = status::read(&request.state_dir, Some(id))?;
        return match run.state {
            RunState::Done | RunState::Accepted => Ok(run.run_id),
            RunState::Running
            | RunState::Restored
            | RunState::RolledBack
            | RunState::Stopped
            | RunState::Unfinished
            | RunState::Undecided
            | RunState::Unreadable => {
                let message = format!("run `{id}` has not been promoted: {}", run.sentence);
                Err(EngineError::new(&code::NO_RUN, message))
            }
        };
    }
    let runs = status::list(&request.state_dir);
    let last =
        runs.into_iter().rfind(|run| matches!(run.state, RunState::Done | RunState::Accepted));
    last.map(|run| run.run_id).ok_or_else(|| {
        EngineError::new(
            &code::NO_RUN,
            "no run has been promoted yet, so there is nothing to verify",
        )
        .object(request.state_dir.display().to_string())
    })
}

fn holds_run(target: &mut dyn TargetEngine, run_id: &str) -> Result<(), EngineError> {
    match target.outcome(run_id)? {
        Outcome::Promoted => Ok(()),
        Outcome::NotPromoted => {
            let message = format!("{} does not hold run `{run_id}`", target.describe());
            Err(EngineError::new(&code::WRONG_TARGET, message)
                .help("it is another target, or it was restored to a state before the run"))
        }
    }
}

/// Backups that are not there or not what the run wrote: nothing can be held against them.
fn damaged_backups(view: &View) -> Vec<Finding> {
    let damaged = view.backups.iter().filter_map(|backup| {
        let why = match sha256_of(Path::new(&backup.backup)) {
            Ok(found) if found == backup.sha256 => return None,
            Ok(_) => "it is not the file that the run wrote".to_owned(),
            Err(error) => format!("it cannot be read: {error}"),
        };
        let message = format!("the backup of `{}` cannot be used: {why}", backup.file);
        Some(EngineError::new(&code::BACKUP_FAILED, message).object(&backup.backup).into())
    });
    damaged.collect()
}

struct Verifying<'a> {
    request: &'a VerifyRequest<'a>,
    plan: &'a CompiledPlan,
    view: &'a View,
    start: std::time::Duration,
    tables: Vec<VerifiedTable>,
    findings: Vec<Finding>,
}

impl Verifying<'_> {
    fn table(&mut self, load: &Load, worker: &mut dyn Worker) -> Result<(), EngineError> {
        let mut backups: Vec<_> =
            self.view.backups.iter().filter(|backup| backup.source == load.source).collect();
        backups.sort_by_key(|backup| backup.index);
        let rules = self.view.bound.get(&load.table).ok_or_else(|| {
            EngineError::new(
                &code::JOURNAL_CORRUPT,
                format!("the journal does not say how `{}` was loaded", load.table),
            )
        })?;
        let binding = Binding::of_rules(load, rules, backups.len());
        let mut sink = worker.digest_sink(&load.table, &binding.into)?;
        let parameters = self.parameters(&load.source, &backups)?;
        self.replay(load, &binding, &backups, &parameters, sink.as_mut())?;
        let expected = sink.finish()?.digest;
        let found = worker.row_digest(&load.table, &binding.into)?;
        self.told(load, expected, found);
        if expected == found {
            return Ok(());
        }
        let (expected, same) = (expected.to_string(), expected.rows == found.rows);
        let error = rows_differ(&load.table, &expected, &found.to_string(), same)
            .help("the target was written to since the promote, or something changed its rows");
        let replay =
            &mut |sink: &mut dyn RowSink| self.replay(load, &binding, &backups, &parameters, sink);
        Err(narrow::with_rows(error, worker.tell(), &load.table, &binding.into, replay))
    }

    fn open(
        &self,
        backup: &BackupRecord,
        parameters: &FileParameters,
    ) -> Result<Box<dyn Snapshot>, EngineError> {
        self.request.sources.open_snapshot(Path::new(&backup.backup), parameters)
    }

    /// What SQL on the files could name in the run: it follows from their paths and rows.
    fn parameters(
        &self,
        source: &str,
        backups: &[&BackupRecord],
    ) -> Result<Vec<FileParameters>, EngineError> {
        let mut all: Vec<_> = backups.iter().map(|backup| parameters(backup)).collect();
        let planned = self.plan.sources.iter().find(|planned| planned.name == source);
        let Some(planned) = planned else { return Ok(all) };
        let named = all.iter_mut().zip(backups);
        let mut files: Vec<_> =
            named.map(|(parameters, backup)| Tagged { shown: &backup.file, parameters }).collect();
        let sources = &self.request.sources;
        let open = |at: usize, parameters: &FileParameters| {
            sources.open_snapshot(Path::new(&backups[at].backup), parameters)
        };
        let mut errors = tags::find(self.plan, planned, &mut files, &open).into_iter();
        errors.next().map_or(Ok(all), |(_, error)| Err(error))
    }

    /// Sends the rows of the backups as the load did.
    fn replay(
        &self,
        load: &Load,
        binding: &Binding,
        backups: &[&BackupRecord],
        parameters: &[FileParameters],
        sink: &mut dyn RowSink,
    ) -> Result<(), EngineError> {
        let read = &mut |file: usize, sink: &mut dyn RowSink| {
            self.open(backups[file], &parameters[file])?.scan(binding.scan(file)?, sink)
        };
        let memory = self.plan.settings.memory_bytes;
        let names: Vec<String> = backups.iter().map(|backup| backup.file.clone()).collect();
        merge::scan(load, &binding.into, memory, &names, read, sink).map(drop)
    }

    fn told(&mut self, load: &Load, expected: RowDigest, found: RowDigest) {
        let name = format!("rows of {}", load.table);
        let passed = expected == found;
        self.emit(Event::Check { name, passed, found: in_words(expected, found) });
        self.tables.push(VerifiedTable {
            table: load.table.clone(),
            expected: expected.to_string(),
            found: found.to_string(),
        });
    }

    /// The plan's checks of the promoted state.
    fn checks(&mut self, plan: &CompiledPlan, worker: &mut dyn Worker) {
        for step in &plan.steps {
            let Action::Promote { after } = &step.action else { continue };
            for check in after {
                if let Err(error) = self.check(check, worker) {
                    let origin = Some(check.origin.clone());
                    self.findings.push(Finding { origin, ..at(step, error) });
                }
            }
        }
    }

    fn check(&self, check: &Check, worker: &mut dyn Worker) -> Result<(), EngineError> {
        let outcome = worker.check(check)?;
        let (name, found) = (check.name.clone(), outcome.found);
        self.emit(Event::Check { name, passed: outcome.passed, found: found.clone() });
        if outcome.passed {
            return Ok(());
        }
        let message = format!("check `{}` does not hold: {found}", check.name);
        Err(EngineError::new(&code::CHECK_FAILED, message))
    }

    fn emit(&self, event: Event) {
        let clock = self.request.clock;
        self.request.events.event(&Stamped {
            v: EVENTS_VERSION,
            run: self.view.begun.as_ref().map(|begun| begun.run_id.clone()).unwrap_or_default(),
            at: stamp(clock.now()),
            elapsed_ms: millis(clock.monotonic().saturating_sub(self.start)),
            event,
        });
    }
}

/// What the file's own SQL parameters were in the run.
fn parameters(backup: &BackupRecord) -> FileParameters {
    let path = Path::new(&backup.file);
    let text = |part: Option<&std::ffi::OsStr>| {
        part.map(|part| part.to_string_lossy().into_owned()).unwrap_or_default()
    };
    FileParameters {
        file_name: text(path.file_name()),
        file_stem: text(path.file_stem()),
        file_index: i64::try_from(backup.index).unwrap_or(i64::MAX),
        named: BTreeMap::new(),
    }
}

/// What a table holds, for people; digests are for programs, and in the report.
fn in_words(expected: RowDigest, found: RowDigest) -> String {
    let rows = |digest: RowDigest| diagnostics::plural(digest.rows, "row");
    match (expected == found, expected.rows == found.rows) {
        (true, _) => rows(found),
        (false, true) => format!("{} with other content", rows(found)),
        (false, false) => format!("{} instead of {}", rows(found), expected.rows),
    }
}
