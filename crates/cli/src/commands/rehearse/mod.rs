//! `cutover rehearse`: the run of a plan against a scratch target that goes away afterwards.

mod report;
mod scene;

use std::sync::Arc;

use diagnostics::{Diagnostic, code};
use engine_sqlite::SqliteSources;
use runtime::clock::SystemClock;
use runtime::engine::TargetEngine;
use runtime::run::{RunOutcome, RunReport, RunRequest};
use runtime::stop::StopFlag;

use super::Outcome;
use super::run::sandbox;
use crate::args::{Format, RehearsalFormat, Rehearse};
use crate::failure::Failure;
use crate::io::Io;
use crate::plan_input::{self, Input};
use crate::{exit_code, folders, origin, signals, ui};
use report::Rehearsal;
use scene::{Closer, Scene};

/// Beside the records of real runs: `explain` finds the times of the last rehearsal here.
pub(super) const FOLDER: &str = "rehearsal";

pub(crate) fn run(args: &Rehearse, io: &Io) -> Outcome {
    let base = folders::base(&args.plan, &args.place);
    let state_dir = folders::state(&base, &args.place);
    folders::create_state(&state_dir)?;
    let folder = state_dir.join(FOLDER);
    folders::create_state(&folder)?;
    let mut input = plan_input::read(&args.plan, &base, &args.scratch)?;
    io.err(&ui::findings::render(&input.findings, &input.texts.shown, io.terminal));
    let digest = input.digest.clone();
    let sources = scene::choose_files(&mut input.plan, &base, args.files);
    // Its thread is started before this process confines itself: what was made can be removed.
    let closer = Closer::start();
    let (scene, target) = Scene::set(&mut input.plan, &base, &folder, &args.scratch)?;
    let report = carry_out(args, &input, &scene, target, io);
    let (kept, left) = match closer.close(scene, args.keep) {
        Ok(kept) => (kept, None),
        Err(why) => (None, Some(why)),
    };
    let rehearsal = Rehearsal { digest, report, sources, kept };
    // What the rehearsal showed is told, whatever became of its scratch target.
    let exit = tell(args, &mut input, &rehearsal, io)?;
    left.map_or(Ok(exit), |why| Err(left_behind(why)))
}

fn carry_out(
    args: &Rehearse,
    input: &Input,
    scene: &Scene,
    target: Box<dyn TargetEngine>,
    io: &Io,
) -> RunReport {
    let confined =
        sandbox::enter(&input.plan, &scene.base, std::slice::from_ref(&scene.folder), false);
    let stop = StopFlag::new();
    let progress = if args.format == RehearsalFormat::Json { Format::Json } else { Format::Text };
    let events = ui::progress::for_run(progress, io);
    let _signals = signals::catch(&stop, &events, io);
    runtime::run::run(RunRequest {
        plan: input.plan.clone(),
        plan_digest: input.plan_digest.clone(),
        plan_dir: scene.base.clone(),
        state_dir: scene.folder.clone(),
        sources: Arc::new(SqliteSources::new(scene.folder.join("scratch"))),
        target,
        clock: &SystemClock::new(),
        events: events.as_ref(),
        stop,
        dry_run: false,
        today: crate::today(),
        write_guard: confined.enforcement.to_string(),
    })
}

fn tell(args: &Rehearse, input: &mut Input, rehearsal: &Rehearsal, io: &Io) -> Outcome {
    let exit = exit_code_of(rehearsal.report.outcome);
    let found = origin::diagnostics(&rehearsal.report.findings, &mut input.texts);
    let sources = &input.texts.shown;
    let name = &input.plan.name;
    io.out(&match args.format {
        RehearsalFormat::Text => {
            io.err(&ui::findings::render(&found, sources, io.terminal));
            report::text(name, rehearsal, io.terminal)
        }
        RehearsalFormat::Markdown => report::markdown(name, rehearsal, &found),
        RehearsalFormat::Json => {
            let found = ui::json::diagnostics(&found, sources);
            ui::json::line("rehearse", exit, report::json(rehearsal, found))
        }
    })?;
    Ok(exit)
}

/// Nothing real was touched, whatever happened: a rehearsal that fails is a finding.
fn exit_code_of(outcome: RunOutcome) -> u8 {
    match outcome {
        RunOutcome::Done | RunOutcome::DryRun => exit_code::DONE,
        RunOutcome::BaselineMismatch => exit_code::DRIFT,
        RunOutcome::Defect => exit_code::INTERNAL,
        _ => exit_code::FINDINGS,
    }
}

fn left_behind(why: String) -> Failure {
    let message = format!("what the rehearsal made is not all removed: {why}");
    let diagnostic = Diagnostic::new(&code::REHEARSAL_LEFT, message)
        .note("the plan's own target was not touched")
        .help("remove what is named, or rehearse again: a rehearsal clears what the last one left");
    Failure::new(diagnostic, exit_code::FINDINGS)
}
