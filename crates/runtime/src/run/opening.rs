//! The journal of a new run, opened before anything else is done; also that of a run which is turned
//! away at once, because its target does not answer or another run holds it.

use std::path::{Path, PathBuf};

use diagnostics::code;
use ir::{Action, CompiledPlan};

use super::session::Session;
use super::{End, Finding, RunReport, finish, prepare, run_info, runs_folder};
use crate::clock::Clock;
use crate::events::{Event, EventSink};
use crate::journal::Journal;
use crate::journal::format::Begun;
use crate::stop::StopFlag;
use crate::{EngineError, private};

/// What the first record says and only the caller knows.
pub(super) struct Opening<'a> {
    pub state_dir: &'a Path,
    pub plan_digest: Option<String>,
    pub write_guard: String,
}

impl Opening<'_> {
    /// Makes the run's folder and its journal. `target` is what the engine calls it.
    pub(super) fn journal(
        &self,
        session: &mut Session<'_>,
        target: String,
    ) -> Result<(), EngineError> {
        let begun = Begun {
            plan_digest: self.plan_digest.clone(),
            write_guard: self.write_guard.clone(),
            ..prepare::begun(session, self.state_dir, target)
        };
        let folder = &session.info.run_dir;
        let made = private::create_folders(&runs_folder(self.state_dir))
            .and_then(|()| private::create_new_folder(folder));
        made.map_err(|error| {
            EngineError::new(
                &code::JOURNAL_INACCESSIBLE,
                format!("the folder of the run cannot be made: {error}"),
            )
            .object(folder.display().to_string())
        })?;
        let journal =
            Journal::create(folder, begun, &session.plan.to_bytes(), session.clock.now())?;
        session.keep_journal(journal);
        Ok(())
    }

    /// Begins and ends the journal of a run that may not touch its target, so that `status` knows of
    /// the try and why it failed.
    pub(super) fn turned_away(
        &self,
        session: &mut Session<'_>,
        target: String,
        error: EngineError,
    ) -> End {
        let mut end = End::before(vec![at_preflight(session.plan, error)]);
        match self.journal(session, target) {
            Ok(()) => finish::close(session, end),
            Err(unwritable) => {
                end.findings.push(unwritable.into());
                end
            }
        }
    }
}

/// The step that would have been the first; what the engine says is said of the plan's target.
fn at_preflight(plan: &CompiledPlan, error: EngineError) -> Finding {
    match plan.steps.iter().find(|step| matches!(step.action, Action::Preflight)) {
        Some(step) => Finding::of_step(step, error),
        None => error.into(),
    }
}

impl Session<'_> {
    /// The first that is heard of a run.
    pub(super) fn started(&self, target: String, dry_run: bool) {
        let (plan, digest) = (self.plan.name.clone(), self.info.compiled_digest.clone());
        let steps = self.plan.steps.len();
        self.emit(Event::RunStarted { plan, digest, target, dry_run, steps });
    }
}

/// A run for which no engine could be made.
pub struct Unreached<'a> {
    pub plan: &'a CompiledPlan,
    /// SHA-256 of the plan file's text, where the caller knows it; for the journal.
    pub plan_digest: Option<String>,
    /// Folder of the plan.
    pub plan_dir: PathBuf,
    pub state_dir: PathBuf,
    /// The target as the plan names it, without secrets.
    pub target: String,
    /// Why it could not be reached.
    pub error: EngineError,
    pub clock: &'a dyn Clock,
    pub events: &'a dyn EventSink,
}

/// Tells and records that the target of a run was not reached. Nothing was touched.
pub fn unreached(request: Unreached<'_>) -> RunReport {
    let Unreached { plan, plan_digest, plan_dir, state_dir, target, error, clock, events } =
        request;
    let (id, info) = run_info(plan, plan_dir, &state_dir, clock);
    let mut session = Session::new(plan, info, clock, events, StopFlag::new());
    session.started(target.clone(), false);
    let write_guard = "nothing was opened".to_owned();
    let opening = Opening { state_dir: &state_dir, plan_digest, write_guard };
    let end = match id {
        Ok(()) => opening.turned_away(&mut session, target.clone(), error),
        Err(no_id) => End::before(vec![error.into(), no_id.into()]),
    };
    finish::report(&session, target, end)
}
