//! The `cutover` program: everything is in the library, so that tests can call it in process.
use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(cli::run(std::env::args_os(), &cli::Io::process()))
}
