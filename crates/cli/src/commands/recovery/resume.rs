//! `cutover resume`: the same as the rest of a run, with the same report.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine_sqlite::SqliteSources;
use runtime::clock::SystemClock;
use runtime::recovery::Act;
use runtime::run::{ResumeRequest, RunReport};
use runtime::stop::StopFlag;

use super::{Chosen, choose, confirm, plan_name};
use crate::args::{Format, OfRun, Resume};
use crate::commands::Outcome;
use crate::commands::next;
use crate::commands::run::report;
use crate::io::Io;
use crate::plan_input::Texts;
use crate::{origin, signals, ui};

pub(in crate::commands) fn run(args: &Resume, io: &Io) -> Outcome {
    let chosen = choose(&args.of, Act::Resume)?;
    if !args.yes {
        confirm::ask(Act::Resume, &chosen, io)?;
    }
    let (digest, folder) = (chosen.plan.digest(), chosen.plan_dir.clone());
    let report = carry_out(chosen, &args.of, io);
    let exit = report::exit_code_of(report.outcome);
    let text = tell(&args.of, report, &digest, &folder, io);
    if io.out(&text).is_err() {
        // What was done is done: the exit code says it to whoever does not read.
    }
    Ok(exit)
}

fn carry_out(chosen: Chosen, args: &OfRun, io: &Io) -> RunReport {
    let stop = StopFlag::new();
    let events = ui::progress::for_run(args.format, io);
    let _signals = signals::catch(&stop, &events, io);
    runtime::run::resume(ResumeRequest {
        sources: Arc::new(SqliteSources::new(scratch(&chosen.state_dir))),
        run_id: chosen.run_id,
        plan: chosen.plan,
        plan_dir: chosen.plan_dir,
        state_dir: chosen.state_dir,
        target: chosen.target,
        clock: &SystemClock::new(),
        events: events.as_ref(),
        stop,
        today: crate::today(),
        write_guard: chosen.confined.enforcement.to_string(),
    })
}

/// For copies of sources whose WAL state asks for one.
fn scratch(state_dir: &Path) -> PathBuf {
    state_dir.join("scratch")
}

/// Findings to stderr; the report is for stdout.
fn tell(
    args: &OfRun,
    mut report: RunReport,
    digest: &ir::Digest,
    folder: &Path,
    io: &Io,
) -> String {
    if let Some(plan) = plan_name(args) {
        next::name_plan(&mut report.next_actions, &plan);
    }
    let mut texts = Texts::in_folder(folder);
    let diagnostics = origin::diagnostics(&report.findings, &mut texts);
    match args.format {
        Format::Text => {
            io.err(&ui::findings::render(&diagnostics, &texts.shown, io.terminal));
            report::text(&report, digest, io.terminal)
        }
        Format::Json => {
            let found = ui::json::diagnostics(&diagnostics, &texts.shown);
            let exit = report::exit_code_of(report.outcome);
            ui::json::line("resume", exit, report::json(&report, digest, found))
        }
    }
}
