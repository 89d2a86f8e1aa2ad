//! Progress of a run: bars on a terminal, lines in a log, one JSON object per line for programs.

mod bars;
mod events;
mod lines;

use runtime::events::EventSink;

use crate::args::Format;
use crate::io::Io;

/// The form that suits the other side. Draws until it is dropped.
pub(crate) fn for_run(format: Format, io: &Io) -> Box<dyn EventSink> {
    match format {
        Format::Json => Box::new(events::Events::new(io)),
        // indicatif draws on the process's stderr, so the stream must be that one.
        Format::Text if io.process && io.terminal.stderr && io.terminal.graphics => {
            Box::new(bars::Bars::new(io.terminal))
        }
        Format::Text => Box::new(lines::Lines::new(io)),
    }
}
