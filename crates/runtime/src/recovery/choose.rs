//! Which run a command is about, where nobody says.

use std::path::Path;

use diagnostics::code;

use super::{Act, Case};
use crate::EngineError;
use crate::status::{self, RunState};

/// The run with this id; else the last one that the command is for, as far as the journals tell.
///
/// # Errors
/// `JRN905` where there is no such run, `RUN844` where the command is for none.
pub fn choose(state_dir: &Path, run_id: Option<&str>, act: Act) -> Result<String, EngineError> {
    if let Some(id) = run_id {
        return match status::read(state_dir, Some(id)) {
            Ok(run) => Ok(run.run_id),
            // The target may hold what a run built whose journal is elsewhere.
            Err(error) if error.code == &code::NO_RUN && act == Act::Abort => Ok(id.to_owned()),
            Err(error) => Err(error),
        };
    }
    let fits = |run: &status::RunStatus| {
        let acts = run.case.advice().acts;
        // Where only the target knows, it may say that nothing was promoted: `status` asks it, and
        // names `abort` then.
        let may_be = act == Act::Abort && run.case == Case::AskTarget;
        run.state != RunState::Running && (acts.contains(&act) || may_be)
    };
    let runs = status::list(state_dir);
    match runs.iter().rfind(|run| fits(run)) {
        Some(run) => Ok(run.run_id.clone()),
        None => {
            let message = format!("no run here is to be {}", act.done());
            let error = EngineError::new(&code::NOTHING_TO_RECOVER, message)
                .object(state_dir.display().to_string());
            Err(match runs.last() {
                Some(last) => error.help(format!("the last one: {}", last.sentence)),
                None => error.help("no run has been made here; `--state-dir` names another folder"),
            })
        }
    }
}
