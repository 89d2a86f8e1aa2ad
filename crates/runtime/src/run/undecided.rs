//! The connection ended around COMMIT: only the target knows.

use std::time::Duration;

use super::session::Session;
use crate::EngineError;
use crate::engine::{Outcome, TargetEngine};
use crate::events::Event;

/// Waits between the questions: half a minute in all, enough for a server that restarts.
const WAITS_MS: [u64; 6] = [500, 1_000, 2_000, 4_000, 8_000, 15_000];

/// Asks the target until it answers.
///
/// # Errors
/// The last error, when it did not answer in time.
pub(super) fn ask(
    session: &Session<'_>,
    target: &mut dyn TargetEngine,
) -> Result<Outcome, EngineError> {
    let mut last = target.outcome(&session.info.run_id);
    for (attempt, wait_ms) in (1..).zip(WAITS_MS) {
        let Err(error) = &last else { break };
        session.emit(Event::Retrying { attempt, wait_ms, why: error.to_string() });
        session.clock.sleep(Duration::from_millis(wait_ms));
        last = target.outcome(&session.info.run_id);
    }
    last
}
