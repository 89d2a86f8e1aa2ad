//! The catalog: which backups there are, how they were tested, how long they are kept.

mod entry;
mod take_up;

use std::path::{Path, PathBuf};
use std::time::Duration;

use diagnostics::{Code, code};
use runtime::{EngineError, faults};
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

pub use entry::{Entry, Test, TestKind};
pub use take_up::TakenUp;

use crate::files;

const FILE: &str = "catalog.sqlite";
const SCHEMA: &str = include_str!("schema.sql");
/// `PRAGMA user_version` of the schema above.
const VERSION: i64 = 1;
/// Another command may be writing to it.
const BUSY: Duration = Duration::from_secs(10);

pub struct Catalog {
    conn: Connection,
    folder: PathBuf,
}

impl Catalog {
    /// The catalog of this folder of backups; made where there is none.
    ///
    /// # Errors
    /// `SRC113`, `BKP104`.
    pub fn open(folder: &Path) -> Result<Self, EngineError> {
        let path = folder.join(FILE);
        let failed = |error: std::io::Error| unusable(&path, &files::reason(&error));
        files::create_folders(folder).map_err(failed)?;
        if !path.exists() {
            // SQLite would create it readable for everybody; an empty file is a new database. Who
            // comes second finds it there.
            match files::write_new(&path, &[]) {
                Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                    return Err(failed(error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        let conn = connect(&path).map_err(|error| sqlite(&path, &error))?;
        let mut catalog = Self { conn, folder: folder.to_owned() };
        catalog.prepare()?;
        Ok(catalog)
    }

    /// The folder of backups.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    fn prepare(&mut self) -> Result<(), EngineError> {
        let path = self.path();
        let failed = |error: rusqlite::Error| sqlite(&path, &error);
        let transaction =
            self.conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let version: i64 = transaction
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .map_err(failed)?;
        match version {
            0 => transaction.execute_batch(SCHEMA).map_err(failed)?,
            VERSION => {}
            newer => return Err(too_new(&path, newer)),
        }
        transaction.commit().map_err(failed)
    }

    fn failed(&self, error: &rusqlite::Error) -> EngineError {
        sqlite(&self.path(), error)
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    // A path with symbolic links in its folders is meant; the file itself must be none.
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    let path = folder.map_or_else(|| path.to_owned(), |folder| folder.join(FILE));
    let failed = |error: std::io::Error| {
        rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(10), Some(error.to_string()))
    };
    // 10: SQLITE_IOERR
    faults::io("open the catalog").map_err(failed)?;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY)?;
    conn.execute_batch("PRAGMA foreign_keys = on; PRAGMA synchronous = full")?;
    Ok(conn)
}

fn too_new(path: &Path, found: i64) -> EngineError {
    let message =
        format!("the catalog of backups has version {found}, this program supports {VERSION}");
    EngineError::new(&code::SQLITE_UNSUPPORTED_SCHEMA, message)
        .object(path.display().to_string())
        .help("use the version of cutover that wrote it, or a newer one; nothing was touched")
}

/// The way out is always the same: the manifests are the truth.
fn unusable(path: &Path, why: &str) -> EngineError {
    error(&code::BACKUP_CATALOG, path, why)
}

fn error(code: &'static Code, path: &Path, why: &str) -> EngineError {
    EngineError::new(code, format!("the catalog of backups cannot be used: {why}"))
        .object(path.display().to_string())
        .help(
            "the backups themselves are not concerned; move the file away, and the next command \
             makes a new catalog from their manifests",
        )
}

fn sqlite(path: &Path, found: &rusqlite::Error) -> EngineError {
    match found.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => error(&code::DISK_FULL, path, "there is no space left"),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            EngineError::new(&code::BACKUP_CATALOG, "another program holds the catalog of backups")
                .object(path.display().to_string())
                .help("wait for the other command to end, then try again")
        }
        _ => unusable(path, &found.to_string()),
    }
}

#[cfg(test)]
mod tests;
