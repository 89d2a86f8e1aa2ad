//! One JSON object per line on stdout, each with its version.

use runtime::events::{EventSink, Stamped};

use crate::io::Io;

pub(super) struct Events {
    io: Io,
}

impl Events {
    pub(super) fn new(io: &Io) -> Self {
        Self { io: io.clone() }
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
