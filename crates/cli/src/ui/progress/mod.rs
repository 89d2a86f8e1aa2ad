//! Progress of a run: bars on a terminal, lines in a log, one JSON object per line for programs.

mod bars;
mod events;
mod lines;

use std::sync::Arc;
use std::time::Duration;

use runtime::events::EventSink;

use crate::args::Format;
use crate::io::Io;
use crate::ui::figures::duration;

/// Shows events, and words that must not be drawn over.
pub(crate) trait Progress: EventSink {
    fn say(&self, text: &str);
}

/// The form that suits the other side. Draws until it is dropped.
pub(crate) fn for_run(format: Format, io: &Io) -> Arc<dyn Progress> {
    match format {
        Format::Json => Arc::new(events::Events::new(io)),
        // indicatif draws on the process's stderr, so the stream must be that one.
        Format::Text if io.process && io.terminal.stderr && io.terminal.graphics => {
            Arc::new(bars::Bars::new(io.terminal))
        }
        Format::Text => Arc::new(lines::Lines::new(io)),
    }
}

/// What is said when a load lost its connection.
fn load_again(table: &str, wait_ms: u64, why: &str) -> String {
    let wait = duration(Duration::from_millis(wait_ms));
    format!("{table}: the connection was lost ({why}); loaded again in {wait}")
}
