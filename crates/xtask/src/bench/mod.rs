//! `cargo xtask bench`: figures with the bars they are held against, measured beside the peers of
//! the same machine in the same run.

mod check;
mod introspect;
mod moving;
mod schema;

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use testkit::root;

pub(crate) const HELP: &str = "\
cargo xtask bench check        the offline check: large schemas, many plans
cargo xtask bench introspect [--tables N,N]
                               introspection beside pg_dump, the comparison
cargo xtask bench move [wide|narrow|blob|fleet…] [--scale X] [--times N] [--connections N]
                       [--peers pgloader,duckdb|none]
                               moving SQLite into PostgreSQL beside raw COPY and other movers";

/// # Errors
/// A sentence, where something cannot be measured.
pub(crate) fn run(args: &[String]) -> Result<ExitCode, String> {
    if cfg!(debug_assertions) {
        return released(args);
    }
    match args.split_first() {
        Some((what, [])) if what == "check" => check::run(),
        Some((what, rest)) if what == "introspect" => introspect::run(rest),
        Some((what, rest)) if what == "move" => moving::run(rest),
        _ => Err(format!("nothing to measure is named\n\n{HELP}")),
    }
}

/// Figures of a debug build say nothing: the same again, built for release, with the program.
fn released(args: &[String]) -> Result<ExitCode, String> {
    let status = Command::new("cargo")
        .args(["build", "--quiet", "--release", "-p", "cli", "-p", "xtask"])
        .current_dir(root())
        .status();
    if !status.is_ok_and(|status| status.success()) {
        return Err("the release build failed".to_owned());
    }
    let program = root().join("target/release/xtask");
    let status = Command::new(&program).arg("bench").args(args).status();
    let status = status.map_err(|error| format!("{}: {error}", program.display()))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The shortest of several: what else the machine does only ever adds.
fn best<T>(
    times: usize,
    mut work: impl FnMut() -> Result<T, String>,
) -> Result<(Duration, T), String> {
    let mut best = None;
    for _ in 0..times {
        let started = Instant::now();
        let made = work()?;
        let took = started.elapsed();
        if best.as_ref().is_none_or(|(shortest, _)| took < *shortest) {
            best = Some((took, made));
        }
    }
    best.ok_or_else(|| "nothing was measured".to_owned())
}

/// Runs a program; what it says counts only where it fails.
fn quiet(program: &Path, args: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(args).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

/// One figure and the bar that it must stay under.
struct Figure {
    what: String,
    found: String,
    bar: String,
    met: bool,
}

fn tell(figures: &[Figure]) -> ExitCode {
    let widths = [
        figures.iter().map(|figure| figure.what.len()).max().unwrap_or(0),
        figures.iter().map(|figure| figure.found.len()).max().unwrap_or(0),
    ];
    for Figure { what, found, bar, met } in figures {
        let verdict = if *met { "met" } else { "MISSED" };
        println!("{what:0$}  {found:>1$}  bar {bar}: {verdict}", widths[0], widths[1]);
    }
    if figures.iter().all(|figure| figure.met) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
