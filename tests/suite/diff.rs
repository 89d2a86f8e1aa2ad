//! `cutover diff`: what a reviewer is told, word for word, and what a baseline may not lose.

use std::path::Path;

use tempfile::TempDir;
use testkit::{Database, Finished, shared, tool};

use crate::cutover;

const PLAN: &str = "\
cutover: 1
name: shop
target: { sqlite: out/shop.db }
baseline: schema.sql
components:
  include: [views.sql]
  tables:
    customers:
      columns: { id: integer not null, email: text not null, fax: text }
      primary_key: id
    orders:
      columns: { id: integer not null, customer_id: integer not null, total: integer not null }
      primary_key: id
  indexes:
    orders_customer_idx: { table: orders, columns: customer_id }
    orders_old_idx: { table: orders, columns: total }
";

const SCHEMA: &str = "\
create table customers (
  id integer not null primary key,
  email text not null,
  fax text
);
create table orders (
  id integer not null primary key,
  customer_id integer not null,
  total integer not null
);
create index orders_customer_idx on orders (customer_id);
create index orders_old_idx on orders (total);
create view totals as
  select customer_id, sum(total) as total
  from orders
  group by customer_id;
";

const VIEWS: &str = "\
create view totals as
  select customer_id, sum(total) as total
  from orders
  group by customer_id;
";

/// A repository with the plan, its baseline and an included file in one commit on `main`.
fn repository() -> TempDir {
    repository_of(&[("plan.yaml", PLAN), ("schema.sql", SCHEMA), ("views.sql", VIEWS)])
}

/// A repository with these files in one commit on `main`.
pub(crate) fn repository_of(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let git =
        |args: &[&str]| tool("git", &[&["-C", folder.path().to_str().unwrap()], args].concat());
    git(&["init", "--quiet", "--initial-branch", "main"]);
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    git(&["add", "--all"]);
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];
    git(&[&who[..], &["commit", "--quiet", "--message", "one"]].concat());
    folder
}

pub(crate) fn replace(folder: &Path, file: &str, from: &str, to: &str) {
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{file}: {from}");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

/// One of each: a column and an index come, a type and a view change, an index goes.
fn change(folder: &Path) {
    replace(folder, "plan.yaml", "fax: text", "fax: integer, note: text");
    replace(folder, "plan.yaml", "    orders_old_idx: { table: orders, columns: total }\n", "");
    replace(folder, "plan.yaml", "columns: customer_id }", "columns: [customer_id, total] }");
    replace(folder, "schema.sql", "fax text\n", "fax integer,\n  note text\n");
    replace(folder, "schema.sql", "create index orders_old_idx on orders (total);\n", "");
    replace(folder, "schema.sql", "orders (customer_id);", "orders (customer_id, total);");
    for file in ["schema.sql", "views.sql"] {
        replace(folder, file, "from orders\n", "from orders\n  where total > 0\n");
    }
}

const RETIRE: &str = "\
retire:
  - component: index orders_old_idx
    reason: the *new* index serves it
    owner: shop team
    date: 2026-12-01
";

fn retire(folder: &Path) {
    let text = std::fs::read_to_string(folder.join("plan.yaml")).unwrap();
    std::fs::write(folder.join("plan.yaml"), text + RETIRE).unwrap();
}

pub(crate) fn diff(folder: &Path, args: &[&str]) -> Finished {
    let mut found = cutover().run(folder, &[&["diff"], args].concat());
    found.stdout = without_version(&found.stdout);
    found
}

/// Compares with the expected file; `UPDATE_EXPECT=1` rewrites it.
pub(crate) fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("suite/diff").join(name);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(text == expected, "{name} is stale; UPDATE_EXPECT=1 rewrites it:\n{text}");
}

fn without_version(text: &str) -> String {
    match text.split_once("SQLite 3.") {
        Some((before, rest)) => {
            let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
            format!("{before}SQLite 3{}", without_version(rest))
        }
        None => text.to_owned(),
    }
}

#[test]
fn text_for_a_terminal() {
    let folder = repository();
    change(folder.path());
    retire(folder.path());
    let found = diff(folder.path(), &["plan.yaml", "--against", "main"]).expect(3);
    golden("text.txt", &found.stdout);
    assert_eq!(found.stderr, "");
}

#[test]
fn markdown_for_a_pull_request() {
    let folder = repository();
    change(folder.path());
    retire(folder.path());
    let args = ["plan.yaml", "--against", "main", "--format", "markdown"];
    let found = diff(folder.path(), &args).expect(3);
    golden("comment.md", &found.stdout);
}

#[test]
fn json_for_programs() {
    let folder = repository();
    change(folder.path());
    retire(folder.path());
    let args = ["plan.yaml", "--against", "main", "--format", "json"];
    let found = diff(folder.path(), &args).expect(3);
    golden("answer.json", &found.stdout);
}

#[test]
fn a_baseline_that_loses_a_component_is_an_error_on_top() {
    let folder = repository();
    change(folder.path());
    let args = ["plan.yaml", "--against", "main", "--format", "markdown"];
    let found = diff(folder.path(), &args).expect(1);
    assert!(found.stderr.contains("BAS420") && found.stderr.contains("main:schema.sql:12"));
    let (head, _) = found.stdout.split_once("#### Changed").unwrap();
    assert!(head.contains("> **BAS420** the baseline loses `index orders_old_idx on orders`"));
    assert!(head.contains("  - index `orders_old_idx`: `(total)` · **not retired**"), "{head}");
    // The same file without its plan.
    let alone = diff(folder.path(), &["--baseline", "schema.sql", "--against", "main"]).expect(1);
    assert!(alone.stderr.contains("BAS420"), "{}", alone.stderr);
    diff(folder.path(), &["schema.sql", "--against", "main"]).expect(3);
}

#[test]
fn an_entry_for_nothing_lost_is_an_error() {
    let folder = repository();
    retire(folder.path());
    let found = diff(folder.path(), &["plan.yaml", "--against", "main"]).expect(1);
    assert!(found.stderr.contains("BAS421") && found.stderr.contains("[plan.yaml:18:16]"));
}

#[test]
fn a_plan_that_drops_its_baseline_is_an_error() {
    let folder = repository();
    replace(folder.path(), "plan.yaml", "baseline: schema.sql\n", "");
    let found = diff(folder.path(), &["plan.yaml", "--against", "main"]).expect(1);
    assert!(found.stderr.contains("the plan names no baseline"), "{}", found.stderr);
}

#[test]
fn nothing_differs_from_itself() {
    let folder = repository();
    let database = folder.path().join("shop.db");
    rusqlite::Connection::open(&database).unwrap().execute_batch(SCHEMA).unwrap();
    for pair in [["plan.yaml"; 2], ["schema.sql"; 2], ["shop.db"; 2], ["plan.yaml", "shop.db"]] {
        let found = diff(folder.path(), &pair).expect(0);
        assert!(found.stdout.starts_with("equal: "), "{}", found.stdout);
    }
    diff(folder.path(), &["schema.sql", "shop.db"]).expect(0);
    diff(folder.path(), &["plan.yaml", "--against", "HEAD"]).expect(0);
}

#[test]
fn what_cannot_be_told_is_said() {
    let folder = repository();
    std::fs::write(folder.path().join("new.sql"), "create table t (id integer primary key);")
        .unwrap();
    std::fs::write(folder.path().join("pg.sql"), "create extension citext;").unwrap();
    for (args, words) in [
        (&["plan.yaml", "--against", "v9"][..], "this repository has no revision `v9`"),
        (&["new.sql", "--against", "main"], "it is not in revision `main`"),
        (&["gone.sql", "--against", "main"], "there is no such file"),
        (&["plan.yaml", "pg.sql"], "one side is sqlite, the other postgres"),
        (&["new.sql", "pg.sql", "--engine", "sqlite"], "is written for PostgreSQL"),
    ] {
        let found = diff(folder.path(), args).expect(1);
        assert!(found.stderr.contains(words), "{words}: {}", found.stderr);
    }
    for args in [&["plan.yaml"][..], &["postgres://u:secret@h/d", "new.sql"]] {
        let found = diff(folder.path(), args).expect(2);
        assert!(!found.stderr.contains("secret"), "{}", found.stderr);
    }
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("a.sql"), SCHEMA).unwrap();
    let found = diff(outside.path(), &["a.sql", "--against", "main"]).expect(1);
    assert!(found.stderr.contains("is in no git repository"), "{}", found.stderr);
}

/// A file that only the plan names is read at the revision too, or said to be missing there.
#[test]
fn files_of_a_plan_are_those_of_the_revision() {
    let folder = repository();
    std::fs::write(folder.path().join("other.sql"), SCHEMA).unwrap();
    replace(folder.path(), "plan.yaml", "baseline: schema.sql", "baseline: other.sql");
    std::fs::remove_file(folder.path().join("schema.sql")).unwrap();
    diff(folder.path(), &["plan.yaml", "--against", "main"]).expect(0);
}

#[test]
fn a_live_database_against_a_file() {
    let Some(database) = Database::create() else { return };
    let folder = tempfile::tempdir().unwrap();
    let text = "create schema s;\ncreate table s.t (id bigint primary key, note text);\n\
                create index t_note on s.t (note);\n";
    std::fs::write(folder.path().join("a.sql"), text).unwrap();
    database.psql(&text.replace("create index t_note on s.t (note);\n", ""));
    let args = ["diff", "a.sql", "--url-env", "CUTOVER_TEST_URL"];
    let found = crate::cutover_on(&database).run(folder.path(), &args).expect(3);
    assert!(found.stdout.contains("- index t_note: USING btree (note)"), "{}", found.stdout);
    assert!(found.stdout.contains("$CUTOVER_TEST_URL, schema s: 1 removed"), "{}", found.stdout);
}

/// The file is read by a scratch server, the database as psql made it from the same file.
#[test]
fn a_real_schema_does_not_differ_from_its_database() {
    let Some(file) = shared("data/postgres/pagila/pagila-schema.sql") else { return };
    let Some(database) = Database::create() else { return };
    database.roles(&["postgres"]);
    database.psql_file(&file);
    let path = file.to_string_lossy().into_owned();
    let program = crate::cutover_on(&database);
    let args = ["diff", &path, "--url-env", "CUTOVER_TEST_URL"];
    program.run(Path::new("."), &args).expect(0);
    database.psql("drop index public.idx_title; alter table film alter title drop not null");
    let found = program.run(Path::new("."), &args).expect(3);
    assert!(found.stdout.contains(": 1 removed, 1 changed"), "{}", found.stdout);
    for line in ["- index idx_title: ", "~ column title: no longer not null"] {
        assert!(found.stdout.contains(line), "{line}: {}", found.stdout);
    }
}
