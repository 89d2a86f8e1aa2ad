//! Every shape a source file can be in, and that none of them is changed by being read (L1, L2).
#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::backup::Partial;
use super::*;
use crate::canonical::digest_database;
use crate::text::literal;

/// A folder whose files must be the same at the end as after `freeze`.
struct Folder {
    dir: tempfile::TempDir,
    out: tempfile::TempDir,
}

type Bytes = BTreeMap<PathBuf, Vec<u8>>;

impl Folder {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), out: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn database(&self, name: &str, sql: &str) -> Connection {
        let conn = Connection::open(self.path(name)).unwrap();
        conn.execute_batch(sql).unwrap();
        conn
    }

    fn bytes(&self) -> Bytes {
        let files = fs::read_dir(self.dir.path()).unwrap().map(|entry| entry.unwrap().path());
        files
            .filter(|path| path.is_file())
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect()
    }

    fn sources(&self) -> SqliteSources {
        SqliteSources::new(self.out.path().join("scratch")).waiting(Duration::from_millis(200))
    }

    fn inspect(&self, name: &str) -> Result<SourceState> {
        self.sources().inspect(&source(&self.path(name)))
    }

    fn back_up(&self, name: &str) -> Result<BackupReport> {
        let out = self.out.path();
        self.sources().back_up(
            &source(&self.path(name)),
            &out.join("backups/b.sqlite"),
            &out.join("snapshots/s.sqlite"),
            &out.join("work"),
        )
    }
}

fn source(path: &Path) -> SourcePath {
    let shown = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    SourcePath { source: "shop".to_owned(), shown, path: path.to_owned() }
}

const ROWS: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, v);\
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) \
     INSERT INTO t SELECT i, 'value ' || i FROM n;";

/// 1000 rows in the file and 500 in the `-wal`, with the files that `keep` names.
fn wal_database(folder: &Folder, name: &str, keep: &[&str]) {
    let conn = folder.database("live.db", &format!("PRAGMA journal_mode = wal; {ROWS}"));
    conn.execute_batch(
        "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA wal_autocheckpoint = 0; \
         INSERT INTO t SELECT id + 1000, v FROM t WHERE id <= 500;",
    )
    .unwrap();
    for suffix in keep {
        fs::copy(folder.path(&format!("live.db{suffix}")), folder.path(&format!("{name}{suffix}")))
            .unwrap();
    }
    drop(conn);
    fs::remove_file(folder.path("live.db")).unwrap();
}

/// Inspects and backs up; gives the way of opening and the rows, and checks that nothing changed.
fn read_both_ways(folder: &Folder, name: &str) -> (String, u64) {
    let before = folder.bytes();
    let state = folder.inspect(name).unwrap();
    let report = folder.back_up(name).unwrap();
    assert_eq!(folder.bytes(), before, "the source's folder changed");
    assert_eq!(folder.sources().changed_since(&state), Ok(None));
    assert_eq!(folder.sources().touched_since(&state), Ok(None));
    let opened = folder
        .sources()
        .open_source(&state, &parameters())
        .unwrap()
        .query("SELECT count(*) FROM t");
    assert_eq!(opened.unwrap()[0][0], Some(report.tables["t"].rows.to_string()));
    assert_eq!(folder.bytes(), before, "the source's folder changed");
    let mut snapshot = folder
        .sources()
        .open_snapshot(&folder.out.path().join("snapshots/s.sqlite"), &parameters())
        .unwrap();
    let rows = snapshot.query("SELECT count(*) FROM t").unwrap()[0][0].clone().unwrap();
    assert_eq!(rows.parse(), Ok(state.tables["t"]));
    assert_eq!(report.tables["t"].rows, state.tables["t"]);
    (state.open_mode, state.tables["t"])
}

fn parameters() -> FileParameters {
    FileParameters {
        file_name: "s.db".into(),
        file_stem: "s".into(),
        file_index: 0,
        named: Default::default(),
    }
}

#[test]
fn l1_every_wal_state_is_read_completely_and_left_alone() {
    let cases: [(&[&str], &str, u64); 3] = [
        (&["", "-wal", "-shm"], "wal", 1500),
        (&["", "-wal"], "wal-no-shm", 1500),
        (&[""], "wal-empty", 1000),
    ];
    for (keep, mode, rows) in cases {
        let folder = Folder::new();
        wal_database(&folder, "s.db", keep);
        assert_eq!(read_both_ways(&folder, "s.db"), (mode.to_owned(), rows));
    }
    let folder = Folder::new();
    wal_database(&folder, "s.db", &[""]);
    fs::write(folder.path("s.db-wal"), "").unwrap();
    assert_eq!(read_both_ways(&folder, "s.db"), ("wal-empty".to_owned(), 1000));
}

#[test]
fn l1_a_rollback_database_is_read_beside_its_live_writer() {
    let folder = Folder::new();
    let writer = folder.database("s.db", ROWS);
    writer.execute_batch("BEGIN IMMEDIATE; DELETE FROM t WHERE id = 1").unwrap();
    assert_eq!(folder.inspect("s.db").unwrap().tables["t"], 1000);
    drop(writer);
    assert_eq!(read_both_ways(&folder, "s.db"), ("rollback".to_owned(), 1000));
}

#[test]
fn l1_a_live_wal_database_is_read_through_its_shared_memory() {
    let folder = Folder::new();
    let writer = folder.database("s.db", &format!("PRAGMA journal_mode = wal; {ROWS}"));
    writer.execute_batch("BEGIN; DELETE FROM t").unwrap();
    let state = folder.inspect("s.db").unwrap();
    assert_eq!((state.open_mode.as_str(), state.tables["t"]), ("wal", 1000));
    writer.execute_batch("COMMIT").unwrap();
    let changed = folder.sources().changed_since(&state).unwrap();
    assert!(changed.unwrap().contains("`s.db-wal`"));
}

#[test]
fn names_that_mean_something_in_uris_and_a_read_only_folder_are_no_obstacle() {
    let name = "a b%41?x=1#f 'q\" 🦀.db";
    let folder = Folder::new();
    drop(folder.database(name, ROWS));
    fs::set_permissions(folder.dir.path(), fs::Permissions::from_mode(0o555)).unwrap();
    assert_eq!(read_both_ways(&folder, name), ("rollback".to_owned(), 1000));
    fs::set_permissions(folder.dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink(folder.path(name), folder.path("link.db")).unwrap();
    assert_eq!(folder.inspect("link.db").unwrap().identity, folder.inspect(name).unwrap().identity);
}

/// The code of the error that both ways of reading give, and its message.
fn refused(folder: &Folder, name: &str) -> (&'static str, String) {
    let before = folder.bytes();
    let error = folder.inspect(name).unwrap_err();
    let backup = folder.back_up(name).unwrap_err();
    assert_eq!(error.code, backup.code, "{error} / {backup}");
    assert_eq!(folder.bytes(), before);
    let left: Vec<_> = ["backups", "snapshots"]
        .iter()
        .flat_map(|sub| fs::read_dir(folder.out.path().join(sub)).into_iter().flatten())
        .collect();
    assert!(left.is_empty(), "an unfinished backup stays: {left:?}");
    (error.code.id, error.message)
}

#[test]
fn bad_files_are_refused_with_their_reason() {
    let folder = Folder::new();
    fs::write(folder.path("empty.db"), "").unwrap();
    fs::write(folder.path("junk.db"), vec![7; 5000]).unwrap();
    fs::write(folder.path("short.db"), "SQLite format 3\0").unwrap();
    drop(folder.database("good.db", ROWS));
    let good = fs::read(folder.path("good.db")).unwrap();
    fs::write(folder.path("cut.db"), &good[..good.len() - 4096]).unwrap();
    fs::create_dir(folder.path("folder.db")).unwrap();
    let cases = [
        ("none.db", "SRC101", "there is no such file"),
        ("empty.db", "SRC103", "no bytes"),
        ("junk.db", "SRC102", "not a SQLite database"),
        ("short.db", "SRC102", "not a SQLite database"),
        ("cut.db", "SRC105", "cut off"),
        ("folder.db", "SRC102", "this is a folder"),
    ];
    for (name, id, message) in cases {
        let (found, text) = refused(&folder, name);
        assert_eq!(found, id, "{name}: {text}");
        assert!(text.contains(message), "{name}: {text}");
    }
}

#[test]
fn a_database_without_tables_and_a_newer_format_are_refused() {
    let folder = Folder::new();
    drop(folder.database("bare.db", "PRAGMA user_version = 3"));
    assert_eq!(folder.inspect("bare.db").unwrap_err().code.id, "SRC103");
    let mut bytes = fs::read(folder.path("bare.db")).unwrap();
    (bytes[18], bytes[19]) = (3, 3);
    fs::write(folder.path("newer.db"), bytes).unwrap();
    assert_eq!(refused(&folder, "newer.db").0, "SRC113");
}

#[test]
fn a_pipe_does_not_hang_the_run() {
    let folder = Folder::new();
    let made = std::process::Command::new("mkfifo").arg(folder.path("pipe.db")).status().unwrap();
    assert!(made.success());
    let error = folder.inspect("pipe.db").unwrap_err();
    assert_eq!((error.code.id, error.message.as_str()), ("SRC102", "this is a pipe, not a file"));
}

#[test]
fn a_corrupt_page_is_found() {
    let folder = Folder::new();
    drop(folder.database("s.db", ROWS));
    let mut bytes = fs::read(folder.path("s.db")).unwrap();
    bytes[2 * 4096..2 * 4096 + 64].fill(0xff);
    fs::write(folder.path("s.db"), bytes).unwrap();
    assert_eq!(refused(&folder, "s.db").0, "SRC105");
}

#[test]
fn l1_a_hot_journal_is_refused_and_kept() {
    let folder = Folder::new();
    let writer = folder.database("live.db", ROWS);
    writer.execute_batch("PRAGMA cache_size = 1; BEGIN; UPDATE t SET v = v || '!'").unwrap();
    for suffix in ["", "-journal"] {
        let (from, to) = (format!("live.db{suffix}"), format!("s.db{suffix}"));
        fs::copy(folder.path(&from), folder.path(&to)).unwrap();
    }
    drop(writer);
    assert_eq!(refused(&folder, "s.db").0, "SRC104");
    fs::write(folder.path("s.db-journal"), vec![0; 512]).unwrap();
    assert_ne!(folder.inspect("s.db").map_err(|error| error.code.id), Err("SRC104"));
}

#[test]
fn a_writer_that_does_not_end_is_an_error_after_a_bounded_wait() {
    let folder = Folder::new();
    let writer = folder.database("s.db", ROWS);
    writer.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert_eq!(refused(&folder, "s.db").0, "SRC109");
}

#[test]
fn l2_the_backup_is_durable_private_and_described() {
    let folder = Folder::new();
    drop(folder.database(
        "s.db",
        &format!("{ROWS} CREATE VIRTUAL TABLE f USING fts5(body); INSERT INTO f VALUES ('text'); \
             CREATE TABLE w (k TEXT PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO w VALUES ('a', x'00'); \
             CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p (id)); \
             INSERT INTO c VALUES (1), (2); PRAGMA user_version = 7;").replace("CREATE TABLE p", "PRAGMA foreign_keys = off; CREATE TABLE p"),
    ));
    let report = folder.back_up("s.db").unwrap();
    assert_eq!(report.foreign_key_violations, 2);
    assert!(report.tables.contains_key("f_data") && report.tables.contains_key("w"));
    assert!(!report.tables.contains_key("sqlite_schema"));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&report.backup), mode(report.backup.parent().unwrap())), (0o400, 0o700));
    let manifest = fs::read_to_string(::backup::Manifest::path_for(&report.backup)).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["sha256"], report.sha256);
    assert_eq!(manifest["about"]["user_version"], 7);
    assert_eq!(manifest["tables"]["t"]["rows"], 1000);
    let again = folder.back_up("s.db").unwrap_err();
    assert_eq!(again.code.id, "SRC112", "an existing backup is never overwritten");
    assert_eq!(sha256(&fs::File::open(&report.backup).unwrap()).unwrap(), report.sha256);
}

#[test]
fn l2_the_drill_finds_one_flipped_byte() {
    let folder = Folder::new();
    let conn = folder.database("s.db", ROWS);
    let digests = digest_database(&conn).unwrap();
    drop(conn);
    let mut bytes = fs::read(folder.path("s.db")).unwrap();
    let at = bytes.windows(9).position(|window| window == b"value 500").unwrap();
    bytes[at] ^= 1;
    fs::write(folder.path("b.db"), bytes).unwrap();
    let checked = backup::open_copy(&folder.path("b.db")).unwrap();
    check_integrity("b.db", &checked, Integrity::Full).expect("SQLite does not see it");
    let mut partial = Partial::new();
    let error = backup::drill(&folder.path("b.db"), &folder.path("r.db"), &digests, &mut partial)
        .unwrap_err();
    assert_eq!(error.code.id, "SRC112");
    let wanted = "the restored backup holds other values in table `t` than the source";
    assert_eq!(error.message, wanted);
    drop(partial);
    assert!(!folder.path("r.db").exists());
}

#[test]
fn changes_are_named() {
    let folder = Folder::new();
    let conn = folder.database("s.db", ROWS);
    let state = folder.inspect("s.db").unwrap();
    let changed = || {
        let sources = folder.sources();
        (sources.changed_since(&state).unwrap(), sources.touched_since(&state).unwrap())
    };
    fs::write(folder.path("s.db-journal"), "").unwrap();
    let new = Some("`s.db-journal` is new".to_owned());
    assert_eq!(changed(), (new.clone(), new));
    fs::remove_file(folder.path("s.db-journal")).unwrap();
    assert_eq!(changed(), (None, None));
    conn.execute_batch("UPDATE t SET v = 'other' WHERE id = 7").unwrap();
    let (full, quick) = changed();
    assert!(full.unwrap().starts_with("`s.db` had "));
    assert_eq!(quick.as_deref(), Some("`s.db` was written"));
    drop(conn);
    fs::rename(folder.path("s.db"), folder.path("old")).unwrap();
    assert_eq!(changed().0.as_deref(), Some("the file is gone"));
    fs::copy(folder.path("old"), folder.path("s.db")).unwrap();
    assert_eq!(changed().0.as_deref(), Some("another file has taken its place"));
}

/// Closing the descriptor of a digest must not release the lock of an open read transaction.
#[test]
fn l1_a_digest_does_not_release_the_locks_of_a_reader() {
    let folder = Folder::new();
    drop(folder.database("s.db", ROWS));
    let located = file::locate(&source(&folder.path("s.db"))).unwrap();
    let count = |locked: &str| {
        let script = format!(
            "import sqlite3; c = sqlite3.connect({}, timeout=0.1); c.execute('begin exclusive')",
            literal(&folder.path("s.db").to_string_lossy())
        );
        let ran = std::process::Command::new("python3").args(["-c", &script]).output();
        match ran {
            Ok(output) => assert_eq!(output.status.success(), locked == "free", "{output:?}"),
            Err(error) => eprintln!("skipped: no second process to ask for the lock ({error})"),
        }
    };
    reading::with_source(&located, folder.out.path(), Duration::ZERO, |_, _| {
        fingerprint::fingerprint(&located)?;
        count("held");
        Ok(())
    })
    .unwrap();
    count("free");
}

/// A lock of another process is seen, with who holds it.
#[test]
fn l1_a_writer_in_another_process_is_named() {
    let folder = Folder::new();
    drop(folder.database("s.db", &format!("PRAGMA journal_mode = wal; {ROWS}")));
    let located = file::locate(&source(&folder.path("s.db"))).unwrap();
    assert_eq!(located.locked_by(), Ok(None));
    let script = format!(
        "import fcntl, struct, sys; f = open({}, 'r+b'); \
         fcntl.lockf(f, fcntl.LOCK_SH, 1, 0x40000002); print('held', flush=True); sys.stdin.read()",
        literal(&folder.path("s.db").to_string_lossy())
    );
    let child = std::process::Command::new("python3")
        .args(["-c", &script])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("skipped: no second process to hold a lock");
        return;
    };
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0; 4]).unwrap();
    assert_eq!(located.locked_by(), Ok(Some(child.id())));
    let error = folder.inspect("s.db").unwrap_err();
    let expected = format!("process {} has the file open and could write it", child.id());
    assert_eq!((error.code.id, error.message), ("SRC109", expected));
    drop(child.stdin.take());
    child.wait().unwrap();
    assert_eq!(folder.inspect("s.db").unwrap().open_mode, "wal-empty");
}

/// The databases of real applications, where they are at hand.
#[test]
fn l1_real_databases_are_inspected_and_backed_up_unchanged() {
    let Some(shared) = shared_data() else {
        eprintln!("skipped: no shared data; set CUTOVER_SHARED to run this on real databases");
        return;
    };
    let mut seen = 0;
    for path in databases(&shared) {
        let out = tempfile::tempdir().unwrap();
        let sources = SqliteSources::new(out.path().join("scratch"));
        let state = sources.inspect(&source(&path)).unwrap();
        let (backup, snapshot) = (out.path().join("b/x"), out.path().join("s/x"));
        let report =
            sources.back_up(&source(&path), &backup, &snapshot, &out.path().join("w")).unwrap();
        let rows: BTreeMap<_, _> =
            report.tables.iter().map(|(table, digest)| (table.clone(), digest.rows)).collect();
        assert_eq!(rows, state.tables, "{}", path.display());
        assert_eq!(sources.changed_since(&state), Ok(None));
        seen += 1;
    }
    assert!(seen > 10, "only {seen} databases found");
}

fn shared_data() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var_os("CUTOVER_SHARED").map_or_else(|| beside.into(), PathBuf::from);
    Some(shared.join("data")).filter(|data| data.is_dir())
}

fn databases(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(databases(&path));
        } else if path.extension().is_some_and(|extension| extension == "sqlite") {
            found.push(path);
        }
    }
    found.sort();
    found
}
