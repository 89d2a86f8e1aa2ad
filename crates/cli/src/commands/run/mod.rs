//! `cutover run`: compile, show the digest, ask where asking is due, confine the process, run,
//! report.

mod confirm;
pub(super) mod report;
pub(super) mod sandbox;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use diagnostics::formats::Group;
use diagnostics::{Diagnostic, code};
use engine_sqlite::SqliteSources;
use runtime::EngineError;
use runtime::clock::SystemClock;
use runtime::engine::TargetEngine;
use runtime::run::{RunReport, RunRequest, Unreached};
use runtime::stop::StopFlag;

use super::Outcome;
use super::next::{self, PlanName};
use crate::args::{FindingsFormat, Run};
use crate::failure::Failure;
use crate::io::Io;
use crate::plan_input::{self, Input};
use crate::{exit_code, folders, origin, signals, targets, ui};

/// The fewest digits of a digest that still mean one plan: what `check` and `explain` show.
const DIGEST_DIGITS: usize = 12;

pub(crate) fn run(args: &Run, io: &Io) -> Outcome {
    let base = folders::base(&args.plan, &args.place);
    let state_dir = folders::state(&base, &args.place);
    let mut input = plan_input::read(&args.plan, &base, &args.scratch)?;
    io.err(&ui::findings::render(&input.findings, &input.texts.shown, io.terminal));
    io.err(&format!("{}: digest {}\n", args.plan.display(), input.digest.short()));
    expect(args.expect.as_deref(), &input)?;
    let target = match targets::open(&input.plan, &base, &state_dir) {
        Ok(target) => target,
        Err(error) if args.dry_run => return Err(error.into()),
        Err(error) => {
            let report = unreached(args, &input, base, state_dir, error, io)?;
            return Ok(tell(args, &mut input, report, io));
        }
    };
    if !args.dry_run && !args.yes {
        confirm::ask(&input.plan, &base, &target, io)?;
    }
    let space = Space::make(args.dry_run, &state_dir)?;
    let confined = sandbox::enter(&input.plan, &base, &space.folders(), args.dry_run);
    let backups = (!args.dry_run).then(|| state_dir.clone());
    let write_guard = confined.enforcement.to_string();
    let ready = Ready { target: target.engine, base, state_dir, space, write_guard };
    let report = carry_out(args, &input, ready, io);
    if let Some(state_dir) = backups {
        super::backup::enter(&state_dir, super::backup::keep_of(&input.plan), io);
    }
    Ok(tell(args, &mut input, report, io))
}

/// All that a run needs besides its plan.
struct Ready {
    target: Box<dyn TargetEngine>,
    base: PathBuf,
    state_dir: PathBuf,
    space: Space,
    write_guard: String,
}

/// Refuses anything but the plan that was reviewed, before anything is touched.
fn expect(expected: Option<&str>, input: &Input) -> Result<(), Failure> {
    let Some(expected) = expected else { return Ok(()) };
    let digits = expected.trim().to_ascii_lowercase();
    if digits.len() < DIGEST_DIGITS || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(Failure::usage(
            &code::USAGE,
            format!("`{expected}` is not a digest"),
            "give at least the 12 digits that `cutover check` shows",
        ));
    }
    if input.digest.0.starts_with(&digits) {
        return Ok(());
    }
    let message = format!(
        "the compiled plan has the digest {}, {expected} was expected",
        input.digest.short()
    );
    let diagnostic = Diagnostic::new(&code::UNEXPECTED_DIGEST, message)
        .help("review it with `cutover explain`, then expect the digest that it shows")
        .note("nothing was touched");
    Err(Failure::new(diagnostic, exit_code::FINDINGS))
}

/// Where the run may write besides its target.
struct Space {
    state_dir: Option<PathBuf>,
    /// A dry run leaves nothing, so what it needs for a moment is elsewhere.
    temporary: Option<tempfile::TempDir>,
}

impl Space {
    fn make(dry_run: bool, state_dir: &Path) -> Result<Self, Failure> {
        if dry_run {
            return Ok(Self { state_dir: None, temporary: Some(tempfile::tempdir()?) });
        }
        folders::create_state(state_dir)?;
        Ok(Self { state_dir: Some(state_dir.to_path_buf()), temporary: None })
    }

    fn folders(&self) -> Vec<PathBuf> {
        let temporary = self.temporary.as_ref().map(|folder| folder.path().to_path_buf());
        self.state_dir.iter().cloned().chain(temporary).collect()
    }

    /// For copies of sources whose WAL state asks for one.
    fn scratch(&self) -> PathBuf {
        let folder = self.folders().into_iter().next().unwrap_or_else(std::env::temp_dir);
        folder.join("scratch")
    }
}

fn carry_out(args: &Run, input: &Input, ready: Ready, io: &Io) -> RunReport {
    let stop = StopFlag::new();
    let events = ui::progress::for_run(args.format.of_progress(), io);
    let _signals = signals::catch(&stop, &events, io);
    runtime::run::run(RunRequest {
        plan: input.plan.clone(),
        plan_digest: input.plan_digest.clone(),
        plan_dir: ready.base,
        state_dir: ready.state_dir,
        sources: Arc::new(SqliteSources::new(ready.space.scratch())),
        target: ready.target,
        clock: &SystemClock::new(),
        events: events.as_ref(),
        stop,
        dry_run: args.dry_run,
        today: crate::today(),
        write_guard: ready.write_guard,
    })
}

/// A target that does not answer ends the run before it begins; its journal says so.
fn unreached(
    args: &Run,
    input: &Input,
    plan_dir: PathBuf,
    state_dir: PathBuf,
    error: EngineError,
    io: &Io,
) -> Result<RunReport, Failure> {
    folders::create_state(&state_dir)?;
    let events = ui::progress::for_run(args.format.of_progress(), io);
    Ok(runtime::run::unreached(Unreached {
        plan: &input.plan,
        plan_digest: input.plan_digest.clone(),
        plan_dir,
        state_dir,
        target: ui::plan::target(&input.plan.target),
        error,
        clock: &SystemClock::new(),
        events: events.as_ref(),
    }))
}

/// Findings to stderr, the report to stdout.
fn tell(args: &Run, input: &mut Input, mut report: RunReport, io: &Io) -> u8 {
    let exit = report::exit_code_of(report.outcome);
    next::name_plan(&mut report.next_actions, &PlanName::typed(&args.plan));
    let diagnostics = origin::diagnostics(&report.findings, &mut input.texts);
    let sources = &input.texts.shown;
    let text = match args.format {
        FindingsFormat::Text => {
            io.err(&ui::findings::render(&diagnostics, sources, io.terminal));
            report::text(&report, &input.digest, io.terminal)
        }
        FindingsFormat::Form(form) => {
            io.err(&report::text(&report, &input.digest, io.terminal));
            let subject = args.plan.display().to_string();
            // What compiling found is a finding of the run, too.
            let diagnostics: Vec<_> = input.findings.iter().cloned().chain(diagnostics).collect();
            let group =
                Group { subject: &subject, is_file: true, diagnostics: &diagnostics, sources };
            ui::publish::as_form(form, "run", exit, &[group])
        }
        FindingsFormat::Json => {
            let found = ui::json::diagnostics(&diagnostics, sources);
            ui::json::line("run", exit, report::json(&report, &input.digest, found))
        }
    };
    if io.out(&text).is_err() {
        // What was done is done: the exit code says it to whoever does not read.
    }
    exit
}
