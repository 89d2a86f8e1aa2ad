//! Previous states that accepted runs kept for as long as their plan said: a later run that was
//! promoted removes those whose time is over.

use std::path::{Path, PathBuf};

use diagnostics::code;
use jiff::Timestamp;

use super::runs_folder;
use super::session::Session;
use crate::EngineError;
use crate::engine::{RunInfo, TargetEngine};
use crate::journal::format::{Closing, WarningKind};
use crate::journal::{Journal, Record, View, read_run};

/// The journals of their runs say it already: what cannot be removed is told, and tried again by the
/// next run.
pub(super) fn remove(session: &Session<'_>, target: &mut dyn TargetEngine, state_dir: &Path) {
    let entries = std::fs::read_dir(runs_folder(state_dir)).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    folders.sort();
    for folder in folders.iter().filter(|folder| **folder != session.info.run_dir) {
        let Ok(view) = read_run(folder).map(|read| read.view) else { continue };
        let Some((run_id, kept)) = expired(&view, &target.describe(), session.clock.now()) else {
            continue;
        };
        match release(session, target, folder, &run_id) {
            Ok(()) => session.passed(format!(
                "what run {run_id} had replaced, {kept}, was kept long enough and is removed"
            )),
            Err(error) => {
                let message = format!(
                    "what run {run_id} had replaced, {kept}, was kept long enough, and could not be \
                     removed: {error}"
                );
                let left = EngineError::new(&code::LEFT_BEHIND, message)
                    .help(format!("`cutover accept --run {run_id}` removes it, too"));
                // A journal that cannot take it is told when it is closed.
                drop(session.warn(WarningKind::LeftBehind, left.into()));
            }
        }
    }
}

/// The run, and where its previous state is.
fn expired(view: &View, target: &str, now: Timestamp) -> Option<(String, String)> {
    let begun = view.begun.as_ref().filter(|begun| begun.target == target)?;
    let until: Timestamp = view.kept_until.as_ref()?.parse().ok()?;
    let due = view.closed == Some(Closing::Accepted) && until <= now;
    due.then(|| Some((begun.run_id.clone(), view.kept.clone()?))).flatten()
}

fn release(
    session: &Session<'_>,
    target: &mut dyn TargetEngine,
    folder: &Path,
    run_id: &str,
) -> Result<(), EngineError> {
    // Somebody else is at it.
    let Some(mut journal) = Journal::adopt(folder)? else { return Ok(()) };
    let info =
        RunInfo { run_id: run_id.to_owned(), run_dir: folder.to_owned(), ..session.info.clone() };
    target.release(&info)?;
    journal.write(session.clock.now(), Record::KeptRemoved)?;
    journal.publish()
}
