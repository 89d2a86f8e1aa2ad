//! One JSON object per line on stdout, each with its version.

use runtime::events::{EventSink, Stamped};

use super::Progress;
use crate::io::Io;

pub(super) struct Events {
    io: Io,
}

impl Events {
    pub(super) fn new(io: &Io) -> Self {
        Self { io: io.clone() }
    }
}

impl Progress for Events {
    /// stdout is for the events alone.
    fn say(&self, text: &str) {
        self.io.err(&format!("{text}\n"));
    }
}

impl EventSink for Events {
    fn event(&self, event: &Stamped) {
        let Ok(line) = serde_json::to_string(event) else { return };
        if self.io.out(&(line + "\n")).is_err() {
            // A reader that went away does not end a run.
        }
    }
}
