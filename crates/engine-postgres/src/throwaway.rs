//! Databases that a command makes for itself on a server that somebody else lends. While it lives, a
//! session of its own holds an advisory lock that stands for the name; a database whose lock nobody
//! holds was left by a process that died, and the next command that makes one removes it.

use diagnostics::code::STATEMENT_FAILED;
use runtime::EngineError;

use crate::connect::Session;
use crate::quote;

/// What the names begin with.
pub(crate) const SCRATCH: &str = "cutover_scratch_";
pub(crate) const RESTORING: &str = "cutover_restoring_";

/// First key of the locks: `cuto`. The second one is made of the name by the server.
const CLASS: i32 = 0x6375_746f;

/// A name that no other command takes, locked by this session for as long as it lasts.
///
/// # Errors
/// What the server says.
pub(crate) fn claim(session: &mut Session, start: &str) -> Result<String, EngineError> {
    let name: String = session.value(
        &STATEMENT_FAILED,
        "select $1::text || substr(md5(random()::text || clock_timestamp() || pg_backend_pid()), 1, 12)",
        &[&start],
    )?;
    session.run(&format!("select pg_advisory_lock({CLASS}, hashtext('{name}'))"))?;
    Ok(name)
}

/// From now on it belongs to whoever asked for it: a comment says so to [`remove_left`].
///
/// # Errors
/// What the server says.
pub(crate) fn keep(session: &mut Session, name: &str) -> Result<(), EngineError> {
    session.run(&format!("comment on database {} is 'kept by cutover'", quote(name)))
}

/// Removes those whose command is gone. Locks of all databases are seen; what belongs to another role
/// or is in use stays.
///
/// # Errors
/// What the server says when it is asked for them.
pub(crate) fn remove_left(session: &mut Session, start: &str) -> Result<(), EngineError> {
    let sql = "select d.datname::text from pg_database d \
        where d.datname ~ ('^' || $1::text || '[0-9a-f]{12}$') \
          and shobj_description(d.oid, 'pg_database') is null and not exists ( \
            select from pg_locks l where l.locktype = 'advisory' and l.objsubid = 2 \
              and l.classid = $2::bigint::oid \
              and l.objid = (hashtext(d.datname::text)::bigint & 4294967295)::oid)";
    let rows = session.rows(&STATEMENT_FAILED, sql, &[&start, &i64::from(CLASS)])?;
    for name in rows.iter().map(|row| row.get::<_, String>(0)) {
        // Another command may do the same at this moment, and a session on it means that it is used.
        drop(session.run(&format!("drop database if exists {}", quote(&name))));
    }
    Ok(())
}
