//! Functions, views, rules, triggers and policies.

use catalog::{Catalog, Kind, Object, ObjectKey, properties as p};

use super::columns;
use super::names::{children, function_parts, own, qualified, table_of};
use super::tables::parameters;
use crate::quote;

fn definition(object: &Object) -> &str {
    object.get(p::DEFINITION).unwrap_or_default().trim_end_matches([';', ' ', '\n'])
}

pub(super) fn function(key: &ObjectKey, object: &Object) -> String {
    let special = object.get(p::TYPE).filter(|word| ["procedure", "aggregate"].contains(word));
    let word = special.unwrap_or("function");
    let (name, _) = function_parts(&key.name);
    let text = object.get(p::DEFINITION).unwrap_or_default();
    format!("create {word} {}{text}", qualified(&key.schema, name))
}

pub(super) fn view(catalog: &Catalog, key: &ObjectKey, object: &Object) -> Vec<String> {
    let word = key.kind.word();
    let materialized = key.kind == Kind::MaterializedView;
    let mut text = format!("create {word} {}", own(key));
    if let Some(method) = object.get(p::ACCESS_METHOD) {
        text += &format!(" using {}", quote(method));
    }
    if let Some(options) = object.get(p::OPTIONS) {
        text += &format!(" with ({})", parameters(options));
    }
    if let Some(space) = object.get(p::TABLESPACE) {
        text += &format!(" tablespace {}", quote(space));
    }
    text += &format!(" as\n{}", definition(object));
    if materialized {
        text += "\nwith no data";
    }
    let mut statements = vec![text];
    for (column, object) in columns_of(catalog, key) {
        let name = quote(&column.name);
        let default = object.get(p::DEFAULT).map(|value| format!("set default {value}"));
        let settings = if materialized { columns::settings(object) } else { Vec::new() };
        let actions = default.into_iter().chain(settings);
        let alter = |action| format!("alter {word} {} alter column {name} {action}", own(key));
        statements.extend(actions.map(alter));
    }
    statements
}

pub(super) fn columns_of<'a>(
    catalog: &'a Catalog,
    relation: &'a ObjectKey,
) -> impl Iterator<Item = (&'a ObjectKey, &'a Object)> {
    children(catalog, Kind::Column, relation)
}

pub(super) fn rule(key: &ObjectKey, object: &Object) -> Vec<String> {
    let text = format!("create rule {} as {}", quote(&key.name), definition(object));
    with_state(text, key, object)
}

pub(super) fn trigger(key: &ObjectKey, object: &Object) -> Vec<String> {
    let word = if object.get(p::TYPE).is_some() { "constraint trigger" } else { "trigger" };
    with_state(format!("create {word} {} {}", quote(&key.name), definition(object)), key, object)
}

fn with_state(text: String, key: &ObjectKey, object: &Object) -> Vec<String> {
    let state = object.get(p::ENABLED).map(|state| {
        let (word, name) = (key.kind.word(), quote(&key.name));
        format!("alter table {} {} {word} {name}", table_of(key), state_words(state))
    });
    std::iter::once(text).chain(state).collect()
}

/// `disable`, `enable replica`
pub(super) fn state_words(state: &str) -> &str {
    match state {
        "replica" => "enable replica",
        "always" => "enable always",
        _ => "disable",
    }
}

pub(super) fn policy(key: &ObjectKey, object: &Object) -> String {
    let mut text = format!("create policy {} on {}", quote(&key.name), table_of(key));
    let clauses = [
        ("as", object.get(p::TYPE)),
        ("for", object.get(p::COMMAND)),
        ("to", object.get(p::ROLES)),
    ];
    for (word, value) in clauses {
        text += &value.map_or_else(String::new, |value| format!(" {word} {value}"));
    }
    for (words, property) in [("using", p::USING), ("with check", p::WITH_CHECK)] {
        let value = object.get(property);
        text += &value.map_or_else(String::new, |value| format!("\n    {words} ({value})"));
    }
    text
}
