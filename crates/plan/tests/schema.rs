//! The decoder, the JSON Schema and a second YAML reader (serde with the plain types) agree.

use std::path::{Path, PathBuf};
use std::{env, fs};

use diagnostics::{SourceId, has_errors};
use jsonschema::Validator;
use plan::document::{Document, schema};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn validator() -> Validator {
    let schema = serde_json::to_value(schema()).expect("a schema is JSON");
    jsonschema::validator_for(&schema).expect("the schema is valid")
}

/// Whether the schema accepts the text, read by the other reader.
fn schema_accepts(validator: &Validator, text: &str) -> bool {
    serde_yaml::from_str::<serde_json::Value>(text).is_ok_and(|value| validator.is_valid(&value))
}

fn decoder_accepts(text: &str) -> bool {
    let (plan, findings) = plan::parse(SourceId(0), text);
    plan.is_some() && !has_errors(&findings)
}

/// The model without its places: what it says, not where.
fn said(text: &str) -> String {
    let (plan, findings) = plan::parse(SourceId(0), text);
    assert!(findings.is_empty(), "{findings:#?}\n{text}");
    let plan = plan.map(|mut plan| {
        // Kinds are written in the order of their types, which may not be the plan's.
        plan.components.sort_by_key(|component| component.kind);
        plan
    });
    let debug = format!("{plan:?}");
    let mut out = String::new();
    let mut rest = debug.as_str();
    while let Some(at) = rest.find("Span { source: ") {
        out.push_str(&rest[..at]);
        rest = rest[at..].split_once('}').map_or("", |(_, rest)| rest);
        // A `SourceText` has its map behind its span.
        if let Some(map) = rest.strip_prefix(", map: [") {
            rest = map.split_once(']').map_or("", |(_, rest)| rest);
        }
    }
    out + rest
}

/// Every plan of the repository that must be read without a finding.
fn good_plans() -> Vec<(PathBuf, String)> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/good");
    let mut files: Vec<PathBuf> = fs::read_dir(corpus)
        .expect("a folder")
        .map(|entry| entry.expect("a file").path())
        .collect();
    if let Ok(examples) = fs::read_dir(root().join("plans")) {
        let plan = |entry: fs::DirEntry| entry.path().join("plan.yaml");
        files.extend(examples.flatten().map(plan).filter(|path| path.exists()));
    }
    files.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a readable plan");
        (path, text)
    };
    files.into_iter().map(read).collect()
}

#[test]
fn the_stored_schema_is_the_generated_one() {
    let path = root().join("schemas/plan.schema.json");
    let mut generated = serde_json::to_string_pretty(&schema()).expect("a schema is JSON");
    generated.push('\n');
    if env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &generated).expect("a writable schema");
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == generated, "{} is stale; run with UPDATE_EXPECT=1", path.display());
}

#[test]
fn good_plans_are_accepted_by_all_three_and_say_the_same() {
    let validator = validator();
    for (path, text) in good_plans() {
        let shown = path.display();
        assert!(schema_accepts(&validator, &text), "{shown}: the schema refuses it");
        let document: Document =
            serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{shown}: {e}"));
        let written = serde_yaml::to_string(&document).expect("a document is YAML");
        assert_eq!(said(&text), said(&written), "{shown}");
    }
}

const HEAD: &str = "cutover: 1\nname: shop\n";
const TARGET: &str = "target: { sqlite: a.db }\n";

/// Fragments that the decoder refuses, each under a good head and target.
const REFUSED: &[&str] = &[
    "descripton: x",
    "description: [x]",
    "description: { x: y }",
    "sources: [a.db]",
    "sources: { shop: { path: a.db, glob: b } }",
    "sources: { shop: {} }",
    "sources: { shop: { dir: x } }",
    "sources: { shop: [] }",
    "sources: { '': a.db }",
    "baseline: [a.sql]",
    "baseline: { new: [index a] }",
    "baseline: { file: a.sql, postgres: b.sql }",
    "baseline: { mysql: a.sql }",
    "components: []",
    "components: { table: {} }",
    "components: { include: [{ engine: postgres }] }",
    "components: { include: [{ file: a.sql, engine: mysql }] }",
    "components: { tables: [a] }",
    "components: { tables: { a: { columns: [id] } } }",
    "components: { tables: { a: { colums: { id: int } } } }",
    "components: { tables: { a: {} } }",
    "components: { tables: { a: { columns: { id: int }, sql: x } } }",
    "components: { tables: { a: { columns: { id: { type: int } } } } }",
    "components: { tables: { a: { columns: { id: int }, primary_key: [] } } }",
    "components: { indexes: { a: { table: t } } }",
    "components: { indexes: { a: { columns: [x] } } }",
    "components: { indexes: { a: { table: t, columns: [] } } }",
    "components: { indexes: { a: { table: t, columns: [x], unique: 'true' } } }",
    "components: { indexes: { a: { table: t, columns: [x], unique: 1 } } }",
    "components: { indexes: { a: { table: t, columns: [x], sql: y } } }",
    "components: { constraints: { a: { table: t } } }",
    "components: { constraints: { a: { check: x > 0 } } }",
    "components: { constraints: { a: { table: t, check: x, unique: [y] } } }",
    "components: { constraints: { a: { table: t, check: x, references: y } } }",
    "components: { constraints: { a: { table: t, foreign_key: [x] } } }",
    "components: { constraints: { a: { table: t, foreign_key: [x], references: {} } } }",
    "components: { constraints: { a: { table: t, foreign_key: [x], references: y, on_delete: explode } } }",
    "components: { grants: { a: b } }",
    "components: { grants: [{ grant: select, on: t }] }",
    "components: { grants: [{ grant: [], on: t, to: r }] }",
    "components: { grants: [{ grant: select, on: { tables: a, types: b }, to: r }] }",
    "components: { grants: [{ grant: select, on: { schema: false }, to: r }] }",
    "components: { grants: [{ grant: select, on: {}, to: r }] }",
    "components: { sequences: { a: { start: 1 } } }",
    "components: { sequences: { a: start with 1 } }",
    "components: { views: { a: {} } }",
    "components: { views: { a: { query: x, sql: y } } }",
    "components: { functions: { a: {} } }",
    "components: { functions: { a: { body: x } } }",
    "components: { triggers: { a: { table: t } } }",
    "components: { types: { a: { enum: [] } } }",
    "components: { types: { a: {} } }",
    "components: { extensions: { a: b } }",
    "components: { extensions: [{ engine: postgres }] }",
    "components: { policies: { a: [x] } }",
    "components: { comments: { table a: {} } }",
    "stages: [load]",
    "stages: { a: { needs: { b: c } } }",
    "stages: { a: { need: b } }",
    "stages: { a: { skip: yes } }",
    "stages: { a: { tables: [[x]] } }",
    "load: [a]",
    "load: { a: [b] }",
    "load: { a: { from: b, query: c } }",
    "load: { a: { columns: [b] } }",
    "load: { a: { columns: { b: {} } } }",
    "load: { a: { columns: { b: { from: c, sql: d } } } }",
    "load: { a: { columns: { b: { as: unix } } } }",
    "checks: []",
    "checks: { during: [] }",
    "checks: { before: { name: a, sql: b } }",
    "checks: { before: [{ name: a }] }",
    "checks: { before: [{ sql: b }] }",
    "checks: { before: [{ name: a, sql: b, expect: rows }] }",
    "checks: { before: [{ name: a, sql: b, expect: false }] }",
    "checks: { before: [{ name: a, sql: b, expect: { values: 1 } }] }",
    "checks: { invariants: [{ name: a }] }",
    "checks: { invariants: [{ name: a, sql: b, source_sql: c, target_sql: d }] }",
    "checks: { invariants: [{ name: a, source_sql: c }] }",
    "waivers: { a: b }",
    "waivers: [{ allow: a, reason: b, owner: c }]",
    "waivers: [{ allow: a, reason: b, owner: c, expires: tomorrow }]",
    "waivers: [{ allow: a, reason: b, owner: c, expires: 2027-01-31, until: x }]",
    "retire: { index a: b }",
    "retire: [index a]",
    "retire: [{ component: index a, reason: b, owner: c }]",
    "retire: [{ component: index a, reason: b, owner: c, date: soon }]",
    "retire: [{ component: [index a], reason: b, owner: c, date: 2026-12-01 }]",
    "run: { connections: 0 }",
    "run: { connections: 65 }",
    "run: { connections: '2' }",
    "run: { connections: two }",
    "run: { promote_attempts: 101 }",
    "run: { lock_timeout: 2 }",
    "run: { lock_timeout: 2 s }",
    "run: { lock_timeout: -1s }",
    "run: { memory: 64MB }",
    "run: { memory: 0100MiB }",
    "run: { on_source_change: ignore }",
];

/// Fragments that only the decoder can refuse: a schema cannot tell.
const REFUSED_BEYOND_THE_SCHEMA: &[&str] = &[
    "sources: { 9lives: a.db }",
    "sources: { shop: ' ' }",
    "stages: { a: ' ' }",
    "load: { a: .b }",
    "run: { connections: 0x10 }",
    "run: { lock_timeout: 99999999999999999999s }",
    "run: { lock_timeout: 0s }",
    "run: { statement_timeout: 600h }",
    "run: { memory: 100KiB }",
    "waivers: [{ allow: a, reason: b, owner: c, expires: 2027-02-30 }]",
    "waivers: [{ allow: a, reason: '', owner: c, expires: 2027-02-03 }]",
    "retire: [{ component: index a, reason: b, owner: c, date: 2026-02-30 }]",
    "retire: [{ component: ' ', reason: b, owner: c, date: 2026-12-01 }]",
    "components: { constraints: { a: { table: t, foreign_key: x, references: 'y(' } } }",
    "components: { triggers: { a: { table: t, sql: create trigger a after insert on u } } }",
    "components: { tables: { a: { columns: { id: '' } } } }",
];

#[test]
fn what_the_schema_refuses_the_decoder_refuses_too() {
    let validator = validator();
    for fragment in REFUSED {
        let text = format!("{HEAD}{TARGET}{fragment}\n");
        assert!(!decoder_accepts(&text), "the decoder accepts {fragment}");
        assert!(!schema_accepts(&validator, &text), "the schema accepts {fragment}");
    }
    for fragment in REFUSED_BEYOND_THE_SCHEMA {
        let text = format!("{HEAD}{TARGET}{fragment}\n");
        assert!(!decoder_accepts(&text), "the decoder accepts {fragment}");
        assert!(schema_accepts(&validator, &text), "the schema can refuse {fragment}");
    }
}

#[test]
fn heads_and_targets_that_are_refused_by_both() {
    let validator = validator();
    for text in [
        "name: shop\ntarget: { sqlite: a.db }",
        "cutover: 2\nname: shop\ntarget: { sqlite: a.db }",
        "cutover: '1'\nname: shop\ntarget: { sqlite: a.db }",
        "cutover: 1\ntarget: { sqlite: a.db }",
        "cutover: 1\nname: Shop\ntarget: { sqlite: a.db }",
        "cutover: 1\nname: shop",
        "cutover: 1\nname: shop\ntarget: postgres",
        "cutover: 1\nname: shop\ntarget: {}",
        "cutover: 1\nname: shop\ntarget: { postgres: local, sqlite: a.db }",
        "cutover: 1\nname: shop\ntarget: { postgres: remote }",
        "cutover: 1\nname: shop\ntarget: { postgres: {} }",
        "cutover: 1\nname: shop\ntarget: { postgres: { server: local, url: postgres://h/d } }",
        "cutover: 1\nname: shop\ntarget: { postgres: { server: remote } }",
        "cutover: 1\nname: shop\ntarget: { postgres: { url: { env: A, file: b } } }",
        "cutover: 1\nname: shop\ntarget: { postgres: { url: { env: 'A B' } } }",
        "cutover: 1\nname: shop\ntarget: { postgres: { url: http://h/d } }",
        "cutover: 1\nname: shop\ntarget: { postgres: { server: local, tls: no } }",
        "cutover: 1\nname: shop\ntarget: { postgres: { server: local, existing: keep } }",
        "cutover: 1\nname: shop\ntarget: { sqlite: {} }",
        "cutover: 1\nname: shop\ntarget: { sqlite: { path: a.db, existing: keep } }",
        "- cutover: 1",
        "",
    ] {
        assert!(!decoder_accepts(text), "the decoder accepts {text}");
        assert!(!schema_accepts(&validator, text), "the schema accepts {text}");
    }
}
