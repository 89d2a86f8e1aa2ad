//! Numbered points at which a test lets this process fail, or kills it.
//!
//! Every file operation of the runtime and every call of an engine passes one, and what an engine
//! does in several acts passes more. `CUTOVER_FAULT=fail:17` makes the 17th point return an error,
//! `kill:17` ends the process there with SIGKILL, `kill:after promote` at the first point of that
//! name; the file that `CUTOVER_FAULT_FILE` names says which point it was. `count:0` only lists the
//! points. Only with the feature `faults`, and never in a release build: there the functions below are
//! empty.

#[cfg(all(feature = "faults", debug_assertions))]
mod armed;
#[cfg(all(feature = "faults", debug_assertions))]
mod calls;

use std::io;
use std::sync::Arc;

use jiff::Timestamp;

use crate::engine::{SourceEngine, TargetEngine};

/// Before or after a file operation.
///
/// # Errors
/// Where a test wants it.
#[inline]
pub fn io(what: &str) -> io::Result<()> {
    #[cfg(all(feature = "faults", debug_assertions))]
    armed::pass(what)
        .map_err(|armed::Fault| io::Error::other(format!("injected fault: {what}")))?;
    let _ = what;
    Ok(())
}

/// The time, or what a test makes of it: `CUTOVER_CLOCK=20:-86400` is a day back from the twentieth look
/// on.
#[inline]
pub(crate) fn clock(now: Timestamp) -> Timestamp {
    #[cfg(all(feature = "faults", debug_assertions))]
    let now = armed::clock(now);
    now
}

/// The same engine, with a point before and after every call where a test asks for one.
pub(crate) fn target(engine: Box<dyn TargetEngine>) -> Box<dyn TargetEngine> {
    #[cfg(all(feature = "faults", debug_assertions))]
    if armed::is_armed() {
        return Box::new(calls::Target(engine));
    }
    engine
}

/// The same engine, with a point before and after every call where a test asks for one.
pub(crate) fn sources(engine: Arc<dyn SourceEngine>) -> Arc<dyn SourceEngine> {
    #[cfg(all(feature = "faults", debug_assertions))]
    if armed::is_armed() {
        return Arc::new(calls::Sources(engine));
    }
    engine
}
