//! What is in the target already: what the plan would replace, who refers to it from outside, and
//! whether it changes while the run builds.

use std::collections::BTreeSet;

use catalog::{Catalog, Scope as Facts};
use diagnostics::code::STATEMENT_FAILED;
use runtime::EngineError;
use runtime::engine::ReplacedTable;
use sha2::{Digest as _, Sha256};

use super::objects::Object;
use super::promote::stem;
use crate::connect::Session;
use crate::introspect::{Scope, introspect};
use crate::quote;

/// Tables up to this many pages (160 MB) are read to see whether a row changed; of larger ones the
/// server's own counters of changes are taken, which lag behind by some seconds.
const READ_PAGES: i32 = 20_000;

/// What identifies the state of the replaced objects: their definitions, grants and comments, and
/// for each table its row count and the sum of its row versions (`xmin`), or for large tables the
/// counters of inserted, updated and deleted rows.
pub(super) struct Before {
    pub(super) fingerprint: String,
    pub(super) tables: Vec<ReplacedTable>,
}

pub(super) fn look(
    session: &mut Session,
    schema: &str,
    replaced: &[Object],
) -> Result<Before, EngineError> {
    let mut hash = Sha256::new();
    if !replaced.is_empty() {
        let catalog = introspect(session, &Scope::Schema(schema.to_owned()))?;
        hash.update(catalog::fingerprint(&only(catalog, replaced), Facts::default()));
    }
    let mut tables = Vec::new();
    for object in replaced {
        hash.update(object.shown());
        hash.update([0]);
        if object.is_table() {
            let (rows, sign) = rows(session, schema, object)?;
            hash.update(sign);
            tables.push(ReplacedTable { table: object.name.clone(), rows });
        }
    }
    let fingerprint = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Before { fingerprint, tables })
}

/// The replaced objects and what belongs to them.
fn only(mut catalog: Catalog, replaced: &[Object]) -> Catalog {
    let names: BTreeSet<&str> = replaced.iter().map(|object| object.name.as_str()).collect();
    catalog.objects.retain(|key, _| names.contains(&*stem(key)));
    catalog
}

fn rows(session: &mut Session, schema: &str, table: &Object) -> Result<(u64, String), EngineError> {
    let oid = table.address.1;
    let pages: i32 = session.value(
        &STATEMENT_FAILED,
        "select relpages from pg_class where oid = $1",
        &[&oid],
    )?;
    let sql = if pages <= READ_PAGES {
        let name = format!("{}.{}", quote(schema), quote(&table.name));
        format!(
            "select count(*), coalesce(sum(xmin::text::bigint), 0)::text from only {name} \
             where $1::oid is not null"
        )
    } else {
        "select greatest(reltuples, 0)::bigint, \
            concat_ws(' ', pg_stat_get_tuples_inserted(oid), pg_stat_get_tuples_updated(oid), \
                pg_stat_get_tuples_deleted(oid)) from pg_class where oid = $1"
            .to_owned()
    };
    let row = session.rows(&STATEMENT_FAILED, &sql, &[&oid])?;
    let (count, sign): (i64, String) =
        row.first().map(|row| (row.get(0), row.get(1))).unwrap_or_default();
    Ok((u64::try_from(count).unwrap_or(0), format!("{count} {sign}")))
}

/// Something outside that refers to a replaced object.
pub(super) struct Inbound {
    /// `foreign key x of table shop.y`, `view reports.z`.
    pub(super) shown: String,
    pub(super) carry: Option<Carry>,
}

/// How the reference is taken along; names are qualified, so they mean the new objects afterwards.
pub(super) struct Carry {
    /// Before the old objects move away.
    pub(super) detach: String,
    /// After the new ones have come.
    pub(super) attach: String,
}

/// References from outside `replaced`, in the order in which they can be attached again.
pub(super) fn inbound(
    session: &mut Session,
    replaced: &[Object],
) -> Result<Vec<Inbound>, EngineError> {
    let oids: Vec<u32> = replaced.iter().map(|object| object.address.1).collect();
    let classes: Vec<u32> = replaced.iter().map(|object| object.address.0).collect();
    let sql = include_str!("inbound.sql");
    let rows = session.rows(&STATEMENT_FAILED, sql, &[&oids, &classes])?;
    let mut found: Vec<Inbound> = Vec::new();
    for row in &rows {
        let shown: String = row.get(0);
        let (detach, attach): (Option<String>, Option<String>) = (row.get(1), row.get(2));
        let carry = detach.zip(attach).map(|(detach, attach)| Carry { detach, attach });
        // One object may refer in two ways; it is carried only where both can be.
        match found.iter_mut().find(|inbound| inbound.shown == shown) {
            Some(known) if carry.is_none() => known.carry = None,
            Some(_) => {}
            None => found.push(Inbound { shown, carry }),
        }
    }
    Ok(found)
}
