//! The server dies, is cut off or sets limits in the middle of a run: the target is as before or as
//! after, and the run says which (L3, L6).

use std::cell::Cell;
use std::time::{Duration, Instant};

use testkit::{Database, Finished};

use crate::case::{Case, REPLACE, SLOW, assert_says, words};

/// A server that comes back after a crash by itself.
const COMES_BACK: &[&str] = &["restart_after_crash=on"];

/// Kills one of the server's own processes with SIGKILL: all of its memory is lost, every session
/// ends, and it recovers from its log.
pub(crate) fn crash(database: &Database) {
    let sql = "select pid from pg_stat_activity where backend_type = 'checkpointer'";
    testkit::tool("kill", &["-9", database.psql(sql).trim()]);
}

pub(crate) fn wait_for(database: &Database) {
    let end = Instant::now() + Duration::from_secs(60);
    while !database.answers() {
        assert!(Instant::now() < end, "the server does not come back");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Ends what the run left, by what `status` names; the target holds the new state then.
pub(crate) fn recovered(case: &Case) {
    let program = case.program();
    let run = |args: &[&str]| -> Finished { program.run(case.path(), args) };
    for _ in 0..4 {
        let shown = run(&["status", "plan.yaml"]);
        let text = words(&shown.stdout);
        let command = ["resume", "abort", "run"]
            .into_iter()
            .find(|command| text.contains(&format!("`cutover {command} plan.yaml")));
        match command {
            Some("run") => drop(run(&["run", "plan.yaml", "--yes"]).expect(0)),
            Some(command) => drop(run(&[command, "plan.yaml"])),
            None if text.contains("the target was promoted and verified") => break,
            None => drop(case.run().expect(0)),
        }
    }
    assert_eq!(case.database.psql("select count(*), sum(total) from app.orders"), "3|21.75\n");
    assert!(!case.schemas().contains("cutover_stage"), "{}", case.schemas());
}

/// The server crashes as soon as one of the run's sessions does this.
fn crashes_during(tail: &str, doing: &str) {
    let Some(database) = Database::on_own_server(COMES_BACK) else { return };
    let case = Case::on(database, ", existing: replace", &format!("{REPLACE}{tail}"), "");
    let crashed = Cell::new(false);
    let sql = format!(
        "select count(*) from pg_stat_activity where application_name like 'cutover:%' \
         and state = 'active' and query ~* '{doing}'"
    );
    let hook = || {
        // Once crashed, nobody may ask a server that recovers: `psql` would fail the test.
        if !crashed.get() && case.database.psql(&sql) != "0\n" {
            crash(&case.database);
            crashed.set(true);
        }
        false
    };
    case.program().kill_when(case.path(), &["run", "plan.yaml", "--yes"], &hook);
    assert!(crashed.get(), "the moment never came: {}", case.status());
    wait_for(&case.database);
    recovered(&case);
}

#[test]
fn a_server_that_crashes_during_a_step_costs_nothing() {
    crashes_during(SLOW, "pg_sleep");
}

#[test]
fn a_server_that_crashes_inside_the_promote_costs_nothing() {
    let after = "checks:\n  after:\n    - name: slow\n      sql: select pg_sleep(1) is not null from (select 1 from orders limit 1) o\n      expect: true\n";
    // A check is read through a cursor of this name.
    crashes_during(after, "fetch.*cutover_check");
}

/// A table whose load takes a while: the server crashes while rows go in.
#[test]
fn a_server_that_crashes_during_copy_costs_nothing() {
    let Some(database) = Database::on_own_server(COMES_BACK) else { return };
    let many = "with recursive n(i) as (select 10 union all select i + 1 from n where i < 150000) \
                insert into customers select i, 'x' || i || '@x', 20 from n;";
    let case = Case::on(database, "", "", many);
    let crashed = Cell::new(false);
    let copying = "select count(*) from pg_stat_progress_copy";
    let hook = || {
        if !crashed.get() && case.database.psql(copying) != "0\n" {
            crash(&case.database);
            crashed.set(true);
        }
        false
    };
    case.program().kill_when(case.path(), &["run", "plan.yaml", "--yes"], &hook);
    assert!(crashed.get(), "no COPY was seen: {}", case.status());
    wait_for(&case.database);
    assert_eq!(case.database.psql("select to_regclass('app.orders') is null"), "t\n");
    recovered(&case);
}

#[test]
fn a_statement_that_takes_too_long_is_taken_back() {
    let run = "run: { statement_timeout: 300ms }\n";
    let Some(case) = Case::new("", &format!("{SLOW}{run}"), "") else { return };
    let found = case.run().expect(4);
    assert_says(&found.stderr, &["57014", "statement timeout", "plan.yaml:9:10"]);
    assert_eq!(case.schemas(), "public\n");
    recovered_after(&case);
}

/// What was wrong is mended; the run then goes through.
fn recovered_after(case: &Case) {
    case.plan("", "");
    case.run().expect(0);
    assert_eq!(case.database.psql("select count(*) from app.orders"), "3\n");
}
