//! Columns: in the list of a new table, and what only `ALTER` can say.

use catalog::{Catalog, Kind, Object, ObjectKey, properties as p};

use super::sequences;
use super::tables::parameters;
use crate::quote;

/// What is left out of a definition and said later, because a function needs the table first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Defaults {
    Here,
    Later,
}

pub(super) fn find<'a>(catalog: &'a Catalog, table: &ObjectKey, name: &str) -> Option<&'a Object> {
    let key = ObjectKey::new(Kind::Column, name).in_schema(&table.schema).on(&table.name);
    catalog.get(&key)
}

/// `total numeric(12,2) default 0 not null`
pub(super) fn definition(
    table: &ObjectKey,
    name: &str,
    column: &Object,
    defaults: Defaults,
) -> String {
    let mut out = format!("{} {}", quote(name), column.get(p::DATA_TYPE).unwrap_or_default());
    let mut clause = |words: &str, value: Option<&str>, end: &str| {
        if let Some(value) = value {
            out.push_str(&format!(" {words}{value}{end}"));
        }
    };
    let options = column.get(p::FOREIGN_OPTIONS);
    clause("compression ", column.get(p::COMPRESSION), "");
    clause("options (", options, ")");
    clause("collate ", column.get(p::COLLATION), "");
    if defaults == Defaults::Here {
        clause("default ", column.get(p::DEFAULT), "");
    }
    let kind = format!(") {}", column.get(p::GENERATED_KIND).unwrap_or("stored"));
    clause("generated always as (", column.get(p::GENERATED), &kind);
    let identity = identity(table, column);
    clause("generated ", identity.as_deref(), "");
    clause("not null", column.get(p::NOT_NULL).map(|_| ""), "");
    out
}

/// `always as identity (start with 10)`
fn identity(table: &ObjectKey, column: &Object) -> Option<String> {
    let when = column.get(p::IDENTITY)?;
    let data_type = column.get(p::DATA_TYPE).unwrap_or_default();
    let mut options = Vec::new();
    if let Some(name) = column.get(p::IDENTITY_SEQUENCE_NAME) {
        options.push(format!("sequence name {}", super::names::qualified(&table.schema, name)));
    }
    let settings = column.get(p::IDENTITY_SEQUENCE).unwrap_or_default();
    options.extend(sequences::identity_clauses(settings, data_type));
    let options = options.join(" ");
    let list = if options.is_empty() { String::new() } else { format!(" ({options})") };
    Some(format!("{when} as identity{list}"))
}

/// Settings that no column definition takes, as actions of `ALTER … ALTER COLUMN`.
pub(super) fn settings(column: &Object) -> Vec<String> {
    let storage = column.get(p::STORAGE).map(|value| format!("set storage {value}"));
    let statistics = column.get(p::STATISTICS).map(|value| format!("set statistics {value}"));
    let options = column.get(p::OPTIONS).map(|value| format!("set ({})", parameters(value)));
    [storage, statistics, options].into_iter().flatten().collect()
}

/// What a column that comes from a parent has otherwise than there.
pub(super) fn overrides(column: &Object, parent: Option<&Object>) -> Vec<String> {
    let of_parent = |property: &str| parent.and_then(|parent| parent.get(property));
    let mut actions = Vec::new();
    if column.get(p::DEFAULT) != of_parent(p::DEFAULT) {
        actions.push(match column.get(p::DEFAULT) {
            Some(expression) => format!("set default {expression}"),
            None => "drop default".to_owned(),
        });
    }
    if column.get(p::NOT_NULL).is_some() && of_parent(p::NOT_NULL).is_none() {
        actions.push("set not null".to_owned());
    }
    if let Some(storage) = column.get(p::STORAGE).filter(|s| Some(*s) != of_parent(p::STORAGE)) {
        actions.push(format!("set storage {storage}"));
    }
    if let Some(way) = column.get(p::COMPRESSION).filter(|c| Some(*c) != of_parent(p::COMPRESSION))
    {
        actions.push(format!("set compression {way}"));
    }
    // Never inherited.
    let statistics = column.get(p::STATISTICS).map(|value| format!("set statistics {value}"));
    let options = column.get(p::OPTIONS).map(|value| format!("set ({})", parameters(value)));
    actions.into_iter().chain(statistics).chain(options).collect()
}
