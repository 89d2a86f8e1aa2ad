//! Pairs of schemas from sqldef's tests: a comparison reports a difference exactly when the two
//! files differ, in both directions, and a schema loaded twice is equal to itself. The truth was
//! measured with SQLite's own shell and stands beside the pairs.
#![allow(clippy::print_stdout, clippy::print_stderr)] // totals are part of the result
#![allow(clippy::unwrap_used)] // a test that cannot be set up fails

use std::path::{Path, PathBuf};

use catalog::{Catalog, DiffOptions, diff};
use engine_sqlite::introspect;
use rusqlite::Connection;

#[test]
fn drift_is_reported_exactly_where_the_schemas_differ() {
    let Some(folder) = folder() else { return };
    let text = std::fs::read_to_string(folder.join("validated_sqlite.json")).unwrap();
    let truth: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    let mut wrong = Vec::new();
    for (name, facts) in &truth {
        let load = |file| loaded(&folder.join("cases").join(name).join(file));
        let (from, to) = (load("from.sql"), load("to.sql"));
        let differs = facts["schema_differs"].as_bool().unwrap();
        for (a, b, expected) in [(&from, &to, differs), (&to, &from, differs)] {
            check(name, &a[0], &b[0], expected, &mut wrong);
        }
        check(name, &from[0], &from[1], false, &mut wrong);
        check(name, &to[0], &to[1], false, &mut wrong);
    }
    println!("{} pairs, {} comparisons wrong", truth.len(), wrong.len());
    assert!(truth.len() > 30 && wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check(name: &str, a: &Catalog, b: &Catalog, expected: bool, wrong: &mut Vec<String>) {
    let options = DiffOptions { ignore_generated_names: false, ..DiffOptions::default() };
    let found = diff(a, b, &options);
    if found.is_empty() == expected {
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        wrong.push(format!("{name}: differ: {expected}, found: {found:?}"));
    }
}

fn loaded(file: &Path) -> [Catalog; 2] {
    let sql = std::fs::read_to_string(file).unwrap();
    [0, 1].map(|_| {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(&sql).unwrap();
        introspect(&conn).unwrap()
    })
}

/// `CUTOVER_SHARED`, or `../shared` beside the repository.
fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("CUTOVER_SHARED").map_or(beside, PathBuf::from);
    let folder = shared.join("cases/sqldef-sqlite3def");
    if !folder.is_dir() {
        eprintln!("skipped: no shared cases at {}", folder.display());
        return None;
    }
    Some(folder)
}
