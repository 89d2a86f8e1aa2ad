//! Names that fit where the cursor is: of tables, columns, stages, sources, hazards, and the keys and
//! choices of the plan language, which come from its JSON Schema.

use std::collections::BTreeSet;

use catalog::Kind;
use diagnostics::{Family, code};
use lsp_types::{CompletionItem, CompletionItemKind, CompletionResponse};
use serde_json::Value as Json;

use super::analysis::{Analysis, Outline};
use super::context::At;

pub(super) fn complete(analysis: &Analysis, at: &At) -> Option<CompletionResponse> {
    if at.path != analysis.path {
        return None;
    }
    let keys = at.keys();
    let mut items = Vec::new();
    if let Some(outline) = &analysis.outline {
        items.extend(names(outline, at, &keys));
    }
    items.extend(choices(&keys));
    Some(CompletionResponse::Array(items))
}

fn names(outline: &Outline, at: &At, keys: &[&str]) -> Vec<CompletionItem> {
    let plan = &outline.plan;
    let field = CompletionItemKind::FIELD;
    match (keys.first().copied(), keys.last().copied()) {
        (Some("waivers"), Some("allow")) => {
            let waivable =
                code::ALL.iter().filter(|it| matches!(it.family, Family::Hazard | Family::Lint));
            waivable.map(|code| item(code.name, CompletionItemKind::CONSTANT, code.what)).collect()
        }
        (Some("load"), Some("load" | "from" | "split" | "table"))
        | (_, Some("table" | "tables" | "on")) => tables(outline),
        (_, Some("references")) => tables(outline),
        (_, Some("source")) => plan
            .sources
            .iter()
            .map(|it| item(&it.name.value, CompletionItemKind::FILE, "source"))
            .collect(),
        (_, Some("needs" | "stage")) => plan
            .stages
            .iter()
            .map(|it| item(&it.name.value, CompletionItemKind::EVENT, "stage"))
            .collect(),
        (Some("load"), Some("columns")) => columns(outline, keys.get(1).copied(), field),
        (_, Some("columns" | "unique" | "foreign_key" | "include")) => {
            columns(outline, at.sibling("table"), field)
        }
        (_, Some("primary_key")) => columns(outline, keys.get(2).copied(), field),
        _ => Vec::new(),
    }
}

fn tables(outline: &Outline) -> Vec<CompletionItem> {
    let tables = |kind| matches!(kind, Kind::Table | Kind::View | Kind::MaterializedView);
    let schema = &outline.schemas.built;
    let found: BTreeSet<(String, &str)> = schema
        .objects()
        .filter(|(key, _)| tables(key.kind))
        .map(|(key, _)| (key.name, key.kind.word()))
        .collect();
    found.iter().map(|(name, word)| item(name, CompletionItemKind::CLASS, word)).collect()
}

fn columns(
    outline: &Outline,
    table: Option<&str>,
    kind: CompletionItemKind,
) -> Vec<CompletionItem> {
    let Some(table) = table else { return Vec::new() };
    let objects = outline.schemas.built.objects();
    let columns: BTreeSet<String> = objects
        .filter(|(key, _)| key.kind == Kind::Column && key.parent.eq_ignore_ascii_case(table))
        .map(|(key, _)| key.name)
        .collect();
    columns.iter().map(|name| item(name, kind, &format!("column of {table}"))).collect()
}

/// Keys and words that the language has at a place.
fn choices(keys: &[&str]) -> Vec<CompletionItem> {
    let schema = plan::document::schema().to_value();
    let mut here = alternatives(&schema, &schema);
    for key in keys {
        let inner = |it: &&Json| -> Option<Json> {
            let named = it.get("properties").and_then(|known| known.get(*key));
            named.or_else(|| it.get("additionalProperties").filter(|it| it.is_object())).cloned()
        };
        let next: Vec<Json> = here.iter().filter_map(|it| inner(&it)).collect();
        here = next.iter().flat_map(|it| alternatives(it, &schema)).collect();
    }
    here.iter().flat_map(of_schema).collect()
}

fn of_schema(schema: &Json) -> Vec<CompletionItem> {
    let description =
        |it: &Json| it.get("description").and_then(Json::as_str).unwrap_or_default().to_owned();
    let known = schema.get("properties").and_then(Json::as_object);
    let keys = known.into_iter().flatten().map(|(key, value)| {
        let mut shown = item(key, CompletionItemKind::PROPERTY, &description(value));
        shown.insert_text = Some(format!("{key}: "));
        shown
    });
    let constant = schema.get("const").and_then(Json::as_str).into_iter();
    let listed = schema.get("enum").and_then(Json::as_array).into_iter().flatten();
    let words = constant.chain(listed.filter_map(Json::as_str));
    let words = words.map(|word| item(word, CompletionItemKind::ENUM_MEMBER, &description(schema)));
    keys.chain(words).collect()
}

/// What a schema may stand for; of a list: of its items.
fn alternatives(schema: &Json, root: &Json) -> Vec<Json> {
    let pointer = schema.get("$ref").and_then(Json::as_str).and_then(|it| it.strip_prefix('#'));
    if let Some(referred) = pointer.and_then(|pointer| root.pointer(pointer)) {
        return alternatives(referred, root);
    }
    if let Some(items) = schema.get("items") {
        return alternatives(items, root);
    }
    let several = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(key)?.as_array());
    several.map_or_else(
        || vec![schema.clone()],
        |list| list.iter().flat_map(|it| alternatives(it, root)).collect(),
    )
}

fn item(label: &str, kind: CompletionItemKind, detail: &str) -> CompletionItem {
    CompletionItem {
        label: label.to_owned(),
        kind: Some(kind),
        detail: Some(detail.replace('\n', " ")),
        ..CompletionItem::default()
    }
}
