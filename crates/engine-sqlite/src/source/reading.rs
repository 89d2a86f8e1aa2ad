//! The safe way to open a source, for each state of its files.
//!
//! | state | way | why |
//! |---|---|---|
//! | hot `-journal` | refused | only a write could make the file whole |
//! | `-wal` missing or empty, nobody has it open | `immutable=1` | `mode=ro` would create files beside it; the fingerprint before and after shows a writer |
//! | `-wal` and `-shm` | `readonly_shm=1` | `immutable=1` would lose the rows in the `-wal` |
//! | `-wal` without `-shm` | copied, and the copy opened | every other way creates a `-shm` beside it |
//! | rollback journal, none there | `mode=ro` | SQLite's read lock keeps it consistent beside a writer, and creates nothing |
//!
//! SQLite always tries to open an existing `-wal` for writing first. The thread that reads a source
//! is restricted by Landlock, so that this try fails and SQLite opens it read-only.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use diagnostics::code;
use runtime::EngineError;
use runtime::engine::Result;
use rusqlite::Connection;
use tempfile::TempDir;

use super::file::{Beside, Header, Located};
use super::fingerprint::{Fingerprint, fingerprint};
use super::locks::Reading;
use crate::connect::{self, Access};
use crate::error_code::{hot_journal, io_error, source_error};

/// The names stand in journals (`SourceState::open_mode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenMode {
    Rollback,
    Wal,
    WalEmpty,
    WalNoShm,
}

impl OpenMode {
    pub(crate) fn name(self) -> &'static str {
        match self {
            OpenMode::Rollback => "rollback",
            OpenMode::Wal => "wal",
            OpenMode::WalEmpty => "wal-empty",
            OpenMode::WalNoShm => "wal-no-shm",
        }
    }

    /// SQLite's own locks do not protect this way of reading; only equal fingerprints do.
    fn needs_fingerprint(self) -> bool {
        matches!(self, OpenMode::WalEmpty | OpenMode::WalNoShm)
    }
}

/// Tries where only equal fingerprints before and after prove that nobody wrote.
const TRIES: u32 = 3;

/// Calls `read` with a connection inside a read transaction, again where somebody wrote meanwhile.
/// The fingerprint is there where it was needed: it is the state that was read.
pub(crate) fn with_source<T>(
    source: &Located,
    scratch: &Path,
    busy: Duration,
    mut read: impl FnMut(&Connection, OpenMode) -> Result<T>,
) -> Result<(T, Option<Fingerprint>)> {
    for _ in 0..TRIES {
        let mode = decide(source, busy)?;
        if !mode.needs_fingerprint() {
            return Ok((read_once(source, mode, scratch, busy, &mut read)?, None));
        }
        let before = fingerprint(source)?;
        let result = read_once(source, mode, scratch, busy, &mut read);
        if fingerprint(source)? == before {
            return Ok((result?, Some(before)));
        }
    }
    let message = "another program writes the file again and again while it is read";
    Err(source
        .error(&code::SOURCE_CHANGED, message)
        .help("stop the programs that write it for the time of the run"))
}

fn read_once<T>(
    source: &Located,
    mode: OpenMode,
    scratch: &Path,
    busy: Duration,
    read: &mut impl FnMut(&Connection, OpenMode) -> Result<T>,
) -> Result<T> {
    let opened = open(source, mode, scratch, busy)?;
    // The transaction begins with the first read, which also takes the lock or fails.
    opened
        .conn
        .execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema")
        .map_err(|error| source_error(&source.shown, &error))?;
    read(&opened.conn, mode)
}

/// An open source; closed in this order.
pub(crate) struct Opened {
    pub(crate) conn: Connection,
    pub(crate) keeps: Keeps,
}

/// What must stay as long as the connection: the count of connections, and the private copy.
pub(crate) struct Keeps {
    _reading: Reading,
    _copy: Option<TempDir>,
}

/// Opens the source in this way and reads its schema, so that all files it needs are open.
pub(crate) fn open(
    source: &Located,
    mode: OpenMode,
    scratch: &Path,
    busy: Duration,
) -> Result<Opened> {
    let copy = match mode {
        OpenMode::WalNoShm => Some(copy_with_wal(source, scratch)?),
        _ => None,
    };
    let (path, access) = match (&copy, mode) {
        (Some(folder), _) => (folder.path().join("copy"), Access::ReadWrite),
        (None, OpenMode::Wal) => (source.path.clone(), Access::ReadOnlyShm),
        (None, OpenMode::Rollback) => (source.path.clone(), Access::ReadOnly),
        (None, _) => (source.path.clone(), Access::Immutable),
    };
    let reading = Reading::of(source.identity);
    let open = || {
        let conn = connect::open(&path, access, busy)?;
        // Sorting must not spill to files outside the folders of the run.
        conn.pragma_update(None, "temp_store", "memory")?;
        conn.execute_batch("SELECT count(*) FROM sqlite_schema")?;
        Ok(conn)
    };
    let conn = open().map_err(|error| source_error(&source.shown, &error))?;
    Ok(Opened { conn, keeps: Keeps { _reading: reading, _copy: copy } })
}

/// Which way of opening is safe now; waits for a writer up to `busy`.
pub(crate) fn decide(source: &Located, busy: Duration) -> Result<OpenMode> {
    let deadline = Instant::now() + busy;
    let mut suspect = None;
    loop {
        let header = source.header()?;
        let holder = source.locked_by()?;
        let found = source.beside();
        if found.journal && holder.is_none() {
            // A live writer's journal may have come after the look at its lock. Of a dead one it is
            // still the same file when nobody holds the lock at a second look.
            let journal = source.journal_identity();
            if journal.is_some() && journal == suspect {
                return Err(hot_journal(&source.shown));
            }
            if suspect.is_some() && Instant::now() >= deadline {
                return Err(held(source, holder));
            }
            suspect = journal;
            std::thread::sleep(LOOK);
            continue;
        }
        suspect = None;
        if let Some(mode) = judge(source, &header, holder, found)? {
            return Ok(mode);
        }
        if Instant::now() >= deadline {
            return Err(held(source, holder));
        }
        std::thread::sleep(LOOK);
    }
}

/// Between two looks at who holds the file.
const LOOK: Duration = Duration::from_millis(50);

/// `None`: not now.
fn judge(
    source: &Located,
    header: &Header,
    holder: Option<u32>,
    found: Beside,
) -> Result<Option<OpenMode>> {
    let wal_rows = found.wal.is_some_and(|size| size > 0);
    if wal_rows || (holder.is_some() && found.wal.is_some()) {
        let mode = if found.shm { OpenMode::Wal } else { OpenMode::WalNoShm };
        return Ok(Some(mode));
    }
    if !header.wal && found.wal.is_none() {
        if holder.is_none() {
            refuse_truncated(source, header)?;
        }
        return Ok(Some(OpenMode::Rollback));
    }
    if holder.is_some() {
        return Ok(None);
    }
    refuse_truncated(source, header)?;
    Ok(Some(OpenMode::WalEmpty))
}

/// Only where nobody writes and no `-wal` holds the rest.
fn refuse_truncated(source: &Located, header: &Header) -> Result<()> {
    let size = source.path.metadata().map_or(0, |found| found.len());
    match header.pages {
        Some(pages) if pages * header.page_size > size => {
            let message = format!(
                "the file is cut off: its header says {} bytes, there are {size}",
                pages * header.page_size
            );
            Err(source
                .error(&code::SOURCE_CORRUPT, &message)
                .help("copy it again from where it came from, or restore it from a backup"))
        }
        _ => Ok(()),
    }
}

fn held(source: &Located, holder: Option<u32>) -> EngineError {
    let who = match holder {
        Some(pid) if pid > 0 => format!("process {pid}"),
        _ => "another program".to_owned(),
    };
    source
        .error(&code::SOURCE_LOCKED, &format!("{who} has the file open and could write it"))
        .help("stop that program, or wait until it has written its `-wal`")
}

/// The database and its `-wal` under a private name; the caller's fingerprints say whether somebody
/// wrote while they were copied.
fn copy_with_wal(source: &Located, scratch: &Path) -> Result<TempDir> {
    let failed = |error: io::Error| io_error(&code::BACKUP_FAILED, &source.shown, &error);
    fs::create_dir_all(scratch).map_err(failed)?;
    let folder = tempfile::Builder::new().prefix("wal-").tempdir_in(scratch).map_err(failed)?;
    let copy = |mut from: &File, to: &str| {
        io::copy(&mut from, &mut File::create_new(folder.path().join(to))?)
    };
    source.with_file(|file| copy(file, "copy"))?;
    source.with_wal(|file| copy(file, "copy-wal"))?;
    Ok(folder)
}
