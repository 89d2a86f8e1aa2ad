//! The row that says, in the target itself and in the promote's own transaction, that a run took
//! place, and what it takes to go back. After a lost connection nothing else can.

use diagnostics::code::STATEMENT_FAILED;
use postgres::types::ToSql;
use runtime::EngineError;
use runtime::engine::RunInfo;

use crate::connect::Session;
use crate::record;
use crate::target::objects::Object;

/// Raised by one whenever an older program could misread the table; it stands in the table's comment.
/// 1 had no comment and only the first eight columns.
const FORMAT: u32 = 2;

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
        transaction xid8 not null default pg_current_xact_id()); \
    alter table cutover.run \
        add column if not exists ended_at timestamptz, \
        add column if not exists classes oid[], \
        add column if not exists objects oid[], \
        add column if not exists made_schema boolean, \
        add column if not exists schema_acl text[], \
        add column if not exists note text";

const INSERT: &str = "insert into cutover.run (run_id, plan, compiled_digest, state, target_schema, \
    kept_schema, classes, objects, made_schema, schema_acl, note) \
    values ($1, $2, $3, 'promoted', $4, $5, $6, $7, $8, $9, $10)";

/// What the row keeps besides the run itself.
pub(super) struct Way<'a> {
    pub(super) schema: &'a str,
    pub(super) kept: Option<&'a str>,
    /// What was promoted.
    pub(super) new: &'a [Object],
    /// The promote created the target schema.
    pub(super) made_schema: bool,
    /// Privileges on the target schema before; `None`: its owner's default ones.
    pub(super) schema_acl: Option<Vec<String>>,
    /// The staging schema's comment.
    pub(super) note: String,
}

pub(super) fn insert(
    session: &mut Session,
    run: &RunInfo,
    way: &Way<'_>,
) -> Result<(), EngineError> {
    if format(session)? != Some(FORMAT) {
        session.run(CREATE)?;
        session.run(&record::says("cutover.run", FORMAT))?;
    }
    let (classes, objects): (Vec<u32>, Vec<u32>) =
        way.new.iter().map(|object| object.address).unzip();
    let Way { schema, kept, made_schema, schema_acl, note, .. } = way;
    let values: [&(dyn ToSql + Sync); 10] = [
        &run.run_id,
        &run.plan_name,
        &run.compiled_digest,
        schema,
        kept,
        &classes,
        &objects,
        made_schema,
        schema_acl,
        note,
    ];
    session.rows(&STATEMENT_FAILED, INSERT, &values).map(drop)
}

/// Whether the run's row is there and says that its state is the one in place.
pub(in crate::target) fn exists(session: &mut Session, run_id: &str) -> Result<bool, EngineError> {
    if format(session)?.is_none() {
        return Ok(false);
    }
    let sql =
        "select exists (select from cutover.run where run_id = $1 and state <> 'rolled-back')";
    session.value(&STATEMENT_FAILED, sql, &[&run_id])
}

/// The format of the table; `None` where there is none.
///
/// # Errors
/// `RUN843` where it is newer than this program knows.
pub(in crate::target) fn format(session: &mut Session) -> Result<Option<u32>, EngineError> {
    record::format_of(session, ("cutover", "run"), FORMAT)
}

/// A promoted run as its row tells it.
pub(in crate::target) struct Row {
    pub(in crate::target) kept: Option<String>,
    pub(in crate::target) state: String,
    /// The promote's transaction, as `age(xid)` takes it.
    pub(in crate::target) transaction: String,
    pub(in crate::target) addresses: Vec<(u32, u32)>,
    pub(in crate::target) made_schema: bool,
    pub(in crate::target) schema_acl: Option<Vec<String>>,
    pub(in crate::target) note: Option<String>,
    /// A run that was promoted into the same schema after this one.
    pub(in crate::target) later: Option<String>,
}

/// `None` where there is no row, or one that does not say how to go back.
pub(in crate::target) fn read(
    session: &mut Session,
    run_id: &str,
) -> Result<Option<Row>, EngineError> {
    if format(session)?.is_none_or(|format| format < FORMAT) {
        return Ok(None);
    }
    let rows = session.rows(&STATEMENT_FAILED, READ, &[&run_id])?;
    Ok(rows.first().map(|row| {
        let (classes, objects): (Vec<u32>, Vec<u32>) = (row.get(3), row.get(4));
        Row {
            kept: row.get(0),
            state: row.get(1),
            transaction: row.get(2),
            addresses: classes.into_iter().zip(objects).collect(),
            made_schema: row.get(5),
            schema_acl: row.get(6),
            note: row.get(7),
            later: row.get(8),
        }
    }))
}

const READ: &str = "\
    select kept_schema, state, transaction::xid::text, classes, objects, made_schema, schema_acl, \
        note, (select l.run_id from cutover.run l where l.target_schema = r.target_schema \
            and l.state <> 'rolled-back' and l.transaction > r.transaction \
            order by l.transaction limit 1) \
    from cutover.run r where run_id = $1 and classes is not null";

/// Ends the run's row in the caller's transaction.
pub(in crate::target) fn end(
    session: &mut Session,
    run_id: &str,
    state: &str,
) -> Result<(), EngineError> {
    let sql = "update cutover.run set state = $2, ended_at = now(), kept_schema = null \
        where run_id = $1";
    session.rows(&STATEMENT_FAILED, sql, &[&run_id, &state]).map(drop)
}
