//! Introspection: a live database into a catalog.
//!
//! Every query beside this file reads one family of objects for all schemas in scope at once;
//! `row.rs` says how its columns become objects. Parameters, unless the query says otherwise: `$1` the
//! schemas, `$2` the home schema (0 for a whole database). A line that ends in `-- from N` is for
//! PostgreSQL N and newer.

mod arrays;
mod comments;
mod constraints;
mod indexes;
mod moment;
mod relations;
mod row;
mod sequences;
mod shape;

use std::collections::BTreeSet;

use catalog::{Catalog, HOME_SCHEMA, Kind, Object, ObjectKey, names, properties};
use diagnostics::code::STATEMENT_FAILED;
use postgres::Row;
use postgres::fallible_iterator::FallibleIterator as _;
use postgres::types::{ToSql, Type};
use runtime::EngineError;

use self::comments::Comments;
use self::row::Layout;
use crate::connect::Session;

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One schema, which the catalog has as the empty schema name.
    Schema(String),
    /// Everything but the system's own schemas; names keep their schema.
    Database,
}

/// Read in both scopes after the relations: the query, and the system catalogs of which one must
/// have an object in the schemas for it to find anything. Planning it costs more than that look.
const FAMILIES: [(&str, &[&str]); 6] = [
    (include_str!("functions.sql"), &["pg_proc"]),
    (include_str!("types.sql"), &["pg_type"]),
    (include_str!("attached.sql"), &["pg_class"]),
    (
        include_str!("others.sql"),
        &[
            "pg_collation",
            "pg_conversion",
            "pg_opclass",
            "pg_operator",
            "pg_opfamily",
            "pg_statistic_ext",
            "pg_ts_config",
            "pg_ts_dict",
            "pg_ts_parser",
            "pg_ts_template",
        ],
    ),
    (include_str!("grants.sql"), &[]),
    (include_str!("default_privileges.sql"), &[]),
];
/// Every object of a schema depends on it, and dependencies have an index.
const PRESENT: &str = "select distinct d.classid::regclass::text as _catalog from pg_depend d \
    where d.refclassid = 'pg_namespace'::regclass and d.refobjid = any ($1)";
const EXTENSIONS: &str = include_str!("extensions.sql");
const DATABASE: &str = include_str!("database.sql");

const SCHEMAS: &str = "select n.oid, n.nspname from pg_catalog.pg_namespace n \
    where n.nspname !~ '^(pg_|information_schema$)' order by n.nspname";

/// Schemas of installed extensions, without the system catalog.
const EXTENSION_SCHEMAS: &str = "select distinct n.nspname::text from pg_catalog.pg_extension e \
    join pg_catalog.pg_namespace n on n.oid = e.extnamespace \
    where n.nspname <> 'pg_catalog' order by 1";

/// Reads the catalog. Takes no locks that block anybody; works inside and outside a transaction. In
/// one that is read-only and sees one moment, a second session helps.
///
/// # Errors
/// What the server says; a schema that does not exist gives an empty catalog.
pub fn introspect(session: &mut Session, scope: &Scope) -> Result<Catalog, EngineError> {
    let before: String =
        session.value(&STATEMENT_FAILED, "select current_setting('search_path')", &[])?;
    let mut catalog = match moment::of(session)? {
        Some(moment) => moment.read(session, scope)?,
        None => read(session, scope, |it| it.all())?,
    };
    set_search_path(session, &before)?;
    mark_generated_names(&mut catalog);
    drop_made_sequence_names(&mut catalog);
    Ok(catalog)
}

/// What `part` reads of the scope; leaves the search path as it needed it.
fn read(
    session: &mut Session,
    scope: &Scope,
    part: impl FnOnce(&mut Reading<'_>) -> Result<(), EngineError>,
) -> Result<Catalog, EngineError> {
    let (home, schemas) = in_scope(session, scope)?;
    let path = match scope {
        Scope::Schema(name) => search_path(session, name)?,
        Scope::Database => "pg_catalog".to_owned(),
    };
    set_search_path(session, &path)?;
    let into = Assembly { scope, catalog: Catalog::default() };
    let mut reading = Reading { session, schemas, home, into };
    part(&mut reading)?;
    Ok(reading.into.catalog)
}

/// Where a catalog is read from, and what has been read.
struct Reading<'a> {
    session: &'a mut Session,
    schemas: Vec<u32>,
    /// 0 for a whole database.
    home: u32,
    into: Assembly<'a>,
}

/// The catalog while it is put together.
struct Assembly<'a> {
    scope: &'a Scope,
    catalog: Catalog,
}

impl Reading<'_> {
    fn all(&mut self) -> Result<(), EngineError> {
        self.relations()?;
        self.families()
    }

    /// Nearly all objects of nearly all databases.
    fn relations(&mut self) -> Result<(), EngineError> {
        relations::read(self)
    }

    /// The other kinds of objects.
    fn families(&mut self) -> Result<(), EngineError> {
        let present = self.present()?;
        for (query, catalogs) in FAMILIES {
            if catalogs.is_empty() || catalogs.iter().any(|it| present.contains(*it)) {
                self.family(query)?;
            }
        }
        self.family(EXTENSIONS)?;
        if self.home == 0 { self.family(DATABASE) } else { Ok(()) }
    }

    /// The system catalogs that have objects in the schemas.
    fn present(&mut self) -> Result<BTreeSet<String>, EngineError> {
        let mut found = BTreeSet::new();
        let schemas = self.schemas.clone();
        self.of_numbers(PRESENT, &schemas, |_, layout, row| {
            found.insert(layout.own(row, "_catalog")?);
            Ok(())
        })?;
        Ok(found)
    }

    fn family(&mut self, query: &str) -> Result<(), EngineError> {
        self.of_schemas(query, |into, layout, row| {
            let (key, object) = layout.object(row, ObjectKey::new(Kind::Opaque, ""))?;
            into.add(key, object);
            Ok(())
        })
    }

    fn of_schemas(&mut self, query: &str, each: impl Each) -> Result<(), EngineError> {
        let parameters: [(&(dyn ToSql + Sync), Type); 2] =
            [(&self.schemas, Type::OID_ARRAY), (&self.home, Type::OID)];
        stream(self.session, &mut self.into, query, &parameters, each)
    }

    /// The query's only parameter is a list of numbers (OIDs).
    fn of_numbers(
        &mut self,
        query: &str,
        numbers: &[u32],
        each: impl Each,
    ) -> Result<(), EngineError> {
        let parameters: [(&(dyn ToSql + Sync), Type); 1] = [(&numbers, Type::OID_ARRAY)];
        stream(self.session, &mut self.into, query, &parameters, each)
    }
}

/// What is done with each row.
trait Each: FnMut(&mut Assembly<'_>, &Layout, &Row) -> Result<(), EngineError> {}
impl<F: FnMut(&mut Assembly<'_>, &Layout, &Row) -> Result<(), EngineError>> Each for F {}

/// Takes rows as they come, while the server makes the next ones. With the types given, a query is
/// one journey to the server and back.
fn stream(
    session: &mut Session,
    into: &mut Assembly<'_>,
    query: &str,
    parameters: &[(&(dyn ToSql + Sync), Type)],
    mut each: impl Each,
) -> Result<(), EngineError> {
    let sql = for_version(query, session.major());
    let failed = |error| crate::sqlstate::in_sql(&STATEMENT_FAILED, &error, &sql);
    let parameters = parameters.iter().cloned();
    let mut rows = session.client.query_typed_raw(&sql, parameters).map_err(failed)?;
    let mut layout = None;
    while let Some(row) = rows.next().map_err(failed)? {
        let layout = layout.get_or_insert_with(|| Layout::of(row.columns()));
        each(into, layout, &row)?;
    }
    Ok(())
}

impl Assembly<'_> {
    fn add(&mut self, key: ObjectKey, mut object: Object) {
        name_home(&mut object, self.scope);
        settle_expressions(&key, &mut object);
        self.catalog.insert(key, object);
    }
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
