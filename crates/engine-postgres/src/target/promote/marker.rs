//! The row that says, in the target itself and in the promote's own transaction, that a run took
//! place. After a lost connection nothing else can.

use diagnostics::code::STATEMENT_FAILED;
use runtime::EngineError;
use runtime::engine::RunInfo;

use crate::connect::Session;

/// Two first promotes in one database must not both create the table.
const CREATE: &str = "\
    select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('cutover marker', 0)); \
    create schema if not exists cutover; \
    create table if not exists cutover.run ( \
        run_id text primary key, \
        plan text not null, \
        compiled_digest text not null, \
        state text not null, \
        target_schema text not null, \
        kept_schema text, \
        promoted_by text not null default current_user, \
        promoted_at timestamptz not null default now(), \
        transaction xid8 not null default pg_current_xact_id())";

const INSERT: &str = "insert into cutover.run \
    (run_id, plan, compiled_digest, state, target_schema, kept_schema) \
    values ($1, $2, $3, 'promoted', $4, $5)";

pub(super) fn insert(
    session: &mut Session,
    run: &RunInfo,
    schema: &str,
    kept: Option<&str>,
) -> Result<(), EngineError> {
    if !table_exists(session)? {
        session.run(CREATE)?;
    }
    let values: [&(dyn postgres::types::ToSql + Sync); 5] =
        [&run.run_id, &run.plan_name, &run.compiled_digest, &schema, &kept];
    session.rows(&STATEMENT_FAILED, INSERT, &values).map(drop)
}

/// Whether the run's row is there.
pub(in crate::target) fn exists(session: &mut Session, run_id: &str) -> Result<bool, EngineError> {
    if !table_exists(session)? {
        return Ok(false);
    }
    let sql = "select exists (select from cutover.run where run_id = $1)";
    session.value(&STATEMENT_FAILED, sql, &[&run_id])
}

fn table_exists(session: &mut Session) -> Result<bool, EngineError> {
    let sql = "select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n \
        on n.oid = c.relnamespace where n.nspname = 'cutover' and c.relname = 'run')";
    session.value(&STATEMENT_FAILED, sql, &[])
}
