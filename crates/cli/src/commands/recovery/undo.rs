//! `cutover abort`, `cutover rollback`, `cutover accept`.

use std::fmt::Write as _;

use runtime::clock::SystemClock;
use runtime::recovery::{self, Act, Recovered, Request, Stopped};
use serde_json::json;

use super::{Chosen, choose, confirm, plan_name};
use crate::args::{Abort, Accept, Format, OfRun, Rollback};
use crate::commands::{Outcome, next};
use crate::failure::{self, Failure};
use crate::io::Io;
use crate::ui::prose;
use crate::ui::style::green;
use crate::{exit_code, ui};

pub(in crate::commands) fn abort(args: &Abort, io: &Io) -> Outcome {
    let chosen = choose(&args.of, Act::Abort)?;
    if !args.yes {
        confirm::ask(Act::Abort, &chosen, io)?;
    }
    let clock = SystemClock::new();
    tell("abort", &args.of, recovery::abort(request(chosen, &clock)), io)
}

pub(in crate::commands) fn rollback(args: &Rollback, io: &Io) -> Outcome {
    let chosen = choose(&args.of, Act::Rollback)?;
    if !args.yes {
        confirm::ask(Act::Rollback, &chosen, io)?;
    }
    let clock = SystemClock::new();
    let done = recovery::rollback(recovery::Rollback {
        request: request(chosen, &clock),
        discard_new_rows: args.discard_new_rows,
    });
    tell("rollback", &args.of, done, io)
}

pub(in crate::commands) fn accept(args: &Accept, io: &Io) -> Outcome {
    let chosen = choose(&args.of, Act::Accept)?;
    if !args.yes {
        confirm::ask(Act::Accept, &chosen, io)?;
    }
    let clock = SystemClock::new();
    let done = recovery::accept(recovery::Accept {
        request: request(chosen, &clock),
        remove_kept: args.remove_kept,
    });
    tell("accept", &args.of, done, io)
}

fn request(chosen: Chosen, clock: &SystemClock) -> Request<'_> {
    let Chosen { run_id, state_dir, plan_dir, plan, target, .. } = chosen;
    Request { run_id, plan, plan_dir, state_dir, target, clock }
}

fn tell(command: &str, args: &OfRun, done: Result<Recovered, Stopped>, io: &Io) -> Outcome {
    let mut done = done.map_err(failed)?;
    if let Some(plan) = plan_name(args) {
        next::name_plan(&mut done.next_actions, &plan);
    }
    match args.format {
        Format::Text => io.out(&text(&done, io))?,
        Format::Json => {
            let fields = json!({
                "run": done.run_id,
                "target": done.target,
                "sentence": done.sentence,
                "done": done.done,
                "next_actions": done.next_actions,
            });
            io.out(&ui::json::answer(command, exit_code::DONE, fields))?;
        }
    }
    Ok(exit_code::DONE)
}

/// What has begun is a state that a person must look at.
fn failed(stopped: Stopped) -> Failure {
    let Stopped { error, begun } = stopped;
    let exit = if begun { exit_code::RECOVERY_REQUIRED } else { failure::exit_of(&error) };
    let mut diagnostic = failure::from_engine(&error);
    if begun {
        diagnostic = diagnostic.note("it has begun: the same command again ends it");
    }
    Failure::new(diagnostic, exit)
}

fn text(done: &Recovered, io: &Io) -> String {
    let mut out = green(&prose::sentence(&done.sentence, io.terminal), io.terminal);
    let facts = [("run", done.run_id.clone()), ("target", done.target.clone())];
    out.push_str(&prose::facts(facts, io.terminal));
    for what in &done.done {
        let _ = writeln!(out, "  {what}");
    }
    out.push_str(&prose::next(&done.next_actions, io.terminal));
    out
}
