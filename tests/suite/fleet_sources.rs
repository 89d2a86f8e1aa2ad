//! The files of a fleet before a row is read: grouped, each fault with its own diagnostic, and the
//! target untouched; tags and keys as the plan says. The oracles are sqlite3 and psql.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;
use testkit::{Database, Finished, Program};

use crate::cutover_on;

const BASELINE: &str = "\
CREATE TABLE files (org text NOT NULL, id bigint PRIMARY KEY, path text NOT NULL);
CREATE TABLE symbols (id bigint PRIMARY KEY, file_id bigint NOT NULL REFERENCES files (id), name text);
CREATE TABLE marks (id uuid PRIMARY KEY, host text NOT NULL, file_id bigint REFERENCES files (id));
CREATE INDEX symbols_file ON symbols (file_id);
CREATE INDEX marks_file ON marks (file_id);
";

const PLAN: &str = r#"
cutover: 1
name: fleet
sources:
  repos:
    glob: "data/*/*.db"
    tags:
      pattern: '^data/(?<org>[^/]+)/'
      queries: { host: "select value from meta where key = 'host'" }
target: { postgres: { url: { env: CUTOVER_TEST_URL }, schema: fleet } }
baseline: base.sql
components: { include: base.sql }
load:
  files: { columns: { org: { sql: ":org" }, id: { offset: files } } }
  symbols: { columns: { id: { offset: symbols }, file_id: { offset: files } } }
  marks: { columns: { id: { uuid: marks }, host: { sql: ":host" }, file_id: { offset: files } } }
"#;

const SOURCE: &str = "
CREATE TABLE files (id INTEGER PRIMARY KEY, path TEXT NOT NULL);
CREATE TABLE symbols (id INTEGER PRIMARY KEY, file_id INTEGER NOT NULL, name TEXT);
CREATE TABLE marks (id INTEGER PRIMARY KEY, file_id INTEGER);
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT);
INSERT INTO files VALUES (1, 'a'), (2, 'b'), (7, 'c');
INSERT INTO symbols VALUES (1, 1, 'x'), (2, 7, 'y'), (3, 7, 'z');
INSERT INTO marks VALUES (1, 7), (2, NULL);
";

struct Case {
    folder: TempDir,
    database: Database,
    program: Program,
}

impl Case {
    /// Four files of two organisations, all with the same keys.
    fn new() -> Option<Self> {
        let database = Database::create()?;
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("base.sql"), BASELINE).unwrap();
        fs::write(folder.path().join("plan.yaml"), PLAN).unwrap();
        let program = cutover_on(&database);
        let case = Self { folder, database, program };
        for name in ["north/a.db", "north/b.db", "south/a.db", "south/c.db"] {
            case.source(name, SOURCE);
        }
        Some(case)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("data").join(name)
    }

    fn source(&self, name: &str, sql: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch(sql).unwrap();
        let host = name.replace(['/', '.'], "-");
        conn.execute("INSERT INTO meta VALUES ('host', ?1)", [host]).unwrap();
        path
    }

    fn run(&self, args: &[&str]) -> Finished {
        self.program.run(self.folder.path(), args)
    }

    /// Nothing of a run is in the database.
    fn untouched(&self) {
        let sql = "select nspname from pg_namespace where nspname ~ '^(cutover|fleet)'";
        assert_eq!(self.database.psql(sql), "");
    }
}

#[test]
fn keys_of_files_are_kept_apart_and_references_follow() {
    let Some(case) = Case::new() else { return };
    case.run(&["run", "plan.yaml", "--yes"]).expect(0);
    let psql = |sql: &str| case.database.psql(sql);
    // Each file has keys 1, 2 and 7: the next begins past 7.
    assert_eq!(
        psql(
            "select org, string_agg(id::text, ' ' order by id) from fleet.files group by org order by org"
        ),
        "north|1 2 7 9 10 15\nsouth|17 18 23 25 26 31\n"
    );
    assert_eq!(
        psql(
            "select string_agg(s.name || f.path, ' ' order by s.id) from fleet.symbols s join fleet.files f on f.id = s.file_id"
        ),
        "xa yc zc xa yc zc xa yc zc xa yc zc\n"
    );
    assert_eq!(
        psql(
            "select host, count(distinct id), max(file_id) from fleet.marks group by host order by host"
        ),
        "north-a-db|2|7\nnorth-b-db|2|15\nsouth-a-db|2|23\nsouth-c-db|2|31\n"
    );
    let first = psql("select id from fleet.marks order by id");
    case.run(&["verify", "plan.yaml"]).expect(0);
    case.database.psql("drop schema fleet cascade");
    case.run(&["run", "plan.yaml", "--yes"]).expect(0);
    assert_eq!(first, psql("select id from fleet.marks order by id"), "the same in every run");
}

#[test]
fn a_tag_that_a_file_does_not_give_stops_the_run() {
    let Some(case) = Case::new() else { return };
    let plan = PLAN.replace("^data/(?<org>[^/]+)/", "^data/(?<org>north)/");
    fs::write(case.folder.path().join("plan.yaml"), plan).unwrap();
    let sqlite = Connection::open(case.path("north/b.db")).unwrap();
    sqlite.execute_batch("DELETE FROM meta; UPDATE files SET id = -5 WHERE id = 1").unwrap();
    drop(sqlite);
    let said = case.run(&["run", "plan.yaml", "--dry-run"]).expect(1).stderr;
    for part in [
        "SRC119",
        "data/south/a.db, data/south/c.db",
        "does not match the pattern of its tags",
        "data/north/b.db",
        "the query of tag `host` gives no row, not one value",
    ] {
        assert!(words(&said).contains(part), "{part} in\n{said}");
    }
    case.untouched();
}

#[test]
fn files_that_the_plan_does_not_cover_stop_the_run_with_their_names() {
    let Some(case) = Case::new() else { return };
    let lacking = SOURCE.replace("name TEXT);", "title TEXT);").replace(", name TEXT", "");
    for name in ["west/a.db", "west/b.db", "west/c.db", "west/d.db"] {
        case.source(name, &lacking);
    }
    fs::write(case.path("west/e.db"), "no database").unwrap();
    let ended = case.run(&["run", "plan.yaml", "--yes"]).expect(1);
    for part in [
        "4 files match A (4 tables); 4 lack `symbols.name` and have `symbols.title`; 1 is not a database",
        "SRC118",
        "data/west/a.db, data/west/b.db, data/west/c.db and 1 more file",
    ] {
        assert!(words(&ended.stderr).contains(part), "{part} in\n{}", ended.stderr);
    }
    assert!(!ended.stderr.contains("SRC111"), "the others have their tags\n{}", ended.stderr);
    let journal = journal(case.folder.path());
    assert!(journal.contains("data/west/d.db"), "every name is in the journal");
    case.untouched();
}

/// As a person reads it, whatever the width of the terminal.
fn words(text: &str) -> String {
    let bare: String = text.chars().filter(|c| *c != '│').collect();
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn journal(folder: &Path) -> String {
    let run = fs::read_dir(folder.join(".cutover/runs")).unwrap().next().unwrap().unwrap();
    fs::read_to_string(run.path().join("journal.jsonl")).unwrap()
}

#[test]
fn every_fault_of_a_file_has_its_own_diagnostic() {
    let Some(case) = Case::new() else { return };
    let good = fs::read(case.path("north/a.db")).unwrap();
    let faulty = |name: &str, bytes: &[u8]| {
        let path = case.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    faulty("bad/text.db", b"no database");
    faulty("bad/empty.db", b"");
    faulty("bad/cut.db", &good[..good.len() - 4096]);
    let mut page = good.clone();
    page[4096..8192].fill(0xa5);
    faulty("bad/page.db", &page);
    let mut newer = good.clone();
    newer[19] = 3;
    faulty("bad/newer.db", &newer);
    let noise: Vec<u8> =
        (0..8192_u64).map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect();
    faulty("bad/secret.db", &noise);
    faulty("bad/hot.db", &good);
    let mut journal = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7".to_vec();
    journal.resize(1024, 0);
    faulty("bad/hot.db-journal", &journal);
    let held = case.source("bad/held.db", SOURCE);
    let writer = Connection::open(&held).unwrap();
    writer.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let said = words(&case.run(&["run", "plan.yaml", "--dry-run"]).expect(1).stderr);
    drop(writer);
    for (file, code) in [
        ("text.db", "SRC102"),
        ("empty.db", "SRC103"),
        ("cut.db", "SRC105"),
        ("page.db", "SRC105"),
        ("newer.db", "SRC113"),
        ("secret.db", "SRC120"),
        ("hot.db", "SRC104"),
        ("held.db", "SRC109"),
    ] {
        let found = format!("error[{code}]: data/bad/{file}:");
        assert!(said.contains(&found), "{found} in\n{said}");
    }
    case.untouched();
}

#[test]
fn a_table_that_vanished_is_named() {
    let Some(case) = Case::new() else { return };
    let gone = Connection::open(case.path("south/c.db")).unwrap();
    gone.execute_batch("DROP TABLE marks").unwrap();
    drop(gone);
    let said = words(&case.run(&["run", "plan.yaml", "--yes"]).expect(1).stderr);
    for part in ["SRC110", "data/south/c.db", "has no table `marks`", "1 lacks `marks`"] {
        assert!(said.contains(part), "{part} in\n{said}");
    }
    case.untouched();
}

/// A `-wal` with rows in a folder that nobody may write: the rows are read all the same, and nothing
/// appears beside the file.
#[test]
fn a_wal_in_a_folder_without_write_access_is_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let Some(case) = Case::new() else { return };
    let writer = Connection::open(case.path("north/a.db")).unwrap();
    writer
        .execute_batch("PRAGMA journal_mode = wal; INSERT INTO files VALUES (8, 'late')")
        .unwrap();
    // As a copy of both files without the `-shm`, which another machine would have.
    let away = case.path("wal");
    fs::create_dir_all(&away).unwrap();
    for end in ["", "-wal"] {
        fs::copy(case.path(&format!("north/a.db{end}")), away.join(format!("w.db{end}"))).unwrap();
    }
    drop(writer);
    fs::set_permissions(&away, fs::Permissions::from_mode(0o555)).unwrap();
    let ended = case.run(&["run", "plan.yaml", "--yes"]);
    let beside = fs::read_dir(&away).unwrap().count();
    fs::set_permissions(&away, fs::Permissions::from_mode(0o755)).unwrap();
    ended.expect(0);
    assert_eq!(beside, 2);
    assert_eq!(case.database.psql("select count(*) from fleet.files where path = 'late'"), "2\n");
}
