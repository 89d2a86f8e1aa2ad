//! Backups are taken, put back and removed with a failure, and with SIGKILL, at every point: what is
//! live is the old state or the new one, nothing is lost, and the same command again ends it.

use std::path::{Path, PathBuf};

use serde_json::Value;
use testkit::{Database, Program, tool};

use super::points;
use crate::{cutover, cutover_on};

/// A command that is simply repeated.
struct Repeated<'a> {
    name: &'a str,
    program: Program,
    folder: &'a Path,
    reset: &'a dyn Fn(),
    /// Panics where something is lost; says whether the command has done its work.
    is_done: &'a dyn Fn() -> bool,
    /// What unfinished commands made; empty when one has ended well.
    left: &'a dyn Fn() -> String,
    command: &'a [&'a str],
}

impl Repeated<'_> {
    fn go(&self) {
        (self.reset)();
        let points = points::count(&self.program, self.folder, self.command);
        assert!(points > 3, "{}: {points} points", self.name);
        for mode in ["fail", "kill"] {
            let (mut tries, mut after) = (0, 0);
            points::each(points, |number| {
                let done = self.attempt(&format!("{mode}:{number}"))?;
                tries += 1;
                after += u64::from(done);
                Some(done)
            });
            println!(
                "{} {mode}: {points} points, {tries} tried, {} before, {after} after, nothing lost",
                self.name,
                tries - after
            );
            assert!(tries > after && after > 0, "{} {mode}: {after} of {tries} after", self.name);
        }
    }

    /// Whether its work was done when it stopped; `None` where the fault was not reached.
    fn attempt(&self, fault: &str) -> Option<bool> {
        (self.reset)();
        let (ended, hit) = points::with_fault(&self.program, self.folder, self.command, fault);
        let Some(point) = hit else {
            ended.expect(0);
            return None;
        };
        let what = format!("{} {fault} at `{point}`", self.name);
        println!("{what}");
        let done = (self.is_done)();
        assert!(done || ended.code != Some(0), "{what}: exit 0\n{}", ended.stdout);
        assert_ne!(ended.code, Some(70), "{what}\n{}", ended.stderr);
        self.program.run(self.folder, self.command).expect(0);
        assert!((self.is_done)(), "{what}: the same command again did not end it");
        assert_eq!((self.left)(), "", "{what}: something is left");
        Some(done)
    }
}

fn sqlite(file: &Path, sql: &str) -> String {
    tool("sqlite3", &[&file.to_string_lossy(), sql])
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<_> =
        entries.map(|it| it.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// What a command makes under another name first.
fn unfinished(folder: &Path) -> String {
    let starts = [".partial-", ".drill-", ".restoring-"];
    let is_one = |name: &String| starts.iter().any(|start| name.starts_with(start));
    names(folder).into_iter().filter(is_one).collect::<Vec<_>>().join(", ")
}

fn copy(from: &Path, to: &Path) {
    drop(std::fs::remove_dir_all(to));
    tool("cp", &["-a", &from.to_string_lossy(), &to.to_string_lossy()]);
}

/// A folder with a database and backups of it, and a copy of all that.
struct Folder {
    keep: tempfile::TempDir,
}

impl Folder {
    /// Three rows, three backups, then four rows, one of them only in the `-wal`.
    fn new(backups: usize) -> Folder {
        let folder = Folder { keep: tempfile::tempdir().unwrap() };
        let original = folder.keep.path().join("original");
        std::fs::create_dir(&original).unwrap();
        let live = original.join("shop.db");
        sqlite(&live, "create table a (n); insert into a values (1), (2), (3)");
        for _ in 0..backups {
            cutover().run(&original, &["backup", "create", "--sqlite", "shop.db"]).expect(0);
        }
        let conn = rusqlite::Connection::open(&live).unwrap();
        conn.execute_batch("pragma journal_mode = wal; insert into a values (4)").unwrap();
        // As a process leaves it that dies: what it closes would take the `-wal` away.
        let dead = folder.keep.path().join("dead");
        copy(&original, &dead);
        drop(conn);
        copy(&dead, &original);
        folder
    }

    fn path(&self) -> PathBuf {
        self.keep.path().join("place")
    }

    fn reset(&self) {
        copy(&self.keep.path().join("original"), &self.path());
    }

    /// The rows of a database, read from a copy so that reading changes nothing.
    fn rows(&self, file: &str) -> Option<String> {
        let copied = self.keep.path().join("copied");
        copy(&self.path(), &copied);
        let file = copied.join(file);
        file.exists().then(|| sqlite(&file, "select group_concat(n) from a"))
    }

    fn listed(&self) -> Vec<Value> {
        let json = ["backup", "list", "--format", "json"];
        let done = cutover().run(&self.path(), &json);
        let answer: Value = serde_json::from_str(&done.stdout).unwrap_or_default();
        answer["backups"].as_array().cloned().unwrap_or_default()
    }

    fn backups(&self) -> PathBuf {
        self.path().join(".cutover/backups")
    }

    fn files(&self) -> Vec<String> {
        let mut files = names(&self.backups());
        files.retain(|name| name.ends_with(".sqlite") && name != "catalog.sqlite");
        files
    }
}

const OLD: &str = "1,2,3,4\n";
const BACKED_UP: &str = "1,2,3\n";

#[test]
fn a_backup_of_sqlite() {
    let folder = Folder::new(0);
    let is_done = || {
        assert_eq!(folder.rows("shop.db").as_deref(), Some(OLD), "the source");
        let listed = folder.listed();
        for name in folder.files() {
            let manifest = folder.backups().join(format!("{name}.manifest.json"));
            assert!(manifest.exists(), "{name} has no manifest");
        }
        if !listed.is_empty() {
            cutover().run(&folder.path(), &["backup", "verify"]).expect(0);
        }
        !listed.is_empty()
    };
    Repeated {
        name: "backup create, SQLite",
        program: cutover(),
        folder: &folder.path(),
        reset: &|| folder.reset(),
        is_done: &is_done,
        left: &|| unfinished(&folder.backups()),
        command: &["backup", "create", "--sqlite", "shop.db"],
    }
    .go();
}

#[test]
fn a_restore_of_sqlite() {
    let folder = Folder::new(1);
    let is_done = || {
        let aside = names(&folder.path())
            .into_iter()
            .filter(|name| name.starts_with("shop.db.replaced-") && name.ends_with('Z'));
        let kept = aside.filter_map(|name| folder.rows(&name)).any(|rows| rows == OLD);
        cutover().run(&folder.path(), &["backup", "verify", "--quick"]).expect(0);
        match folder.rows("shop.db").as_deref() {
            Some(OLD) => false,
            // Between the two renames: a program finds no file, and no wrong one.
            None => {
                assert!(kept, "the old file is not there");
                false
            }
            Some(BACKED_UP) => {
                assert!(kept, "the old file is not there");
                true
            }
            Some(other) => panic!("the place holds {other}"),
        }
    };
    let name = folder_backup(&folder);
    Repeated {
        name: "backup restore, SQLite",
        program: cutover(),
        folder: &folder.path(),
        reset: &|| folder.reset(),
        is_done: &is_done,
        left: &|| unfinished(&folder.path()),
        command: &["backup", "restore", &name, "--to", "shop.db", "--replace-existing"],
    }
    .go();
}

fn folder_backup(folder: &Folder) -> String {
    folder.reset();
    folder.files().pop().unwrap()
}

#[test]
fn a_prune() {
    let folder = Folder::new(3);
    let newest = folder_backup(&folder);
    let is_done = || {
        cutover().run(&folder.path(), &["backup", "verify", &newest]).expect(0);
        folder.files().len() == 1 && folder.listed().len() == 1
    };
    Repeated {
        name: "backup prune",
        program: cutover(),
        folder: &folder.path(),
        reset: &|| folder.reset(),
        is_done: &is_done,
        left: &|| unfinished(&folder.backups()),
        command: &["backup", "prune", "--keep-last", "1"],
    }
    .go();
}

/// A server with a database that is backed up, and another one that a restore replaces.
struct Server {
    database: Database,
    folder: tempfile::TempDir,
    place: String,
}

impl Server {
    fn new() -> Option<Server> {
        let database = Database::create()?;
        database.psql(
            "create schema app; create table app.a (n int); insert into app.a values (1), (2)",
        );
        let place = format!("{}_place", database.name);
        Some(Server { database, folder: tempfile::tempdir().unwrap(), place })
    }

    fn program(&self) -> Program {
        cutover_on(&self.database).env("CUTOVER_SCRATCH_URL", &self.database.url)
    }

    fn create(&self) -> [&'static str; 6] {
        ["backup", "create", "--url-env", "CUTOVER_TEST_URL", "--schema", "app"]
    }

    fn databases(&self, like: &str) -> String {
        let sql = format!("select datname from pg_database where datname ~ '{like}' order by 1");
        self.database.psql(&sql)
    }

    /// The command that was killed may have a backend that still ends its statement.
    fn settle(&self) {
        self.database.psql(
            "do $$ begin while exists (select from pg_stat_activity
               where application_name like 'cutover%' or application_name like 'pg_%')
             loop perform pg_sleep(0.02); perform pg_stat_clear_snapshot(); end loop; end $$",
        );
    }

    /// Drops what the tries made; nobody else has databases of such names on a server of the tests.
    fn clear(&self) {
        self.settle();
        for name in self.databases(&format!("^{}|^cutover_", self.place)).lines() {
            self.database.psql(&format!("drop database \"{name}\" with (force)"));
        }
    }

    fn rows(&self, database: &str) -> String {
        let url = self.database.url.replace(&self.database.name, database);
        let psql = testkit::cluster().unwrap().binaries().program("psql");
        let sql = "select string_agg(n::text, ',' order by n) from app.a";
        tool(&psql.to_string_lossy(), &["-XqAt", "-d", &url, "-c", sql])
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.clear();
        }
    }
}

#[test]
fn a_backup_of_postgres() {
    let Some(server) = Server::new() else { return };
    let state = server.folder.path().join(".cutover");
    let backups = state.join("backups");
    let is_done = || {
        server.settle();
        let program = server.program();
        let json = ["backup", "list", "--format", "json"];
        let done = program.run(server.folder.path(), &json);
        let answer: Value = serde_json::from_str(&done.stdout).unwrap_or_default();
        let listed = answer["backups"].as_array().is_some_and(|found| !found.is_empty());
        if listed {
            program.run(server.folder.path(), &["backup", "verify", "--quick"]).expect(0);
        }
        listed
    };
    let left = || format!("{}{}", unfinished(&backups), server.databases("^cutover_"));
    Repeated {
        name: "backup create, PostgreSQL",
        program: server.program(),
        folder: server.folder.path(),
        reset: &|| drop(std::fs::remove_dir_all(&state)),
        is_done: &is_done,
        left: &left,
        command: &server.create(),
    }
    .go();
}

#[test]
fn a_restore_of_postgres() {
    let Some(server) = Server::new() else { return };
    server.program().run(server.folder.path(), &server.create()).expect(0);
    let backups = names(&server.folder.path().join(".cutover/backups"));
    let name = backups.iter().find(|name| name.ends_with(".pgdump")).unwrap();
    let reset = || {
        server.clear();
        server.database.psql(&format!("create database \"{}\"", server.place));
        let url = server.database.url.replace(&server.database.name, &server.place);
        let psql = testkit::cluster().unwrap().binaries().program("psql");
        let sql = "create schema app; create table app.a (n int); insert into app.a values (9)";
        tool(&psql.to_string_lossy(), &["-Xq", "-d", &url, "-c", sql]);
    };
    let is_done = || {
        server.settle();
        let aside = server.databases(&format!("^{}_replaced", server.place));
        match server.rows(&server.place).as_str() {
            "9\n" => false,
            "1,2\n" => {
                let kept = aside.lines().any(|name| server.rows(name) == "9\n");
                assert!(kept, "the old database is not there: {aside}");
                true
            }
            other => panic!("the place holds {other}"),
        }
    };
    Repeated {
        name: "backup restore, PostgreSQL",
        program: server.program(),
        folder: server.folder.path(),
        reset: &reset,
        is_done: &is_done,
        left: &|| server.databases("^cutover_"),
        command: &[
            "backup",
            "restore",
            name,
            "--url-env",
            "CUTOVER_TEST_URL",
            "--database",
            &server.place,
            "--replace-existing",
        ],
    }
    .go();
}
