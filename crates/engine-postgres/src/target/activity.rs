//! What the server is doing for a run, from its own progress views.

use diagnostics::code::INTERNAL;
use runtime::EngineError;
use runtime::engine::Activity;

use crate::connect::Session;

/// Index builds: blocks while the table is read, then tuples. Copies: tuples; the total is not known
/// to the server. Only sessions of this run, by the name of their application.
const INDEXES: &str = "\
    select 'index ' || coalesce(i.relname, '') , p.phase, \
        case when p.tuples_total > 0 then p.tuples_done else p.blocks_done end, \
        case when p.tuples_total > 0 then p.tuples_total else nullif(p.blocks_total, 0) end \
    from pg_stat_progress_create_index p join pg_stat_activity a using (pid) \
    left join pg_class i on i.oid = p.index_relid \
    where a.application_name like $1 order by 1";
const COPIES: &str = "\
    select 'copy into ' || c.relname, '', p.tuples_processed, null::bigint \
    from pg_stat_progress_copy p join pg_stat_activity a using (pid) join pg_class c on c.oid = p.relid \
    where p.command = 'COPY FROM' and a.application_name like $1 order by 1";

/// # Errors
/// What the server says.
pub(super) fn ask(lead: &mut Session, run: &str) -> Result<Vec<Activity>, EngineError> {
    let mut rows = lead.rows(&INTERNAL, INDEXES, &[&run])?;
    // PostgreSQL 13 has no view of copies.
    if lead.version() >= 140_000 {
        rows.extend(lead.rows(&INTERNAL, COPIES, &[&run])?);
    }
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    let activity = |row: &postgres::Row| Activity {
        what: row.get(0),
        phase: row.get(1),
        done: count(row.get(2)),
        total: row.get::<_, Option<i64>>(3).map(count),
    };
    Ok(rows.iter().map(activity).collect())
}
