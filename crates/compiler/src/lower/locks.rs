//! What each step locks: PostgreSQL's "Explicit Locking" and the pages of the commands.

use ir::{LockMode, TableLock};
use sql::{Class, Statement};

use crate::item::{Item, Role};

fn lock(table: &str, mode: LockMode) -> TableLock {
    TableLock { table: table.to_owned(), mode }
}

pub(super) fn exclusive(table: &str) -> Vec<TableLock> {
    vec![lock(table, LockMode::AccessExclusive)]
}

pub(super) fn reading(table: &str) -> Vec<TableLock> {
    vec![lock(table, LockMode::AccessShare)]
}

pub(super) fn analyzing(table: &str) -> Vec<TableLock> {
    vec![lock(table, LockMode::ShareUpdateExclusive)]
}

/// `relations` are the tables and views that its statement reads.
pub(super) fn of_item(item: &Item, relations: &[String]) -> Vec<TableLock> {
    match item.role {
        Role::View | Role::MaterializedView | Role::Function => {
            return relations.iter().map(|name| lock(name, LockMode::AccessShare)).collect();
        }
        Role::Grant | Role::Comment => return of_catalog_row(item),
        _ => {}
    }
    let Some(table) = item.table.as_deref() else { return Vec::new() };
    match item.role {
        Role::Table | Role::Sequence | Role::Type | Role::Function | Role::Extension => Vec::new(),
        Role::Index => vec![lock(table, LockMode::Share)],
        // Both tables of a foreign key are held so that neither changes under the check.
        Role::ForeignKey => {
            let other = item.constraint.as_ref().and_then(|piece| piece.references.as_ref());
            let tables = std::iter::once(table).chain(other.map(|(name, _)| name.name.as_str()));
            let mut locks: Vec<TableLock> =
                tables.map(|table| lock(table, LockMode::ShareRowExclusive)).collect();
            locks.sort();
            locks.dedup();
            locks
        }
        Role::Trigger => vec![lock(table, LockMode::ShareRowExclusive)],
        Role::PrimaryKey
        | Role::Constraint
        | Role::TableChange
        | Role::SequenceChange
        | Role::LateChange
        | Role::RowSecurity
        | Role::Policy => exclusive(table),
        Role::View
        | Role::MaterializedView
        | Role::Grant
        | Role::Comment
        | Role::Setting
        | Role::Home => Vec::new(),
    }
}

/// `COMMENT` takes this lock. `GRANT` takes none, but two of them on one table, or one beside
/// ANALYZE, can fail with "tuple concurrently updated".
fn of_catalog_row(item: &Item) -> Vec<TableLock> {
    let objects = match &item.statement.class {
        Class::Grant { objects, .. } => objects.as_slice(),
        Class::Comment { object, .. } => std::slice::from_ref(object),
        _ => &[],
    };
    let tables = objects.iter().filter_map(|object| match object.word.as_str() {
        "table" | "column" | "view" | "materialized view" => Some(&object.name),
        _ => object.table.as_ref(),
    });
    let mut locks: Vec<TableLock> =
        tables.map(|table| lock(&table.name, LockMode::ShareUpdateExclusive)).collect();
    locks.sort();
    locks.dedup();
    locks
}

/// Of a stage's own SQL on these tables.
pub(super) fn of_sql(statement: &Statement, tables: &[String]) -> Vec<TableLock> {
    let mode = match &statement.class {
        Class::Select => LockMode::AccessShare,
        Class::Insert { .. } | Class::Update { .. } | Class::Delete { .. } => {
            LockMode::RowExclusive
        }
        // DDL, TRUNCATE, and whatever is not known.
        _ => LockMode::AccessExclusive,
    };
    tables.iter().map(|table| lock(table, mode)).collect()
}
