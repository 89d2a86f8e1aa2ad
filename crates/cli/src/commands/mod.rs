//! One file per command. A command takes its arguments and the streams and returns the exit code.

mod backup;
mod baseline;
mod check;
mod codes;
mod compile;
mod completions;
mod diff;
mod drift;
mod explain;
mod fmt;
mod init;
mod local;
mod lsp;
mod man;
pub(crate) mod next;
mod recovery;
mod rehearse;
mod run;
mod schema;
mod status;
mod verify;
mod worker;

use crate::args::Command;
use crate::failure::Failure;
use crate::io::Io;

/// The exit code, or why there is none.
pub(crate) type Outcome = Result<u8, Failure>;

pub(crate) fn dispatch(command: &Command, io: &Io) -> Outcome {
    match command {
        Command::Init(args) => init::run(args, io),
        Command::Check(args) => check::run(args, io),
        Command::Compile(args) => compile::run(args, io),
        Command::Fmt(args) => fmt::run(args, io),
        Command::Lsp(_) => lsp::run(),
        Command::Status(args) => status::run(args, io),
        Command::Resume(args) => recovery::resume(args, io),
        Command::Abort(args) => recovery::abort(args, io),
        Command::Rollback(args) => recovery::rollback(args, io),
        Command::Accept(args) => recovery::accept(args, io),
        Command::Bundle(args) => recovery::bundle(args, io),
        Command::Rehearse(args) => rehearse::run(args, io),
        Command::Run(args) => run::run(args, io),
        Command::Worker(args) => worker::run(args, io),
        Command::Verify(args) => verify::run(args, io),
        Command::Diff(args) => diff::run(args, io),
        Command::Drift(args) => drift::run(args, io),
        Command::Baseline(args) => baseline::run(args, io),
        Command::Backup(args) => backup::run(args, io),
        Command::Explain(args) => explain::run(args, io),
        Command::Codes(args) => codes::run(args, io),
        Command::Completions(args) => completions::run(args, io),
        Command::Local(args) => local::run(args, io),
        Command::Man(_) => man::run(io),
        Command::Schema(_) => schema::run(io),
    }
}
