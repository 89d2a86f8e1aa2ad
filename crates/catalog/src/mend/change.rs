//! The statements that give one property its expected value; PostgreSQL only.

use sql::quote_literal;

use super::names::{parent, path, quoted, target, word};
use super::{Mend, create};
use crate::properties as p;
use crate::scope::{COMMENT, OWNER};
use crate::{Kind, Object, ObjectKey};

pub(super) fn property(
    mend: &Mend<'_>,
    key: &ObjectKey,
    object: &Object,
    property: &str,
    expected: Option<&str>,
    actual: Option<&str>,
) -> Vec<String> {
    let one = match (key.kind, property) {
        (_, COMMENT) => target(key, object).map(|target| {
            let text = expected.map_or_else(|| "NULL".to_owned(), quote_literal);
            format!("COMMENT ON {target} IS {text}")
        }),
        // It has the owner of its table, and no other.
        (Kind::Sequence, OWNER) if object.get(p::OWNED_BY).is_some() => None,
        (_, OWNER) => {
            let target = target(key, object).zip(expected);
            target.map(|(target, role)| format!("ALTER {target} OWNER TO {}", quoted(role)))
        }
        (Kind::View | Kind::Index | Kind::MaterializedView | Kind::Table, p::OPTIONS) => {
            return options(word(key, object), key, expected, actual);
        }
        (Kind::Column, _) => column(key, object, property, expected, actual),
        (Kind::Table, _) => table(key, property, expected),
        (Kind::Sequence, _) => sequence(key, property, expected),
        (Kind::Domain, _) => return domain(key, property, expected, actual),
        (Kind::Type, p::LABELS) => return labels(key, expected, actual),
        (Kind::Grant, privilege) => return privileges(mend, key, privilege, expected, actual),
        (Kind::Trigger | Kind::Rule, p::ENABLED) => Some(enabled(key, expected)),
        (Kind::Constraint, p::VALIDATED) if expected.is_none() => {
            Some(format!("ALTER TABLE {} VALIDATE CONSTRAINT {}", parent(key), quoted(&key.name)))
        }
        (Kind::Index, p::VALID) if expected.is_none() => {
            Some(format!("REINDEX INDEX {}", path(key)))
        }
        (Kind::Index | Kind::Constraint, p::CLUSTERED) => Some(match expected {
            Some(_) => format!("ALTER TABLE {} CLUSTER ON {}", parent(key), quoted(&key.name)),
            None => format!("ALTER TABLE {} SET WITHOUT CLUSTER", parent(key)),
        }),
        (Kind::Function, p::DEFINITION) => Some(create::function(key, object)),
        (Kind::View, p::DEFINITION) => Some(create::view(key, object)),
        (Kind::Index, p::DEFINITION | p::UNIQUE)
        | (Kind::Constraint | Kind::Trigger | Kind::Rule, p::DEFINITION | p::TYPE)
        | (Kind::MaterializedView | Kind::Statistics, p::DEFINITION)
        | (Kind::Policy, _) => return mend.again(key),
        _ => None,
    };
    one.into_iter().collect()
}

fn column(
    key: &ObjectKey,
    object: &Object,
    property: &str,
    expected: Option<&str>,
    actual: Option<&str>,
) -> Option<String> {
    let head = format!("ALTER TABLE {} ALTER COLUMN {}", parent(key), quoted(&key.name));
    Some(match (property, expected) {
        (p::DEFAULT, Some(value)) => format!("{head} SET DEFAULT {value}"),
        (p::DEFAULT, None) => format!("{head} DROP DEFAULT"),
        (p::NOT_NULL, Some(_)) => format!("{head} SET NOT NULL"),
        (p::NOT_NULL, None) => format!("{head} DROP NOT NULL"),
        (p::DATA_TYPE | p::COLLATION, _) => {
            let data_type = object.get(p::DATA_TYPE)?;
            let collation = object.get(p::COLLATION);
            let collation = collation.map_or_else(String::new, |name| format!(" COLLATE {name}"));
            format!("{head} TYPE {data_type}{collation} USING {}::{data_type}", quoted(&key.name))
        }
        (p::IDENTITY, Some(kind)) if actual.is_none() => {
            format!("{head} ADD GENERATED {} AS IDENTITY", kind.to_uppercase())
        }
        (p::IDENTITY, Some(kind)) => format!("{head} SET GENERATED {}", kind.to_uppercase()),
        (p::IDENTITY, None) => format!("{head} DROP IDENTITY"),
        // Where identity itself differs, that statement comes first.
        (p::IDENTITY_SEQUENCE, Some(settings)) => {
            let clauses = identity_clauses(settings);
            let sets: Vec<String> = clauses.iter().map(|clause| format!("SET {clause}")).collect();
            format!("{head} {}", sets.join(" "))
        }
        (p::STORAGE, Some(value)) => format!("{head} SET STORAGE {value}"),
        (p::COMPRESSION, _) => format!("{head} SET COMPRESSION {}", expected.unwrap_or("default")),
        (p::STATISTICS, _) => format!("{head} SET STATISTICS {}", expected.unwrap_or("-1")),
        (p::OPTIONS, Some(value)) => format!("{head} SET ({value})"),
        _ => return None,
    })
}

/// `start 1 increment 1 min 1 max 9 cache 1 cycle` as the clauses of SQL.
fn identity_clauses(settings: &str) -> Vec<String> {
    let mut words = settings.split(' ');
    let mut clauses = Vec::new();
    let mut cycle = false;
    while let Some(word) = words.next() {
        match word {
            "cycle" => cycle = true,
            _ => {
                let value = words.next().unwrap_or_default();
                let word = match word {
                    "min" => "MINVALUE".to_owned(),
                    "max" => "MAXVALUE".to_owned(),
                    word => word.to_uppercase(),
                };
                clauses.push(format!("{word} {value}"));
            }
        }
    }
    clauses.push(if cycle { "CYCLE" } else { "NO CYCLE" }.to_owned());
    clauses
}

pub(super) fn identity_settings(settings: &str) -> String {
    identity_clauses(settings).join(" ")
}

fn table(key: &ObjectKey, property: &str, expected: Option<&str>) -> Option<String> {
    let head = format!("ALTER TABLE {}", path(key));
    Some(match (property, expected) {
        (p::ROW_SECURITY, Some(_)) => format!("{head} ENABLE ROW LEVEL SECURITY"),
        (p::ROW_SECURITY, None) => format!("{head} DISABLE ROW LEVEL SECURITY"),
        (p::FORCE_ROW_SECURITY, Some(_)) => format!("{head} FORCE ROW LEVEL SECURITY"),
        (p::FORCE_ROW_SECURITY, None) => format!("{head} NO FORCE ROW LEVEL SECURITY"),
        (p::PERSISTENCE, Some("unlogged")) => format!("{head} SET UNLOGGED"),
        (p::PERSISTENCE, None) => format!("{head} SET LOGGED"),
        (p::REPLICA_IDENTITY, value) => match value {
            None => format!("{head} REPLICA IDENTITY DEFAULT"),
            Some(word @ ("full" | "nothing")) => {
                format!("{head} REPLICA IDENTITY {}", word.to_uppercase())
            }
            Some(index) => format!("{head} REPLICA IDENTITY USING INDEX {}", quoted(index)),
        },
        _ => return None,
    })
}

/// Storage parameters: resets those that are not expected, sets those that are.
fn options(
    word: &str,
    key: &ObjectKey,
    expected: Option<&str>,
    actual: Option<&str>,
) -> Vec<String> {
    let names = |options: Option<&str>| {
        let all = options.into_iter().flat_map(|options| options.split(", "));
        all.map(|option| option.split('=').next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    let (wanted, mut extra) = (names(expected), names(actual));
    extra.retain(|name| !wanted.contains(name));
    let head = format!("ALTER {word} {}", path(key));
    let reset = (!extra.is_empty()).then(|| format!("{head} RESET ({})", extra.join(", ")));
    let set = expected.map(|options| format!("{head} SET ({options})"));
    reset.into_iter().chain(set).collect()
}

fn sequence(key: &ObjectKey, property: &str, expected: Option<&str>) -> Option<String> {
    let head = format!("ALTER SEQUENCE {}", path(key));
    let word = match property {
        p::CYCLE if expected.is_some() => return Some(format!("{head} CYCLE")),
        p::CYCLE => return Some(format!("{head} NO CYCLE")),
        p::OWNED_BY => return Some(format!("{head} OWNED BY {}", expected.unwrap_or("NONE"))),
        p::START => "START",
        p::INCREMENT => "INCREMENT",
        p::MIN => "MINVALUE",
        p::MAX => "MAXVALUE",
        p::CACHE => "CACHE",
        p::DATA_TYPE => "AS",
        _ => return None,
    };
    Some(format!("{head} {word} {}", expected?))
}

fn domain(
    key: &ObjectKey,
    property: &str,
    expected: Option<&str>,
    actual: Option<&str>,
) -> Vec<String> {
    let head = format!("ALTER DOMAIN {}", path(key));
    if let Some(name) = property.strip_prefix("check ") {
        let name = quoted(name);
        let drop = actual.map(|_| format!("{head} DROP CONSTRAINT {name}"));
        let add = expected.map(|check| format!("{head} ADD CONSTRAINT {name} {check}"));
        return drop.into_iter().chain(add).collect();
    }
    let one = match (property, expected) {
        (p::DEFAULT, Some(value)) => format!("{head} SET DEFAULT {value}"),
        (p::DEFAULT, None) => format!("{head} DROP DEFAULT"),
        (p::NOT_NULL, Some(_)) => format!("{head} SET NOT NULL"),
        (p::NOT_NULL, None) => format!("{head} DROP NOT NULL"),
        _ => return Vec::new(),
    };
    vec![one]
}

/// Labels can be added, each behind the one before it; never taken away.
fn labels(key: &ObjectKey, expected: Option<&str>, actual: Option<&str>) -> Vec<String> {
    let all = literals(expected.unwrap_or_default());
    let mut there = literals(actual.unwrap_or_default());
    let kept: Vec<&str> = all.iter().copied().filter(|label| there.contains(label)).collect();
    if kept != there {
        return Vec::new();
    }
    let mut statements = Vec::new();
    for (at, label) in all.iter().enumerate().filter(|(_, label)| !kept.contains(label)) {
        let place = match at.checked_sub(1) {
            Some(before) => format!(" AFTER {}", all[before]),
            None => there.first().map_or_else(String::new, |first| format!(" BEFORE {first}")),
        };
        statements.push(format!("ALTER TYPE {} ADD VALUE {label}{place}", path(key)));
        there.insert(at.min(there.len()), label);
    }
    statements
}

/// The literals of a list, whatever they have in them.
fn literals(list: &str) -> Vec<&str> {
    let (mut found, mut quoted, mut from) = (Vec::new(), false, 0);
    for (at, byte) in list.bytes().enumerate() {
        match byte {
            b'\'' => quoted = !quoted,
            b',' if !quoted => {
                found.push(list[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    found.push(list[from..].trim());
    found
}

fn privileges(
    mend: &Mend<'_>,
    key: &ObjectKey,
    privilege: &str,
    expected: Option<&str>,
    actual: Option<&str>,
) -> Vec<String> {
    let state = match (expected, actual) {
        (Some(p::GRANTED), Some(p::GRANTABLE)) => create::UNGRANTABLE,
        (Some(state), _) => state,
        (None, Some(p::REVOKED)) => p::GRANTED,
        (None, _) => p::REVOKED,
    };
    create::privilege_statement(mend, key, privilege, state).into_iter().collect()
}

/// `ALTER TABLE orders DISABLE TRIGGER touch`
pub(super) fn enabled(key: &ObjectKey, state: Option<&str>) -> String {
    let word = if key.kind == Kind::Rule { "RULE" } else { "TRIGGER" };
    let change = match state {
        Some("disabled") => "DISABLE",
        Some("replica") => "ENABLE REPLICA",
        Some("always") => "ENABLE ALWAYS",
        _ => "ENABLE",
    };
    format!("ALTER TABLE {} {change} {word} {}", parent(key), quoted(&key.name))
}
