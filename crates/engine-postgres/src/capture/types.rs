//! Types, domains and collations.

use catalog::capture::Block;
use catalog::{Object, ObjectKey, properties as p};
use sql::{Dialect, TokenKind};

use super::names::own;
use super::rank;
use super::tables::list;
use crate::quote;

/// A base type is first announced, because its own functions take and give it.
pub(super) fn shell(key: &ObjectKey, object: &Object) -> Option<Block> {
    let announced = object.get(p::TYPE) == Some("base");
    announced.then(|| {
        let mut block = Block::new(rank::SHELL_TYPE, key).with(format!("create type {}", own(key)));
        block.notes.push("announced for its own functions".to_owned());
        block
    })
}

pub(super) fn create(key: &ObjectKey, object: &Object) -> String {
    let name = own(key);
    let definition = object.get(p::DEFINITION).unwrap_or_default();
    match object.get(p::TYPE) {
        Some("enum") => {
            let labels = literals(object.get(p::LABELS).unwrap_or_default());
            format!("create type {name} as enum{}", list(&labels))
        }
        Some("composite") => {
            let attributes = parts(object.get(p::ATTRIBUTES).unwrap_or_default());
            format!("create type {name} as{}", list(&attributes))
        }
        Some("range") => format!("create type {name} as range ({definition})"),
        Some("base") => format!("create type {name} ({definition})"),
        _ => format!("create type {name}"),
    }
}

/// The string literals of a list.
fn literals(text: &str) -> Vec<String> {
    let tokens = sql::tokenize(text, Dialect::Postgres);
    let strings = tokens.into_iter().filter(|token| token.kind == TokenKind::String);
    strings.map(|token| text[token.range].to_owned()).collect()
}

/// The parts between commas outside of parentheses.
fn parts(text: &str) -> Vec<String> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0, 0);
    for token in sql::tokenize(text, Dialect::Postgres) {
        match token.kind {
            TokenKind::LParen => depth += 1,
            TokenKind::RParen => depth -= 1,
            TokenKind::Comma if depth == 0 => {
                parts.push(text[from..token.range.start].trim().to_owned());
                from = token.range.end;
            }
            _ => {}
        }
    }
    parts.extend(Some(text[from..].trim().to_owned()).filter(|last| !last.is_empty()));
    parts
}

/// The domain with its valid checks; then those that are not, and comments on checks.
pub(super) fn domain(key: &ObjectKey, object: &Object) -> Vec<String> {
    let name = own(key);
    let mut text =
        format!("create domain {name} as {}", object.get(p::DATA_TYPE).unwrap_or_default());
    for (words, property) in [("collate", p::COLLATION), ("default", p::DEFAULT)] {
        text += &object.get(property).map_or_else(String::new, |v| format!(" {words} {v}"));
    }
    text += object.get(p::NOT_NULL).map_or("", |_| " not null");
    let mut later = Vec::new();
    for (property, definition) in &object.properties {
        if let Some(check) = property.strip_prefix("comment on check ") {
            let check = quote(check);
            let comment = sql::quote_literal(definition);
            later.push(format!("comment on constraint {check} on domain {name} is {comment}"));
        } else if let Some(check) = property.strip_prefix("check ") {
            let check = format!("constraint {} {definition}", quote(check));
            match definition.ends_with("NOT VALID") {
                true => later.insert(0, format!("alter domain {name} add {check}")),
                false => text += &format!("\n    {check}"),
            }
        }
    }
    later.insert(0, text);
    later
}
