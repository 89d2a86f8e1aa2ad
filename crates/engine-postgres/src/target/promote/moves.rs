//! The single moves of a promote.

use std::collections::BTreeSet;

use catalog::{Catalog, HOME_SCHEMA, Kind, ObjectKey, properties};
use diagnostics::code::{INBOUND_REFERENCE, STATEMENT_FAILED, TARGET_NOT_EMPTY};
use ir::PostgresTarget;
use runtime::EngineError;
use sql::quote_literal;

use crate::connect::Session;
use crate::quote;
use crate::target::objects::Object;

/// Statements per round trip.
const BATCH: usize = 200;

/// Nobody reads or writes what is replaced from here to the commit.
pub(super) fn lock(session: &mut Session, schema: &str, old: &[Object]) -> Result<(), EngineError> {
    let tables: Vec<String> = old
        .iter()
        .filter(|object| object.is_table())
        .map(|table| format!("{}.{}", quote(schema), quote(&table.name)))
        .collect();
    if tables.is_empty() {
        return Ok(());
    }
    session.run(&format!("lock table {} in access exclusive mode", tables.join(", ")))
}

/// Moves objects, in the order given, which keeps the names in later statements true.
pub(super) fn to(
    session: &mut Session,
    objects: &[Object],
    schema: &str,
) -> Result<(), EngineError> {
    for batch in objects.chunks(BATCH) {
        let sql: String = batch.iter().map(|object| object.set_schema(schema)).collect();
        session.run(&sql).map_err(|error| clash(error, schema))?;
    }
    Ok(())
}

/// A name that something else in the target has (an index's, a sequence's, a type's).
fn clash(mut error: EngineError, schema: &str) -> EngineError {
    error.offset = None;
    if matches!(error.sqlstate.as_deref(), Some("42P07" | "42710" | "42723")) {
        error.code = &TARGET_NOT_EMPTY;
        error.object = Some(format!("schema {schema}"));
        error.help =
            Some("another object of the target has this name; rename one of them".to_owned());
    }
    error
}

pub(super) fn create_schema(
    session: &mut Session,
    target: &PostgresTarget,
) -> Result<(), EngineError> {
    let sql = "select exists (select from pg_namespace where nspname = $1)";
    if session.value(&STATEMENT_FAILED, sql, &[&target.schema])? {
        return Ok(());
    }
    let owner = target.owner.as_ref();
    let owner = owner.map_or_else(String::new, |owner| format!(" authorization {}", quote(owner)));
    session.run(&format!("create schema {}{owner}", quote(&target.schema)))
}

/// Hands the promoted objects to their owner. Their statements name the staging schema, so they are
/// asked for anew.
pub(super) fn give(
    session: &mut Session,
    schema: &str,
    new: &[Object],
    owner: &str,
) -> Result<(), EngineError> {
    let addresses: BTreeSet<_> = new.iter().map(|object| object.address).collect();
    let is_new = |object: &&Object| addresses.contains(&object.address);
    let here = crate::target::objects::of_schema(session, schema)?;
    let moved: Vec<&Object> = here.iter().filter(is_new).filter(|o| o.has_owner()).collect();
    for batch in moved.chunks(BATCH) {
        let sql: String = batch.iter().map(|object| object.owner_to(owner)).collect();
        session.run(&sql)?;
    }
    Ok(())
}

/// Functions that spell the home schema out (`SET search_path`, qualified names in a body) were
/// created with the staging schema's name, which stands for nothing else.
pub(super) fn rename_home(
    session: &mut Session,
    staging: &str,
    schema: &str,
) -> Result<(), EngineError> {
    let sql = "select pg_get_functiondef(p.oid) from pg_proc p \
        join pg_namespace n on n.oid = p.pronamespace \
        where n.nspname = $1 and p.prokind <> 'a' \
          and (strpos(p.prosrc, $2) > 0 or strpos(array_to_string(p.proconfig, ' '), $2) > 0)";
    for row in session.rows(&STATEMENT_FAILED, sql, &[&schema, &staging])? {
        let text: String = row.get(0);
        let text = text
            .replace(&quote_literal(staging), &quote_literal(schema))
            .replace(staging, &quote(schema));
        session.run(&text)?;
    }
    Ok(())
}

/// After the exchange nothing outside may still refer to an object that was moved aside.
pub(super) fn nothing_refers_to(session: &mut Session, kept: &str) -> Result<(), EngineError> {
    let old = crate::target::objects::of_schema(session, kept)?;
    match crate::target::existing::inbound(session, &old)?.first() {
        None => Ok(()),
        Some(inbound) => Err(refers(&inbound.shown)),
    }
}

pub(super) fn refers(shown: &str) -> EngineError {
    EngineError::new(&INBOUND_REFERENCE, format!("{shown} refers to a replaced object"))
        .object(shown)
        .help("write `inbound: carry`, or drop it before the run and create it again after")
}

/// Both catalogs without what cannot be compared: other objects of the target schema, and the
/// definitions of functions that spell the schema's name out, which was compared in staging.
pub(super) fn comparable(
    baseline: &Catalog,
    mut built: Catalog,
    new: &[Object],
) -> (Catalog, Catalog) {
    let mut expected = baseline.clone();
    let names: BTreeSet<&str> = new.iter().map(|object| object.name.as_str()).collect();
    built.objects.retain(|key, _| baseline.get(key).is_some() || names.contains(&*stem(key)));
    for (key, object) in &mut expected.objects {
        let spelled = object.get(properties::DEFINITION).is_some_and(|d| d.contains(HOME_SCHEMA));
        if spelled && let Some(other) = built.objects.get_mut(key) {
            object.properties.remove(properties::DEFINITION);
            other.properties.remove(properties::DEFINITION);
        }
    }
    (expected, built)
}

/// The name of the object that moves, of which `key` is a part.
pub(in crate::target) fn stem(key: &ObjectKey) -> String {
    let bare = |name: &str| name.split(['(', '.']).next().unwrap_or_default().to_owned();
    match key.kind {
        Kind::Grant => key.parent.split_once(' ').map_or_else(String::new, |(_, name)| bare(name)),
        _ if key.parent.is_empty() => bare(&key.name),
        _ => key.parent.clone(),
    }
}
