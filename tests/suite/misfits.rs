//! Dirty data under each policy: what fits goes over, what does not becomes what the plan says, and every
//! value of it is told. Rows read are rows loaded and rows left out.

use std::path::{Path, PathBuf};

use testkit::Database;

use crate::cutover_on;

const ROWS: i64 = 400;

/// Every kind of dirt that SQLite lets in, each in rows of its own.
const DIRTY: &str = r#"
    create table people (id integer primary key, born text, points integer, email text, seen integer, bio text);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 400)
    insert into people select i,
        case i % 20 when 1 then '0000-00-00' when 2 then 'n/a' when 3 then '' else date('1970-01-01', i || ' days') end,
        case i % 25 when 4 then 'many' when 5 then 9e99 when 6 then x'00' else i end,
        case i % 40 when 7 then 'a' || cast(x'ff' as text) when 8 then 'b' || char(0) else 'p' || i || '@example.org' end,
        case i % 50 when 9 then 'yesterday' else 1700000000 + i end,
        case i % 40 when 10 then 'x' || cast(x'fe' as text) else 'bio ' || i end
    from n;
"#;

const PLAN: &str = r#"
cutover: 1
name: dirty
sources: { dirty: dirty.db }
target: { postgres: { url: { env: CUTOVER_TEST_URL } } }
baseline: baseline.sql
components:
  tables:
    people:
      columns:
        id: bigint not null
        born: date
        points: integer not null
        email: text not null
        seen: timestamptz
        bio: text
        raw: bytea
      primary_key: id
load:
  people:
    columns:
      born: { misfit: set-null }
      points: { misfit: { default: 0 } }
      email: { misfit: reject }
      seen: { as: unix-seconds, misfit: reject }
      bio: { as: replace-invalid-text }
      raw: { from: bio }
"#;

const BASELINE: &str = "create table people (id bigint not null primary key, born date,
    points integer not null, email text not null, seen timestamptz, bio text, raw bytea);";

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_path_buf();
    rusqlite::Connection::open(path.join("dirty.db")).unwrap().execute_batch(DIRTY).unwrap();
    std::fs::write(path.join("plan.yaml"), PLAN).unwrap();
    std::fs::write(path.join("baseline.sql"), BASELINE).unwrap();
    (folder, path)
}

/// How many rows meet the condition, by SQLite's account.
fn dirty(path: &Path, condition: &str) -> i64 {
    let sql = format!("select count(*) from people where {condition}");
    let connection = rusqlite::Connection::open(path.join("dirty.db")).unwrap();
    connection.query_row(&sql, [], |row| row.get(0)).unwrap()
}

fn lines(path: &Path) -> Vec<serde_json::Value> {
    let runs = std::fs::read_dir(path.join(".cutover/runs")).unwrap();
    let list = |run: std::fs::DirEntry| run.path().join("misfits/people.jsonl");
    let text = runs.filter_map(|run| std::fs::read_to_string(list(run.unwrap())).ok());
    text.collect::<String>().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_value_that_does_not_fit_becomes_what_the_plan_says_and_is_told() {
    let Some(database) = Database::create() else { return };
    let (_folder, path) = folder();
    let program = cutover_on(&database);
    let done = program.run(&path, &["run", "plan.yaml", "--yes", "--format", "json"]).expect(0);
    let report: serde_json::Value =
        serde_json::from_str(done.stdout.lines().last().unwrap()).unwrap();
    let table = &report["tables"][0];

    let out = "id % 40 in (7, 8) or id % 50 = 9";
    let (left, nulls, zeros) = (
        dirty(&path, out),
        dirty(&path, &format!("id % 20 in (1, 2, 3) and not ({out})")),
        dirty(&path, &format!("id % 25 in (4, 5, 6) and not ({out})")),
    );
    assert_eq!(
        (table["scanned"].as_i64(), table["written"].as_i64(), table["rejected"].as_i64()),
        (Some(ROWS), Some(ROWS - left), Some(left))
    );
    let told = lines(&path);
    let of = |fate: &str| told.iter().filter(|line| line["fate"] == fate).count() as i64;
    assert_eq!((of("rejected"), of("set-null"), of("default")), (left, nulls, zeros));
    let first = told.iter().find(|line| line["row"] == "rowid 2").unwrap();
    assert_eq!((&first["column"], &first["file"]), (&"born".into(), &"dirty.db".into()));
    assert_eq!((&first["value"], &first["type"]), (&"the text `n/a`".into(), &"date".into()));
    assert!(first["reason"].as_str().unwrap().contains("ISO text"), "{first}");

    let counts = database.psql(
        "select count(*), count(*) filter (where born is null), count(*) filter (where points = 0),
                count(*) filter (where bio like '%' || chr(65533) || '%'),
                count(*) filter (where raw = '\\x78fe')
         from dirty.people",
    );
    let replaced = dirty(&path, &format!("id % 40 = 10 and not ({out})"));
    assert_eq!(counts.trim(), format!("{}|{nulls}|{zeros}|{replaced}|{replaced}", ROWS - left));
    program.run(&path, &["verify", "plan.yaml"]).expect(0);
    program.run(&path, &["drift", "plan.yaml"]).expect(0);
}

#[test]
fn the_report_and_the_journal_have_the_counts() {
    let Some(database) = Database::create() else { return };
    let (_folder, path) = folder();
    let done = cutover_on(&database).run(&path, &["run", "plan.yaml", "--yes"]).expect(0);
    let total = lines(&path).len();
    assert!(done.stdout.contains(&format!("{total} values did not fit: ")), "{}", done.stdout);
    assert!(done.stdout.contains("rows left out"), "{}", done.stdout);
    let journal = std::fs::read_dir(path.join(".cutover/runs")).unwrap().map(|run| run.unwrap());
    let journal = journal.map(|run| run.path().join("journal.jsonl"));
    let text: String = journal.filter_map(|file| std::fs::read_to_string(file).ok()).collect();
    assert!(text.contains(r#"{"column":"born","fate":"set-null","count":"#), "{text}");
}

#[test]
fn without_a_policy_the_first_of_them_stops_the_run() {
    let Some(database) = Database::create() else { return };
    let (_folder, path) = folder();
    std::fs::write(path.join("plan.yaml"), PLAN.replace(", misfit: reject", "")).unwrap();
    let failed = cutover_on(&database).run(&path, &["run", "plan.yaml", "--yes"]).expect(4);
    assert!(failed.stderr.contains("RUN812"), "{}", failed.stderr);
    assert!(
        failed.stderr.contains("rowid 9") && failed.stderr.contains("misfit:"),
        "{}",
        failed.stderr
    );
    let schemas = database.psql("select count(*) from pg_namespace where nspname = 'dirty'");
    assert_eq!(schemas.trim(), "0");
}

#[test]
fn a_policy_that_cannot_be_kept_is_a_finding_before_anything_is_built() {
    let Some(database) = Database::create() else { return };
    let (_folder, path) = folder();
    let plan = PLAN.replace("misfit: { default: 0 }", "misfit: set-null");
    std::fs::write(path.join("plan.yaml"), plan).unwrap();
    let refused = cutover_on(&database).run(&path, &["run", "plan.yaml", "--yes"]).expect(1);
    assert!(refused.stderr.contains("`people.points` is not null"), "{}", refused.stderr);
}

#[test]
fn the_same_holds_for_a_sqlite_target() {
    let (_folder, path) = folder();
    let plan = PLAN
        .replace("{ postgres: { url: { env: CUTOVER_TEST_URL } } }", "{ sqlite: out.db }")
        .replace("seen: timestamptz", "seen: text");
    std::fs::write(path.join("plan.yaml"), plan).unwrap();
    std::fs::write(path.join("baseline.sql"), BASELINE.replace("timestamptz", "text")).unwrap();
    let done =
        crate::cutover().run(&path, &["run", "plan.yaml", "--yes", "--format", "json"]).expect(0);
    let report: serde_json::Value =
        serde_json::from_str(done.stdout.lines().last().unwrap()).unwrap();
    let table = &report["tables"][0];
    // SQLite takes every text as text: only what cannot be converted does not fit.
    let left = dirty(&path, "id % 50 = 9");
    assert_eq!(table["rejected"].as_i64(), Some(left));
    assert_eq!(table["written"].as_i64(), Some(ROWS - left));
    crate::cutover().run(&path, &["verify", "plan.yaml"]).expect(0);
}

/// A `STRICT` table refuses what an ordinary one would take, and a column that is not null refuses
/// null: both are values that do not fit, and the plan says what becomes of them.
#[test]
fn a_strict_sqlite_target_has_every_policy() {
    let (_folder, path) = folder();
    let strict = "create table people (id integer primary key, born text, points integer not null,
        email text not null, seen text, bio text not null, raw any) strict;";
    let sources = rusqlite::Connection::open(path.join("dirty.db")).unwrap();
    sources.execute_batch("update people set bio = null where id % 100 = 50").unwrap();
    drop(sources);
    let plan =
        PLAN.replace("{ postgres: { url: { env: CUTOVER_TEST_URL } } }", "{ sqlite: out.db }");
    let (head, tail) = plan.split_once("components:").unwrap();
    let load = tail
        .split_once("load:")
        .unwrap()
        .1
        .replace("bio: { as: replace-invalid-text }", "bio: { misfit: { default: none } }");
    let plan = format!("{head}components: {{ include: baseline.sql }}\nload:{load}");
    std::fs::write(path.join("plan.yaml"), plan).unwrap();
    std::fs::write(path.join("baseline.sql"), strict).unwrap();
    let done =
        crate::cutover().run(&path, &["run", "plan.yaml", "--yes", "--format", "json"]).expect(0);
    let report: serde_json::Value =
        serde_json::from_str(done.stdout.lines().last().unwrap()).unwrap();
    let left = dirty(&path, "id % 50 = 9");
    assert_eq!(report["tables"][0]["rejected"].as_i64(), Some(left));
    let out = rusqlite::Connection::open(path.join("out.db")).unwrap();
    let counts = "select count(*), count(*) filter (where points = 0), count(*) filter (where bio = 'none') from people";
    let found: (i64, i64, i64) =
        out.query_row(counts, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let zeros = dirty(&path, "id % 25 in (4, 5, 6) and id % 50 <> 9");
    let nones = dirty(&path, "bio is null and id % 50 <> 9");
    assert_eq!(found, (ROWS - left, zeros, nones));
    crate::cutover().run(&path, &["verify", "plan.yaml"]).expect(0);
}
