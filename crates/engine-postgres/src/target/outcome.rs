//! Whether a run was promoted: only the marker row in the target can say.

use std::time::{Duration, Instant};

use diagnostics::code::{UNDECIDED, UNREACHABLE};
use runtime::engine::Outcome;
use runtime::{EngineError, ErrorClass};

use crate::connect::{Connector, Session};

/// How long a server process of the run may go on after its client has gone.
const PATIENCE: Duration = Duration::from_secs(60);
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// # Errors
/// `RUN824` where a transaction of the run is still open after a minute; whatever keeps the server
/// from being asked.
pub(super) fn ask(connector: &Connector, run_id: &str) -> Result<Outcome, EngineError> {
    let start = Instant::now();
    loop {
        match look(connector, run_id) {
            Ok(Some(outcome)) => return Ok(outcome),
            Ok(None) if start.elapsed() > PATIENCE => {
                return Err(EngineError::new(
                    &UNDECIDED,
                    "a server process of the run is still working on its promote",
                )
                .help("ask again later: `cutover status`"));
            }
            // A server that restarts refuses connections for some seconds.
            Err(error) if start.elapsed() > PATIENCE || !is_passing(&error) => return Err(error),
            Ok(None) | Err(_) => std::thread::sleep(PAUSE),
        }
    }
}

/// The connection is gone, or the server does not take one yet.
pub(super) fn is_passing(error: &EngineError) -> bool {
    error.class == ErrorClass::ConnectionLost || error.code == &UNREACHABLE
}

/// `None` while the promote's own server process may still commit. The process is looked for before
/// the marker: in the other order a commit between the two would be missed.
fn look(connector: &Connector, run_id: &str) -> Result<Option<Outcome>, EngineError> {
    let mut session = connector.open("outcome")?;
    let working = is_working(&mut session, run_id)?;
    if super::promote::marker_exists(&mut session, run_id)? {
        return Ok(Some(Outcome::Promoted));
    }
    Ok((!working).then_some(Outcome::NotPromoted))
}

fn is_working(session: &mut Session, run_id: &str) -> Result<bool, EngineError> {
    let name = format!("cutover:{run_id}:promote");
    // PostgreSQL cuts application names at 63 bytes.
    let sql = "select exists (select from pg_catalog.pg_stat_activity \
        where application_name = left($1, 63) and pid <> pg_backend_pid())";
    session.value(&UNREACHABLE, sql, &[&name])
}
