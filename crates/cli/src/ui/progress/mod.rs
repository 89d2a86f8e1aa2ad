//! Progress of a run: bars on a terminal, lines in a log, one JSON object per line for programs.

mod bars;
mod events;
mod lines;

use std::sync::Arc;
use std::time::Duration;

use runtime::engine::Activity;
use runtime::events::EventSink;

use crate::args::Format;
use crate::io::Io;
use crate::ui::figures::{duration, rows};

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

/// `about 2 m left`
fn left(left_ms: u64) -> String {
    format!("about {} left", duration(Duration::from_millis(left_ms)))
}

/// `1.5 MB/s`
fn megabytes_per_second(bytes: u64, seconds: f64) -> String {
    format!("{:.1} MB/s", bytes as f64 / 1e6 / seconds.max(0.001))
}

/// `index orders_idx, building index: loading tuples, 45 %`
fn doing(activity: &Activity) -> String {
    let phase = match activity.phase.as_str() {
        "" => String::new(),
        phase => format!(", {phase}"),
    };
    let share = match activity.total {
        Some(total) if total > 0 => format!(", {} %", 100 * activity.done.min(total) / total),
        Some(_) => String::new(),
        None => format!(", {}", rows(activity.done)),
    };
    format!("{}{phase}{share}", activity.what)
}
