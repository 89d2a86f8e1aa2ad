//! Asks before something goes that cannot be had again, and before a database of another machine is
//! changed.

use std::io::{self, BufRead as _};

use diagnostics::{Diagnostic, code};
use runtime::recovery::Act;

use super::Chosen;
use crate::exit_code;
use crate::failure::Failure;
use crate::io::Io;

pub(super) fn ask(act: Act, chosen: &Chosen, io: &Io) -> Result<(), Failure> {
    let Some(what) = at_stake(act, chosen) else { return Ok(()) };
    if !io.terminal.stdin || !io.terminal.stderr {
        return Err(refusal(act, &what, "nobody is at a terminal to confirm it"));
    }
    io.err(&format!("This {what}.\nType yes to go on: "));
    let mut answer = String::new();
    match io::stdin().lock().read_line(&mut answer) {
        Ok(_) if answer.trim().eq_ignore_ascii_case("yes") => Ok(()),
        _ => Err(refusal(act, &what, "it was not confirmed")),
    }
}

fn at_stake(act: Act, chosen: &Chosen) -> Option<String> {
    let Chosen { run_id, view, on_this_machine, .. } = chosen;
    let target = view.begun.as_ref().map_or("the target", |begun| begun.target.as_str());
    match (act, &view.kept) {
        (Act::Resume, _) if !on_this_machine => {
            Some(format!("goes on with run {run_id}, which changes {target}"))
        }
        (Act::Abort, _) if !on_this_machine => {
            Some(format!("removes what run {run_id} built in {target}"))
        }
        (Act::Rollback, Some(kept)) => {
            Some(format!("puts {kept} back in the place of what {target} holds now"))
        }
        (Act::Rollback, None) => Some(format!("removes what was promoted into {target}")),
        (Act::Accept, Some(kept)) => Some(format!("gives up {kept}, the state before the run")),
        (_, _) => None,
    }
}

fn refusal(act: Act, what: &str, why: &str) -> Failure {
    let message = format!("`cutover {}` {what}, and {why}", act.command());
    let diagnostic = Diagnostic::new(&code::NOT_CONFIRMED, message)
        .help("add `--yes`")
        .note("nothing was touched");
    Failure::new(diagnostic, exit_code::USAGE)
}
