//! What runs left behind that did not end by themselves. The target is locked: none of them lives.
//!
//! What a dead run built is kept until somebody resumes or aborts it; a new run says so and stops.
//! A dead run that built nothing that is still there stands in nobody's way: its journal is closed by
//! what the target says.

use std::path::{Path, PathBuf};

use diagnostics::code;

use super::session::Session;
use super::{Finding, SNAPSHOTS, runs_folder};
use crate::EngineError;
use crate::engine::{Leftover, Outcome, TargetEngine};
use crate::journal::format::{Closing, WarningKind};
use crate::journal::{JOURNAL_FILE, Journal, Record, VIEW_FILE, View, read_run};

/// Says what dead runs left, and leaves it there.
pub(super) fn mention(
    session: &Session<'_>,
    target: &mut dyn TargetEngine,
) -> Result<(), EngineError> {
    for leftover in target.leftovers()? {
        let Leftover { run_id, what, .. } = leftover;
        let message = format!(
            "run {run_id} left {what}; a run stops there until `cutover resume` or `cutover abort`"
        );
        session.warn(WarningKind::UnfinishedRun, unfinished(message))?;
    }
    Ok(())
}

/// Finds out how dead runs ended and closes their journals.
///
/// # Errors
/// `JRN906` for everything that a dead run built and that is still there.
pub(super) fn clear(
    session: &Session<'_>,
    target: &mut dyn TargetEngine,
    state_dir: &Path,
) -> Result<(), Vec<Finding>> {
    let one = |error: EngineError| vec![Finding::from(error)];
    let mut left = target.leftovers().map_err(one)?;
    let mut in_the_way = Vec::new();
    for folder in folders(state_dir, &session.info.run_dir) {
        match open(target, &folder) {
            Ok(Some(journal)) => {
                let of_run = of(journal.view(), &mut left);
                if let Some(error) = end(session, target, journal, &of_run).map_err(one)? {
                    in_the_way.push(error.into());
                }
            }
            Ok(None) => {}
            Err(error) => {
                session.warn(WarningKind::UnfinishedRun, unreadable(&error)).map_err(one)?;
            }
        }
    }
    for leftover in &left {
        match has_ended(&runs_folder(state_dir).join(&leftover.run_id)) {
            true => remove(session, target, leftover).map_err(one)?,
            false => in_the_way.push(without_journal(leftover).into()),
        }
    }
    if in_the_way.is_empty() { Ok(()) } else { Err(in_the_way) }
}

/// Takes the leftovers of the run out of the list.
fn of(view: &View, left: &mut Vec<Leftover>) -> Vec<Leftover> {
    let Some(begun) = &view.begun else { return Vec::new() };
    let (own, others) = left.drain(..).partition(|leftover| leftover.run_id == begun.run_id);
    *left = others;
    own
}

/// Folders of other runs that may not have ended, the oldest first.
fn folders(state_dir: &Path, own: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(runs_folder(state_dir)) else { return Vec::new() };
    let mut folders: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path != own && path.is_dir() && !is_closed(path))
        .collect();
    folders.sort();
    folders
}

/// The readable view is enough to see that a run ended well; it is never ahead of the journal. A
/// run that has no journal yet has not touched anything.
fn is_closed(folder: &Path) -> bool {
    if !folder.join(JOURNAL_FILE).exists() {
        return true;
    }
    let view = std::fs::read(folder.join(VIEW_FILE)).ok();
    let view = view.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
    let closed = view.and_then(|mut view| view.get_mut("closed").map(serde_json::Value::take));
    matches!(closed.map(serde_json::from_value::<Closing>), Some(Ok(closing)) if is_end(closing))
}

fn is_end(closing: Closing) -> bool {
    match closing {
        Closing::Promoted
        | Closing::RolledBack
        | Closing::Stopped
        | Closing::Restored
        | Closing::Accepted => true,
        Closing::Undecided => false,
    }
}

/// The journal says that the run ended: what is left of it is of no use to anybody.
fn has_ended(folder: &Path) -> bool {
    read_run(folder).is_ok_and(|read| read.view.closed.is_some_and(is_end))
}

/// The journal of a run on this target whose process died; `None`: ended, alive or of another target.
fn open(target: &dyn TargetEngine, folder: &Path) -> Result<Option<Journal>, EngineError> {
    let Some(journal) = Journal::adopt(folder)? else { return Ok(None) };
    let view = journal.view();
    let here = view.begun.as_ref().is_none_or(|begun| begun.target == target.describe());
    Ok((here && !view.closed.is_some_and(is_end)).then_some(journal))
}

/// Closes the journal of a dead run by what the target says; gives what stands in the way instead.
fn end(
    session: &Session<'_>,
    target: &mut dyn TargetEngine,
    journal: Journal,
    left: &[Leftover],
) -> Result<Option<EngineError>, EngineError> {
    let Some(begun) = journal.view().begun.clone() else {
        return close(session, journal, Closing::Stopped).map(|()| None);
    };
    match target.outcome(&begun.run_id) {
        // It stays open, so that the next run asks again.
        Err(error) => {
            session.warn(WarningKind::UnfinishedRun, unreadable(&error))?;
            Ok(None)
        }
        Ok(Outcome::NotPromoted) if !left.is_empty() => Ok(Some(in_the_way(journal.view(), left))),
        Ok(outcome) => {
            tell(session, journal.view(), outcome)?;
            left.iter().try_for_each(|leftover| remove(session, target, leftover))?;
            let closing = match (outcome, journal.view().restoring) {
                (Outcome::Promoted, _) => Closing::Promoted,
                (Outcome::NotPromoted, true) => Closing::Restored,
                (Outcome::NotPromoted, false) => Closing::RolledBack,
            };
            let journal = found(session, target, journal, outcome)?;
            close(session, journal, closing).map(|()| None)
        }
    }
}

fn in_the_way(view: &View, left: &[Leftover]) -> EngineError {
    let begun = view.begun.as_ref();
    let (id, plan) = begun.map_or(("", ""), |it| (it.run_id.as_str(), it.plan_file.as_str()));
    let what: Vec<_> = left.iter().map(|leftover| leftover.what.as_str()).collect();
    let verb = if view.restoring { "a rollback of" } else { "" };
    let message = format!(
        "{verb}{space}run {id} of {} did not end, and {} of it is there",
        view.started_at,
        what.join(", "),
        space = if verb.is_empty() { "" } else { " " },
    );
    let error = EngineError::new(&code::UNFINISHED_IN_THE_WAY, message);
    if view.restoring {
        return error.help(format!("`cutover rollback {plan} --run {id}` ends it"));
    }
    error.help(format!(
        "`cutover resume {plan} --run {id}` goes on where it stopped, `cutover abort {plan} --run \
         {id}` removes what it built"
    ))
}

fn without_journal(leftover: &Leftover) -> EngineError {
    let Leftover { run_id, what, .. } = leftover;
    let message = format!("run {run_id} left {what}, and its journal cannot be read here");
    EngineError::new(&code::UNFINISHED_IN_THE_WAY, message).help(format!(
        "`cutover resume` with the `--state-dir` of that run goes on with it, `cutover abort PLAN \
         --run {run_id}` removes it"
    ))
}

/// What the target says about the run.
fn tell(session: &Session<'_>, view: &View, outcome: Outcome) -> Result<(), EngineError> {
    let Some(begun) = &view.begun else { return Ok(()) };
    let stage = view
        .current_stage
        .map_or("its beginning".to_owned(), |stage| format!("`{}`", stage.name()));
    let ended = match outcome {
        Outcome::Promoted => "but its promote is complete",
        Outcome::NotPromoted => "the target is as it was before it",
    };
    let message = format!(
        "run {} of {} ended during {stage} without closing its journal; {ended}",
        begun.run_id, view.started_at
    );
    session.warn(WarningKind::UnfinishedRun, unfinished(message))
}

fn found(
    session: &Session<'_>,
    target: &mut dyn TargetEngine,
    mut journal: Journal,
    outcome: Outcome,
) -> Result<Journal, EngineError> {
    let promoted = outcome == Outcome::Promoted;
    let asked_by = session.info.run_id.clone();
    journal.write(session.clock.now(), Record::OutcomeFound { promoted, asked_by })?;
    if let (true, Some(begun)) = (promoted, journal.view().begun.clone()) {
        let info = crate::engine::RunInfo { run_id: begun.run_id, ..session.info.clone() };
        let kept = target.area(&info)?.kept;
        journal.write(session.clock.now(), Record::KeptFound { kept })?;
    }
    Ok(journal)
}

fn remove(
    session: &Session<'_>,
    target: &mut dyn TargetEngine,
    leftover: &Leftover,
) -> Result<(), EngineError> {
    let Leftover { run_id, what, .. } = leftover;
    match target.remove_leftover(leftover) {
        Ok(()) => {
            let message = format!("run {run_id} had left {what}; it is removed");
            session.warn(WarningKind::UnfinishedRun, unfinished(message))
        }
        Err(error) => {
            let message = format!("{what} of run {run_id} could not be removed: {error}");
            let error = EngineError::new(&code::LEFT_BEHIND, message);
            session.warn(WarningKind::LeftBehind, error.into())
        }
    }
}

fn close(session: &Session<'_>, mut journal: Journal, outcome: Closing) -> Result<(), EngineError> {
    super::finish::remove_copies(session, &journal.folder().join(SNAPSHOTS));
    journal.write(session.clock.now(), Record::Closed { outcome, next_actions: Vec::new() })?;
    journal.publish()
}

fn unfinished(message: String) -> Finding {
    EngineError::new(&code::UNFINISHED_RUN, message).into()
}

/// Damage in the journal of another run is no reason to stop this one.
fn unreadable(error: &EngineError) -> Finding {
    let message = format!("an earlier run could not be looked into: {error}");
    let help = error.help.clone();
    Finding::from(EngineError { help, ..EngineError::new(&code::UNFINISHED_RUN, message) })
}
