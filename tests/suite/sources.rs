//! L1, seen by strace: no source is opened for writing and nothing is created beside one.

use std::process::Command;

use testkit::{Database, example};

use crate::cutover;

/// Runs the plan under strace and returns the lines about files in `data/`.
fn traced(plan: &std::path::Path, url: Option<&str>) -> Vec<String> {
    let log = plan.join("trace.txt");
    let mut command = Command::new("strace");
    command
        .args(["-f", "-qq", "-s", "300", "-e", "trace=%file,ftruncate,pwrite64,write", "-o"])
        .arg(&log);
    command.arg(cutover().binary()).args(["run", "plan.yaml", "--yes"]).current_dir(plan);
    if let Some(url) = url {
        command.env("CUTOVER_TEST_URL", url);
    }
    let out = command.output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8_lossy(&std::fs::read(&log).unwrap()).into_owned();
    // A scratch server has a folder `data` of its own.
    let absolute = format!("\"{}/data/", plan.display());
    let here = |line: &&str| line.contains("\"data/") || line.contains(&absolute);
    text.lines().filter(here).map(str::to_owned).collect()
}

/// Calls that did change a source or its folder, or could have. What the kernel refused (SQLite tries
/// to open a WAL for writing even when it may only read) did not.
fn writes(line: &str) -> bool {
    let opens = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"];
    let changes = [
        "unlink",
        "rename",
        "truncate",
        "ftruncate",
        "link",
        "symlink",
        "mkdir",
        "rmdir",
        "chmod",
        "fchmod",
        "chown",
        "fchown",
        "utime",
        "mknod",
    ];
    let call = line.split_whitespace().nth(1).unwrap_or("");
    let refused = line.contains(" = -1 E");
    let named = changes.iter().any(|name| call.starts_with(name));
    !refused && (named || opens.iter().any(|flag| line.contains(flag)))
}

pub(crate) fn source_is_only_read(plan: &std::path::Path, url: Option<&str>) {
    let before = testkit::states(&plan.join("data"));
    let lines = traced(plan, url);
    let reads =
        lines.iter().filter(|line| line.contains("open") && line.contains("shop.db")).count();
    assert!(reads > 0, "the trace must show the source being read, or it shows nothing");
    let bad: Vec<_> = lines.iter().filter(|line| writes(line)).collect();
    assert!(bad.is_empty(), "{bad:#?}");
    assert_eq!(before, testkit::states(&plan.join("data")));
    println!("{} calls on the source's folder, {reads} opens, none that could write", lines.len());
}

#[test]
fn of_a_run_into_sqlite() {
    let (_keep, plan) = example("quickstart");
    source_is_only_read(&plan, None);
}

#[test]
fn of_a_run_into_postgres() {
    let Some(database) = Database::create() else { return };
    database.roles(&["shop_app"]);
    let (_keep, plan) = example("shop-postgres");
    let file = plan.join("plan.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("server: local", "url: { env: CUTOVER_TEST_URL }")).unwrap();
    source_is_only_read(&plan, Some(&database.url));
}

/// The WAL states of the facts page: the source's folder stays as it was and no row is lost.
#[test]
fn in_wal_mode_with_rows_only_in_the_wal() {
    let (_keep, plan) = example("quickstart");
    let source = plan.join("data/shop.db");
    let writer = rusqlite::Connection::open(&source).unwrap();
    writer.pragma_update(None, "journal_mode", "wal").unwrap();
    writer.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    writer.execute("insert into customers values (1000, 'wal@example.org', 'Only in the WAL', 1, '2025-01-01 00:00:00')", []).unwrap();
    source_is_only_read(&plan, None);
    let count = testkit::tool(
        "sqlite3",
        &[
            &plan.join("out/shop.sqlite").to_string_lossy(),
            "select count(*) from customers where id = 1000",
        ],
    );
    assert_eq!(count, "1\n");
    drop(writer);
}
