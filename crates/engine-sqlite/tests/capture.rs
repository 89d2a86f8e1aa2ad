//! A captured schema loads with the `sqlite3` program alone and gives the same schema. The oracle
//! is the text that SQLite itself keeps, not our introspection; that must agree too.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use catalog::{Home, Normaliser as _, Scope, Script, ScriptStatement, fingerprint};
use diagnostics::{SourceId, SourceText, Span};
use engine_sqlite::SqliteNormaliser;
use engine_sqlite::capture::{Captured, capture};
use rusqlite::Connection;

/// `sqlite3`, or a printed line where it is not installed.
fn has_program() -> bool {
    let found = Command::new("sqlite3").arg("--version").stdout(Stdio::null()).status().is_ok();
    let required = std::env::var("REQUIRE_DATABASES").is_ok_and(|value| value == "1");
    assert!(found || !required, "the program `sqlite3` is not installed");
    if !found {
        eprintln!("SKIPPED: the program `sqlite3` is not installed");
    }
    found
}

/// Loads the capture with `sqlite3` into a new file.
fn reload(captured: &Captured, folder: &Path) -> Result<PathBuf, String> {
    let (script, file) = (folder.join("schema.sql"), folder.join("again.db"));
    std::fs::write(&script, &captured.text).unwrap();
    let input = std::fs::File::open(&script).unwrap();
    let mut command = Command::new("sqlite3");
    let output = command.arg("-bail").arg(&file).stdin(input).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() && error.is_empty() { Ok(file) } else { Err(error) }
}

/// What SQLite keeps of every object, without white space, sorted; with the two numbers.
fn kept(file: &Path) -> Vec<String> {
    let read_only = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let conn = Connection::open_with_flags(file, read_only).unwrap();
    // Statistics are data, and the table of AUTOINCREMENT comes with the first such table.
    let sql = "select coalesce(sql, type || name) from sqlite_schema
        where name not like 'sqlite_stat%' and name <> 'sqlite_sequence'
        union all select 'version ' || user_version || ' ' || application_id
        from pragma_user_version, pragma_application_id";
    let mut statement = conn.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let mut found: Vec<String> =
        rows.map(|text| text.unwrap().split_whitespace().collect::<String>()).collect();
    found.sort();
    found
}

fn round_trip(file: &Path) -> Result<Captured, String> {
    let captured = capture(file, "test.db").map_err(|error| error.to_string())?;
    let folder = tempfile::tempdir().unwrap();
    let again = reload(&captured, folder.path())?;
    let (expected, actual) = (kept(file), kept(&again));
    if expected != actual {
        let gone: Vec<_> = expected.iter().filter(|text| !actual.contains(text)).collect();
        let new: Vec<_> = actual.iter().filter(|text| !expected.contains(text)).collect();
        return Err(format!("not the same schema: - {gone:?} + {new:?}"));
    }
    if capture(&again, "test.db").map_err(|error| error.to_string())? != captured {
        return Err("the capture of the capture differs".to_owned());
    }
    if baseline_fingerprint(&captured.text) != captured.fingerprint {
        return Err("another fingerprint as a baseline".to_owned());
    }
    Ok(captured)
}

fn baseline_fingerprint(text: &str) -> String {
    let source = SourceText::verbatim(text, Span::new(SourceId(0), 0..text.len()));
    let (statements, findings) = sql::split(&source, sql::Dialect::Sqlite);
    assert!(findings.is_empty(), "{findings:?}");
    let statements = statements
        .into_iter()
        .map(|statement| ScriptStatement { sql: statement.text.text, roles: Vec::new() });
    let script = Script { home: Home::Database, statements: statements.collect() };
    let read = SqliteNormaliser::new().normalise(&script).unwrap();
    assert_eq!(read.errors, []);
    fingerprint(&read.catalog, Scope::default())
}

const EVERY_KIND: &str = "
    pragma user_version = 7; pragma application_id = 123456;
    create table \"a b\" (id integer primary key autoincrement, name text collate nocase not null on conflict replace,
        twice integer generated always as (id * 2) virtual, check (name <> '') -- the end
    );
    create table strict_one (a int, b text, primary key (b, a)) strict, without rowid;
    create table child (a int, b text, foreign key (b, a) references strict_one on delete cascade deferrable initially deferred);
    create unique index partial on child (a desc, lower(b)) where a > 0;
    create view numbers(n) as select id from \"a b\" -- all of them
    ;
    create trigger t instead of insert on numbers begin insert into child values (new.n, 'x;y'); end;
    create virtual table words using fts5(body, tokenize = 'porter');
    create virtual table boxes using rtree(id, low, high);
    analyze;";

#[test]
fn every_kind_of_object_comes_back() {
    if !has_program() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("every.db");
    Connection::open(&file).unwrap().execute_batch(EVERY_KIND).unwrap();
    let captured = round_trip(&file).unwrap_or_else(|why| panic!("{why}"));
    insta::assert_snapshot!(captured.text);
}

#[test]
fn what_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let missing = capture(&folder.path().join("none.db"), "none.db").unwrap_err();
    assert_eq!(missing.code.id, "SRC101");
    let file = folder.path().join("text.db");
    std::fs::write(&file, "not a database, but long enough to be asked whether it is one").unwrap();
    assert_eq!(capture(&file, "text.db").unwrap_err().code.id, "SRC102");
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

/// `CUTOVER_SHARED`, or `../shared` beside the repository.
fn shared() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("CUTOVER_SHARED").map_or(beside, PathBuf::from).join("data");
    if !folder.is_dir() {
        eprintln!("SKIPPED: no shared data at {}", folder.display());
        return None;
    }
    Some(folder)
}

#[test]
fn real_databases_come_back() {
    let Some(data) = shared().filter(|_| has_program()) else { return };
    let (mut files, mut folders) = (Vec::new(), vec![data]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "sqlite") {
                files.push(path);
            }
        }
    }
    files.sort();
    let mut failures = Vec::new();
    for file in &files {
        let name = file.file_name().unwrap().to_string_lossy();
        // A copy: the oracle opens files in WAL mode in a way that makes others beside them.
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("copy.db");
        std::fs::write(&copy, std::fs::read(file).unwrap()).unwrap();
        match round_trip(&copy) {
            Ok(captured) => eprintln!("{name}: {} objects", captured.objects),
            Err(why) => failures.push(format!("{name}: {why}")),
        }
    }
    eprintln!("{} of {} databases come back", files.len() - failures.len(), files.len());
    assert!(!files.is_empty() && failures.is_empty(), "{}", failures.join("\n\n"));
}
