//! `cutover schema`: the JSON Schema of plans.

use super::Outcome;
use crate::exit_code;
use crate::io::Io;

pub(crate) fn run(io: &Io) -> Outcome {
    io.out(&format!("{:#}\n", plan::document::schema().as_value()))?;
    Ok(exit_code::DONE)
}
