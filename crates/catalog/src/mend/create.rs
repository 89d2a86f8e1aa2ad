//! The statements that make one object.

use sql::{Dialect, quote_literal};

use super::names::{bare_function, granted, parent, path, quoted, role, target};
use super::{Mend, change};
use crate::properties as p;
use crate::{Kind, Object, ObjectKey};

/// With its comment; empty where no simple statement makes it.
pub(super) fn object(mend: &Mend<'_>, key: &ObjectKey, object: &Object) -> Vec<String> {
    let mut statements = match mend.dialect {
        Dialect::Postgres => postgres(mend, key, object),
        Dialect::Sqlite => sqlite(key, object).into_iter().collect(),
    };
    if !statements.is_empty() {
        statements.extend(comment(key, object));
    }
    statements
}

pub(super) fn comment(key: &ObjectKey, object: &Object) -> Option<String> {
    let text = object.comment.as_ref()?;
    Some(format!("COMMENT ON {} IS {}", target(key, object)?, quote_literal(text)))
}

fn sqlite(key: &ObjectKey, object: &Object) -> Option<String> {
    let definition = Mend::definition(object);
    let name = quoted(&key.name);
    Some(match key.kind {
        Kind::Index => index(key, object),
        Kind::View => format!("CREATE VIEW {name} AS {definition}"),
        Kind::Trigger => format!("CREATE TRIGGER {name} {definition}"),
        Kind::VirtualTable => format!("CREATE VIRTUAL TABLE {name} USING {definition}"),
        _ => return None,
    })
}

fn postgres(mend: &Mend<'_>, key: &ObjectKey, object: &Object) -> Vec<String> {
    let definition = Mend::definition(object);
    let name = quoted(&key.name);
    let one = match key.kind {
        Kind::Table => return table(mend, key, object),
        Kind::Trigger | Kind::Rule => return hooked(key, object),
        Kind::Grant => return grant(mend, key, object, p::GRANTED),
        Kind::Column => format!("ALTER TABLE {} ADD COLUMN {}", parent(key), column(key, object)),
        Kind::Constraint => {
            format!("ALTER TABLE {} ADD CONSTRAINT {name} {definition}", parent(key))
        }
        // One that is attached to a partitioned index comes with that.
        Kind::Index if object.get(p::PARTITION_OF).is_some() => return Vec::new(),
        Kind::Index => index(key, object),
        Kind::Statistics => format!("CREATE STATISTICS {} {definition}", path(key)),
        Kind::Sequence => sequence(key, object),
        Kind::Function => function(key, object),
        Kind::View | Kind::MaterializedView => view(key, object),
        Kind::Policy => policy(key, object),
        Kind::Domain => domain(key, object),
        Kind::Collation => format!("CREATE COLLATION {} {definition}", path(key)),
        Kind::Extension => format!("CREATE EXTENSION {name}"),
        Kind::Schema => format!("CREATE SCHEMA {name}"),
        Kind::Type => match type_body(object) {
            Some(body) => format!("CREATE TYPE {} AS {body}", path(key)),
            None => return Vec::new(),
        },
        Kind::EventTrigger | Kind::Publication => {
            let word = super::names::word(key, object);
            format!("CREATE {word} {name} {definition}")
        }
        Kind::ForeignTable
        | Kind::VirtualTable
        | Kind::Cast
        | Kind::ForeignDataWrapper
        | Kind::ForeignServer
        | Kind::UserMapping
        | Kind::DefaultPrivileges
        | Kind::Database
        | Kind::Opaque => return Vec::new(),
    };
    vec![one]
}

pub(super) fn index(key: &ObjectKey, object: &Object) -> String {
    let unique = if object.get(p::UNIQUE).is_some() { "UNIQUE " } else { "" };
    let (name, definition) = (quoted(&key.name), Mend::definition(object));
    format!("CREATE {unique}INDEX {name} ON {} {definition}", parent(key))
}

/// A table with its columns; a foreign or typed one has more to it.
fn table(mend: &Mend<'_>, key: &ObjectKey, object: &Object) -> Vec<String> {
    if object.get(p::OF_TYPE).is_some() || object.get(p::ACCESS_METHOD).is_some() {
        return Vec::new();
    }
    let kind = if object.get(p::PERSISTENCE) == Some("unlogged") { "UNLOGGED " } else { "" };
    let mut text = format!("CREATE {kind}TABLE {}", path(key));
    match (object.get(p::PARTITION_OF), object.get(p::PARTITION_BOUND)) {
        (Some(of), Some(bound)) => text += &format!(" PARTITION OF {of} {bound}"),
        _ => text += &format!(" ({})", columns(mend, key, object).join(", ")),
    }
    for (property, words) in [(p::INHERITS, "INHERITS"), (p::OPTIONS, "WITH")] {
        let value = object.get(property);
        text += &value.map_or_else(String::new, |value| format!(" {words} ({value})"));
    }
    if let Some(by) = object.get(p::PARTITION_BY) {
        text += &format!(" PARTITION BY {by}");
    }
    let mut statements = vec![text];
    for property in [p::ROW_SECURITY, p::FORCE_ROW_SECURITY, p::REPLICA_IDENTITY] {
        let value = object.get(property);
        let made =
            value.map(|value| change::property(mend, key, object, property, Some(value), None));
        statements.extend(made.unwrap_or_default());
    }
    statements
}

fn columns(mend: &Mend<'_>, table: &ObjectKey, object: &Object) -> Vec<String> {
    let names = p::names_of(object.get(p::COLUMNS).unwrap_or_default());
    let keys = names
        .into_iter()
        .map(|name| ObjectKey::new(Kind::Column, name).in_schema(&*table.schema).on(&*table.name));
    let own = keys.filter_map(|key| Some((mend.expected.get(&key)?, key)));
    own.filter(|(column, _)| column.get(p::INHERITED).is_none())
        .map(|(object, key)| column(&key, object))
        .collect()
}

/// `total numeric(12,2) DEFAULT 0 NOT NULL`
fn column(key: &ObjectKey, object: &Object) -> String {
    let mut text =
        format!("{} {}", quoted(&key.name), object.get(p::DATA_TYPE).unwrap_or_default());
    for (property, word) in [(p::COLLATION, "COLLATE"), (p::DEFAULT, "DEFAULT")] {
        if let Some(value) = object.get(property) {
            text += &format!(" {word} {value}");
        }
    }
    if let Some(expression) = object.get(p::GENERATED) {
        let kind = object.get(p::GENERATED_KIND).unwrap_or("stored").to_uppercase();
        text += &format!(" GENERATED ALWAYS AS ({expression}) {kind}");
    }
    if let Some(kind) = object.get(p::IDENTITY) {
        text += &format!(" GENERATED {} AS IDENTITY", kind.to_uppercase());
        let settings = object.get(p::IDENTITY_SEQUENCE).map(change::identity_settings);
        text += &settings.map_or_else(String::new, |settings| format!(" ({settings})"));
    }
    if object.get(p::NOT_NULL).is_some() {
        text += " NOT NULL";
    }
    text
}

fn sequence(key: &ObjectKey, object: &Object) -> String {
    let mut text = format!("CREATE SEQUENCE {}", path(key));
    let clauses = [
        (p::DATA_TYPE, "AS"),
        (p::START, "START"),
        (p::INCREMENT, "INCREMENT"),
        (p::MIN, "MINVALUE"),
        (p::MAX, "MAXVALUE"),
        (p::CACHE, "CACHE"),
        (p::OWNED_BY, "OWNED BY"),
    ];
    for (property, word) in clauses {
        if let Some(value) = object.get(property) {
            text += &format!(" {word} {value}");
        }
    }
    if object.get(p::CYCLE).is_some() {
        text += " CYCLE";
    }
    text
}

/// Aggregates have no `CREATE OR REPLACE` before PostgreSQL 12, all others have it.
pub(super) fn function(key: &ObjectKey, object: &Object) -> String {
    let word = super::names::word(key, object);
    format!("CREATE OR REPLACE {word} {}{}", bare_function(key), Mend::definition(object))
}

pub(super) fn view(key: &ObjectKey, object: &Object) -> String {
    let word = if key.kind == Kind::View { "OR REPLACE VIEW" } else { "MATERIALIZED VIEW" };
    let options = object.get(p::OPTIONS).map_or_else(String::new, |it| format!(" WITH ({it})"));
    format!("CREATE {word} {}{options} AS {}", path(key), Mend::definition(object))
}

/// A trigger or rule, with its state.
pub(super) fn hooked(key: &ObjectKey, object: &Object) -> Vec<String> {
    let (name, definition) = (quoted(&key.name), Mend::definition(object));
    let constraint = if object.get(p::TYPE) == Some("constraint") { "CONSTRAINT " } else { "" };
    let mut statements = vec![match key.kind {
        Kind::Rule => format!("CREATE OR REPLACE RULE {name} AS {definition}"),
        _ => format!("CREATE {constraint}TRIGGER {name} {definition}"),
    }];
    let state = object.get(p::ENABLED);
    statements.extend(state.map(|state| change::enabled(key, Some(state))));
    statements
}

pub(super) fn policy(key: &ObjectKey, object: &Object) -> String {
    let mut text = format!("CREATE POLICY {} ON {}", quoted(&key.name), parent(key));
    if object.get(p::TYPE).is_some() {
        text += " AS RESTRICTIVE";
    }
    if let Some(command) = object.get(p::COMMAND) {
        text += &format!(" FOR {}", command.to_uppercase());
    }
    text += &format!(" TO {}", object.get(p::ROLES).unwrap_or("PUBLIC"));
    for (property, word) in [(p::USING, "USING"), (p::WITH_CHECK, "WITH CHECK")] {
        if let Some(expression) = object.get(property) {
            text += &format!(" {word} ({expression})");
        }
    }
    text
}

fn domain(key: &ObjectKey, object: &Object) -> String {
    let base = object.get(p::DATA_TYPE).unwrap_or_default();
    let mut text = format!("CREATE DOMAIN {} AS {base}", path(key));
    for (property, word) in [(p::COLLATION, "COLLATE"), (p::DEFAULT, "DEFAULT")] {
        if let Some(value) = object.get(property) {
            text += &format!(" {word} {value}");
        }
    }
    if object.get(p::NOT_NULL).is_some() {
        text += " NOT NULL";
    }
    for (property, value) in &object.properties {
        if let Some(name) = property.strip_prefix("check ") {
            text += &format!(" CONSTRAINT {} {value}", quoted(name));
        }
    }
    text
}

fn type_body(object: &Object) -> Option<String> {
    Some(match object.get(p::TYPE)? {
        "enum" => format!("ENUM ({})", object.get(p::LABELS).unwrap_or_default()),
        "composite" => format!("({})", object.get(p::ATTRIBUTES).unwrap_or_default()),
        "range" => format!("RANGE ({})", Mend::definition(object)),
        _ => return None,
    })
}

/// What the grant grants and what it takes; `state` says what an ordinary value means.
pub(super) fn grant(mend: &Mend<'_>, key: &ObjectKey, object: &Object, state: &str) -> Vec<String> {
    let all = object.properties.iter().map(|(privilege, found)| {
        let wanted = if state == p::REVOKED { reversed(found) } else { found.as_str() };
        privilege_statement(mend, key, privilege, wanted)
    });
    all.flatten().collect()
}

/// What takes a privilege away again.
fn reversed(state: &str) -> &'static str {
    if state == p::REVOKED { p::GRANTED } else { p::REVOKED }
}

/// The privilege stays, the right to pass it on goes.
pub(super) const UNGRANTABLE: &str = "no grant option";

pub(super) fn privilege_statement(
    mend: &Mend<'_>,
    key: &ObjectKey,
    privilege: &str,
    state: &str,
) -> Option<String> {
    let (on, column) = granted(mend, key)?;
    let privilege = privilege.to_uppercase();
    let what = column.map_or(privilege.clone(), |column| format!("{privilege} ({column})"));
    let role = role(&key.name);
    Some(match state {
        p::REVOKED => format!("REVOKE {what} ON {on} FROM {role}"),
        UNGRANTABLE => format!("REVOKE GRANT OPTION FOR {what} ON {on} FROM {role}"),
        p::GRANTABLE => format!("GRANT {what} ON {on} TO {role} WITH GRANT OPTION"),
        _ => format!("GRANT {what} ON {on} TO {role}"),
    })
}
