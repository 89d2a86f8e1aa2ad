//! What belongs into a dump that must be restorable alone, and what is no part of one.

use std::collections::{BTreeMap, BTreeSet};

use diagnostics::code::{BACKUP_FAILED, SCHEMA_MISSING};
use runtime::EngineError;

use crate::connect::Session;

const ALL: &str = "select n.nspname::text from pg_namespace n \
    where n.nspname !~ '^(pg_|information_schema$)' and not exists (select from pg_depend d \
        where d.classid = 'pg_namespace'::regclass and d.objid = n.oid and d.deptype = 'e') \
    order by 1";

/// Schemas whose objects those of $1 refer to, but for objects of extensions.
const REFERRED: &str = "\
    with member (classid, objid, nsp) as ( \
        select 'pg_class'::regclass::oid, oid, relnamespace from pg_class \
        union all select 'pg_type'::regclass, oid, typnamespace from pg_type \
        union all select 'pg_proc'::regclass, oid, pronamespace from pg_proc \
        union all select 'pg_operator'::regclass, oid, oprnamespace from pg_operator \
        union all select 'pg_opclass'::regclass, oid, opcnamespace from pg_opclass \
        union all select 'pg_collation'::regclass, oid, collnamespace from pg_collation \
        union all select 'pg_ts_config'::regclass, oid, cfgnamespace from pg_ts_config \
        union all select 'pg_constraint'::regclass, oid, connamespace from pg_constraint \
        union all select 'pg_rewrite'::regclass, r.oid, c.relnamespace \
            from pg_rewrite r join pg_class c on c.oid = r.ev_class \
        union all select 'pg_trigger'::regclass, t.oid, c.relnamespace \
            from pg_trigger t join pg_class c on c.oid = t.tgrelid \
        union all select 'pg_policy'::regclass, p.oid, c.relnamespace \
            from pg_policy p join pg_class c on c.oid = p.polrelid \
        union all select 'pg_attrdef'::regclass, a.oid, c.relnamespace \
            from pg_attrdef a join pg_class c on c.oid = a.adrelid) \
    select distinct theirs.nspname::text from pg_depend d \
    join member a on a.classid = d.classid and a.objid = d.objid \
    join member b on b.classid = d.refclassid and b.objid = d.refobjid \
    join pg_namespace ours on ours.oid = a.nsp join pg_namespace theirs on theirs.oid = b.nsp \
    where ours.nspname = any ($1) and theirs.nspname <> all ($1) \
      and theirs.nspname !~ '^(pg_|information_schema$)' \
      and not exists (select from pg_depend e where e.classid = d.refclassid \
        and e.objid = d.refobjid and e.deptype = 'e')";

/// The wanted schemas (all, where none is named) and those that they cannot be restored without.
pub(super) fn schemas(
    session: &mut Session,
    wanted: &[String],
) -> Result<Vec<String>, EngineError> {
    let all: BTreeSet<String> = names(session, ALL, &[])?;
    if let Some(missing) = wanted.iter().find(|name| !all.contains(*name)) {
        let message = format!("the database has no schema `{missing}`");
        return Err(EngineError::new(&SCHEMA_MISSING, message).help("name another one"));
    }
    if wanted.is_empty() {
        return Ok(all.into_iter().collect());
    }
    let mut schemas: BTreeSet<String> = wanted.iter().cloned().collect();
    loop {
        let known: Vec<String> = schemas.iter().cloned().collect();
        let more = names(session, REFERRED, &[&known])?;
        if more.is_empty() {
            return Ok(known);
        }
        schemas.extend(more);
    }
}

fn names(
    session: &mut Session,
    sql: &str,
    values: &[&(dyn postgres::types::ToSql + Sync)],
) -> Result<BTreeSet<String>, EngineError> {
    let rows = session.rows(&BACKUP_FAILED, sql, values)?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Extensions with their schemas.
pub(super) fn extensions(session: &mut Session) -> Result<BTreeMap<String, String>, EngineError> {
    let sql = "select e.extname::text, n.nspname::text from pg_extension e \
        join pg_namespace n on n.oid = e.extnamespace where e.extname <> 'plpgsql'";
    let rows = session.rows(&BACKUP_FAILED, sql, &[])?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Owners of objects in the schemas, and who else has rights in this database.
pub(super) fn roles(session: &mut Session, schemas: &[String]) -> Result<Vec<String>, EngineError> {
    let sql = "with ours as (select oid, nspowner from pg_namespace where nspname = any ($1)), \
        owner (oid) as (select nspowner from ours \
            union select relowner from pg_class where relnamespace in (select oid from ours) \
            union select typowner from pg_type where typnamespace in (select oid from ours) \
            union select proowner from pg_proc where pronamespace in (select oid from ours) \
            union select refobjid from pg_shdepend where refclassid = 'pg_authid'::regclass \
                and dbid = (select oid from pg_database where datname = current_database())) \
        select rolname::text from pg_roles r join owner on owner.oid = r.oid \
        where rolname !~ '^pg_'";
    Ok(names(session, sql, &[&schemas])?.into_iter().collect())
}

/// What exists and a dump of schemas does not hold, one sentence each.
pub(super) fn left_out(
    session: &mut Session,
    schemas: &[String],
) -> Result<Vec<String>, EngineError> {
    let sql = "select n, what from ( \
        select (select count(*) from pg_largeobject_metadata) n, 'large object' what \
        union all select (select count(*) from pg_event_trigger), 'event trigger' \
        union all select (select count(*) from pg_publication), 'publication' \
        union all select (select count(*) from pg_foreign_server), 'foreign server' \
        union all select (select count(*) from pg_class c join pg_namespace s \
            on s.oid = c.relnamespace where c.relkind = 'f' and s.nspname = any ($1)), \
            'foreign table''s rows') x where n > 0";
    let rows = session.rows(&BACKUP_FAILED, sql, &[&schemas])?;
    let sentence = |row: &postgres::Row| {
        let (n, what): (i64, String) = (row.get(0), row.get(1));
        let count = diagnostics::plural(usize::try_from(n).unwrap_or(usize::MAX), &what);
        format!("{count} of the database: no part of a dump of schemas")
    };
    Ok(rows.iter().map(sentence).collect())
}
