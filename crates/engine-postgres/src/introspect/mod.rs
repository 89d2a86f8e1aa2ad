//! Introspection: a live database into a catalog.
//!
//! Every query beside this file reads one family of objects for all schemas in scope at once and
//! returns the same seven columns: kind, schema, parent, name, properties (a JSON object of
//! strings, names as in `catalog::properties`), comment, owner. Parameters: `$1` the schemas, `$2`
//! the home schema (0 for a whole database). A line that ends in `-- from N` is for PostgreSQL N
//! and newer.

mod arrays;

use std::collections::BTreeMap;

use catalog::{Catalog, HOME_SCHEMA, Kind, Object, ObjectKey, names, properties};
use diagnostics::code::{INTERNAL, STATEMENT_FAILED};
use postgres::Row;
use runtime::EngineError;
use serde::Deserialize as _;
use serde::de::value::{Error as ValueError, StrDeserializer};

use crate::connect::Session;

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One schema, which the catalog has as the empty schema name.
    Schema(String),
    /// Everything but the system's own schemas; names keep their schema.
    Database,
}

/// Read in both scopes.
const QUERIES: [&str; 11] = [
    include_str!("relations.sql"),
    include_str!("columns.sql"),
    include_str!("constraints.sql"),
    include_str!("indexes.sql"),
    include_str!("sequences.sql"),
    include_str!("functions.sql"),
    include_str!("types.sql"),
    include_str!("attached.sql"),
    include_str!("others.sql"),
    include_str!("grants.sql"),
    include_str!("default_privileges.sql"),
];
const EXTENSIONS: &str = include_str!("extensions.sql");
const DATABASE: &str = include_str!("database.sql");

const SCHEMAS: &str = "select n.oid, n.nspname from pg_catalog.pg_namespace n \
    where n.nspname !~ '^(pg_|information_schema$)' order by n.nspname";

/// Schemas of installed extensions, without the system catalog.
const EXTENSION_SCHEMAS: &str = "select distinct n.nspname::text from pg_catalog.pg_extension e \
    join pg_catalog.pg_namespace n on n.oid = e.extnamespace \
    where n.nspname <> 'pg_catalog' order by 1";

/// Reads the catalog. Takes no locks that block anybody; works inside and outside a transaction.
///
/// # Errors
/// What the server says; a schema that does not exist gives an empty catalog.
pub fn introspect(session: &mut Session, scope: &Scope) -> Result<Catalog, EngineError> {
    let (home, schemas) = in_scope(session, scope)?;
    let path = match scope {
        Scope::Schema(name) => search_path(session, name)?,
        Scope::Database => "pg_catalog".to_owned(),
    };
    let before: String =
        session.value(&STATEMENT_FAILED, "select current_setting('search_path')", &[])?;
    set_search_path(session, &path)?;
    let mut catalog = Catalog::default();
    let last: &[&str] = if home == 0 { &[EXTENSIONS, DATABASE] } else { &[EXTENSIONS] };
    for query in QUERIES.iter().chain(last) {
        let sql = for_version(query, session.major());
        for row in session.rows(&STATEMENT_FAILED, &sql, &[&schemas, &home])? {
            let (key, mut object) = decode(&row)?;
            name_home(&mut object, scope);
            settle_expressions(&key, &mut object);
            catalog.insert(key, object);
        }
    }
    set_search_path(session, &before)?;
    mark_generated_names(&mut catalog);
    drop_made_sequence_names(&mut catalog);
    Ok(catalog)
}

/// The schema first, then those of extensions, so that their names need no qualifier.
///
/// # Errors
/// What the server says.
pub fn search_path(session: &mut Session, schema: &str) -> Result<String, EngineError> {
    let rows = session.rows(&STATEMENT_FAILED, EXTENSION_SCHEMAS, &[])?;
    let mut path = vec![quoted(schema)];
    path.extend(
        rows.iter()
            .map(|row| quoted(row.get(0)))
            .filter(|name| *name != path[0])
            .collect::<Vec<_>>(),
    );
    Ok(path.join(", "))
}

/// A schema's name in a search path.
fn quoted(name: &str) -> String {
    crate::quote(name)
}

/// Sets the path for the session (or back with the transaction that does not commit).
///
/// # Errors
/// What the server says.
pub fn set_search_path(session: &mut Session, path: &str) -> Result<(), EngineError> {
    let sql = "select pg_catalog.set_config('search_path', $1, false)";
    session.rows(&STATEMENT_FAILED, sql, &[&path]).map(drop)
}

fn in_scope(session: &mut Session, scope: &Scope) -> Result<(u32, Vec<u32>), EngineError> {
    let all: Vec<(u32, String)> = session
        .rows(&STATEMENT_FAILED, SCHEMAS, &[])?
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    Ok(match scope {
        Scope::Database => (0, all.into_iter().map(|(oid, _)| oid).collect()),
        Scope::Schema(name) => {
            let home = all.into_iter().find(|(_, found)| found == name).map(|(oid, _)| oid);
            // u32::MAX is no oid: the queries then find nothing, and 0 would mean the database.
            (home.unwrap_or(u32::MAX), home.into_iter().collect())
        }
    })
}

fn for_version(sql: &str, major: u32) -> String {
    let wanted = |line: &&str| match line.rsplit_once("-- from ") {
        Some((_, from)) => from.trim().parse().is_ok_and(|from: u32| major >= from),
        None => true,
    };
    sql.lines().filter(wanted).collect::<Vec<_>>().join("\n")
}

fn decode(row: &Row) -> Result<(ObjectKey, Object), EngineError> {
    let text = |at: usize| -> Result<Option<String>, EngineError> {
        row.try_get(at).map_err(|error| crate::sqlstate::error(&INTERNAL, &error))
    };
    let required = |at| text(at).map(Option::unwrap_or_default);
    let word = required(0)?;
    let from: StrDeserializer<'_, ValueError> =
        serde::de::IntoDeserializer::into_deserializer(word.as_str());
    let kind =
        Kind::deserialize(from).map_err(|error| EngineError::new(&INTERNAL, error.to_string()))?;
    let properties: BTreeMap<String, String> = serde_json::from_str(&required(4)?)
        .map_err(|error| EngineError::new(&INTERNAL, error.to_string()))?;
    let key = ObjectKey::new(kind, required(3)?).in_schema(required(1)?).on(required(2)?);
    let object = Object { properties, comment: text(5)?, owner: text(6)?, ..Object::default() };
    Ok((key, object))
}

/// Bodies and settings of functions may spell the home schema out. Where its name is one of ours
/// and therefore unmistakable, it is written as [`catalog::HOME_SCHEMA`].
fn name_home(object: &mut Object, scope: &Scope) {
    let Scope::Schema(home) = scope else { return };
    if !home.starts_with("cutover") {
        return;
    }
    if let Some(text) = object.properties.get_mut(properties::DEFINITION) {
        *text = text
            .replace(&sql::quote_literal(home), HOME_SCHEMA)
            .replace(&crate::quote(home), HOME_SCHEMA);
    }
}

/// Bodies of functions are the user's own text; every other text is PostgreSQL's.
fn settle_expressions(key: &ObjectKey, object: &mut Object) {
    if key.kind != Kind::Function {
        for text in object.properties.values_mut().filter(|text| text.contains("]::")) {
            *text = arrays::push_casts_down(text);
        }
    }
}

/// A constraint whose name is the one PostgreSQL would have made, perhaps with a number behind it;
/// and what is attached to an index of the partitioned table, which PostgreSQL names as well.
fn mark_generated_names(catalog: &mut Catalog) {
    for (key, object) in &mut catalog.objects {
        let attached = object.get(properties::PARTITION_OF).is_some();
        object.generated_name = match key.kind {
            Kind::Constraint => attached || has_generated_name(key, object),
            Kind::Index => attached,
            _ => false,
        };
    }
}

/// The sequence of an identity column has a name worth keeping only where PostgreSQL would have
/// made another.
fn drop_made_sequence_names(catalog: &mut Catalog) {
    let name = properties::IDENTITY_SEQUENCE_NAME;
    for (key, object) in catalog.objects.iter_mut().filter(|(key, _)| key.kind == Kind::Column) {
        let made = || names::choose(&key.parent, &[&key.name], "seq", |_| false);
        if object.properties.get(name).is_some_and(|found| *found == made()) {
            object.properties.remove(name);
        }
    }
}

fn has_generated_name(key: &ObjectKey, object: &Object) -> bool {
    let listed = object.get(properties::COLUMNS).unwrap_or_default();
    let columns: Vec<String> = properties::names_of(listed);
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let base = |columns: &[&str], label| names::choose(&key.parent, columns, label, |_| false);
    let candidates = match object.get(properties::TYPE) {
        Some("primary key") => vec![base(&[], "pkey")],
        Some("unique") => vec![base(&columns, "key")],
        Some("foreign key") => vec![base(&columns, "fkey")],
        Some("exclude") => vec![base(&columns, "excl")],
        Some("check") => vec![base(&[], "check"), base(&columns, "check")],
        _ => Vec::new(),
    };
    let unnumbered = key.name.trim_end_matches(|c: char| c.is_ascii_digit());
    candidates.iter().any(|name| *name == key.name || name == unnumbered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_for_newer_servers_are_left_out() {
        let sql = "a,\nb, -- from 14\nc";
        assert_eq!(for_version(sql, 13), "a,\nc");
        assert_eq!(for_version(sql, 14), sql);
    }
}
