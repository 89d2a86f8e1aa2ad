//! See README.md.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::cutover;

/// Writes pairs of rows that are always equal in number, in transactions of their own, until its
/// standard input ends.
const WRITER: &str = "
import sqlite3, sys, threading
c = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
c.execute('pragma journal_mode = ' + sys.argv[2]).fetchall()
if sys.argv[2] == 'wal':
    c.execute('pragma wal_autocheckpoint = 50').fetchall()
c.execute('create table if not exists a (n integer)')
c.execute('create table if not exists b (n integer)')
over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
n = 0
while not over.is_set():
    c.execute('begin immediate')
    c.executemany('insert into a values (?)', [(n + i,) for i in range(100)])
    c.executemany('insert into b values (?)', [(n + i,) for i in range(100)])
    c.execute('commit')
    n += 100
    if n == 2000:
        print('writing', flush=True)
";

struct Writer(Child);

impl Writer {
    fn start(database: &Path, mode: &str) -> Writer {
        let mut child = Command::new("python3")
            .args(["-c", WRITER])
            .arg(database)
            .arg(mode)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0; 7]).unwrap();
        Writer(child)
    }

    fn stop(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().unwrap().success(), "the writer was disturbed");
    }
}

/// What Python's SQLite says of a file: rows of both tables and the integrity check.
fn asked(file: &Path) -> Result<(u64, u64), String> {
    let script = "import sqlite3, sys
c = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro&immutable=1', uri=True)
print(c.execute('select (select count(*) from a), (select count(*) from b)').fetchone())
print(c.execute('pragma integrity_check').fetchone()[0])";
    let out = Command::new("python3").args(["-c", script]).arg(file).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let [counts, "ok"] = lines[..] else { return Err(format!("{text}{:?}", out.stderr)) };
    let mut numbers = counts.trim_matches(['(', ')']).split(", ").map(|n| n.parse().unwrap());
    Ok((numbers.next().unwrap(), numbers.next().unwrap()))
}

fn backups(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder.join(".cutover/backups")).unwrap();
    let mut found: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| {
        path.to_string_lossy().ends_with(".sqlite") && !path.ends_with("catalog.sqlite")
    });
    found.sort();
    found
}

/// Every backup that is taken beside a busy writer is whole, of one moment, and stays.
fn backups_beside_a_writer(mode: &str) {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("shop.db");
    let writer = Writer::start(&database, mode);
    for _ in 0..3 {
        let out = cutover().run(folder.path(), &["backup", "create", "--sqlite", "shop.db"]);
        out.expect(0);
    }
    writer.stop();
    let found = backups(folder.path());
    assert_eq!(found.len(), 3, "each has a name of its own");
    let mut before = 0;
    for backup in &found {
        let (a, b) = asked(backup).unwrap();
        assert!(a == b && a > before, "{a} and {b} rows after {before}");
        before = a;
    }
    cutover().run(folder.path(), &["backup", "verify"]).expect(0);
}

#[test]
fn l2_backups_beside_a_writer_in_wal_mode_are_whole() {
    backups_beside_a_writer("wal");
}

#[test]
fn l2_backups_beside_a_writer_with_a_rollback_journal_are_whole() {
    backups_beside_a_writer("delete");
}

/// The incident itself: the copy of the file lacks rows, or is corrupt; no command takes it for a
/// backup, and a restore is not misled by a `-wal` that stayed.
#[test]
fn l2_a_copied_file_is_no_backup_and_a_stale_wal_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("shop.db");
    let conn = rusqlite::Connection::open(&database).unwrap();
    conn.execute_batch(
        "pragma journal_mode = wal; pragma wal_autocheckpoint = 0; create table a (n); \
         create table b (n); insert into a values (1); insert into b values (1); \
         pragma wal_checkpoint(truncate); insert into a values (2), (3); insert into b values (2), (3)",
    )
    .unwrap();
    let copied = folder.path().join("copied.db");
    std::fs::copy(&database, &copied).unwrap();
    assert_eq!(asked(&copied), Ok((1, 1)), "what a copy of the file has of three rows");
    let run = |args: &[&str]| cutover().run(folder.path(), args);
    run(&["backup", "create", "--sqlite", "shop.db"]).expect(0);
    let backup = backups(folder.path()).remove(0);
    assert_eq!(asked(&backup), Ok((3, 3)));
    std::fs::copy(&copied, folder.path().join(".cutover/backups/shop.db.sqlite")).unwrap();
    let listed = run(&["backup", "list"]).expect(0).stdout;
    assert!(listed.contains("1 backup in") && !listed.contains("shop.db.sqlite"), "{listed}");
    // The application dies: file and -wal stay. Later states are in the -wal.
    conn.execute_batch("delete from a; delete from b").unwrap();
    for part in ["", "-wal"] {
        let (from, to) = (format!("shop.db{part}"), format!("dead.db{part}"));
        std::fs::copy(folder.path().join(from), folder.path().join(to)).unwrap();
    }
    let digest =
        backup.file_stem().unwrap().to_str().unwrap().rsplit('-').next().unwrap().to_owned();
    run(&["backup", "restore", &digest, "--to", "dead.db"]).expect(1);
    run(&["backup", "restore", &digest, "--to", "dead.db", "--replace-existing"]).expect(0);
    let restored = testkit::tool(
        "sqlite3",
        &[&folder.path().join("dead.db").to_string_lossy(), "select count(*) from a"],
    );
    assert_eq!(restored, "3\n", "beside a stale -wal it would be 0");
}
