//! Files of several schemas, as `pg_dump` writes a whole database: held against all of it, or one
//! schema of it, and what was left out is said.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use testkit::{Database, Finished};

use crate::cutover_on;

const SCHEMAS: &str = "\
create schema sales;
create schema audit;
create type audit.level as enum ('low', 'high');
create table sales.orders (id integer primary key, total numeric(12,2) not null);
create index orders_total_idx on sales.orders (total);
create table audit.orders (
    id integer primary key references sales.orders (id),
    level audit.level default 'low' not null
);
create index orders_level_idx on audit.orders (level);
create view sales.marked as select o.id from sales.orders o join audit.orders using (id);
comment on schema audit is 'who did what';
";

/// The database and its dump, which is the baseline.
fn dumped() -> Option<(Database, TempDir)> {
    let database = Database::create()?;
    database.psql(SCHEMAS);
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "dump.sql", &database.dump(&["--schema-only"]));
    Some((database, folder))
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

fn drift(database: &Database, folder: &Path, more: &[&str]) -> Finished {
    let args = ["drift", "--baseline", "dump.sql", "--url-env", "CUTOVER_TEST_URL"];
    cutover_on(database).run(folder, &[&args[..], more].concat())
}

#[test]
fn a_dump_of_several_schemas_is_held_against_the_whole_database() {
    let Some((database, folder)) = dumped() else { return };
    let found = drift(&database, folder.path(), &[]).expect(0);
    assert!(found.stdout.contains("all schemas"), "{}", found.stdout);

    // The tables of both schemas have one name: the line must be that of the right one.
    database.psql(
        "drop index audit.orders_level_idx; alter table audit.orders alter level drop not null",
    );
    let found = drift(&database, folder.path(), &["--format", "json"]).expect(3);
    let found: Value = serde_json::from_str(&found.stdout).unwrap();
    let differences = found["differences"].as_array().unwrap();
    let dump = fs::read_to_string(folder.path().join("dump.sql")).unwrap();
    let lines: Vec<&str> = dump.lines().collect();
    let told: Vec<(&str, &str)> = differences
        .iter()
        .map(|it| {
            let line = it["written_at"]["line"].as_u64().unwrap() as usize;
            (it["key"]["schema"].as_str().unwrap(), lines[line - 1])
        })
        .collect();
    let index = "CREATE INDEX orders_level_idx ON audit.orders USING btree (level);";
    let column = "    level audit.level DEFAULT 'low'::audit.level NOT NULL";
    assert_eq!(told.len(), 2, "{differences:#?}");
    assert!(told.contains(&("audit", index)) && told.contains(&("audit", column)), "{told:?}");
    let mend = |it: &Value| it["mend"][0].as_str().unwrap().to_owned();
    for statement in differences.iter().map(mend) {
        database.psql(&statement);
    }
    drift(&database, folder.path(), &[]).expect(0);
}

#[test]
fn a_schema_that_the_file_does_not_have_is_drift() {
    let Some((database, folder)) = dumped() else { return };
    database.psql("create schema more; create table more.t (a integer)");
    let found = drift(&database, folder.path(), &[]).expect(3);
    assert!(found.stderr.contains("schema more"), "{}", found.stderr);
}

#[test]
fn one_schema_of_a_file_is_compared_and_the_rest_named() {
    let Some(database) = Database::create() else { return };
    let folder = tempfile::tempdir().unwrap();
    let text = "create schema a;\ncreate schema b;\ncreate table a.t (id integer primary key);\n\
                create table b.t (id integer primary key);\ncreate index t_id on b.t (id);\n";
    database.psql(text);
    write(folder.path(), "dump.sql", text);
    database.psql("drop index b.t_id");
    let found = drift(&database, folder.path(), &["--schema", "a"]).expect(0);
    assert!(found.stderr.contains("2 statements are not compared"), "{}", found.stderr);
    assert!(found.stderr.contains("about schema `b`"), "{}", found.stderr);
    drift(&database, folder.path(), &["--schema", "b"]).expect(3);
    let found = drift(&database, folder.path(), &["--schema", "c"]).expect(1);
    assert!(found.stderr.contains("defines no component"), "{}", found.stderr);
}

#[test]
fn diff_compares_such_files_whole() {
    let Some((database, folder)) = dumped() else { return };
    let path = folder.path();
    let text = fs::read_to_string(path.join("dump.sql")).unwrap();
    write(path, "new.sql", &text.replace("numeric(12,2)", "numeric(14,2)"));
    let diff = |args: &[&str]| cutover_on(&database).run(path, &[&["diff"], args].concat());
    diff(&["dump.sql", "--url-env", "CUTOVER_TEST_URL"]).expect(0);
    let found = diff(&["dump.sql", "new.sql"]).expect(3);
    assert!(found.stdout.contains("1 changed"), "{}", found.stdout);
    let found = diff(&["dump.sql", "new.sql", "--schema", "audit"]);
    // What is in `audit` needs a table of the schema that was left out.
    assert!(found.expect(1).stderr.contains("engine refuses"));
}

#[test]
fn a_plan_takes_its_own_schema_of_such_a_baseline() {
    let folder = tempfile::tempdir().unwrap();
    let plan = "cutover: 1\nname: a\ntarget: { postgres: local }\nbaseline: all.sql\n\
                components: { include: [a.sql] }\nload: { t: none }\n";
    let own = "create table a.t (id integer primary key);\n";
    write(folder.path(), "plan.yaml", plan);
    write(folder.path(), "a.sql", own);
    write(folder.path(), "all.sql", &format!("create table b.t (x integer);\n{own}"));
    let check = || crate::cutover().run(folder.path(), &["check", "plan.yaml", "--offline"]);
    let found = check().expect(0);
    assert!(found.stderr.contains("1 statement is not compared"), "{}", found.stderr);
    // Without a schema of that name, somebody must say which one is meant.
    write(folder.path(), "plan.yaml", &plan.replace("name: a", "name: c"));
    assert!(check().expect(1).stderr.contains("REF211"));
    let chosen = plan
        .replace("name: a", "name: c")
        .replace("baseline: all.sql", "baseline: { file: all.sql, schema: a }");
    write(folder.path(), "plan.yaml", &chosen);
    check().expect(0);
}
