//! Names that SQL allows and people hardly believe: captured, loaded again by the engine's own
//! client, held against the database and planned, on both engines.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use testkit::Database;

use crate::cutover;

/// Quotes, dots, spaces, emoji, words of the language, brackets, what shells and formats care about;
/// the last has the 63 bytes that PostgreSQL keeps.
const NAMES: [&str; 15] = [
    "we\"ird",
    "it's",
    "a.b",
    " leading and trailing ",
    "two  spaces",
    "naïve 😀",
    "select",
    "Table",
    "1st",
    "paren(thesis)",
    "semi;colon",
    "-- no comment",
    "/* none */",
    "$$dollar$1 \\back%s{}[]`tick`",
    "sixty_three_bytes_sixty_three_bytes_sixty_three_bytes_sixty_thr",
];

const HOME: &str = "sc\"he.ma 😀";

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Each name as table, column, constraint, index and view; one table refers to the next.
fn schema() -> String {
    let mut sql = String::new();
    for (at, name) in NAMES.iter().enumerate() {
        let (table, index, view) =
            (quoted(name), quoted(&at_end(name, "i")), quoted(&at_end(name, "v")));
        let other = quoted(NAMES[at.saturating_sub(1)]);
        let constraint = quoted(&at_end(name, "c"));
        let _ = write!(
            sql,
            "create table {table} ({table} integer primary key, other integer,\n\
             constraint {constraint} foreign key (other) references {other} ({other}));\n\
             create index {index} on {table} (other, {table}) ;\n\
             create view {view} as select {table} from {table};\n"
        );
    }
    sql
}

/// The name with another last character, so that it stays as long as it is.
fn at_end(name: &str, last: &str) -> String {
    let mut name = name.to_owned();
    name.pop();
    name + last
}

fn write(folder: &Path, file: &str, text: &str) {
    fs::write(folder.join(file), text).unwrap();
}

#[test]
fn on_postgresql() {
    let (Some(live), Some(again)) = (Database::create(), Database::create()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let with_url = cutover().env("LIVE_URL", &live.url);
    let with_url = |args: &[&str], code: i32| with_url.run(folder.path(), args).expect(code);
    let home = quoted(HOME);
    live.psql(&format!("create schema {home}; set search_path = {home}; {}", schema()));
    let from = ["--url-env", "LIVE_URL", "--schema", HOME];
    with_url(&[&["baseline", "capture", "-o", "known.sql"][..], &from].concat(), 0);
    let drift = [&["drift", "--baseline", "known.sql"][..], &from].concat();
    with_url(&drift, 0);
    again.psql(&fs::read_to_string(folder.path().join("known.sql")).unwrap());
    assert_eq!(dumped(&live), dumped(&again));
    live.psql(&format!("alter table {home}.\"/* none */\" drop constraint \"/* none *c\""));
    let found = with_url(&drift, 3).stderr;
    assert!(found.contains("/* none *c on /* none */"), "{found}");
    planned(folder.path(), "postgres", &["--schema", HOME]);
}

/// What the engine's own tool says; comments and the order of blocks are no part of it.
fn dumped(database: &Database) -> Vec<String> {
    let dump = testkit::tool("pg_dump", &["--schema-only", &database.url]);
    let said = |line: &&str| !line.starts_with("--") && !line.starts_with('\\');
    let mut lines: Vec<String> = dump.lines().filter(said).map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str], code: i32| cutover().run(folder.path(), args).expect(code);
    let live = rusqlite::Connection::open(folder.path().join("live.db")).unwrap();
    live.execute_batch(&schema()).unwrap();
    run(&["baseline", "capture", "--sqlite", "live.db", "-o", "known.sql"], 0);
    run(&["drift", "--baseline", "known.sql", "--sqlite", "live.db"], 0);
    let read = format!(".read {}", folder.path().join("known.sql").display());
    let again = folder.path().join("again.db");
    testkit::tool("sqlite3", &["-bail", again.to_str().unwrap(), &read]);
    run(&["drift", "--baseline", "known.sql", "--sqlite", "again.db"], 0);
    live.execute_batch("drop index \"/* none *i\"").unwrap();
    let found = run(&["drift", "--baseline", "known.sql", "--sqlite", "live.db"], 3).stderr;
    assert!(found.contains("/* none *i on /* none */"), "{found}");
    planned(folder.path(), "sqlite", &[]);
}

/// A plan of these names builds what its baseline says.
fn planned(folder: &Path, engine: &str, of_schema: &[&str]) {
    write(folder, "schema.sql", &schema());
    let target = match engine {
        "sqlite" => "sqlite: new.db".to_owned(),
        _ => format!("postgres: {{ server: local, schema: '{HOME}' }}"),
    };
    let mut plan = format!(
        "cutover: 1\nname: names\ntarget: {{ {target} }}\nbaseline: known.sql\n\
         components: {{ include: [schema.sql] }}\nload:\n"
    );
    for name in NAMES {
        let _ = writeln!(plan, "  '{}': none", name.replace('\'', "''"));
    }
    write(folder, "plan.yaml", &plan);
    cutover().run(folder, &["check", "plan.yaml"]).expect(0);
    let two = ["diff", "known.sql", "schema.sql", "--engine", engine];
    cutover().run(folder, &[&two[..], of_schema].concat()).expect(0);
}
