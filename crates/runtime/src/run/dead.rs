//! What runs left behind that did not end by themselves. The target is locked: none of them lives.

use std::path::{Path, PathBuf};

use diagnostics::code;

use super::session::Session;
use super::{Finding, SNAPSHOTS, runs_folder};
use crate::EngineError;
use crate::engine::{Leftover, Outcome, TargetEngine};
use crate::journal::format::{Closing, WarningKind};
use crate::journal::{JOURNAL_FILE, Journal, Record, VIEW_FILE, View};

/// Says what dead runs left, and leaves it there.
pub(super) fn mention(
    session: &Session<'_>,
    target: &mut dyn TargetEngine,
) -> Result<(), EngineError> {
    for leftover in target.leftovers()? {
        let message =
            format!("run {} left {}; a run would remove it", leftover.run_id, leftover.what);
        session.warn(WarningKind::UnfinishedRun, unfinished(message))?;
    }
    Ok(())
}

/// Finds out how dead runs ended, removes what they left, and closes their journals.
pub(super) fn clear(
    session: &Session<'_>,
    target: &mut dyn TargetEngine,
    state_dir: &Path,
) -> Result<(), EngineError> {
    let mut dead = Vec::new();
    for folder in folders(state_dir, &session.info.run_dir) {
        match open(target, &folder) {
            Ok(Some(journal)) => dead.push(journal),
            Ok(None) => {}
            Err(error) => session.warn(WarningKind::UnfinishedRun, unreadable(&error))?,
        }
    }
    let ends = dead.iter().map(|journal| end(session, target, journal.view())).collect::<Vec<_>>();
    for leftover in target.leftovers()? {
        remove(session, target, &leftover)?;
    }
    for (journal, end) in dead.into_iter().zip(ends) {
        close(session, journal, end)?;
    }
    Ok(())
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
    match closed.map(serde_json::from_value::<Closing>) {
        Some(Ok(
            Closing::Promoted
            | Closing::RolledBack
            | Closing::Stopped
            | Closing::Restored
            | Closing::Accepted,
        )) => true,
        Some(Ok(Closing::Undecided) | Err(_)) | None => false,
    }
}

/// The journal of a run on this target whose process died; `None`: ended, alive or of another target.
fn open(target: &dyn TargetEngine, folder: &Path) -> Result<Option<Journal>, EngineError> {
    let Some(journal) = Journal::adopt(folder)? else { return Ok(None) };
    let view = journal.view();
    let open = match view.closed {
        None | Some(Closing::Undecided) => true,
        Some(
            Closing::Promoted
            | Closing::RolledBack
            | Closing::Stopped
            | Closing::Restored
            | Closing::Accepted,
        ) => false,
    };
    let here = view.begun.as_ref().is_none_or(|begun| begun.target == target.describe());
    Ok((open && here).then_some(journal))
}

/// What the target says about the run; a run without its first record cannot have touched it.
fn end(
    session: &Session<'_>,
    target: &mut dyn TargetEngine,
    view: &View,
) -> Result<Option<Outcome>, EngineError> {
    let Some(begun) = &view.begun else { return Ok(None) };
    let outcome = target.outcome(&begun.run_id)?;
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
    session.warn(WarningKind::UnfinishedRun, unfinished(message))?;
    Ok(Some(outcome))
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

fn close(
    session: &Session<'_>,
    mut journal: Journal,
    end: Result<Option<Outcome>, EngineError>,
) -> Result<(), EngineError> {
    let closing = match end {
        // It stays open, so that the next run asks again.
        Err(error) => return session.warn(WarningKind::UnfinishedRun, unreadable(&error)),
        Ok(None) => Closing::Stopped,
        Ok(Some(outcome)) => {
            let promoted = outcome == Outcome::Promoted;
            let asked_by = session.info.run_id.clone();
            journal.write(session.clock.now(), Record::OutcomeFound { promoted, asked_by })?;
            if promoted { Closing::Promoted } else { Closing::RolledBack }
        }
    };
    super::finish::remove_copies(session, &journal.folder().join(SNAPSHOTS));
    journal.write(
        session.clock.now(),
        Record::Closed { outcome: closing, next_actions: Vec::new() },
    )?;
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
