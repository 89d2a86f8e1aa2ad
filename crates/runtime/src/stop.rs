//! How a person stops a run.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::engine::Cancel;

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

/// How often the flag is looked at, and a cancel repeated that may have come before its statement.
const LOOK: Duration = Duration::from_millis(50);

/// Does the work, and cancels it as soon as the person wants it to end at once.
pub(crate) fn cancelling<T>(
    stop: &StopFlag,
    canceller: Option<Box<dyn Cancel>>,
    work: impl FnOnce() -> T,
) -> T {
    cancelling_until(stop, canceller, &Mutex::new(false), work)
}

/// The same until `beyond` says that there is no return; whoever sets it waits for a cancel that is
/// being sent.
pub(crate) fn cancelling_until<T>(
    stop: &StopFlag,
    canceller: Option<Box<dyn Cancel>>,
    beyond: &Mutex<bool>,
    work: impl FnOnce() -> T,
) -> T {
    let Some(canceller) = canceller else { return work() };
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                let beyond = beyond.lock().unwrap_or_else(PoisonError::into_inner);
                if stop.level() == Stop::Now && !*beyond {
                    canceller.cancel();
                }
                drop(beyond);
                std::thread::sleep(LOOK);
            }
        });
        let _over = Over(&over);
        work()
    })
}

/// However the work ends, the watch over it ends too.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
