//! Who works on which unit.

use diagnostics::code::STATEMENT_FAILED;
use runtime::engine::{Lease, Result};
use sha2::{Digest as _, Sha256};

use crate::connect::Session;
use crate::quote;

/// Makes this session a member, whose advisory lock goes when the session goes.
pub(super) fn join(session: &mut Session, schema: &str, leads: bool) -> Result<i32> {
    let who = "select format('%s, server process %s', current_setting('application_name'), \
        pg_backend_pid())";
    let who: String = session.value(&STATEMENT_FAILED, who, &[])?;
    let sql =
        format!("insert into {}.member (who, leads) values ($1, $2) returning id", quote(schema));
    let member: i32 = session.value(&STATEMENT_FAILED, &sql, &[&who, &leads])?;
    hold(session, schema, member)?;
    Ok(member)
}

fn hold(session: &mut Session, schema: &str, member: i32) -> Result<()> {
    let sql = "select pg_catalog.pg_advisory_lock($1, $2)";
    session.rows(&STATEMENT_FAILED, sql, &[&key(schema), &member]).map(drop)
}

/// The same member on another session. The server may not have seen the end of the old one, which
/// holds the member's lock for as long: it is ended.
pub(super) fn rejoin(session: &mut Session, schema: &str, member: i32) -> Result<()> {
    let sql = "select pg_catalog.pg_terminate_backend(l.pid) from pg_catalog.pg_locks l \
        where l.locktype = 'advisory' and l.granted and l.objsubid = 2 \
          and l.database = (select oid from pg_catalog.pg_database where datname = current_database()) \
          and l.classid::bigint = ($1::integer::bigint & 4294967295) and l.objid::bigint = $2::integer";
    session.rows(&STATEMENT_FAILED, sql, &[&key(schema), &member])?;
    hold(session, schema, member)?;
    heartbeat(session, schema, member)
}

/// The first half of the members' advisory keys; the second is the member.
fn key(schema: &str) -> i32 {
    let hash = Sha256::digest(schema);
    i32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
}

pub(super) fn heartbeat(session: &mut Session, schema: &str, member: i32) -> Result<()> {
    let schema = quote(schema);
    let sql = format!("update {schema}.member set seen_at = clock_timestamp() where id = $1");
    session.rows(&STATEMENT_FAILED, &sql, &[&member]).map(drop)
}

/// Whether the member that leads is alive.
pub(super) fn is_led(session: &mut Session, schema: &str) -> Result<bool> {
    let sql = format!("{ALIVE} select exists (select from alive where leads)");
    let sql = sql.replace("$schema", &quote(schema));
    session.value(&STATEMENT_FAILED, &sql, &[&key(schema)])
}

/// Open units that nobody alive has, now leased to `member`; sorted.
pub(super) fn claim(
    session: &mut Session,
    schema: &str,
    member: i32,
    table: &str,
    units: usize,
) -> Result<Vec<usize>> {
    heartbeat(session, schema, member)?;
    let sql = format!("{ALIVE}, {CLAIM}").replace("$schema", &quote(schema));
    let limit = i64::try_from(units).unwrap_or(i64::MAX);
    let rows = session.rows(&STATEMENT_FAILED, &sql, &[&key(schema), &table, &limit, &member])?;
    let mut units: Vec<usize> =
        rows.iter().filter_map(|row| usize::try_from(row.get::<_, i32>(0)).ok()).collect();
    units.sort_unstable();
    Ok(units)
}

/// Waits for a transaction that is about to enter the units, if there is one: what it has entered
/// stays so.
pub(super) fn give_back(session: &mut Session, schema: &str, lease: &Lease) -> Result<()> {
    let units: Vec<i32> = lease.units.iter().filter_map(|unit| i32::try_from(*unit).ok()).collect();
    let sql = format!(
        "update {}.unit set member = null \
         where loads = $1 and member = $2 and position = any ($3) and done_at is null",
        quote(schema)
    );
    session.rows(&STATEMENT_FAILED, &sql, &[&lease.table, &lease.member, &units]).map(drop)
}

/// Ends whoever still loads rows of a table all of whose units are done. They were taken over from it,
/// so that its commit would be refused; but a client that does not answer any more keeps its
/// transaction, and with it a lock that the builds need.
pub(super) fn end_latecomers(session: &mut Session, staging: &str, table: &str) -> Result<()> {
    let relation = format!("{}.{}", quote(staging), quote(table));
    let loading = session.rows(&STATEMENT_FAILED, LOADING, &[&relation])?;
    let loading: Vec<i32> = loading.iter().map(|row| row.get(0)).collect();
    if loading.is_empty() {
        return Ok(());
    }
    // Who has just committed gives its locks back a moment after its rows are seen.
    session.run("select pg_catalog.pg_sleep(0.5)")?;
    let sql = format!(
        "select pg_catalog.pg_terminate_backend(late.pid) from ({LOADING}) late \
         where late.pid = any ($2)"
    );
    session.rows(&STATEMENT_FAILED, &sql, &[&relation, &loading]).map(drop)
}

/// Server processes whose transaction writes to a table.
const LOADING: &str = "select distinct l.pid from pg_catalog.pg_locks l \
    where l.locktype = 'relation' and l.granted and l.mode = 'RowExclusiveLock' \
      and l.database = (select oid from pg_catalog.pg_database where datname = current_database()) \
      and l.relation = to_regclass($1)";

/// Members that are heard of and hold their lock. Advisory keys of two halves are shown by `pg_locks`
/// as classid and objid, with objsubid 2.
const ALIVE: &str = "\
    with alive as materialized ( \
        select m.id, m.leads from $schema.member m, $schema.run r \
        where m.seen_at > clock_timestamp() - make_interval(secs => r.lease_s) \
          and exists (select from pg_catalog.pg_locks l \
            where l.locktype = 'advisory' and l.granted and l.objsubid = 2 \
              and l.database = (select oid from pg_catalog.pg_database \
                where datname = current_database()) \
              and l.classid::bigint = ($1::integer::bigint & 4294967295) \
              and l.objid::bigint = m.id) \
    )";

/// A claim waits for no other: units that another claim looks at are passed over.
const CLAIM: &str = "\
    free as ( \
        select u.position from $schema.unit u \
        where u.loads = $2 and u.done_at is null \
          and (u.member is null or u.member not in (select id from alive)) \
          and exists (select from $schema.load l where l.loads = $2 and l.began_at is not null) \
        order by u.position limit $3 for update skip locked \
    ) \
    update $schema.unit u set member = $4, tries = tries + 1 \
    from free where u.loads = $2 and u.position = free.position returning u.position";
