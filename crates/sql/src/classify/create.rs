//! CREATE.

use super::object;
use crate::cursor::Cursor;
use crate::{Class, FunctionKind, Name, Persistence, TokenKind, TypeKind, types};

pub(super) fn create(cursor: &mut Cursor<'_>) -> Option<Class> {
    cursor.eat("create");
    let or_replace = cursor.eat("or replace");
    let persistence = persistence(cursor);
    cursor.eat("recursive");
    let unique = cursor.eat("unique");
    let word = cursor.written().to_ascii_lowercase();
    match word.as_str() {
        "table" => table(cursor, persistence, false),
        "foreign" if cursor.eat("foreign table") => {
            cursor.at -= 1;
            table(cursor, persistence, true)
        }
        "virtual" => named(cursor, "virtual table", |name| Class::CreateVirtualTable { name }),
        "index" => index(cursor, unique),
        "sequence" => named(cursor, "sequence", |name| Class::CreateSequence { name, persistence }),
        "view" => view(cursor, "view", persistence, false),
        "materialized" => view(cursor, "materialized view", persistence, true),
        "function" => function(cursor, FunctionKind::Function, or_replace),
        "procedure" => function(cursor, FunctionKind::Procedure, or_replace),
        "aggregate" => function(cursor, FunctionKind::Aggregate, or_replace),
        "trigger" | "constraint" => trigger(cursor),
        "type" => create_type(cursor),
        "domain" => named(cursor, "domain", |name| Class::CreateDomain { name }),
        "extension" => named(cursor, "extension", |name| Class::CreateExtension { name }),
        "policy" => on_table(cursor, |name, table| Class::CreatePolicy { name, table }),
        "rule" => rule(cursor),
        "statistics" => statistics(cursor),
        "schema" => schema(cursor),
        _ => other(cursor),
    }
}

fn persistence(cursor: &mut Cursor<'_>) -> Persistence {
    let temporary =
        ["temporary", "temp", "local temporary", "local temp", "global temporary", "global temp"];
    if cursor.eat_any(&temporary).is_some() {
        Persistence::Temporary
    } else if cursor.eat("unlogged") {
        Persistence::Unlogged
    } else {
        Persistence::Permanent
    }
}

fn named(cursor: &mut Cursor<'_>, words: &str, class: impl FnOnce(Name) -> Class) -> Option<Class> {
    cursor.eat(words);
    cursor.eat("if not exists");
    cursor.name().map(class)
}

fn table(cursor: &mut Cursor<'_>, persistence: Persistence, foreign: bool) -> Option<Class> {
    cursor.eat("table");
    let if_not_exists = cursor.eat("if not exists");
    let name = cursor.name()?;
    // SQLite may say it with the schema: `CREATE TABLE temp.x`.
    let in_temp = cursor.dialect == crate::Dialect::Sqlite
        && name.schema.as_deref().is_some_and(|schema| schema.eq_ignore_ascii_case("temp"));
    let persistence = if in_temp { Persistence::Temporary } else { persistence };
    Some(Class::CreateTable { name, persistence, if_not_exists, foreign })
}

fn index(cursor: &mut Cursor<'_>, unique: bool) -> Option<Class> {
    cursor.eat("index");
    let concurrently = cursor.eat("concurrently");
    let if_not_exists = cursor.eat("if not exists");
    let name = if cursor.is("on") { None } else { Some(cursor.name()?) };
    cursor.eat("on");
    let only = cursor.eat("only");
    let table = cursor.name()?;
    Some(Class::CreateIndex { name, table, unique, if_not_exists, concurrently, only })
}

fn view(
    cursor: &mut Cursor<'_>,
    words: &str,
    persistence: Persistence,
    materialized: bool,
) -> Option<Class> {
    let temporary = persistence == Persistence::Temporary;
    named(cursor, words, |name| Class::CreateView { name, materialized, temporary })
}

fn function(cursor: &mut Cursor<'_>, kind: FunctionKind, or_replace: bool) -> Option<Class> {
    cursor.at += 1;
    let name = cursor.name()?;
    let inner = cursor.parens()?;
    let arguments = if kind == FunctionKind::Aggregate && is_old_aggregate(inner) {
        old_aggregate_arguments(inner)
    } else {
        types::identity_arguments(inner)
    };
    Some(Class::CreateFunction { kind, name, arguments, or_replace })
}

/// `CREATE AGGREGATE x (basetype = t, …)`, the form before PostgreSQL 8.2.
fn is_old_aggregate(inner: Cursor<'_>) -> bool {
    inner.comma_parts().iter().any(|part| part.is("basetype") && part.kind_at(1).is_some())
}

fn old_aggregate_arguments(inner: Cursor<'_>) -> String {
    let mut parts = inner.comma_parts().into_iter();
    let Some(mut part) = parts.find(|part| part.is("basetype")) else { return String::new() };
    part.at += 2;
    let rest = part.sub(part.at.min(part.tokens.len())..part.tokens.len());
    let name = types::canonical(rest);
    if name == "any" || name == "\"any\"" { "*".to_owned() } else { name }
}

fn trigger(cursor: &mut Cursor<'_>) -> Option<Class> {
    cursor.eat("constraint");
    cursor.eat("trigger");
    cursor.eat("if not exists");
    let name = cursor.name()?;
    // `BEFORE UPDATE OF on_hand ON orders`: `on` as a column would be quoted, as it is reserved.
    cursor.find_any(&["on"]);
    cursor.eat("on");
    let table = cursor.name()?;
    Some(Class::CreateTrigger { name, table })
}

fn on_table(cursor: &mut Cursor<'_>, class: impl FnOnce(Name, Name) -> Class) -> Option<Class> {
    cursor.at += 1;
    let name = cursor.name()?;
    cursor.eat("on");
    let table = cursor.name()?;
    Some(class(name, table))
}

fn rule(cursor: &mut Cursor<'_>) -> Option<Class> {
    cursor.eat("rule");
    let name = cursor.name()?;
    cursor.find_any(&["to"]);
    cursor.eat("to");
    let table = cursor.name()?;
    Some(Class::CreateRule { name, table })
}

fn create_type(cursor: &mut Cursor<'_>) -> Option<Class> {
    cursor.eat("type");
    let name = cursor.name()?;
    let kind = if cursor.eat("as enum") {
        TypeKind::Enum
    } else if cursor.eat("as range") {
        TypeKind::Range
    } else if cursor.eat("as") {
        TypeKind::Composite
    } else if cursor.at_end() {
        TypeKind::Shell
    } else {
        TypeKind::Base
    };
    Some(Class::CreateType { name, kind })
}

fn statistics(cursor: &mut Cursor<'_>) -> Option<Class> {
    cursor.eat("statistics");
    cursor.eat("if not exists");
    let unnamed = cursor.is("on") || cursor.kind() == Some(TokenKind::LParen);
    let name = if unnamed { None } else { Some(cursor.name()?) };
    Some(Class::CreateStatistics { name })
}

/// A schema without a name takes its owner's.
fn schema(cursor: &mut Cursor<'_>) -> Option<Class> {
    cursor.eat("schema");
    cursor.eat("if not exists");
    cursor.eat("authorization");
    cursor.ident().map(|name| Class::CreateSchema { name: Name::new(name) })
}

fn other(cursor: &mut Cursor<'_>) -> Option<Class> {
    cursor.eat_any(&["default", "trusted"]);
    let word = object::object_word(cursor)?;
    cursor.eat("if not exists");
    let object = object::named(cursor, word)?;
    Some(Class::CreateOther { word: object.word, name: object.name })
}
