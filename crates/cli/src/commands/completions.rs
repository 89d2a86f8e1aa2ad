//! `cutover completions SHELL`.

use super::Outcome;
use crate::args::Completions;
use crate::exit_code;
use crate::io::Io;

pub(crate) fn run(args: &Completions, io: &Io) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::command(), "cutover", &mut script);
    io.out_bytes(&script)?;
    Ok(exit_code::DONE)
}
