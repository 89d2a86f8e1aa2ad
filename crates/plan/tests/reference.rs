//! The plan reference cannot lie: its tables are made from the schema, its examples are read, and
//! every key of the language is in it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use diagnostics::{SourceId, Sources, has_errors, render};
use serde_json::Value;

fn reference() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference.md");
    fs::read_to_string(path).expect("the reference")
}

fn schema() -> Value {
    serde_json::to_value(plan::document::schema()).expect("a schema is JSON")
}

fn definition<'s>(schema: &'s Value, name: &str) -> &'s Value {
    if name == "Document" { schema } else { &schema["$defs"][name] }
}

fn text<'s>(value: &'s Value, key: &str) -> &'s str {
    value[key].as_str().unwrap_or("")
}

/// What a value can be, in words.
fn kind(schema: &Value, value: &Value) -> String {
    if let Some(name) = text(value, "$ref").strip_prefix("#/$defs/") {
        return named_kind(schema, name);
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(options) = value[choice].as_array().filter(|_| value["properties"].is_null()) {
            let mut words: Vec<String> = Vec::new();
            for word in options.iter().filter(|o| o["type"] != "null").map(|o| kind(schema, o)) {
                if !words.contains(&word) {
                    words.push(word);
                }
            }
            return words.join(" or ");
        }
    }
    if let Some(values) = value["enum"].as_array() {
        let words: Vec<_> =
            values.iter().filter_map(Value::as_str).map(|v| format!("`{v}`")).collect();
        return words.join(" or ");
    }
    if !value["const"].is_null() {
        return format!("`{}`", value["const"].to_string().trim_matches('"'));
    }
    plain_kind(schema, value)
}

fn named_kind(schema: &Value, name: &str) -> String {
    match name {
        "Duration" => "duration".to_owned(),
        "Size" => "size".to_owned(),
        "Day" => "date".to_owned(),
        "PostgresShort" => "`local` or URL".to_owned(),
        "PlainUrl" => "URL".to_owned(),
        _ => kind(schema, definition(schema, name)),
    }
}

fn plain_kind(schema: &Value, value: &Value) -> String {
    let types: Vec<&str> = match &value["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    match types.first().copied() {
        Some("array") => format!("list of {}", plural(&kind(schema, &value["items"]))),
        Some("object") if !value["propertyNames"].is_null() => "mapping by name".to_owned(),
        Some("object") => "mapping".to_owned(),
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("integer") => "number".to_owned(),
        _ => "text".to_owned(),
    }
}

fn plural(kind: &str) -> String {
    kind.split(" or ").map(|word| format!("{word}s")).collect::<Vec<_>>().join(" or ")
}

fn described(schema: &Value, value: &Value) -> String {
    let own = text(value, "description");
    let named = text(value, "$ref").strip_prefix("#/$defs/");
    let of_type = named.map_or("", |name| text(definition(schema, name), "description"));
    let text = if own.is_empty() { of_type } else { own };
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

fn requires(definition: &Value, key: &str) -> bool {
    let required = definition["required"].as_array();
    required.is_some_and(|list| list.iter().any(|name| name.as_str() == Some(key)))
}

/// A table of the keys of these types; a key of several stands once.
fn keys(schema: &Value, types: &str) -> String {
    let mut out = "| key | value | meaning |\n|---|---|---|\n".to_owned();
    let mut seen = BTreeSet::new();
    let types: Vec<&str> = types.split(", ").collect();
    for name in &types {
        let definition = definition(schema, name);
        for (key, value) in definition["properties"].as_object().expect("an object type") {
            // `engine` is explained once, for all kinds of components.
            if !seen.insert(key.clone())
                || (key == "engine" && *name != "Whole") && types != ["IncludeFile"]
            {
                continue;
            }
            let needed = types.iter().all(|name| requires(self::definition(schema, name), key));
            let needed = if needed { ", required" } else { "" };
            let (kind, meaning) = (kind(schema, value), described(schema, value));
            let _ = writeln!(out, "| `{key}` | {kind}{needed} | {meaning} |");
        }
    }
    out
}

/// A table of the values of a choice.
fn values(schema: &Value, name: &str) -> String {
    let mut out = "| value | meaning |\n|---|---|\n".to_owned();
    for value in definition(schema, name)["oneOf"].as_array().expect("a choice") {
        let _ = writeln!(out, "| `{}` | {} |", text(value, "const"), described(schema, value));
    }
    out
}

/// The page with every table made anew.
fn with_tables(page: &str) -> String {
    let schema = schema();
    let mut out = String::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once("<!-- ") {
        let (marker, body) = after.split_once(" -->\n").expect("a closed marker");
        let (_, after) = body.split_once("<!-- end -->").expect("an end marker");
        let table = match marker.split_once(": ") {
            Some(("keys", types)) => keys(&schema, types),
            Some(("values", name)) => values(&schema, name),
            _ => panic!("unknown marker {marker}"),
        };
        let _ = write!(out, "{before}<!-- {marker} -->\n{table}<!-- end -->");
        rest = after;
    }
    out + rest
}

#[test]
fn tables_are_those_of_the_schema() {
    let page = reference();
    let made = with_tables(&page);
    if env::var_os("UPDATE_EXPECT").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference.md");
        return fs::write(path, made).expect("a writable reference");
    }
    assert!(page == made, "docs/reference.md is stale; run with UPDATE_EXPECT=1");
}

#[test]
fn every_key_of_the_language_is_explained() {
    let (schema, page) = (schema(), reference());
    for (name, definition) in schema["$defs"].as_object().expect("types") {
        let Some(properties) = definition["properties"].as_object() else { continue };
        for key in properties.keys() {
            assert!(page.contains(&format!("| `{key}` |")), "{name}.{key} is not explained");
        }
    }
}

/// A block with what every plan needs, where it is only a part of one.
fn whole_plan(block: &str) -> String {
    let has = |key: &str| block.lines().any(|line| line.starts_with(key));
    let mut plan = block.to_owned();
    for (key, line) in [
        ("cutover:", "cutover: 1\n"),
        ("name:", "name: shop\n"),
        ("target:", "target: { sqlite: a.db }\n"),
    ] {
        if !has(key) {
            plan.push_str(line);
        }
    }
    plan
}

#[test]
fn every_example_is_read() {
    let page = reference();
    let mut count = 0;
    for block in page.split("```yaml").skip(1) {
        let (body, _) = block.split_once("\n```").expect("a closed block");
        let (flags, body) = body.split_once('\n').expect("a block with lines");
        let text = whole_plan(&format!("{body}\n"));
        let mut sources = Sources::default();
        let id: SourceId = sources.add("example", text.clone());
        let (_, findings) = plan::parse(id, &text);
        let shown: String = findings.iter().map(|finding| render(finding, &sources)).collect();
        assert_eq!(has_errors(&findings), flags.trim() == "fail", "{shown}\n{text}");
        count += 1;
    }
    assert!(count > 20, "only {count} examples were found");
}
