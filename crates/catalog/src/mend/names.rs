//! How SQL calls the object of a key.

use sql::{Dialect, quote_ident};

use super::Mend;
use crate::properties::TYPE;
use crate::{Kind, Object, ObjectKey};

pub(super) fn quoted(name: &str) -> String {
    quote_ident(name, Dialect::Postgres)
}

fn qualified(schema: &str, name: &str) -> String {
    if schema.is_empty() { quoted(name) } else { format!("{}.{}", quoted(schema), quoted(name)) }
}

/// The object with its schema; a function with its argument types.
pub(super) fn path(key: &ObjectKey) -> String {
    match (key.kind, key.name.rsplit_once('(')) {
        (Kind::Function, Some((name, arguments))) => {
            format!("{}({arguments}", qualified(&key.schema, name))
        }
        _ => qualified(&key.schema, &key.name),
    }
}

/// The function without its argument types.
pub(super) fn bare_function(key: &ObjectKey) -> String {
    let name = key.name.rsplit_once('(').map_or(key.name.as_str(), |(name, _)| name);
    qualified(&key.schema, name)
}

/// The table or view that the object is on.
pub(super) fn parent(key: &ObjectKey) -> String {
    qualified(&key.schema, &key.parent)
}

/// `procedure`, `materialized view`, `table`: the word of `DROP` and `COMMENT ON`.
pub(super) fn word(key: &ObjectKey, object: &Object) -> &'static str {
    match (key.kind, object.get(TYPE)) {
        (Kind::Function, Some("procedure")) => "PROCEDURE",
        (Kind::Function, Some("aggregate")) => "AGGREGATE",
        (Kind::Function, _) => "FUNCTION",
        (Kind::View, _) => "VIEW",
        (Kind::MaterializedView, _) => "MATERIALIZED VIEW",
        (Kind::Table | Kind::VirtualTable, _) => "TABLE",
        (Kind::ForeignTable, _) => "FOREIGN TABLE",
        (Kind::Column, _) => "COLUMN",
        (Kind::Constraint, _) => "CONSTRAINT",
        (Kind::Index, _) => "INDEX",
        (Kind::Sequence, _) => "SEQUENCE",
        (Kind::Statistics, _) => "STATISTICS",
        (Kind::Type, _) => "TYPE",
        (Kind::Domain, _) => "DOMAIN",
        (Kind::Collation, _) => "COLLATION",
        (Kind::Extension, _) => "EXTENSION",
        (Kind::Schema, _) => "SCHEMA",
        (Kind::Trigger, _) => "TRIGGER",
        (Kind::Rule, _) => "RULE",
        (Kind::Policy, _) => "POLICY",
        (Kind::EventTrigger, _) => "EVENT TRIGGER",
        (Kind::Publication, _) => "PUBLICATION",
        (Kind::ForeignServer, _) => "SERVER",
        (Kind::ForeignDataWrapper, _) => "FOREIGN DATA WRAPPER",
        // Their names are not names of SQL.
        (
            Kind::Cast
            | Kind::UserMapping
            | Kind::Grant
            | Kind::DefaultPrivileges
            | Kind::Database
            | Kind::Opaque,
            _,
        ) => "",
    }
}

/// `INDEX a_idx`, `TRIGGER t ON orders`, `COLUMN orders.total`; `None` for what has no such name.
pub(super) fn target(key: &ObjectKey, object: &Object) -> Option<String> {
    let word = word(key, object);
    if word.is_empty() {
        return None;
    }
    Some(match key.kind {
        Kind::Column => format!("{word} {}.{}", parent(key), quoted(&key.name)),
        Kind::Constraint | Kind::Trigger | Kind::Rule | Kind::Policy => {
            format!("{word} {} ON {}", quoted(&key.name), parent(key))
        }
        _ => format!("{word} {}", path(key)),
    })
}

pub(super) fn is_relation(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Table | Kind::ForeignTable | Kind::VirtualTable | Kind::View | Kind::MaterializedView
    )
}

/// Whether the grant is on the object or on a column of it.
pub(super) fn is_grant_on(grant: &ObjectKey, object: &ObjectKey) -> bool {
    let word = match object.kind {
        kind if is_relation(kind) => {
            let column = format!("column {}.", object.name);
            if grant.parent.starts_with(&column) {
                return true;
            }
            "table"
        }
        Kind::Column => return grant.parent == format!("column {}.{}", object.parent, object.name),
        Kind::Sequence => "sequence",
        Kind::Function => "function",
        Kind::Type | Kind::Domain => "type",
        _ => return false,
    };
    grant.parent == format!("{word} {}", object.name)
}

/// What a grant is on, and the column where it is on one: `TABLE orders`, `total`. `None` where the
/// dots in the names leave a doubt.
pub(super) fn granted(mend: &Mend<'_>, key: &ObjectKey) -> Option<(String, Option<String>)> {
    let Some((word, name)) = key.parent.split_once(' ') else {
        let schema = if key.schema.is_empty() { mend.home } else { &key.schema };
        return (!schema.is_empty()).then(|| (format!("SCHEMA {}", quoted(schema)), None));
    };
    if word == "column" {
        let (table, column) = name.split_once('.').filter(|(_, column)| !column.contains('.'))?;
        return Some((format!("TABLE {}", qualified(&key.schema, table)), Some(quoted(column))));
    }
    let on = match word {
        "table" | "sequence" | "type" => qualified(&key.schema, name),
        "function" => {
            let function = ObjectKey::new(Kind::Function, name).in_schema(&*key.schema);
            // `ROUTINE` is any of function, procedure and aggregate.
            return Some((format!("ROUTINE {}", path(&function)), None));
        }
        "language" => quoted(name),
        _ => return None,
    };
    Some((format!("{} {on}", word.to_uppercase()), None))
}

/// `PUBLIC` is a word, all others are names.
pub(super) fn role(name: &str) -> String {
    if name == "PUBLIC" { name.to_owned() } else { quoted(name) }
}
