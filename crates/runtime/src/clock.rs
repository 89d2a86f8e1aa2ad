//! Time as an argument. Wall time is for people; order and durations come from the monotonic part.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::faults;

pub trait Clock: Send + Sync {
    /// Wall time, for records and names.
    fn now(&self) -> Timestamp;

    /// Time since some fixed moment; never goes back.
    fn monotonic(&self) -> Duration;

    /// Waits; a simulated clock only moves its hands.
    fn sleep(&self, time: Duration);
}

/// Wall time: nobody else asks the machine for it. With the feature `faults` a test may let it jump.
pub fn now() -> Timestamp {
    faults::clock(Timestamp::now())
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        now()
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// RFC 3339 in UTC with milliseconds: `2026-11-21T05:35:01.250Z`.
pub(crate) fn stamp(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Whole milliseconds, for records.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
