//! Functions, procedures, aggregates and triggers.

use sql::{
    Cursor, Dialect, FunctionKind, Name, Statement, TokenKind, normal_expression, types,
    unquote_literal,
};

use super::builder::Builder;
use crate::properties as p;
use crate::{Kind, Object};

pub(super) fn create(
    builder: &mut Builder,
    statement: &Statement,
    kind: FunctionKind,
    name: &Name,
    arguments: &str,
) -> bool {
    let mut cursor = statement.cursor();
    cursor.find_any(&["function", "procedure", "aggregate"]);
    cursor.at += 1;
    cursor.name();
    let mut object = Object::default().with(p::DEFINITION, function_text(cursor));
    match kind {
        FunctionKind::Function => {}
        FunctionKind::Procedure => object = object.with(p::TYPE, "procedure"),
        FunctionKind::Aggregate => object = object.with(p::TYPE, "aggregate"),
    }
    let name = Name { name: format!("{}({arguments})", name.name), ..name.clone() };
    let key = builder.key(Kind::Function, &name);
    builder.catalog.insert(key, object);
    true
}

/// The clauses of a function have no order, so they are sorted; a body in quotes is the same as one
/// between dollars.
fn function_text(mut cursor: Cursor<'_>) -> String {
    const CLAUSES: [&str; 20] = [
        "returns",
        "language",
        "transform",
        "window",
        "immutable",
        "stable",
        "volatile",
        "leakproof",
        "not leakproof",
        "called on",
        "strict",
        "security",
        "external security",
        "parallel",
        "cost",
        "rows",
        "support",
        "set",
        "as",
        "begin",
    ];
    let arguments = cursor.parens().map_or_else(Vec::new, Cursor::comma_parts);
    let arguments: Vec<_> = arguments.into_iter().map(argument).collect();
    let arguments = arguments.join(", ");
    let mut clauses = Vec::new();
    while !cursor.at_end() {
        let from = cursor.at;
        let body = cursor.is_any(&["begin", "return"]);
        if body || cursor.eat_any(&CLAUSES).is_none() {
            cursor.step();
        }
        while !cursor.at_end() && (body || !CLAUSES.iter().any(|clause| cursor.is_phrase(clause))) {
            cursor.step();
        }
        clauses.push(clause_text(cursor.sub(from..cursor.at)));
    }
    clauses.sort();
    let usual = ["volatile", "called on null input", "security invoker", "parallel unsafe"];
    clauses.retain(|clause| !usual.contains(&clause.as_str()));
    format!("({arguments}) {}", clauses.join(" "))
}

/// An argument, its default as an expression.
fn argument(part: Cursor<'_>) -> String {
    let mut cursor = part;
    while !cursor.at_end() && !cursor.is("default") && cursor.written() != "=" {
        cursor.step();
    }
    let declared = types::normal_text(part.sub(0..cursor.at));
    if cursor.at_end() {
        return declared;
    }
    cursor.at += 1;
    let default = &cursor.text()[cursor.rest_range()];
    format!("{declared} default {}", normal_expression(default, Dialect::Postgres))
}

/// `SET name = value` is shown as `SET name TO 'value'`, the name in its own spelling.
fn setting_text(mut clause: Cursor<'_>) -> String {
    let name = clause.path().join(".").to_ascii_lowercase();
    clause.at += 1;
    format!("set {name} to {}", types::normal_text(clause).replace('\'', ""))
}

fn clause_text(mut clause: Cursor<'_>) -> String {
    if clause.eat("set") {
        return setting_text(clause);
    }
    let whole = types::normal_text(clause);
    let quoted = clause.eat("as") && clause.kind() == Some(TokenKind::String);
    if quoted && clause.tokens().len() == 2 {
        let body = unquote_literal(clause.written()).unwrap_or_default();
        return format!("as $${body}$$");
    }
    match whole.as_str() {
        "returns null on null input" => "strict".to_owned(),
        _ => whole.replace("language 'plpgsql'", "language plpgsql"),
    }
}

pub(super) fn trigger(
    builder: &mut Builder,
    statement: &Statement,
    name: &Name,
    table: &Name,
) -> bool {
    let mut cursor = statement.cursor();
    cursor.find_any(&["trigger"]);
    cursor.eat("trigger");
    cursor.eat("if not exists");
    cursor.name();
    let constraint = statement.cursor().is_at(1, "constraint");
    // `EXECUTE PROCEDURE` is the spelling before PostgreSQL 11.
    let text = types::normal_text(cursor).replace(" execute procedure ", " execute function ");
    let mut object = Object::default().with(p::DEFINITION, text);
    if constraint {
        object = object.with(p::TYPE, "constraint");
    }
    let key = builder.key_on(Kind::Trigger, table, &name.name);
    builder.catalog.insert(key, object);
    true
}
