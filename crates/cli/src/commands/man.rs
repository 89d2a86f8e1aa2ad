//! `cutover man`: the manual page in roff.

use super::Outcome;
use crate::exit_code;
use crate::io::Io;

pub(crate) fn run(io: &Io) -> Outcome {
    let mut page = Vec::new();
    clap_mangen::Man::new(crate::command()).render(&mut page)?;
    io.out_bytes(&page)?;
    Ok(exit_code::DONE)
}
