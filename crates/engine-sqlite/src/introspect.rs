//! Reads a database into a catalog.
//!
//! What there is, columns, keys of rows and index columns come from SQLite's pragmas, all objects of
//! a kind in one query. What the pragmas do not say (names of constraints, `CHECK`, expressions) is
//! in the `CREATE` statements that SQLite keeps; they are read as tokens, so that white space, case
//! and quoting make no difference.
//!
//! Not in the catalog: SQLite's internal tables, the shadow tables of virtual tables (the module
//! makes them from the definition), the indexes of constraints, and the record of runs.

mod statement;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use catalog::properties as p;
use catalog::{Catalog, Kind, Object, ObjectKey};
use rusqlite::{Connection, Result};

pub(crate) use statement::Text;

/// The table in which a target keeps which run built it. It is written by every promote and wanted
/// by no plan, so no comparison sees it; a run's outcome is certain only because it stands in the
/// same file as the data, and arrives with it in one rename.
pub(crate) const RUN_TABLE: &str = "_cutover_run";

/// One row of `sqlite_schema` with what `pragma_table_list` says about it.
pub(crate) struct Entry {
    /// `table`, `virtual`, `index`, `view` or `trigger`.
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) table: String,
    /// As SQLite keeps it.
    pub(crate) sql: String,
    without_rowid: bool,
    strict: bool,
}

impl Entry {
    /// What follows the closing parenthesis of a table.
    pub(crate) fn options(&self) -> Vec<&'static str> {
        let options = [("strict", self.strict), ("without rowid", self.without_rowid)];
        options.iter().filter(|(_, set)| *set).map(|(name, _)| *name).collect()
    }

    pub(crate) fn without_rowid(&self) -> bool {
        self.without_rowid
    }
}

/// One row of `pragma_table_xinfo`.
pub(crate) struct ColumnRow {
    pub(crate) name: String,
    pub(crate) data_type: String,
    pub(crate) not_null: bool,
    pub(crate) default: Option<String>,
    /// 0 ordinary, 1 of a virtual table, 2 virtual, 3 stored.
    pub(crate) hidden: i64,
}

pub(crate) type Columns = BTreeMap<String, Vec<ColumnRow>>;

/// Everything in the main database.
///
/// # Errors
/// SQLite's, where the schema cannot be read.
pub fn introspect(conn: &Connection) -> Result<Catalog> {
    let mut catalog = Catalog::default();
    database(conn, &mut catalog)?;
    let columns = columns(conn)?;
    let indexes = index_columns(conn)?;
    let entries = entries(conn)?;
    let texts: Vec<_> = entries.iter().map(|entry| Text::of(&entry.sql)).collect();
    for (entry, text) in entries.iter().zip(&texts) {
        match entry.kind.as_str() {
            "table" => table::add(conn, entry, text, &columns, &mut catalog)?,
            "index" => index(entry, text, &indexes, &mut catalog),
            _ => whole(entry, text, &mut catalog),
        }
    }
    // A foreign key without columns means the primary key of a table that may come later.
    for (entry, text) in entries.iter().zip(&texts).filter(|(entry, _)| entry.kind == "table") {
        table::add_foreign_keys(entry, text, &mut catalog);
    }
    Ok(catalog)
}

/// An object that is its definition.
fn whole(entry: &Entry, text: &Text, catalog: &mut Catalog) {
    let (kind, definition) = match entry.kind.as_str() {
        "virtual" => (Kind::VirtualTable, text.module()),
        "view" => (Kind::View, text.view_query()),
        "trigger" => (Kind::Trigger, text.after_name("trigger")),
        _ => (Kind::Opaque, text.all()),
    };
    let key = ObjectKey::new(kind, &entry.name);
    let key = if kind == Kind::Trigger { key.on(&entry.table) } else { key };
    catalog.insert(key, Object::default().with(p::DEFINITION, definition));
}

fn database(conn: &Connection, catalog: &mut Catalog) -> Result<()> {
    let sql = "SELECT user_version, application_id FROM pragma_user_version, pragma_application_id";
    let (version, id): (i64, i64) =
        conn.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut object = Object::default();
    for (property, value) in [(p::USER_VERSION, version), (p::APPLICATION_ID, id)] {
        if value != 0 {
            object = object.with(property, value.to_string());
        }
    }
    if !object.properties.is_empty() {
        catalog.insert(ObjectKey::new(Kind::Database, ""), object);
    }
    Ok(())
}

/// Objects that somebody defined, in the order of their creation.
pub(crate) fn entries(conn: &Connection) -> Result<Vec<Entry>> {
    let sql = "SELECT coalesce(nullif(l.type, 'table'), m.type), m.name, m.tbl_name, m.sql, \
                      coalesce(l.wr, 0), coalesce(l.strict, 0) \
               FROM sqlite_schema m LEFT JOIN pragma_table_list l \
                 ON m.type IN ('table', 'view') AND l.schema = 'main' AND l.name = m.name \
               WHERE m.sql IS NOT NULL AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
                 AND m.tbl_name <> ?1 ORDER BY m.rowid";
    let mut statement = conn.prepare(sql)?;
    let rows = statement.query_map([RUN_TABLE], |row| {
        Ok(Entry {
            kind: row.get(0)?,
            name: row.get(1)?,
            table: row.get(2)?,
            sql: row.get(3)?,
            without_rowid: row.get(4)?,
            strict: row.get(5)?,
        })
    })?;
    let all = rows.collect::<Result<Vec<_>>>()?;
    let shadows: BTreeSet<String> =
        all.iter().filter(|e| e.kind == "shadow").map(|e| e.name.clone()).collect();
    Ok(all.into_iter().filter(|entry| !shadows.contains(&entry.table)).collect())
}

/// The columns of all tables, in order.
pub(crate) fn columns(conn: &Connection) -> Result<Columns> {
    let sql = "SELECT m.name, x.name, x.type, x.\"notnull\", x.dflt_value, x.hidden \
               FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) x \
               WHERE m.type = 'table' AND m.rootpage > 0 ORDER BY m.name, x.cid";
    let mut statement = conn.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut columns = Columns::new();
    while let Some(row) = rows.next()? {
        columns.entry(row.get(0)?).or_default().push(ColumnRow {
            name: row.get(1)?,
            data_type: row.get(2)?,
            not_null: row.get(3)?,
            default: row.get(4)?,
            hidden: row.get(5)?,
        });
    }
    Ok(columns)
}

/// The key columns of every index; an expression has no name.
fn index_columns(conn: &Connection) -> Result<BTreeMap<String, Vec<Option<String>>>> {
    let sql = "SELECT m.name, x.name FROM sqlite_schema m JOIN pragma_index_xinfo(m.name) x \
               WHERE m.type = 'index' AND m.sql IS NOT NULL AND x.key = 1 ORDER BY m.name, x.seqno";
    let mut statement = conn.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut columns: BTreeMap<_, Vec<_>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        columns.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    Ok(columns)
}

fn index(
    entry: &Entry,
    text: &Text,
    columns: &BTreeMap<String, Vec<Option<String>>>,
    catalog: &mut Catalog,
) {
    let mut object = Object::default().with(p::DEFINITION, text.index_definition());
    if text.is_unique() {
        object = object.with(p::UNIQUE, p::YES);
    }
    if let Some(predicate) = text.predicate() {
        object = object.with(p::PREDICATE, predicate);
    }
    let named: Option<Vec<&str>> =
        columns.get(&entry.name).map(|c| c.iter().filter_map(Option::as_deref).collect());
    let named = named.unwrap_or_default();
    if !named.is_empty() {
        object = object.with(p::COLUMNS, p::list(named.iter().copied()));
    }
    object.generated_name = catalog::names::is_generated(&entry.name, &entry.table, &named, "idx");
    catalog.insert(ObjectKey::new(Kind::Index, &entry.name).on(&entry.table), object);
}

#[cfg(test)]
mod tests;
