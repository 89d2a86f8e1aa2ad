//! The way back: one transaction that is the promote's inverse.
//!
//! ```text
//! lock both states ─► written to since? ─► new objects aside ─► old ones back ─► references from
//!   outside carried back ─► schema as it was ─► marker row ─► COMMIT ─► what was promoted is dropped
//! ```
//! The new objects go into a schema of the staging schema's name, with its comment: until they are
//! dropped they are what any unfinished run leaves.

use std::collections::BTreeMap;

use diagnostics::code::{NOTHING_KEPT, PROMOTED_SINCE, STATEMENT_FAILED};
use ir::PostgresTarget;
use runtime::EngineError;
use runtime::RowDigest;
use runtime::engine::{Restore, Restored, WrittenSince, new_rows};

use super::{blocked, commit, marker, moves};
use crate::connect::Session;
use crate::quote;
use crate::target::existing::{self, Carry};
use crate::target::objects::{self, Object};
use crate::target::staging::{self, Note};

/// One rollback.
pub(in crate::target) struct Restoring<'a> {
    pub(in crate::target) request: Restore<'a>,
    pub(in crate::target) target: &'a PostgresTarget,
}

impl Restoring<'_> {
    pub(in crate::target) fn run(&self, session: &mut Session) -> Result<Restored, EngineError> {
        session.run("begin")?;
        let done = self.inside(session).and_then(|restored| {
            commit(session)?;
            Ok(restored)
        });
        done.map_err(|error| {
            // Where the session is gone the server rolls back by itself.
            drop(session.run("rollback; set search_path = pg_catalog"));
            blocked(session, &self.target.schema, error)
        })
    }

    fn inside(&self, session: &mut Session) -> Result<Restored, EngineError> {
        let ms = self.request.plan.settings.lock_timeout_ms.max(1);
        session
            .run(&format!("set local lock_timeout = {ms}; set local search_path = pg_catalog"))?;
        let run_id = &self.request.run.run_id;
        let row = marker::read(session, run_id)?.ok_or_else(|| self.no_way_back())?;
        self.is_in_place(&row)?;
        let schema = &self.target.schema;
        let mut new = objects::of_schema(session, schema)?;
        new.retain(|object| row.addresses.contains(&object.address));
        moves::lock(session, schema, &new)?;
        let discarded = self.written_since(session, &new, &row)?;
        if !discarded.is_empty() && !self.request.discard_new_rows {
            return Err(new_rows(&discarded).object(format!("schema {schema}")));
        }
        self.exchange(session, &new, &row)?;
        schema_as_it_was(session, schema, &row)?;
        marker::end(session, run_id, "rolled-back")?;
        Ok(Restored { discarded })
    }

    fn is_in_place(&self, row: &marker::Row) -> Result<(), EngineError> {
        let schema = format!("schema {}", self.target.schema);
        if let Some(later) = &row.later {
            let message = format!("run {later} was promoted after it");
            return Err(EngineError::new(&PROMOTED_SINCE, message)
                .object(schema)
                .help(format!("roll that one back first: `cutover rollback --run {later}`")));
        }
        if row.state == "rolled-back" {
            let message = "the previous state is back already";
            return Err(EngineError::new(&NOTHING_KEPT, message).object(schema));
        }
        if self.request.kept.is_some() && row.kept.is_none() {
            return Err(self.no_way_back());
        }
        Ok(())
    }

    fn no_way_back(&self) -> EngineError {
        let run = &self.request.run.run_id;
        EngineError::new(&NOTHING_KEPT, format!("the state that run {run} replaced is not kept"))
            .object(format!("schema {}", self.target.schema))
            .help("restore a backup instead: `cutover status` names them")
    }

    /// Rows whose version is younger than the promote's transaction, and rows that are gone.
    fn written_since(
        &self,
        session: &mut Session,
        new: &[Object],
        row: &marker::Row,
    ) -> Result<Vec<WrittenSince>, EngineError> {
        let mut found = Vec::new();
        for table in new.iter().filter(|object| object.is_table()) {
            let counts = counts(session, &self.target.schema, table, &row.transaction)?;
            let Some((written, untouched)) = counts else { continue };
            let before = promoted(self.request.promoted, &table.name);
            let removed = before.map_or(0, |digest| digest.rows.saturating_sub(untouched));
            if written + removed > 0 {
                found.push(WrittenSince { table: table.name.clone(), written, removed });
            }
        }
        Ok(found)
    }

    fn exchange(
        &self,
        session: &mut Session,
        new: &[Object],
        row: &marker::Row,
    ) -> Result<(), EngineError> {
        let schema = &self.target.schema;
        let carried = self.inbound(session, new, row)?;
        let old = match &row.kept {
            Some(kept) => objects::of_schema(session, kept)?,
            None => Vec::new(),
        };
        let aside = staging::name(&self.request.run.run_id);
        for carry in &carried {
            session.run(&carry.detach)?;
        }
        session.run(&format!(
            "create schema {0}; revoke all on schema {0} from public",
            quote(&aside)
        ))?;
        let note = row.note.as_deref().and_then(|text| serde_json::from_str::<Note>(text).ok());
        note.map_or(Ok(()), |note| note.put(session, &aside))?;
        moves::to(session, new, &aside)?;
        if let Some(kept) = &row.kept {
            moves::to(session, &old, schema)?;
            session.run(&format!("drop schema {} restrict", quote(kept)))?;
        }
        for carry in &carried {
            session.run(&carry.attach)?;
        }
        moves::nothing_refers_to(session, &aside)
    }

    /// References from outside go back to the old objects, where there are such.
    fn inbound(
        &self,
        session: &mut Session,
        new: &[Object],
        row: &marker::Row,
    ) -> Result<Vec<Carry>, EngineError> {
        let found = existing::inbound(session, new)?;
        let carried = found.into_iter().map(|inbound| match inbound.carry {
            Some(carry) if row.kept.is_some() => Ok(carry),
            _ => Err(moves::refers(&inbound.shown)),
        });
        carried.collect()
    }
}

fn promoted<'a>(all: &'a BTreeMap<String, RowDigest>, table: &str) -> Option<&'a RowDigest> {
    all.iter().find(|(name, _)| name.as_str() == table).map(|(_, digest)| digest)
}

/// Rows of the table written by later transactions, and all others; `None` for a partition, which its
/// parent counts. `age` is right as long as the promote is less than two thousand million
/// transactions ago, and frozen rows keep their `xmin`.
fn counts(
    session: &mut Session,
    schema: &str,
    table: &Object,
    transaction: &str,
) -> Result<Option<(u64, u64)>, EngineError> {
    let sql = "select relispartition from pg_class where oid = $1";
    if session.value(&STATEMENT_FAILED, sql, &[&table.address.1])? {
        return Ok(None);
    }
    let sql = format!(
        "select count(*) filter (where age(xmin) < age($1::text::xid)), \
             count(*) filter (where age(xmin) >= age($1::text::xid)) from {}.{}",
        quote(schema),
        quote(&table.name)
    );
    let rows = session.rows(&STATEMENT_FAILED, &sql, &[&transaction])?;
    let count = |at: usize| rows.first().map_or(0, |row| row.get::<_, i64>(at).unsigned_abs());
    Ok(Some((count(0), count(1))))
}

/// Privileges on the schema: `{owner=UC/owner,app=U/owner}`; `None` where there is no such schema or
/// it has the default ones.
pub(super) fn acl(session: &mut Session, schema: &str) -> Result<Option<Vec<String>>, EngineError> {
    let sql = "select nspacl::text[] from pg_catalog.pg_namespace where nspname = $1";
    let rows = session.rows(&STATEMENT_FAILED, sql, &[&schema])?;
    Ok(rows.first().and_then(|row| row.get(0)))
}

/// A schema that the promote made goes, unless something else came into it; any other one gets the
/// privileges back that it had.
fn schema_as_it_was(
    session: &mut Session,
    schema: &str,
    row: &marker::Row,
) -> Result<(), EngineError> {
    if row.made_schema {
        if objects::of_schema(session, schema)?.is_empty() {
            session.run(&format!("drop schema {} restrict", quote(schema)))?;
        }
        return Ok(());
    }
    let rows = session.rows(&STATEMENT_FAILED, GRANTS, &[&schema, &row.schema_acl])?;
    let sql: String = rows.iter().map(|row| row.get::<_, String>(0)).collect();
    session.run(&sql)
}

/// What turns the privileges on schema $1 into those of $2.
const GRANTS: &str = "\
    with s as (select nspname, nspowner, nspacl from pg_namespace where nspname = $1), \
    now as (select a.grantee, a.privilege_type, a.is_grantable from s, \
        aclexplode(coalesce(s.nspacl, acldefault('n', s.nspowner))) a), \
    was as (select a.grantee, a.privilege_type, a.is_grantable from s, \
        aclexplode(coalesce($2::text[]::aclitem[], acldefault('n', s.nspowner))) a), \
    role (oid, name) as (select oid, quote_ident(rolname) from pg_roles \
        union all select 0, 'public') \
    select format('revoke %s on schema %I from %s;', privilege_type, $1::text, role.name) \
    from (table now except table was) gone join role on role.oid = gone.grantee \
    union all \
    select format('grant %s on schema %I to %s%s;', privilege_type, $1::text, role.name, \
        case when is_grantable then ' with grant option' else '' end) \
    from (table was except table now) back join role on role.oid = back.grantee";
