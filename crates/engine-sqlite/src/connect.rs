//! Opening SQLite files, and the settings of every connection.
//!
//! The bundled SQLite has foreign keys on by default and stock SQLite has them off, so nothing here
//! relies on a default.

use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use runtime::faults;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, Error, OpenFlags, Params, Result, ffi};

use crate::functions;
use crate::source::file::beside;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// `mode=ro`: takes SQLite's read locks, and may use files beside the database.
    ReadOnly,
    /// `mode=ro&readonly_shm=1`: reads through the `-wal` and `-shm` that are there.
    ReadOnlyShm,
    /// `mode=ro&immutable=1`: touches nothing but the file and takes no lock.
    Immutable,
    /// An existing file that belongs to the run.
    ReadWrite,
}

/// A `file:` URI; every byte that means something in one is escaped.
pub(crate) fn uri(path: &Path, access: Access) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._-~".contains(&b);
    let mut uri = String::from("file:");
    for &byte in path.as_os_str().as_bytes() {
        if plain(byte) { uri.push(char::from(byte)) } else { uri += &format!("%{byte:02x}") }
    }
    uri + match access {
        Access::ReadOnly => "?mode=ro",
        Access::ReadOnlyShm => "?mode=ro&readonly_shm=1",
        Access::Immutable => "?mode=ro&immutable=1",
        Access::ReadWrite => "?mode=rw",
    }
}

/// Opens a file that is there; `path` must be absolute and free of symbolic links.
pub(crate) fn open(path: &Path, access: Access, busy: Duration) -> Result<Connection> {
    let mode = match access {
        Access::ReadWrite => OpenFlags::SQLITE_OPEN_READ_WRITE,
        _ => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let flags = mode
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    point("open a database")?;
    let conn = Connection::open_with_flags(uri(path, access), flags)?;
    conn.busy_timeout(busy)?;
    harden(&conn)?;
    Ok(conn)
}

/// A point at which a test fails, with the error that SQLite has for a disk that fails.
pub(crate) fn point(what: &str) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR), Some(error.to_string()))
    };
    faults::io(what).map_err(failed)
}

/// Opens a target for reading without leaving a `-wal` or `-shm` beside it: `mode=ro` would make
/// both for a database in WAL mode that nobody has open, and there is nothing in them to be read.
pub(crate) fn open_to_read(path: &Path, busy: Duration) -> Result<Connection> {
    let wal = beside(path, "-wal").metadata().is_ok_and(|found| found.len() > 0);
    let access = if wal || !in_wal_mode(path) { Access::ReadOnly } else { Access::Immutable };
    open(path, access, busy)
}

/// Byte 19 of the header, the read version, is 2.
fn in_wal_mode(path: &Path) -> bool {
    let mut header = [0; 20];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && header[19] == 2
}

pub(crate) fn in_memory() -> Result<Connection> {
    let conn = Connection::open_in_memory()?;
    harden(&conn)?;
    Ok(conn)
}

/// The schema of a file is not trusted: it cannot reach functions with side effects, and nothing
/// corrupts the file through `PRAGMA writable_schema` or a shadow table.
fn harden(conn: &Connection) -> Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)?;
    conn.pragma_update(None, "cell_size_check", true)?;
    functions::add_missing(conn)
}

/// A count that SQLite gives: one row, one column, never negative.
pub(crate) fn count<P: Params>(conn: &Connection, sql: &str, params: P) -> Result<u64> {
    conn.query_row(sql, params, |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
}

/// The version of the SQLite in this program: `SQLite 3.54.1`.
pub(crate) fn version() -> String {
    format!("SQLite {}", rusqlite::version())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_escape_what_means_something() {
        let uri = uri(Path::new("/a b/50%?#é.db"), Access::Immutable);
        assert_eq!(uri, "file:/a%20b/50%25%3f%23%c3%a9.db?mode=ro&immutable=1");
    }
}
