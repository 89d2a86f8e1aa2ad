//! `cutover status`: what a run did, in one sentence, and what to type next.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use runtime::status::{self, RunState, RunStatus};
use serde_json::json;

use super::Outcome;
use super::next::{self, PlanName};
use crate::args::{Format, Status};
use crate::io::Io;
use crate::ui::prose;
use crate::ui::style::{bold, green, red};
use crate::{exit_code, folders, ui};

/// How many earlier runs are listed below the one that is shown.
const EARLIER: usize = 5;

pub(crate) fn run(args: &Status, io: &Io) -> Outcome {
    let base = match &args.plan {
        Some(plan) => folders::base(plan, &args.place),
        None => folders::base(&PathBuf::from("plan.yaml"), &args.place),
    };
    let state_dir = folders::state(&base, &args.place);
    let run = status::read(&state_dir, args.run.as_deref())?;
    let open = |plan: &ir::CompiledPlan| crate::targets::open_engine(plan, &base, &state_dir);
    let (mut run, unasked) = status::ask(&state_dir, run, &open);
    if let Some(error) = unasked {
        io.err(&format!("the target could not be asked: {error}\n"));
    }
    if let Some(plan) = &args.plan {
        next::name_plan(&mut run.next_actions, &PlanName::typed(plan));
    }
    let exit = exit_code_of(run.state);
    let earlier = earlier(status::list(&state_dir), &run);
    match args.format {
        Format::Text => io.out(&text(&run, &earlier, io))?,
        Format::Json => {
            let fields = json!({ "run": run, "earlier": earlier });
            io.out(&ui::json::answer("status", exit, fields))?;
        }
    }
    Ok(exit)
}

/// A state that somebody must act on is no success, whoever asks.
fn exit_code_of(state: RunState) -> u8 {
    match state {
        RunState::Undecided | RunState::Unreadable | RunState::Unfinished => {
            exit_code::RECOVERY_REQUIRED
        }
        RunState::Running
        | RunState::Done
        | RunState::RolledBack
        | RunState::Restored
        | RunState::Accepted
        | RunState::Stopped => exit_code::DONE,
    }
}

/// The runs before this one, the last first.
fn earlier(mut all: Vec<RunStatus>, shown: &RunStatus) -> Vec<RunStatus> {
    // They are in their order, which the names of two runs of one second are not.
    let at = all.iter().position(|run| run.run_id == shown.run_id);
    all.truncate(at.unwrap_or_default());
    all.reverse();
    all.truncate(EARLIER);
    all
}

fn text(run: &RunStatus, earlier: &[RunStatus], io: &Io) -> String {
    let good = matches!(run.state, RunState::Done | RunState::Accepted | RunState::Running);
    let colour = if good { green } else { red };
    let mut out = colour(&prose::sentence(&run.sentence, io.terminal), io.terminal);
    out.push_str(&prose::facts(facts(run), io.terminal));
    out.push_str(&prose::next(&run.next_actions, io.terminal));
    if !earlier.is_empty() {
        let _ = writeln!(out, "\n{}", bold("earlier runs", io.terminal));
        for run in earlier {
            let head = format!("  {}  ", run.run_id);
            out.push_str(&prose::hanging(&run.sentence, &head, "    ", io.terminal));
        }
    }
    out
}

fn facts(run: &RunStatus) -> Vec<(&'static str, String)> {
    let mut facts = vec![("run", run.run_id.clone())];
    let mut add = |word, value: &str| {
        if !value.is_empty() {
            facts.push((word, value.to_owned()));
        }
    };
    add("plan", &run.plan);
    add("target", &run.target);
    add("started", &run.started_at);
    add("updated", &run.updated_at);
    let mut stages = run.completed_stages.clone();
    stages.dedup();
    add("stages", &stages.join(", "));
    if run.state != RunState::Done {
        add("stage", run.stage.as_deref().unwrap_or_default());
    }
    for kept in &run.preserve {
        add("keep", &next::shown(Path::new(kept)));
    }
    add("journal", &next::shown(&run.journal));
    facts
}
