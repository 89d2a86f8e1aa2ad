//! Nothing of the live target is written before the promote: not even by a function whose body names
//! the target schema, which is executed as it was written.

use diagnostics::code::LIVE_TOUCHED;
use postgres::Client;
use runtime::EngineError;

use crate::sqlstate;

/// Says which schema is live. A session that never hears of it is not guarded.
pub(crate) fn setting(live: &str) -> String {
    format!("set cutover.live = {}", sql::quote_literal(live))
}

/// Asked at the end of a transaction: its locks show what it has written.
///
/// # Errors
/// `RUN829` with the names; the caller rolls back.
pub(crate) fn untouched(client: &mut Client) -> Result<(), EngineError> {
    let row =
        client.query_one(WRITTEN, &[]).map_err(|error| sqlstate::error(&LIVE_TOUCHED, &error))?;
    let Some(written) = row.get::<_, Option<String>>(0) else { return Ok(()) };
    let message = format!("it would write to {written} of the live target before the promote");
    Err(EngineError::new(&LIVE_TOUCHED, message).help(
        "a function whose body names the target schema means the live one: leave the schema out of \
         the body",
    ))
}

/// Locks stronger than those of reading, on anything in the live schema.
const WRITTEN: &str = "\
    select string_agg(distinct quote_ident(c.relname), ', ') \
    from pg_catalog.pg_locks l join pg_catalog.pg_class c on c.oid = l.relation \
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
    where l.pid = pg_catalog.pg_backend_pid() and l.locktype = 'relation' \
      and l.mode not in ('AccessShareLock', 'RowShareLock') and c.relkind not in ('i', 'I') \
      and n.nspname = nullif(pg_catalog.current_setting('cutover.live', true), '')";
