//! What an engine refuses is told with file, line, column, kind of statement and the engine's words,
//! all of it at once: one bad statement hides no other, in a plan and in a baseline.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use testkit::Database;

use crate::cutover;

const POSTGRES: &str = "create table a (b text);
create table c (
    d nothing,
    e text
);
create index on c (e);
create unique index i on a (missing(b));
alter table a add constraint k check (b > 1);
create view v as select b from a;
create view w as select other(b) from a;
";

/// The index on `c` follows from what is wrong with `c`, and is not told again.
const POSTGRES_REFUSED: [(u64, u64, &str); 4] = [
    (3, 7, "`CREATE TABLE`: type \"nothing\" does not exist"),
    (7, 29, "`CREATE UNIQUE INDEX`: function missing(text) does not exist"),
    (8, 13, "`ALTER TABLE`: operator does not exist: text > integer"),
    (10, 25, "`CREATE VIEW`: function other(text) does not exist"),
];

const SQLITE: &str = "create table a (b text);
create table c (d text, d text);
create unique index i on a (missing(b));
create view v as select b from a;
create table e (f integer primary key autoincrement) without rowid;
";

const SQLITE_REFUSED: [(u64, u64, &str); 3] = [
    (2, 14, "`CREATE TABLE`: duplicate column name: d"),
    (3, 29, "`CREATE UNIQUE INDEX`: no such function: missing"),
    (5, 14, "`CREATE TABLE`: AUTOINCREMENT not allowed on WITHOUT ROWID tables"),
];

fn plan(target: &str, schema: &str, baseline: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let plan = format!(
        "cutover: 1\nname: refused\ntarget: {{ {target} }}\nbaseline: baseline.sql\n\
         components: {{ include: [schema.sql] }}\nload: {{ a: none }}\n"
    );
    let files = [("plan.yaml", plan.as_str()), ("schema.sql", schema), ("baseline.sql", baseline)];
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// File, line, column and message of each refusal that the command tells.
fn refused(folder: &Path, args: &[&str]) -> Vec<(String, u64, u64, String)> {
    let done = cutover().run(folder, &[args, &["--format", "json"]].concat());
    assert_eq!(done.code, Some(1), "{}\n{}", done.stdout, done.stderr);
    let found: Value = serde_json::from_str(&done.stdout).unwrap();
    let found = found["diagnostics"].as_array().unwrap_or_else(|| panic!("{}", done.stdout));
    let refused = found.iter().filter(|it| it["code"] == "CAT302").map(|it| {
        let place = &it["labels"][0];
        let number = |name: &str| place[name].as_u64().unwrap();
        let words = |value: &Value| value.as_str().unwrap().to_owned();
        let message = words(&it["message"]).replace("the engine refuses this ", "");
        (words(&place["file"]), number("line"), number("column"), message)
    });
    let refused: Vec<_> = refused.collect();
    assert!(!refused.is_empty(), "{}", done.stdout);
    refused
}

fn assert_refused(found: &[(String, u64, u64, String)], file: &str, all: &[(u64, u64, &str)]) {
    let found: Vec<_> = found.iter().map(|it| (&*it.0, it.1, it.2, &*it.3)).collect();
    let all: Vec<_> = all.iter().map(|it| (file, it.0, it.1, it.2)).collect();
    assert_eq!(found, all);
}

#[test]
fn postgresql_refuses() {
    let Some(live) = Database::create() else { return };
    let folder = plan("postgres: local", POSTGRES, "create table a (b text);");
    assert_refused(
        &refused(folder.path(), &["check", "plan.yaml"]),
        "schema.sql",
        &POSTGRES_REFUSED,
    );
    let folder = plan("postgres: local", "create table a (b text);", POSTGRES);
    let found = refused(folder.path(), &["check", "plan.yaml"]);
    assert_refused(&found, "baseline.sql", &POSTGRES_REFUSED);
    let args = ["drift", "--schema", "public", "--baseline", "baseline.sql", "--url", &live.url];
    assert_refused(&refused(folder.path(), &args), "baseline.sql", &POSTGRES_REFUSED);
}

#[test]
fn sqlite_refuses() {
    let target = "sqlite: new.db";
    let folder = plan(target, SQLITE, "create table a (b text);");
    assert_refused(&refused(folder.path(), &["check", "plan.yaml"]), "schema.sql", &SQLITE_REFUSED);
    let folder = plan(target, "create table a (b text);", SQLITE);
    let found = refused(folder.path(), &["check", "plan.yaml"]);
    assert_refused(&found, "baseline.sql", &SQLITE_REFUSED);
    rusqlite::Connection::open(folder.path().join("live.db")).unwrap();
    let args = ["drift", "--baseline", "baseline.sql", "--sqlite", "live.db"];
    assert_refused(&refused(folder.path(), &args), "baseline.sql", &SQLITE_REFUSED);
}
