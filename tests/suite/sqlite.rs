//! What a person can do wrong with a SQLite target and its sources, seen from outside: each is
//! refused at its place, before anything is touched, and nothing is left beside the target.

use std::path::Path;

use rusqlite::Connection;

use crate::cutover;

const PLAN: &str = "\
cutover: 1
name: shop
sources: { shop: data/shop.db }
target: { sqlite: out/shop.db }
baseline: baseline.sql
components:
  tables:
    a: { columns: { id: integer not null, x: text }, primary_key: id }
";

fn folder(plan: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("data")).unwrap();
    std::fs::create_dir(path("out")).unwrap();
    std::fs::write(path("plan.yaml"), plan).unwrap();
    let baseline = "create table a (id integer not null, x text, primary key (id));";
    std::fs::write(path("baseline.sql"), baseline).unwrap();
    let source = Connection::open(path("data/shop.db")).unwrap();
    let rows = "create table a (id integer primary key, x text); insert into a values (1, 'one');
                create view v as select id, upper(x) as x from a;";
    source.execute_batch(rows).unwrap();
    folder
}

/// Runs the plan, which must stop with exit code 1 and this text, and leave both folders alone.
fn refused(folder: &Path, texts: &[&str]) {
    let states = || ["data", "out"].map(|name| testkit::states(&folder.join(name)));
    let before = states();
    for args in [&["run", "plan.yaml", "--dry-run"][..], &["run", "plan.yaml", "--yes"]] {
        let found = cutover().run(folder, args).expect(1);
        for text in texts {
            assert!(found.stderr.contains(text), "{text} in\n{}", found.stderr);
        }
        assert_eq!(before, states(), "nothing is touched");
    }
}

#[test]
fn a_link_to_a_source_is_no_target() {
    let link = |link: fn(&Path, &Path) -> std::io::Result<()>| {
        let folder = folder(PLAN);
        let (source, target) =
            (folder.path().join("data/shop.db"), folder.path().join("out/shop.db"));
        link(&source, &target).unwrap();
        refused(
            folder.path(),
            &["error[SRC107]: `data/shop.db` is the target of the plan", "plan.yaml:3:12"],
        );
    };
    link(|source, target| std::os::unix::fs::symlink(source, target));
    link(|source, target| std::fs::hard_link(source, target));
}

#[test]
fn the_journal_of_a_removed_target_stops_the_run() {
    for suffix in ["-wal", "-journal"] {
        let folder = folder(PLAN);
        std::fs::write(folder.path().join(format!("out/shop.db{suffix}")), "old rows").unwrap();
        refused(folder.path(), &["RUN805", "plan.yaml:4:1", &format!("`shop.db{suffix}`")]);
    }
}

#[test]
fn questions_and_loads_are_proven_before_anything_is_touched() {
    let plan = format!(
        "{PLAN}load:
  a: {{ where: nope > 1 }}
checks:
  staged:
    - {{ name: writes, sql: delete from a }}
  after:
    - {{ name: typo, sql: selct 1 }}
  invariants:
    - {{ name: sums, source_sql: select none from a, target_sql: select 1 }}
"
    );
    let places = ["plan.yaml:10:3", "plan.yaml:13:28", "plan.yaml:15:26", "plan.yaml:17:15"];
    refused(folder(&plan).path(), &places);
}

#[test]
fn a_view_is_a_source_like_a_table() {
    let folder = folder(&format!("{PLAN}load: {{ a: v }}\n"));
    cutover().run(folder.path(), &["run", "plan.yaml", "--yes"]).expect(0);
    let target = folder.path().join("out/shop.db");
    assert_eq!(testkit::tool("sqlite3", &[&target.to_string_lossy(), "select x from a"]), "ONE\n");
    cutover().run(folder.path(), &["verify", "plan.yaml"]).expect(0);
}

#[test]
fn an_include_does_not_lead_out_of_the_plans_folder() {
    let folder = folder(&format!("{PLAN}  include: [linked.sql]\n"));
    let outside = tempfile::NamedTempFile::new().unwrap();
    std::os::unix::fs::symlink(outside.path(), folder.path().join("linked.sql")).unwrap();
    let found = cutover().run(folder.path(), &["check", "plan.yaml"]).expect(1);
    assert!(found.stderr.contains("PLN114"), "{}", found.stderr);
}

/// The application counted its schema up; the plan is for an older one.
#[test]
fn a_target_of_a_newer_schema_is_not_replaced() {
    let replace = "target: { sqlite: { path: out/shop.db, existing: replace } }";
    let plan = PLAN.replace("target: { sqlite: out/shop.db }", replace);
    let plan = plan.replace("components:\n", "components:\n  include: [version.sql]\n");
    let folder = folder(&plan);
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("version.sql", "pragma user_version = 7;\n");
    write(
        "baseline.sql",
        "create table a (id integer not null, x text, primary key (id));\npragma user_version = 7;\n",
    );
    let old = folder.path().join("out/shop.db");
    let version = |version: i64| {
        let old = Connection::open(&old).unwrap();
        let sql = "create table if not exists a (id integer primary key, x text)";
        old.execute_batch(&format!("{sql}; pragma user_version = {version}")).unwrap();
    };
    version(9);
    refused(
        folder.path(),
        &["error[SRC113]", "`PRAGMA user_version` is 9", "the plan supports 7", "plan.yaml:4:"],
    );
    version(7);
    cutover().run(folder.path(), &["run", "plan.yaml", "--yes"]).expect(0);
    let new = Connection::open(old).unwrap();
    let version: i64 = new.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 7);
}

/// Folders that a run made for its target go with what it built; those that were there stay.
#[test]
fn a_failed_run_leaves_no_folder_behind() {
    let fails = "checks:\n  staged:\n    - { name: never, sql: select 1, expect: no-rows }\n";
    let plan = PLAN.replace("out/shop.db", "out/new/deep/shop.db");
    let folder = folder(&format!("{plan}{fails}"));
    cutover().run(folder.path(), &["run", "plan.yaml", "--yes"]).expect(4);
    assert!(folder.path().join("out").exists(), "it was there before");
    assert!(!folder.path().join("out/new").exists());
    std::fs::write(folder.path().join("plan.yaml"), plan).unwrap();
    cutover().run(folder.path(), &["run", "plan.yaml", "--yes"]).expect(0);
    assert!(folder.path().join("out/new/deep/shop.db").exists());
}
