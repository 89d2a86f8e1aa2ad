//! A load whose connection is lost begins again on a new one, a few times.
//!
//! Nothing of what was sent is in the table then, or all of it: a load begins by emptying its table,
//! so that a commit whose answer was lost does no harm either.

use std::time::Duration;

use super::Context;
use crate::EngineError;
use crate::clock::millis;
use crate::engine::Worker;
use crate::error::ErrorClass;
use crate::events::Event;

/// With pauses of 1, 2 and 4 s between them: a server that restarts after a crash takes that long.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_secs(1);

/// How long a pause goes on before somebody who wants to stop is heard.
const LOOK: Duration = Duration::from_millis(100);

/// Calls `load` until it ends otherwise than by a lost connection.
///
/// # Errors
/// What `load` says; of the last try where the connection was lost each time.
pub(crate) fn on_lost_connection<T>(
    context: &Context<'_>,
    worker: &mut dyn Worker,
    table: &str,
    load: &mut dyn FnMut(&mut dyn Worker) -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    let mut result = load(worker);
    for attempt in 1..TRIES {
        let why = match result {
            Err(error) if error.class == ErrorClass::ConnectionLost => error,
            ended => return ended,
        };
        pause(context, table, attempt, &why)?;
        result = worker.reconnect().and_then(|()| load(worker));
    }
    result.map_err(|error| match error.class {
        ErrorClass::ConnectionLost => {
            let times = format!("the connection was lost in each of {TRIES} tries");
            let help = error.help.clone().map_or(times.clone(), |help| format!("{times}; {help}"));
            error.help(help)
        }
        _ => error,
    })
}

fn pause(
    context: &Context<'_>,
    table: &str,
    attempt: u32,
    why: &EngineError,
) -> Result<(), EngineError> {
    let wait = PAUSE * (1 << (attempt - 1));
    context.session.emit(Event::LoadAgain {
        table: table.to_owned(),
        attempt,
        wait_ms: millis(wait),
        why: why.message.clone(),
    });
    for _ in 0..wait.as_millis() / LOOK.as_millis() {
        context.go_on()?;
        std::thread::sleep(LOOK);
    }
    context.go_on()
}
