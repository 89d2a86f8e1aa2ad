//! The `cutover` program, built for the tests of this package to run, trace and kill.
use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(cli::run(std::env::args_os(), cli::Io::process()))
}
