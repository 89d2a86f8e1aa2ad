//! How a person stops a run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// What was asked for; each level contains the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    No,
    /// Steps that run are finished, nothing new is started.
    SafePoint,
    /// Steps that run are cancelled.
    Now,
}

/// Shared between the signal handler and the run. Once the promote has sent its COMMIT it is
/// ignored: what is committed is finished and reported.
#[derive(Clone, Debug, Default)]
pub struct StopFlag(Arc<AtomicU8>);

impl StopFlag {
    pub fn new() -> Self {
        Self::default()
    }

    /// Only ever rises. Safe to call in a signal handler.
    pub fn raise(&self, level: Stop) {
        let value = match level {
            Stop::No => 0,
            Stop::SafePoint => 1,
            Stop::Now => 2,
        };
        self.0.fetch_max(value, Ordering::SeqCst);
    }

    pub fn level(&self) -> Stop {
        match self.0.load(Ordering::SeqCst) {
            0 => Stop::No,
            1 => Stop::SafePoint,
            _ => Stop::Now,
        }
    }
}
