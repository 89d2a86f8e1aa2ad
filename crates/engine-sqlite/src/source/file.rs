//! A source file as the operating system and the first 100 bytes show it, before SQLite sees it.
//!
//! The database file itself is opened through [`locks::lend`] only.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use diagnostics::code;
use runtime::EngineError;
use runtime::engine::{Result, SourcePath};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Flock, FlockOffsetType, FlockType, fcntl_getlk};

use super::locks;
use crate::error_code::{NOT_SQLITE, io_error};

/// Absolute, without symbolic links, and the same file all the time.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    pub(crate) shown: String,
    pub(crate) path: PathBuf,
    /// (device, inode)
    pub(crate) identity: (u64, u64),
}

/// What the database header says ("Database File Format", 1.3).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) page_size: u64,
    pub(crate) wal: bool,
    /// Size of the database in pages, where the header's value is valid.
    pub(crate) pages: Option<u64>,
}

/// The files beside it that matter to SQLite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beside {
    /// Size of `-wal`.
    pub(crate) wal: Option<u64>,
    pub(crate) shm: bool,
    /// A `-journal` with a header: hot unless its writer is alive.
    pub(crate) journal: bool,
}

/// Finds the file, follows symbolic links once, and refuses whatever is no regular file.
pub(crate) fn locate(file: &SourcePath) -> Result<Located> {
    let shown = &file.shown;
    let path = file.path.canonicalize().map_err(|error| unreadable(shown, &error))?;
    let found = path.metadata().map_err(|error| unreadable(shown, &error))?;
    if !found.is_file() {
        let message = format!("this is a {}, not a file", kind(found.file_type()));
        return Err(EngineError::new(&code::SOURCE_NOT_SQLITE, message)
            .object(shown)
            .help("name the database file itself"));
    }
    Ok(Located { shown: shown.clone(), path, identity: (found.dev(), found.ino()) })
}

fn kind(of: std::fs::FileType) -> &'static str {
    match of {
        of if of.is_dir() => "folder",
        of if of.is_fifo() => "pipe",
        of if of.is_socket() => "socket",
        _ => "device",
    }
}

fn unreadable(shown: &str, error: &io::Error) -> EngineError {
    match error.kind() {
        io::ErrorKind::NotFound => EngineError::new(&code::SOURCE_MISSING, "there is no such file")
            .object(shown)
            .help("relative paths start at the folder of the plan"),
        _ => io_error(&code::SOURCE_UNREADABLE, shown, error)
            .help("the file and its folder must be readable for the user of this run"),
    }
}

impl Located {
    /// Lends the opened database file to `work`.
    pub(crate) fn with_file<T>(&self, work: impl FnOnce(&File) -> io::Result<T>) -> Result<T> {
        let file = self.open("")?;
        locks::lend(self.identity, file, work).map_err(|error| unreadable(&self.shown, &error))
    }

    /// The same for the `-wal`, which SQLite never locks.
    pub(crate) fn with_wal<T>(&self, work: impl FnOnce(&File) -> io::Result<T>) -> Result<T> {
        let file = self.open("-wal")?;
        work(&file).map_err(|error| unreadable(&self.shown, &error))
    }

    /// Read-only, no symbolic link, never waiting for a pipe.
    fn open(&self, suffix: &str) -> Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        rustix::fs::open(self.with(suffix), flags, Mode::empty())
            .map(File::from)
            .map_err(|errno| unreadable(&self.shown, &errno.into()))
    }

    /// The path with `-wal`, `-shm` or `-journal` behind it.
    pub(crate) fn with(&self, suffix: &str) -> PathBuf {
        beside(&self.path, suffix)
    }

    pub(crate) fn header(&self) -> Result<Header> {
        let bytes = self.with_file(|file| {
            let mut bytes = Vec::with_capacity(SAMPLE);
            file.take(SAMPLE as u64).read_to_end(&mut bytes).map(|_| bytes)
        })?;
        if bytes.is_empty() {
            return Err(self.error(&code::SOURCE_EMPTY, "the file has no bytes").help(
                "a migration that truncated it, or a database that was never written; \
                 restore it from a backup, or take the source out of the plan",
            ));
        }
        self.parse(&bytes)
    }

    fn parse(&self, bytes: &[u8]) -> Result<Header> {
        if bytes.len() < 100 || &bytes[..16] != b"SQLite format 3\0" {
            if looks_encrypted(bytes) {
                let message = "this is an encrypted database, or no database at all";
                return Err(self.error(&code::SOURCE_ENCRYPTED, message).help(NOT_SQLITE));
            }
            let message = "this is not a SQLite database, or it is encrypted";
            return Err(self.error(&code::SOURCE_NOT_SQLITE, message).help(NOT_SQLITE));
        }
        if bytes[19] > 2 {
            let message = format!("the file format has version {}, at most 2 is known", bytes[19]);
            return Err(self.error(&code::SQLITE_UNSUPPORTED_SCHEMA, &message));
        }
        let number = |at: usize| {
            u64::from(u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]))
        };
        let page_size = match u16::from_be_bytes([bytes[16], bytes[17]]) {
            1 => 65_536,
            size => u64::from(size),
        };
        // The size in pages counts only where the change counter and "version valid for" agree.
        let pages = (number(24) == number(92)).then(|| number(28)).filter(|&pages| pages > 0);
        Ok(Header { page_size, wal: bytes[19] == 2, pages })
    }

    pub(crate) fn beside(&self) -> Beside {
        let size = |suffix| self.with(suffix).metadata().ok().map(|found| found.len());
        Beside {
            wal: size("-wal"),
            shm: size("-shm").is_some(),
            journal: has_journal_header(&self.with("-journal")),
        }
    }

    /// What tells one `-journal` from the next of the same name.
    pub(crate) fn journal_identity(&self) -> Option<(u64, u64, i64, i64)> {
        let found = self.with("-journal").metadata().ok()?;
        Some((found.ino(), found.len(), found.ctime(), found.ctime_nsec()))
    }

    /// Whether another process holds SQLite's locks on the file: the pending and reserved byte and
    /// the shared range ("File Locking And Concurrency", `PENDING_BYTE` 0x40000000).
    pub(crate) fn locked_by(&self) -> Result<Option<u32>> {
        let lock = Flock {
            start: 0x4000_0000,
            length: 512,
            pid: None,
            typ: FlockType::WriteLock,
            offset_type: FlockOffsetType::Set,
        };
        // A file system without locks has no other holders that we could see.
        let holder = self.with_file(|file| Ok(fcntl_getlk(file, &lock).ok().flatten()))?;
        Ok(holder.map(|held| held.pid.map_or(0, |pid| pid.as_raw_nonzero().get().unsigned_abs())))
    }

    pub(crate) fn error(&self, code: &'static diagnostics::Code, message: &str) -> EngineError {
        EngineError::new(code, message).object(&self.shown)
    }
}

/// How much of a file is looked at before SQLite sees it; the header has 100 bytes.
const SAMPLE: usize = 1024;

/// Encryption extensions of SQLite leave no byte as it was, so that all values are equally frequent:
/// 1,024 such bytes have 251 of the 256 values in the mean. Text and most formats have far fewer.
fn looks_encrypted(bytes: &[u8]) -> bool {
    let mut seen = [false; 256];
    bytes.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    bytes.len() == SAMPLE && seen.iter().filter(|seen| **seen).count() > 230
}

pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A journal is void when it is empty or its first byte is zero (`hasHotJournal` in `pager.c`).
pub(crate) fn has_journal_header(journal: &Path) -> bool {
    let mut first = [0];
    File::open(journal)
        .is_ok_and(|mut file| matches!(file.read(&mut first), Ok(1)) && first[0] != 0)
}
