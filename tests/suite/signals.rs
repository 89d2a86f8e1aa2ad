//! SIGINT and SIGTERM: the first stops at the next safe point and says so, the second at once; either
//! way nothing half done stays (L3), also in a check, a backup and the promote.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::case::{Case, REPLACE, assert_says};

const SLOW: &str = "stages:\n  slow:\n    sql: select pg_sleep(2) from customers where id = 1\n";
/// Would not end by itself within the test.
const ENDLESS: &str =
    "stages:\n  slow:\n    sql: select pg_sleep(600) from customers where id = 1\n";
const SLEEPS: &str = "query like '%pg_sleep(%' and query not like '%pg_stat_activity%'";

/// Long enough for a machine with other work to do, and far below what would be slept.
const SOON: Duration = Duration::from_secs(60);

fn start(case: &Case) -> Child {
    start_with(case, &[])
}

fn start_with(case: &Case, envs: &[(&str, &str)]) -> Child {
    Command::new(case.program().binary())
        .args(["run", "plan.yaml", "--yes"])
        .current_dir(case.path())
        .env("CUTOVER_TEST_URL", &case.database.url)
        .env("CUTOVER_SCRATCH_URL", &case.database.url)
        .env("NO_COLOR", "1")
        .envs(envs.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn wait_until(case: &Case, active: &str) {
    let sql = format!(
        "select count(*) from pg_stat_activity where application_name like 'cutover:%' \
         and state = 'active' and datname = current_database() and {active}"
    );
    let end = Instant::now() + SOON;
    while case.database.psql(&sql) == "0\n" {
        assert!(Instant::now() < end, "the moment never came");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn send(child: &Child, signal: &str) {
    testkit::tool("kill", &[signal, &child.id().to_string()]);
}

/// What it printed and how it ended, when it ends soon.
fn ended(mut child: Child) -> (Option<i32>, String) {
    let end = Instant::now() + SOON;
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < end, "it goes on");
        std::thread::sleep(Duration::from_millis(5));
    }
    let out = child.wait_with_output().unwrap();
    let text = [out.stdout, out.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (out.status.code(), text.concat())
}

fn nothing_stays(case: &Case) {
    assert_eq!(case.schemas(), "public\n");
    case.plan("", "");
    case.run().expect(0);
}

#[test]
fn the_first_one_lets_the_step_end_and_takes_everything_back() {
    for signal in ["-INT", "-TERM"] {
        let Some(case) = Case::new("", SLOW, "") else { return };
        let child = start(&case);
        wait_until(&case, SLEEPS);
        send(&child, signal);
        let (code, text) = ended(child);
        assert_eq!(code, Some(4), "{text}");
        assert_says(&text, &["what runs now is finished, nothing new is started", "RUN816"]);
        nothing_stays(&case);
    }
}

fn twice(case: &Case, active: &str) -> String {
    let child = start(case);
    wait_until(case, active);
    stopped_twice(child)
}

fn stopped_twice(child: Child) -> String {
    send(&child, "-INT");
    // Two of one kind that come together are one.
    std::thread::sleep(Duration::from_millis(300));
    send(&child, "-TERM");
    let (code, text) = ended(child);
    assert!(matches!(code, Some(1 | 4)), "{code:?} {text}");
    assert_says(&text, &["stopping at once"]);
    text
}

#[test]
fn the_second_one_cancels_the_step() {
    let Some(case) = Case::new("", ENDLESS, "") else { return };
    twice(&case, SLEEPS);
    nothing_stays(&case);
}

/// It runs inside the promote's transaction, under its locks.
#[test]
fn the_second_one_cancels_a_check_inside_the_promote() {
    let check = "checks:\n  after:\n    - name: endless\n      sql: select pg_sleep(600) is not null from (select 1 from orders limit 1) o\n      expect: true\n";
    let Some(case) = Case::new("", check, "") else { return };
    // It is read through a cursor of this name.
    twice(&case, "query like 'fetch%cutover_check%'");
    nothing_stays(&case);
}

/// A `pg_dump` that does not end by itself ends with the run.
#[test]
fn the_second_one_ends_a_backup() {
    let Some(case) = Case::new(", existing: replace", REPLACE, "") else { return };
    case.run().expect(0);
    let before = case.schemas();
    let real = &testkit::cluster().unwrap().binaries().folder;
    let programs = case.path().join("programs");
    std::fs::create_dir(&programs).unwrap();
    let started = case.path().join(".cutover/started");
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = --version ] && exec {}/pg_dump --version\ntouch {}\nexec sleep 600\n",
        real.display(),
        started.display()
    );
    std::fs::write(programs.join("pg_dump"), script).unwrap();
    testkit::tool("chmod", &["755", &programs.join("pg_dump").to_string_lossy()]);
    std::os::unix::fs::symlink(real.join("pg_restore"), programs.join("pg_restore")).unwrap();
    let child = start_with(&case, &[("CUTOVER_PG_BINDIR", &programs.to_string_lossy())]);
    let end = Instant::now() + SOON;
    while !started.exists() {
        assert!(Instant::now() < end, "pg_dump was never started");
        std::thread::sleep(Duration::from_millis(5));
    }
    let text = stopped_twice(child);
    assert_says(&text, &["RUN816", "pg_dump"]);
    assert_eq!(case.schemas(), before);
    case.run().expect(0);
}
