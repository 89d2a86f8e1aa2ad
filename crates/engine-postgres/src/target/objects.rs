//! What moves from schema to schema, and what it takes the place of.

use std::collections::BTreeSet;

use diagnostics::code::STATEMENT_FAILED;
use runtime::EngineError;

use crate::connect::Session;

/// An object that moves by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Object {
    /// OID of its system catalog, and its own.
    pub(super) address: (u32, u32),
    /// `table`, `function`, `materialized view`.
    pub(super) kind: String,
    pub(super) name: String,
    /// Name and argument types: what must be unique among objects of this catalog.
    identity: String,
    /// `alter table "s"."t"`
    alter: String,
    /// We may alter it.
    pub(super) ours: bool,
}

impl Object {
    /// `table orders`
    pub(super) fn shown(&self) -> String {
        format!(
            "{} {}",
            self.kind,
            if self.kind == "function" { &self.identity } else { &self.name }
        )
    }

    pub(super) fn is_table(&self) -> bool {
        self.kind == "table"
    }

    pub(super) fn set_schema(&self, schema: &str) -> String {
        format!("{} set schema {};", self.alter, crate::quote(schema))
    }

    pub(super) fn owner_to(&self, owner: &str) -> String {
        format!("{} owner to {};", self.alter, crate::quote(owner))
    }

    /// Multiranges belong to their range's owner.
    pub(super) fn has_owner(&self) -> bool {
        self.kind != "multirange"
    }
}

/// In the order in which they can be altered.
pub(super) fn of_schema(session: &mut Session, schema: &str) -> Result<Vec<Object>, EngineError> {
    let rows = session.rows(&STATEMENT_FAILED, include_str!("objects.sql"), &[&schema])?;
    let objects = rows.iter().map(|row| Object {
        address: (row.get(0), row.get(1)),
        kind: row.get(2),
        name: row.get(3),
        identity: row.get(4),
        alter: row.get(5),
        ours: row.get(6),
    });
    Ok(objects.collect())
}

/// Those of `old` whose place one of `new` takes, with what cannot stay behind: partitions and
/// inheritance children of a replaced table, and its extended statistics.
pub(super) fn replaced_by(
    session: &mut Session,
    old: Vec<Object>,
    new: &[Object],
) -> Result<Vec<Object>, EngineError> {
    let names: BTreeSet<(u32, &str)> =
        new.iter().map(|object| (object.address.0, object.identity.as_str())).collect();
    let direct = |object: &&Object| names.contains(&(object.address.0, object.identity.as_str()));
    let oids: Vec<u32> = old.iter().filter(direct).map(|object| object.address.1).collect();
    let rows = session.rows(&STATEMENT_FAILED, FOLLOWERS, &[&oids])?;
    let followers: BTreeSet<u32> = rows.iter().map(|row| row.get(0)).collect();
    let is_replaced = |object: &Object| direct(&object) || followers.contains(&object.address.1);
    Ok(old.into_iter().filter(is_replaced).collect())
}

const FOLLOWERS: &str = "with recursive tree (oid) as ( \
        select unnest($1::oid[]) \
        union select i.inhrelid from pg_inherits i join tree on tree.oid = i.inhparent) \
    select oid from tree where not oid = any ($1) \
    union select x.oid from pg_statistic_ext x join tree on tree.oid = x.stxrelid";
