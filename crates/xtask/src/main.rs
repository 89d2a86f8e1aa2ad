//! Tasks of this repository: `cargo xtask <task>`. Development only.
#![allow(clippy::print_stdout, clippy::print_stderr)] // a tool for developers, not the product

mod bench;
mod faults;
mod quickstart;
mod sources;
mod test;
mod tools;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask quickstart          make the quickstart's source and run its plan into a new SQLite file
cargo xtask sources [PLAN…]     make the source databases of the example plans (all by default)
cargo xtask test [-- ARGS…]     install what the tests need, then run all of them";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let task = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let done = match task.as_str() {
        "bench" => bench::run(&rest),
        "faults" => faults::run(&rest),
        "quickstart" => quickstart::run(&rest),
        "sources" => sources::run(&rest),
        "test" => test::run(&rest),
        _ => Err(format!("unknown task `{task}`\n\n{HELP}\n{}\n{}", faults::HELP, bench::HELP)),
    };
    match done {
        Ok(code) => code,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
