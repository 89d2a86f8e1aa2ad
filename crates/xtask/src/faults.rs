//! The program failed and killed at its fault points, plan by plan; see `tests/suite/faults/`.

use std::process::{Command, ExitCode};

use testkit::root;

use crate::tools;

pub(crate) const HELP: &str = "\
cargo xtask faults [--all | --every N] [LOOP…]
                                fail and kill the program at a sample of its fault points, at all of
                                them, or at every Nth; prints points, tries and what was found. LOOP
                                is how a test begins, such as `recovery::` or `examples::fleet`";

pub(crate) fn run(args: &[String]) -> Result<ExitCode, String> {
    let (which, loops) = match args {
        [all, loops @ ..] if all == "--all" => (Some("all".to_owned()), loops),
        [every, step, loops @ ..]
            if every == "--every" && step.parse::<u64>().is_ok_and(|step| step > 0) =>
        {
            (Some(format!("every:{step}")), loops)
        }
        loops => (None, loops),
    };
    if loops.iter().any(|name| name.starts_with('-')) {
        return Err(format!("not understood: {}\n\n{HELP}", args.join(" ")));
    }
    tools::ensure()?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(root())
        .args(["test", "-p", "suite", "--test", "suite", "--", "--nocapture"])
        .args(loops.iter().map(|name| format!("faults::{name}")))
        .args(loops.is_empty().then_some("faults::"))
        // One after the other: what the figures say of time is then of one plan alone.
        .args(["--test-threads", "1"])
        .env("REQUIRE_DATABASES", "1");
    if let Some(which) = which {
        command.env("FAULTS", which);
    }
    let status = command.status().map_err(|error| format!("cargo test: {error}"))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
