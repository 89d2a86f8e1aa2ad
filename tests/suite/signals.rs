//! SIGINT and SIGTERM: the first stops at the next safe point and says so, the second at once; either
//! way nothing half done stays (L3), also in a check, a backup and the promote.

use std::cell::Cell;
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
    Command::new(case.program().binary())
        .args(["run", "plan.yaml", "--yes"])
        .current_dir(case.path())
        .env("CUTOVER_TEST_URL", &case.database.url)
        .env("CUTOVER_SCRATCH_URL", &case.database.url)
        .env("NO_COLOR", "1")
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

/// `pg_dump` waits for a table that somebody holds; it ends with the run.
#[test]
fn the_second_one_ends_a_backup() {
    let Some(case) = Case::new(", existing: replace", REPLACE, "") else { return };
    case.run().expect(0);
    let before = case.schemas();
    let psql = testkit::cluster().unwrap().binaries().program("psql");
    let hold = "begin; lock table app.orders in access exclusive mode; select pg_sleep(600)";
    let mut holder = Command::new(psql)
        .args(["-X", "-q", "-d", &case.database.url, "-c", hold])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let locked =
        "select count(*) from pg_locks where relation = 'app.orders'::regclass and granted";
    while case.database.psql(locked) == "0\n" {
        std::thread::sleep(Duration::from_millis(10));
    }
    let child = start(&case);
    let waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
    let (end, seen) = (Instant::now() + SOON, Cell::new(false));
    while Instant::now() < end && !seen.get() {
        seen.set(case.database.psql(waits) != "0\n");
    }
    assert!(seen.get(), "nothing waits");
    send(&child, "-INT");
    std::thread::sleep(Duration::from_millis(300));
    send(&child, "-INT");
    let (code, text) = ended(child);
    assert!(matches!(code, Some(1 | 4)), "{code:?} {text}");
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert_eq!(case.schemas(), before);
    case.run().expect(0);
}
