//! The `cutover` program as a library: [`run`] takes the arguments and the streams and returns the
//! exit code. The only crate that prints, and the only one that knows all the others.

pub mod args;
mod commands;
pub mod exit_code;
mod failure;
mod folders;
mod git;
mod io;
mod origin;
mod output_file;
mod panics;
mod plan_input;
mod scratch;
mod signals;
mod targets;
mod ui;

use std::ffi::OsString;

use clap::{CommandFactory as _, Parser as _};
use diagnostics::formats::Group;

use args::{Cli, FindingsFormat};
use failure::Failure;
pub use io::{Io, Terminal};

/// Carries out one command line (the first argument is the program's name) and returns one of the
/// numbers of [`exit_code`].
pub fn run(args: impl IntoIterator<Item = OsString>, mut io: Io) -> u8 {
    match Cli::try_parse_from(args) {
        Ok(cli) => {
            io.terminal.colour = cli.color.resolve(io.terminal.colour);
            io.terminal.colour_out = cli.color.resolve(io.terminal.colour_out);
            io.terminal.colour_err = cli.color.resolve(io.terminal.colour_err);
            io.terminal.graphics &= !cli.accessible;
            panics::caught(&io, || carry_out(&cli, &io))
        }
        Err(error) => explain_usage(&error, &io),
    }
}

/// The tree of commands, for the reference and the manual page.
pub fn command() -> clap::Command {
    Cli::command()
}

fn carry_out(cli: &Cli, io: &Io) -> u8 {
    match commands::dispatch(&cli.command, io) {
        Ok(exit) => exit,
        Err(Failure::BrokenPipe) => exit_code::DONE,
        Err(Failure::Findings(findings)) => {
            tell(&cli.command, &findings, io);
            findings.exit
        }
    }
}

/// Programs get the findings where they expect the answer.
fn tell(command: &args::Command, findings: &failure::Findings, io: &Io) {
    let failure::Findings { diagnostics, sources, exit } = findings;
    let text = match command.findings_format() {
        FindingsFormat::Text => {
            return io.err(&ui::findings::render(diagnostics, sources, io.terminal));
        }
        FindingsFormat::Json => {
            let found = ui::json::diagnostics(diagnostics, sources);
            let fields = serde_json::json!({ "diagnostics": found });
            ui::json::line(command.name(), *exit, fields)
        }
        FindingsFormat::Form(form) => {
            let plan = command.plan().map(|plan| plan.display().to_string());
            let subject = plan.as_deref().unwrap_or(command.name());
            let group = Group { subject, is_file: plan.is_some(), diagnostics, sources };
            ui::publish::as_form(form, command.name(), *exit, &[group])
        }
    };
    if io.out(&text).is_err() {
        // The exit code says it to whoever does not read.
    }
}

/// Help and version were asked for: stdout, 0. Anything else is a mistake: stderr, 2.
fn explain_usage(error: &clap::Error, io: &Io) -> u8 {
    let text = error.render();
    let text = text.ansi().to_string();
    if error.use_stderr() {
        io.err(&text);
        return exit_code::USAGE;
    }
    // A reader that went away has read enough.
    io.out(&text).map_or(exit_code::DONE, |()| exit_code::DONE)
}

/// Judges waivers: the date in UTC, which is the same for everybody who looks at a run.
fn today() -> jiff::civil::Date {
    runtime::clock::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}
