//! Known keys in the order of the reference, which is that of the document types: the generated
//! JSON Schema is walked beside the plan. Names that the author gave keep the author's order.

use std::sync::LazyLock;

use serde_json::{Map, Value as Json};

use super::tree::{Part, Shape, Value};

static SCHEMA: LazyLock<Json> = LazyLock::new(|| crate::document::schema().to_value());

pub(super) fn apply(root: &mut Value, text: &str) {
    arrange(root, &SCHEMA, text);
}

fn arrange(value: &mut Value, schema: &Json, text: &str) {
    match &mut value.shape {
        Shape::Mapping { entries, .. } => {
            let schema = of_mapping(schema, entries, text);
            let known = schema.get("properties").and_then(Json::as_object);
            entries.sort_by_key(|entry| position(known, name(entry, text)));
            for entry in entries {
                let of_key = known.and_then(|known| known.get(name(entry, text)));
                if let Some(inner) = of_key.or_else(|| schema.get("additionalProperties")) {
                    arrange(&mut entry.value, inner, text);
                }
            }
        }
        Shape::Sequence { items, .. } => {
            for item in items {
                for alternative in alternatives(schema) {
                    if let Some(inner) = alternative.get("items") {
                        arrange(&mut item.value, inner, text);
                    }
                }
            }
        }
        Shape::Text | Shape::Block { .. } => {}
    }
}

/// Unknown keys stay behind the known ones, as they were.
fn position(known: Option<&Map<String, Json>>, name: &str) -> usize {
    let at = known.and_then(|known| known.keys().position(|key| key == name));
    at.unwrap_or(usize::MAX)
}

fn name<'t>(entry: &Part, text: &'t str) -> &'t str {
    let key = entry.key.clone().and_then(|key| text.get(key)).unwrap_or("");
    key.trim_matches(['"', '\''])
}

/// The alternative of `schema` that knows most of the keys of a mapping.
fn of_mapping<'s>(schema: &'s Json, entries: &[Part], text: &str) -> &'s Json {
    let knows = |alternative: &Json| {
        let known = alternative.get("properties").and_then(Json::as_object);
        let count = |known: &Map<String, Json>| {
            entries.iter().filter(|entry| known.contains_key(name(entry, text))).count() * 2
        };
        known.map_or(usize::from(alternative.get("additionalProperties").is_some()), count)
    };
    // The first of equals: `max_by_key` gives the last.
    alternatives(schema).into_iter().rev().max_by_key(|it| knows(it)).unwrap_or(schema)
}

/// What `schema` stands for: `$ref` followed, `anyOf` and `oneOf` spread out.
fn alternatives(schema: &Json) -> Vec<&Json> {
    let referred = schema
        .get("$ref")
        .and_then(Json::as_str)
        .and_then(|path| path.strip_prefix('#'))
        .and_then(|path| SCHEMA.pointer(path));
    if let Some(referred) = referred {
        return alternatives(referred);
    }
    let several = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(key)?.as_array());
    several.map_or_else(|| vec![schema], |list| list.iter().flat_map(alternatives).collect())
}
