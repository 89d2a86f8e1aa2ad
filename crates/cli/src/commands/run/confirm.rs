//! Asks before something is changed that others may depend on. A new file, a socket or a server on
//! this machine needs no question.

use std::io::{self, BufRead as _};
use std::path::Path;

use diagnostics::{Diagnostic, code};
use ir::{CompiledPlan, Existing, Target};

use crate::exit_code;
use crate::failure::Failure;
use crate::io::Io;
use crate::targets::Opened;
use crate::ui;

pub(super) fn ask(
    plan: &CompiledPlan,
    base: &Path,
    target: &Opened,
    io: &Io,
) -> Result<(), Failure> {
    let Some(what) = at_stake(plan, base, target) else { return Ok(()) };
    if !io.terminal.stdin || !io.terminal.stderr {
        return Err(refusal(&what, "nobody is at a terminal to confirm it"));
    }
    io.err(&format!("This {what}.\nType yes to go on: "));
    let mut answer = String::new();
    match io::stdin().lock().read_line(&mut answer) {
        Ok(_) if answer.trim().eq_ignore_ascii_case("yes") => Ok(()),
        _ => Err(refusal(&what, "it was not confirmed")),
    }
}

fn refusal(what: &str, why: &str) -> Failure {
    let diagnostic = Diagnostic::new(&code::NOT_CONFIRMED, format!("the run {what}, and {why}"))
        .help("review it with `cutover explain`, then add `--yes` (and `--expect DIGEST`)")
        .note("nothing was touched");
    Failure::new(diagnostic, exit_code::USAGE)
}

/// What the run would do to something that was there before.
fn at_stake(plan: &CompiledPlan, base: &Path, target: &Opened) -> Option<String> {
    match &plan.target {
        Target::Sqlite(sqlite) => {
            let there = base.join(&sqlite.path).exists();
            (there && sqlite.existing == Existing::Replace)
                .then(|| format!("replaces the file `{}`", sqlite.path))
        }
        Target::Postgres(_) if target.on_this_machine => None,
        Target::Postgres(_) => Some(format!("changes {}", ui::plan::target(&plan.target))),
    }
}
