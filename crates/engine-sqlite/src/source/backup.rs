//! Backup by the online backup API, and the drill that restores it and compares every row (L2).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use backup::unfinished::Hold;
use diagnostics::{code, plural};
use runtime::engine::Result;
use runtime::{EngineError, RowDigest, faults};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, Error, ffi};
use sha2::{Digest as _, Sha256};

use super::file::beside;
use super::indexes;
use crate::canonical::digest_database;
use crate::connect::{self, Access};
use crate::error_code::{CORRUPT, engine_error, io_error, source_error};
use crate::text::quote;

pub(crate) type Digests = BTreeMap<String, RowDigest>;

/// Files made by an unfinished backup; they go unless [`Partial::keep`] is called.
pub(crate) struct Partial {
    files: Vec<PathBuf>,
    /// Who finds such a file that nobody holds removes it.
    held: Vec<Hold>,
    kept: bool,
}

impl Partial {
    pub(crate) fn new() -> Self {
        Self { files: Vec::new(), held: Vec::new(), kept: false }
    }

    /// Creates a file that was not there, for this user only, and its folder.
    pub(crate) fn create(&mut self, path: &Path) -> io::Result<File> {
        let folder = path.parent().unwrap_or(Path::new("."));
        faults::io("create file")?;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        self.files.push(path.to_owned());
        self.held.push(Hold::on(path)?);
        Ok(file)
    }

    /// A file that somebody else creates; it goes with the others.
    pub(crate) fn take(&mut self, path: &Path) {
        self.files.push(path.to_owned());
    }

    pub(crate) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        for file in &self.files {
            for suffix in ["", "-journal", "-wal", "-shm"] {
                // It may not be there, and a second error would hide the first.
                fs::remove_file(beside(file, suffix)).ok();
            }
        }
    }
}

/// When a backup is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durable {
    /// When it is done.
    Now,
    /// When the caller says so for many of them.
    Later,
}

/// Copies the whole database into a new file and makes it durable.
pub(crate) fn copy(from: &Connection, to: &Path, partial: &mut Partial) -> Result<()> {
    copy_unsynced(from, to, partial)?;
    sync(to).map_err(|error| io_error(&code::BACKUP_FAILED, &to.display().to_string(), &error))
}

/// Copies the whole database into a new file that is not durable yet.
pub(crate) fn copy_unsynced(from: &Connection, to: &Path, partial: &mut Partial) -> Result<()> {
    let object = to.display().to_string();
    let failed = |error: io::Error| io_error(&code::BACKUP_FAILED, &object, &error);
    partial.create(to).map_err(failed)?;
    let path = to.canonicalize().map_err(failed)?;
    copy_pages(from, &path)
        .map_err(|error| engine_error(&code::BACKUP_FAILED, &error).object(&object))
}

/// The new file needs no journal: if the copy fails it is removed.
fn copy_pages(from: &Connection, to: &Path) -> rusqlite::Result<()> {
    let mut to = connect::open(to, Access::ReadWrite, Duration::ZERO)?;
    to.execute_batch("PRAGMA journal_mode = off; PRAGMA synchronous = off")?;
    let backup = Backup::new(from, &mut to)?;
    connect::point("copy the pages")?;
    match backup.step(-1)? {
        StepResult::Done => Ok(()),
        _ => Err(Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None)),
    }
}

pub(crate) fn sync(path: &Path) -> io::Result<()> {
    faults::io("sync file")?;
    File::open(path)?.sync_all()?;
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

/// SQLite's page cache for a copy, in KiB by its own convention of negative numbers.
const CACHE_KIB: i64 = -16_384;

pub(crate) fn open_copy(path: &Path) -> Result<Connection> {
    let object = path.display().to_string();
    let failed = |error: io::Error| io_error(&code::BACKUP_FAILED, &object, &error);
    let path = path.canonicalize().map_err(failed)?;
    let open = || {
        let conn = connect::open(&path, Access::Immutable, Duration::ZERO)?;
        // Checks of indexes and keys jump about in the file: measured, half the time of a default cache.
        conn.pragma_update(None, "cache_size", CACHE_KIB)?;
        Ok(conn)
    };
    open().map_err(|error| engine_error(&code::BACKUP_FAILED, &error).object(&object))
}

/// `integrity_check` of the copy: what is wrong with it was wrong with the source. Gives what
/// virtual tables find wrong with themselves: that is about an index which the module makes from
/// rows, perhaps with a tokenizer of the application; the rows are in ordinary tables.
pub(crate) fn check_integrity(
    shown: &str,
    conn: &Connection,
    check: Integrity<'_>,
) -> Result<Vec<String>> {
    let check = || {
        let virtuals = virtual_tables(conn)?;
        let messages = integrity_messages(conn, check)?.into_iter();
        Ok(messages.partition(|message| speaks_of(message, &virtuals)))
    };
    let (of_modules, messages): (Vec<_>, Vec<_>) =
        check().map_err(|error| source_error(shown, &error))?;
    if messages.is_empty() {
        return Ok(of_modules);
    }
    let message = format!("the integrity check fails: {}", messages.join("; "));
    Err(EngineError::new(&code::SOURCE_CORRUPT, message).object(shown).help(CORRUPT))
}

fn virtual_tables(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT 'main.' || name FROM sqlite_schema WHERE type = 'table' AND rootpage = 0";
    let mut statement = conn.prepare(sql)?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// `malformed inverted index for FTS4 table main.x`, `In RTree main.x: …`
fn speaks_of(message: &str, virtuals: &[String]) -> bool {
    let names = |name: &String| {
        let rest = message.split_once(name.as_str()).map(|(_, rest)| rest);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', ' ']))
    };
    virtuals.iter().any(names)
}

/// Which of SQLite's own checks is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Integrity<'a> {
    /// Every page and record, but not whether indexes hold what their tables hold.
    Quick,
    Full,
    /// All of one table and its indexes.
    Table(&'a str),
}

/// Up to 20 messages; none: `ok`.
pub(crate) fn integrity_messages(
    conn: &Connection,
    check: Integrity<'_>,
) -> rusqlite::Result<Vec<String>> {
    let pragma = match check {
        Integrity::Quick => "PRAGMA quick_check(20)".to_owned(),
        Integrity::Full => "PRAGMA integrity_check(20)".to_owned(),
        Integrity::Table(table) => format!("PRAGMA integrity_check({})", quote(table)),
    };
    let mut statement = conn.prepare(&pragma)?;
    let messages = statement.query_map([], |row| row.get(0))?;
    let messages: Vec<String> = messages.take(20).collect::<rusqlite::Result<_>>()?;
    Ok(if messages == ["ok"] { Vec::new() } else { messages })
}

/// What a full check finds, with no lookup of every row in every index: they are compared as a whole,
/// and only a table of which that proves nothing is looked through row by row.
pub(crate) fn check_copy(shown: &str, conn: &Connection) -> Result<Vec<String>> {
    let mut of_modules = check_integrity(shown, conn, Integrity::Quick)?;
    let suspects = indexes::suspects(conn).map_err(|error| source_error(shown, &error))?;
    for table in &suspects {
        of_modules.extend(check_integrity(shown, conn, Integrity::Table(table))?);
    }
    of_modules.sort();
    of_modules.dedup();
    Ok(of_modules)
}

/// Restores the backup into `snapshot` as a person would, byte by byte, and compares every row of
/// that with what the source had. Gives the SHA-256 of the bytes that were restored.
pub(crate) fn drill(
    backup: &Path,
    snapshot: &Path,
    source: &Digests,
    partial: &mut Partial,
) -> Result<String> {
    let object = snapshot.display().to_string();
    // It goes with the run; a run that goes on after a crash takes it again.
    let sha256 = partial
        .create(snapshot)
        .and_then(|to| copy_bytes(backup, to))
        .map_err(|error| io_error(&code::BACKUP_FAILED, &object, &error))?;
    let restored = open_copy(snapshot)?;
    compare(snapshot, &restored, source, "the restored backup")?;
    Ok(sha256)
}

fn copy_bytes(from: &Path, mut to: File) -> io::Result<String> {
    faults::io("copy the backup")?;
    let (mut from, mut hash) = (File::open(from)?, Sha256::new());
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
        }
        hash.update(&buffer[..read]);
        to.write_all(&buffer[..read])?;
    }
}

fn compare(path: &Path, conn: &Connection, source: &Digests, what: &str) -> Result<()> {
    let object = path.display().to_string();
    let copy = digest_database(conn)
        .map_err(|error| engine_error(&code::BACKUP_FAILED, &error).object(&object))?;
    match difference(source, &copy, what) {
        None => Ok(()),
        Some(message) => Err(EngineError::new(&code::BACKUP_FAILED, message)
            .object(object)
            .help("the disk or its memory gives wrong bytes; take the backup on another disk")),
    }
}

fn difference(source: &Digests, copy: &Digests, what: &str) -> Option<String> {
    let names = source.keys().chain(copy.keys());
    names.into_iter().find_map(|table| match (source.get(table), copy.get(table)) {
        (Some(a), Some(b)) if a == b => None,
        (Some(a), Some(b)) if a.rows == b.rows => {
            Some(format!("{what} holds other values in table `{table}` than the source"))
        }
        (a, b) => {
            let rows = |digest: Option<&RowDigest>| plural(digest.map_or(0, |d| d.rows), "row");
            Some(format!("{what} has {} in table `{table}`, the source {}", rows(b), rows(a)))
        }
    })
}
