//! What belongs to the database and not to a schema, and what the catalog holds as opaque.

use catalog::capture::Block;
use catalog::{Object, ObjectKey, properties as p};

use super::names::{opaque_parts, own, qualified};
use super::programs::state_words;
use crate::quote;

/// In place of the options of a user mapping, which are secrets and never read.
const UNKNOWN: &str = "'to be set'";

/// `public` is there in an empty database, with privileges and a comment of its own.
pub(super) fn schema(key: &ObjectKey, object: &Object) -> Vec<String> {
    if key.name != "public" {
        return vec![format!("create schema {}", quote(&key.name))];
    }
    let mut statements = vec!["create schema if not exists public".to_owned()];
    if object.comment.is_none() {
        statements.push("comment on schema public is null".to_owned());
    }
    statements.push("revoke all on schema public from public".to_owned());
    statements
}

/// Where an extension's schema comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    /// The file makes it, or it is always there.
    Made,
    /// The file is about another schema.
    Foreign,
    /// The extension makes it.
    Own,
}

pub(super) fn extension(key: &ObjectKey, object: &Object, home: Home) -> Vec<String> {
    let schema = object.get(p::SCHEMA).filter(|_| home != Home::Own).map(quote);
    let place = schema.as_ref().map_or_else(String::new, |name| format!(" with schema {name}"));
    let text = format!("create extension if not exists {}{place} cascade", quote(&key.name));
    let first = schema.filter(|_| home == Home::Foreign);
    let first = first.map(|name| format!("create schema if not exists {name}"));
    first.into_iter().chain([text]).collect()
}

fn definition(object: &Object) -> &str {
    object.get(p::DEFINITION).unwrap_or_default()
}

fn options(object: &Object) -> String {
    object.get(p::OPTIONS).map_or_else(String::new, |options| format!(" options ({options})"))
}

/// Foreign data wrappers and servers.
pub(super) fn foreign(key: &ObjectKey, object: &Object) -> String {
    let text = definition(object);
    let space = if text.is_empty() { "" } else { " " };
    format!("create {} {}{space}{text}{}", key.kind.word(), quote(&key.name), options(object))
}

pub(super) fn user_mapping(block: Block, key: &ObjectKey, object: &Object) -> Block {
    let server = object.get(p::SERVER).unwrap_or_default();
    let user = key.name.strip_suffix(&format!(" on {server}")).unwrap_or(&key.name);
    let names = object.get(p::OPTIONS).map(|text| {
        let one = |name: &str| format!("{} {UNKNOWN}", quote(name));
        format!(" options ({})", text.split(", ").map(one).collect::<Vec<_>>().join(", "))
    });
    let mut block = block.with(format!(
        "create user mapping for {} server {}{}",
        super::grants::role(user),
        quote(server),
        names.as_deref().unwrap_or_default()
    ));
    if names.is_some() {
        block.notes.push("the values of its options are secrets and are not captured".to_owned());
    }
    block
}

pub(super) fn publication(key: &ObjectKey, object: &Object) -> String {
    format!("create publication {} {}", quote(&key.name), definition(object))
}

pub(super) fn event_trigger(key: &ObjectKey, object: &Object) -> Vec<String> {
    let name = quote(&key.name);
    let state = object.get(p::ENABLED);
    let state = state.map(|state| format!("alter event trigger {name} {}", state_words(state)));
    let text = format!("create event trigger {name} {}", definition(object));
    std::iter::once(text).chain(state).collect()
}

pub(super) fn cast(key: &ObjectKey, object: &Object) -> String {
    format!("create cast ({}) {}", key.name, definition(object))
}

pub(super) fn collation(key: &ObjectKey, object: &Object) -> String {
    format!("create collation {} {}", own(key), definition(object))
}

pub(super) fn statistics(key: &ObjectKey, object: &Object) -> Vec<String> {
    let name = own(key);
    let text = format!("create statistics {name} {}", definition(object));
    let target = object.get(p::STATISTICS);
    let target = target.map(|target| format!("alter statistics {name} set statistics {target}"));
    std::iter::once(text).chain(target).collect()
}

/// What has no kind of its own. What no statement can be made of is written as a comment.
pub(super) fn opaque(mut block: Block, key: &ObjectKey, object: &Object) -> Block {
    let (word, rest) = opaque_parts(&key.name);
    let text = definition(object);
    let name = qualified(&key.schema, rest);
    let statements = match word {
        "operator" => {
            let symbol = super::names::function_parts(rest).0;
            vec![format!("create operator {}.{symbol} ({text})", quote(&key.schema))]
        }
        "operator class" => {
            let name = rest.rsplit_once(" using ").map_or(rest, |(name, _)| name);
            vec![format!("create operator class {} {text}", qualified(&key.schema, name))]
        }
        "operator family" => return family(block, key, rest, text),
        "text search configuration" => configuration(&name, text),
        "text search dictionary" | "text search template" | "text search parser" => {
            vec![format!("create {word} {name} ({text})")]
        }
        "conversion" => match text.strip_prefix("default ") {
            Some(text) => vec![format!("create default conversion {name} {text}")],
            None => vec![format!("create conversion {name} {text}")],
        },
        "language" => match text.strip_prefix("trusted ") {
            Some(text) => vec![format!("create trusted language {name} {text}")],
            None => vec![format!("create language {name} {text}")],
        },
        "access method" => vec![format!("create access method {name} {text}")],
        "transform for" => vec![format!("create transform for {rest} {text}")],
        _ => Vec::new(),
    };
    if statements.is_empty() {
        block.notes.push(format!("no statement can be made of it: {text}"));
    }
    block.statements.extend(statements);
    block
}

/// `using btree, operator 1 …`: the members that no class has need types that the catalog does not
/// hold.
fn family(mut block: Block, key: &ObjectKey, rest: &str, text: &str) -> Block {
    let (name, method) = rest.rsplit_once(" using ").unwrap_or((rest, "btree"));
    if let Some((_, members)) = text.split_once(", ") {
        block.notes.push(format!("members that are not written: {members}"));
    }
    let name = qualified(&key.schema, name);
    block.with(format!("create operator family {name} using {}", quote(method)))
}

/// `parser = x; word with d1, d2; …`
fn configuration(name: &str, text: &str) -> Vec<String> {
    let mut parts = text.split("; ");
    let parser = parts.next().unwrap_or_default();
    let first = format!("create text search configuration {name} ({parser})");
    let mapping = |part| format!("alter text search configuration {name} add mapping for {part}");
    std::iter::once(first).chain(parts.map(mapping)).collect()
}
