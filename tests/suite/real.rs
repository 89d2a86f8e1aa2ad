//! Real databases go into PostgreSQL with their keys, indexes, foreign keys and a grant; a script that
//! shares no code with Cutover compares every cell.

use std::path::Path;
use std::process::Command;

use testkit::{Database, TestPlan, root, shared};

use crate::cutover_on;

/// Runs the plan and the comparison.
fn moves(plan: &TestPlan, database: &Database, source: &str, schema: &str, compare: &[&str]) {
    database.roles(&["app_reader", "music_reader", "trader"]);
    let before = testkit::states(&plan.path().join("data"));
    let program = cutover_on(database);
    program.run(plan.path(), &["check", "plan.yaml"]).expect(0);
    let done = program.run(plan.path(), &["run", "plan.yaml", "--yes"]).expect(0);
    println!("{schema}: run in {:.1} s", done.elapsed.as_secs_f64());
    assert_eq!(before, testkit::states(&plan.path().join("data")), "L1: the source is untouched");
    compare_cells(&plan.path().join(source), database, schema, compare);
    program.run(plan.path(), &["verify", "plan.yaml"]).expect(0);
    program.run(plan.path(), &["drift", "plan.yaml"]).expect(0);
}

fn compare_cells(sqlite: &Path, database: &Database, schema: &str, options: &[&str]) {
    let out = Command::new("python3")
        .arg(root().join("tests/scripts/compare_cells.py"))
        .args(["--url", &database.url, "--schema", schema, "--sqlite"])
        .arg(sqlite)
        .args(options)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    println!("{text}");
    assert!(out.status.success(), "{text}\n{}", String::from_utf8_lossy(&out.stderr));
}

/// Name in PostgreSQL's customary form: `InvoiceLine` to `invoice_line`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for (at, char) in name.char_indices() {
        if char.is_uppercase() && at > 0 {
            out.push('_');
        }
        out.extend(char.to_lowercase());
    }
    out
}

fn columns_of(sqlite: &Path) -> Vec<(String, String)> {
    let connection = rusqlite::Connection::open(sqlite).unwrap();
    let sql = "select t.name, c.name from sqlite_schema t, pragma_table_info(t.name) c where t.type = 'table'";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn chinook_renamed_against_the_projects_own_postgres_schema() {
    let Some(file) = shared("data/sqlite/chinook.sqlite") else { return };
    let Some(sql) = shared("data/dual/chinook/Chinook_PostgreSql.sql") else { return };
    let Some(database) = Database::create() else { return };
    let plan = TestPlan::copy("chinook");
    let source = plan.put(&file, "data/chinook.sqlite");

    // The baseline is what pg_dump says of the project's own script.
    let theirs = Database::create().unwrap();
    let script = std::fs::read_to_string(sql).unwrap();
    let kept = script.lines().filter(|l| !l.starts_with("\\c") && !l.contains(" DATABASE "));
    let script: String = kept.flat_map(|line| [line, "\n"]).collect();
    std::fs::write(plan.path().join("theirs.sql"), script).unwrap();
    theirs.psql_file(&plan.path().join("theirs.sql"));
    std::fs::write(plan.path().join("baseline.sql"), theirs.dump(&["--schema-only"])).unwrap();

    let mut options = Vec::new();
    for (table, column) in columns_of(&source) {
        options.push(format!("--table={table}={}", snake(&table)));
        options.push(format!("--column={}.{column}={}", snake(&table), snake(&column)));
    }
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    moves(&plan, &database, "data/chinook.sqlite", "chinook", &options);
}

#[test]
fn northwind_under_its_own_names() {
    let Some(file) = shared("data/sqlite/northwind.sqlite") else { return };
    let Some(database) = Database::create() else { return };
    let plan = TestPlan::copy("northwind");
    plan.put(&file, "data/northwind.sqlite");
    moves(&plan, &database, "data/northwind.sqlite", "northwind", &[]);
}

/// An application that has both engines: its own PostgreSQL schema is built and is the baseline.
fn application(name: &str) {
    let Some(file) = shared(&format!("data/dual/{name}/{name}.sqlite")) else { return };
    let Some(schema) = shared(&format!("data/dual/{name}/postgres.schema.sql")) else { return };
    let Some(database) = Database::create() else { return };
    let plan = TestPlan::copy(name);
    plan.put(&file, &format!("data/{name}.sqlite"));
    plan.put(&schema, "schema.sql");
    moves(&plan, &database, &format!("data/{name}.sqlite"), name, &[]);
}

#[test]
fn memos_with_its_own_postgres_schema() {
    application("memos");
}

#[test]
fn authelia_with_its_own_postgres_schema() {
    application("authelia");
}

#[test]
fn chirpstack_with_its_own_postgres_schema() {
    application("chirpstack");
}

#[test]
fn airflow_with_its_own_postgres_schema() {
    application("airflow");
}

#[test]
fn optuna_with_its_own_postgres_schema() {
    application("optuna");
}

/// A million rows of the generator's `wide` database.
#[test]
fn a_million_generated_rows() {
    let Some(generator) = shared("bench/gen_sqlite.py") else { return };
    let Some(database) = Database::create() else { return };
    let plan = TestPlan::copy("wide");
    let out = plan.path().join("data");
    let made = Command::new("python3")
        .args([
            generator.as_os_str(),
            "--scale".as_ref(),
            "0.2".as_ref(),
            "--out".as_ref(),
            out.as_os_str(),
            "wide".as_ref(),
        ])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    moves(&plan, &database, "data/wide.db", "wide", &[]);
    let rows = database.psql(
        "select (select count(*) from wide.customers) + (select count(*) from wide.products)
        + (select count(*) from wide.orders) + (select count(*) from wide.order_items)",
    );
    assert!(rows.trim().parse::<u64>().unwrap() >= 1_000_000, "{rows}");
}
