//! What is known before the window is told before the window: nothing is backed up, built or loaded.

use std::path::Path;

use testkit::{Database, Finished};

use crate::cutover_on;

const SOURCE: &str = "\
create table notes (id integer primary key, body text not null, at integer);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 60000)
insert into notes select i, printf('%060d', i * 7919 % 60000), i from n;
";

const BASELINE: &str = "\
create table notes (id bigint not null primary key, body text not null, at integer);
create index notes_body_idx on notes (body);
";

const PLAN: &str = "\
cutover: 1
name: notes
sources: { notes: notes.db }
target: { postgres: { url: { env: CUTOVER_TEST_URL } } }
baseline: baseline.sql
components: { include: baseline.sql }
run: { index_memory: 1MiB }
";

fn folder(plan: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let notes = rusqlite::Connection::open(folder.path().join("notes.db")).unwrap();
    notes.execute_batch(SOURCE).unwrap();
    std::fs::write(folder.path().join("baseline.sql"), BASELINE).unwrap();
    std::fs::write(folder.path().join("plan.yaml"), plan).unwrap();
    folder
}

fn run(database: &Database, folder: &Path) -> Finished {
    cutover_on(database).run(folder, &["run", "plan.yaml", "--yes"])
}

fn nothing_was_done(database: &Database, folder: &Path) {
    let schemas = "select nspname from pg_namespace where nspname ~ '^(cutover|notes)'";
    assert_eq!(database.psql(schemas), "");
    let runs = std::fs::read_dir(folder.join(".cutover/runs")).unwrap();
    for run in runs {
        let journal = std::fs::read_to_string(run.unwrap().path().join("journal.jsonl")).unwrap();
        assert!(!journal.contains(r#""kind":"backup-done""#), "no backup was taken");
    }
}

/// As a person reads it, whatever the width of the terminal.
fn words(text: &str) -> String {
    let bare: String = text.chars().filter(|c| *c != '│').collect();
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The same build by hand, on the same rows under the same limit: whether the server ends it.
fn ends_by_hand(database: &Database) -> bool {
    let said = database.psql(
        "create table by_hand as \
             select i::bigint as id, lpad((i * 7919 % 60000)::text, 60, '0') as body \
             from generate_series(1, 60000) i; \
         set maintenance_work_mem = '1MB'; \
         create function try() returns boolean language plpgsql as $$ begin \
             create index on by_hand (body); return false; \
             exception when configuration_limit_exceeded then return true; end $$; \
         select try()",
    );
    database.psql("drop table by_hand; drop function try");
    said == "t\n"
}

#[test]
fn a_temp_file_limit_too_small_for_an_index_is_known_before_the_load() {
    let Some(database) = Database::create() else { return };
    let folder = folder(PLAN);
    let name = database.psql("select current_database()");
    let limit = |size: &str| {
        database.psql(&format!("alter database {} set temp_file_limit = '{size}'", name.trim()));
    };
    limit("2MB");
    assert!(ends_by_hand(&database), "the limit is one that the build meets");
    let refused = run(&database, folder.path()).expect(1);
    let said = words(&refused.stderr);
    for part in ["RUN833", "`notes_body_idx`", "temp_file_limit", "permits 2 MiB", "index_memory:"]
    {
        assert!(said.contains(part), "{part} in\n{said}");
    }
    assert!(!said.contains("notes_pkey"), "the key's sort fits: {said}");
    nothing_was_done(&database, folder.path());
    // In memory nothing is written, and a limit that suffices is not in the way.
    let more = PLAN.replace("index_memory: 1MiB", "index_memory: 64MiB");
    std::fs::write(folder.path().join("plan.yaml"), more).unwrap();
    run(&database, folder.path()).expect(0);
    database.psql("drop schema notes cascade");
    limit("16MB");
    assert!(!ends_by_hand(&database));
    std::fs::write(folder.path().join("plan.yaml"), PLAN).unwrap();
    run(&database, folder.path()).expect(0);
}

#[test]
fn defaults_and_conversions_that_no_row_could_use_are_found_together() {
    let Some(database) = Database::create() else { return };
    let load = "load: { notes: { columns: { \
        at: { misfit: { default: soon } }, body: { as: unix-seconds } } } }\n";
    let folder = folder(&format!("{PLAN}{load}"));
    let refused = run(&database, folder.path()).expect(1);
    for part in ["RUN813", "the default `soon`", "`unix-seconds` does not lead to `text`"] {
        assert!(words(&refused.stderr).contains(part), "{part} in\n{}", refused.stderr);
    }
    nothing_was_done(&database, folder.path());
}

/// A target that is a file has the same policies, judged by SQLite's own types.
#[test]
fn a_default_that_a_sqlite_column_would_not_keep_is_found() {
    let strict =
        "create table notes (id integer primary key, body text not null, at integer) strict;";
    let load = "load: { notes: { columns: { at: { misfit: { default: soon } } } } }\n";
    let plan =
        PLAN.replace("{ postgres: { url: { env: CUTOVER_TEST_URL } } }", "{ sqlite: out.db }");
    let folder = folder(&format!("{plan}{load}"));
    std::fs::write(folder.path().join("baseline.sql"), strict).unwrap();
    let refused = crate::cutover().run(folder.path(), &["run", "plan.yaml", "--yes"]).expect(1);
    for part in ["RUN813", "the default `soon`", "not of the type INTEGER"] {
        assert!(words(&refused.stderr).contains(part), "{part} in\n{}", refused.stderr);
    }
    assert!(!folder.path().join("out.db").exists());
}
