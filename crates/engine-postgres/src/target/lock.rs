//! One run per target: an advisory lock on a session of its own.
//!
//! It is only ever tried, never waited for: a session that waits inside `pg_advisory_lock` holds a
//! snapshot and would block concurrent index builds of others.

use diagnostics::code::{CONNECTION_LOST, RUN_IN_PROGRESS, UNREACHABLE};
use runtime::EngineError;
use sha2::{Digest as _, Sha256};

use crate::connect::{Connector, Session};

/// Advisory locks are per database, so the schema alone makes the key.
fn key(schema: &str) -> i64 {
    let hash = Sha256::digest(format!("cutover target {schema}"));
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hash[..8]);
    i64::from_be_bytes(bytes)
}

/// # Errors
/// `RUN801` that names the holder.
pub(super) fn take(connector: &Connector, schema: &str) -> Result<Session, EngineError> {
    let mut session = connector.open("lock")?;
    let key = key(schema);
    let sql = "select pg_catalog.pg_try_advisory_lock($1)";
    if session.value(&UNREACHABLE, sql, &[&key])? {
        return Ok(session);
    }
    let holder = holder(&mut session, key)?;
    Err(EngineError::new(&RUN_IN_PROGRESS, format!("{holder} holds the target schema"))
        .object(format!("schema {schema}"))
        .help("wait for that run to end, or stop it; the lock goes with its session"))
}

/// The session that holds the lock may have been ended from outside; another run could then have
/// begun, and cleared away what this one built.
///
/// # Errors
/// `RUN817` where it is gone.
pub(super) fn still_held(holder: &mut Session, schema: &str) -> Result<(), EngineError> {
    holder.run("select 1").map_err(|error| {
        let message = format!("the session that held the target's lock has ended: {error}");
        EngineError::new(&CONNECTION_LOST, message)
            .object(format!("schema {schema}"))
            .help("run again; if it comes again, find out what ends idle sessions of this role")
    })
}

/// `run 20261121-053501-8c1f20 (server process 4711, since 2026-11-21 05:35:01+00)`
fn holder(session: &mut Session, key: i64) -> Result<String, EngineError> {
    // A bigint key is shown as its two halves.
    let sql = "select a.application_name, l.pid, a.backend_start::timestamptz(0)::text \
        from pg_catalog.pg_locks l left join pg_catalog.pg_stat_activity a on a.pid = l.pid \
        where l.locktype = 'advisory' and l.granted and l.objsubid = 1 \
          and l.database = (select oid from pg_catalog.pg_database where datname = current_database()) \
          and (l.classid::bigint << 32) | l.objid::bigint = $1 limit 1";
    let rows = session.rows(&UNREACHABLE, sql, &[&key])?;
    let Some(row) = rows.first() else { return Ok("another session".to_owned()) };
    let name: Option<String> = row.get(0);
    let name = name.unwrap_or_default();
    let run = name.strip_prefix("cutover:").and_then(|rest| rest.split(':').next());
    let who = run.map_or_else(|| format!("session `{name}`"), |run| format!("run {run}"));
    let (pid, since): (i32, Option<String>) = (row.get(1), row.get(2));
    Ok(format!("{who} (server process {pid}, since {})", since.unwrap_or_default()))
}
