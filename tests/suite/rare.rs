//! Codes that only a state of a server, of a disk or of a run that died can raise, each raised from the
//! outside; their pages name these tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use testkit::{Database, Finished, Program, example};

use crate::{cutover, cutover_on};

/// As a person reads it, whatever the width of the terminal.
fn words(done: &Finished) -> String {
    let text = format!("{}\n{}", done.stdout, done.stderr);
    let bare: String = text.chars().filter(|c| *c != '│').collect();
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn says(done: &Finished, parts: &[&str]) {
    let words = words(done);
    for part in parts {
        assert!(words.contains(part), "{part} in\n{}\n{}", done.stdout, done.stderr);
    }
}

/// The quickstart, which replaces what is there.
fn quickstart() -> (TempDir, PathBuf) {
    let (keep, plan) = example("quickstart");
    let replace = "  sqlite: { path: out/shop.sqlite, existing: replace }\n";
    change(&plan, "  sqlite: out/shop.sqlite\n", replace);
    (keep, plan)
}

fn change(plan: &Path, from: &str, to: &str) {
    let file = plan.join("plan.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{from} in\n{text}");
    std::fs::write(file, text.replace(from, to)).unwrap();
}

const RUN: [&str; 3] = ["run", "plan.yaml", "--yes"];

/// Runs with one fault, which must be reached.
fn with_fault(program: &Program, plan: &Path, fault: &str) -> Finished {
    std::fs::create_dir_all(plan.join(".cutover")).unwrap();
    let hit = plan.join(".cutover/fault");
    let program = program.clone().env("CUTOVER_FAULT", fault);
    let done = program.env("CUTOVER_FAULT_FILE", hit.to_str().unwrap()).run(plan, &RUN);
    let name = std::fs::read_to_string(&hit).unwrap_or_default();
    assert_eq!(Some(name.trim()), fault.split_once(':').map(|(_, name)| name), "{}", done.stderr);
    std::fs::remove_file(hit).unwrap();
    done
}

#[test]
fn a_run_that_died_is_told_by_the_next_one() {
    let (_keep, plan) = quickstart();
    let died = with_fault(&cutover(), &plan, "kill:after promote");
    assert_eq!(died.code, None, "killed");
    let next = cutover().run(&plan, &RUN).expect(0);
    says(&next, &["JRN902", "without closing its journal; but its promote is complete"]);
}

#[test]
fn what_a_failed_run_cannot_remove_is_named() {
    let (_keep, plan) = quickstart();
    let file = plan.join("plan.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let (head, _) = text.split_once("checks:\n").unwrap();
    let checks = "checks:\n  staged:\n    - { name: never, sql: select 1, expect: no-rows }\n";
    std::fs::write(&file, format!("{head}{checks}")).unwrap();
    let done = with_fault(&cutover(), &plan, "fail:before discard_staging").expect(4);
    says(&done, &["RUN828", "what the run built could not be removed"]);
    says(&done, &["the next run removes what this one built"]);
    let next = cutover().run(&plan, &RUN).expect(4);
    says(&next, &["JRN902", "had left .shop.sqlite.cutover-", "it is removed"]);
}

#[test]
fn a_scratch_target_that_cannot_be_cleared_is_named() {
    let (_keep, plan) = example("quickstart");
    std::fs::create_dir_all(plan.join(".cutover/rehearsal")).unwrap();
    // Where a rehearsal's server would be.
    std::fs::write(plan.join(".cutover/rehearsal/local"), "no folder").unwrap();
    let done = cutover().run(&plan, &["rehearse", "plan.yaml"]).expect(1);
    says(&done, &["CLI031", "rehearsal/local", "cannot be removed"]);
}

#[test]
fn a_backup_that_cannot_be_restored_there_says_why() {
    let (_keep, plan) = example("quickstart");
    cutover().run(&plan, &["backup", "create", "plan.yaml"]).expect(0);
    // Files of this shell end at some kilobytes, as they do on a disk that breaks.
    let script = "trap '' XFSZ; ulimit -f 100; \"$0\" backup restore shop --to there.db";
    let binary = cutover().binary().to_owned();
    let done = Command::new("sh").args(["-c", script]).arg(binary).current_dir(&plan).output();
    let said = String::from_utf8_lossy(&done.unwrap().stderr).into_owned();
    assert!(said.contains("BKP106") && said.contains("disk I/"), "{said}");
    assert!(!plan.join("there.db").exists());
}

/// A target with one table, in a database of its own.
fn on_a_server() -> Option<(Database, TempDir)> {
    let database = Database::create()?;
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    put("schema.sql", "create table app.t (id bigint primary key);\n");
    put(
        "plan.yaml",
        "cutover: 1\nname: app\nsources: { app: app.db }\n\
         target: { postgres: { url: { env: CUTOVER_TEST_URL }, schema: app } }\n\
         baseline: schema.sql\ncomponents: { include: [schema.sql] }\n",
    );
    let source = rusqlite::Connection::open(folder.path().join("app.db")).unwrap();
    source
        .execute_batch("create table t (id integer primary key); insert into t values (1)")
        .unwrap();
    Some((database, folder))
}

#[test]
fn a_server_without_archiving_is_told_before_the_window() {
    let Some((database, folder)) = on_a_server() else { return };
    // The tests' server says of itself that it is thrown away; a real one does not.
    database.psql(
        "do $$ begin execute format('alter database %I set cutover.throwaway = off', \
         current_database()); end $$",
    );
    let done =
        cutover_on(&database).run(folder.path(), &["run", "plan.yaml", "--dry-run"]).expect(1);
    says(&done, &["BKP111", "`archive_mode` is off"]);
}

#[test]
fn what_a_dump_does_not_hold_is_told() {
    let Some((database, folder)) = on_a_server() else { return };
    database.psql("create schema app; create table app.t (id bigint primary key); select lo_from_bytea(0, 'x')");
    let args = ["backup", "create", "--url-env", "CUTOVER_TEST_URL", "--schema", "app"];
    let program = cutover_on(&database).env("CUTOVER_SCRATCH_URL", &database.url);
    let done = program.run(folder.path(), &args).expect(0);
    says(&done, &["BKP112", "1 large object of the database: no part of a dump of schemas"]);
}

#[test]
fn what_another_reader_read_is_never_compared() {
    let Some((database, folder)) = on_a_server() else { return };
    let args = ["diff", "schema.sql", "--url-env", "CUTOVER_TEST_URL", "--offline"];
    let done = cutover_on(&database).run(folder.path(), &args).expect(1);
    says(&done, &["CAT306", "schema.sql was read by syntax", "by PostgreSQL"]);
}

#[test]
fn a_record_of_runs_by_a_newer_program_is_left_alone() {
    let Some((database, folder)) = on_a_server() else { return };
    let program = cutover_on(&database);
    program.run(folder.path(), &RUN).expect(0);
    database.psql("comment on table cutover.run is 'cutover format 99'");
    let before = database.dump(&[]);
    let done = program.run(folder.path(), &["verify", "plan.yaml"]);
    says(&done, &["RUN843", "has format 99"]);
    assert_eq!(before, database.dump(&[]));
}
