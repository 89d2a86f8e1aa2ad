//! `cutover worker`: joins a run that somebody else leads, and loads files for it.

use std::sync::Arc;
use std::time::Duration;

use engine_sqlite::{SqliteSources, sandbox};
use runtime::clock::SystemClock;
use runtime::fleet::{JoinReport, JoinRequest, join};
use runtime::stop::StopFlag;
use serde_json::json;

use super::Outcome;
use crate::args::{Format, Worker};
use crate::failure::Failure;
use crate::io::Io;
use crate::ui::figures::{bytes, count, duration, rows};
use crate::{exit_code, folders, origin, plan_input, signals, targets, ui};

pub(crate) fn run(args: &Worker, io: &Io) -> Outcome {
    let base = folders::base(&args.plan, &args.place);
    let state_dir = folders::state(&base, &args.place);
    let mut input = plan_input::read(&args.plan, &base, &args.scratch)?;
    let target = targets::open_engine(&input.plan, &base, &state_dir)?;
    let scratch = tempfile::tempdir()?;
    // From here on nothing is written on this machine but copies that a `-wal` asks for.
    sandbox::restrict(&[scratch.path()]);
    let stop = StopFlag::new();
    let events = ui::progress::for_run(args.format, io);
    let signals = signals::catch(&stop, &events, io);
    let answer = join(JoinRequest {
        plan: input.plan.clone(),
        plan_dir: base,
        run_id: args.run.clone(),
        sources: Arc::new(SqliteSources::new(scratch.path().join("scratch"))),
        target,
        clock: &SystemClock::new(),
        events: events.as_ref(),
        stop,
    });
    drop((signals, events));
    match answer {
        Ok(report) => tell(args, &report, io),
        Err(findings) => {
            let diagnostics = origin::diagnostics(&findings, &mut input.texts);
            Err(Failure::findings(diagnostics, input.texts.shown, exit_code::FINDINGS))
        }
    }
}

fn tell(args: &Worker, report: &JoinReport, io: &Io) -> Outcome {
    let text = match args.format {
        Format::Text => text(report),
        Format::Json => ui::json::line("worker", exit_code::DONE, as_json(report)),
    };
    io.out(&text)?;
    Ok(exit_code::DONE)
}

fn text(report: &JoinReport) -> String {
    let end = if report.complete {
        "all files of the run are loaded"
    } else {
        "the run goes on, or has ended, without this worker"
    };
    format!(
        "loaded {} units of run {} ({}, {}) in {}; {end}\n",
        count(report.units),
        report.run_id,
        rows(report.rows),
        bytes(report.bytes),
        duration(Duration::from_millis(report.elapsed_ms)),
    )
}

fn as_json(report: &JoinReport) -> serde_json::Value {
    json!({
        "run": report.run_id,
        "target": report.target,
        "units": report.units,
        "rows": report.rows,
        "bytes": report.bytes,
        "complete": report.complete,
        "elapsed_ms": report.elapsed_ms,
    })
}
