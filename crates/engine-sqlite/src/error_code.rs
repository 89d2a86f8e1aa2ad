//! What SQLite's result codes mean for a run.
//!
//! SQLite's messages name tables, columns and constraints, never values, so they may be shown.

use diagnostics::{Code, code};
use runtime::{EngineError, ErrorClass};
use rusqlite::{Error, ffi};

/// Result code, message and place of an error, whichever of rusqlite's variants it came in.
pub(crate) struct Failure {
    /// The extended result code; 0 where the error is not SQLite's.
    pub(crate) extended: i32,
    pub(crate) message: String,
    /// Byte offset in `sql`, where SQLite gives one.
    pub(crate) offset: Option<usize>,
    /// The text that the offset counts in: the failed statement and what follows it.
    pub(crate) sql: Option<String>,
}

impl Failure {
    /// Byte offset in the whole text, of which `sql` was the rest when the error came.
    pub(crate) fn offset_in(&self, whole: &str) -> Option<usize> {
        let rest = self.sql.as_ref().map_or(whole.len(), String::len);
        self.offset.map(|offset| whole.len().saturating_sub(rest) + offset)
    }

    /// The primary result code.
    pub(crate) fn primary(&self) -> i32 {
        self.extended & 0xff
    }
}

pub(crate) fn failure(error: &Error) -> Failure {
    let plain = |extended, message| Failure { extended, message, offset: None, sql: None };
    match error {
        Error::SqliteFailure(error, Some(message)) => plain(error.extended_code, message.clone()),
        Error::SqliteFailure(error, None) => {
            plain(error.extended_code, ffi::code_to_str(error.extended_code).to_owned())
        }
        Error::SqlInputError { error, msg, sql, offset } => Failure {
            extended: error.extended_code,
            message: msg.clone(),
            offset: usize::try_from(*offset).ok(),
            sql: Some(sql.clone()),
        },
        Error::MultipleStatement => plain(0, "more than one statement stands here".to_owned()),
        other => plain(0, other.to_string()),
    }
}

/// An error of the target or of any private database; `code` where SQLite's own code says no more.
pub(crate) fn engine_error(code: &'static Code, error: &Error) -> EngineError {
    let failure = failure(error);
    let (code, class) = match failure.primary() {
        ffi::SQLITE_FULL => (&code::DISK_FULL, ErrorClass::Permanent),
        ffi::SQLITE_INTERRUPT => (&code::INTERRUPTED, ErrorClass::Interrupted),
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => (code, ErrorClass::Transient),
        _ => (code, ErrorClass::Permanent),
    };
    let mut mapped = EngineError::new(code, failure.message).class(class);
    mapped.offset = failure.offset;
    mapped
}

/// An error met while a source was read.
pub(crate) fn source_error(shown: &str, error: &Error) -> EngineError {
    let failure = failure(error);
    let (code, help) = match (failure.primary(), failure.extended) {
        (_, ffi::SQLITE_READONLY_ROLLBACK) => return hot_journal(shown),
        (ffi::SQLITE_NOTADB, _) => (&code::SOURCE_NOT_SQLITE, NOT_SQLITE),
        (ffi::SQLITE_CORRUPT, _) => (&code::SOURCE_CORRUPT, CORRUPT),
        (ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED, _) => (&code::SOURCE_LOCKED, LOCKED),
        (ffi::SQLITE_FULL, _) => (&code::DISK_FULL, "make room for the backup and the snapshot"),
        _ => (&code::SOURCE_UNREADABLE, "check that the file and its folder can be read"),
    };
    EngineError::new(code, failure.message).object(shown).help(help)
}

pub(crate) const NOT_SQLITE: &str =
    "if the file is encrypted, decrypt it with the program that wrote it and name the result";
pub(crate) const CORRUPT: &str =
    "recover what can be read with `sqlite3 FILE .recover` into a new file and name that one";
const LOCKED: &str = "end the write transaction or stop the program that has the file open";

pub(crate) fn hot_journal(shown: &str) -> EngineError {
    let message = "a program died in the middle of a write and left a hot rollback journal";
    EngineError::new(&code::SOURCE_HOT_JOURNAL, message).object(shown).help(
        "open the database once with the program that owns it, so that SQLite rolls the write back; \
         keep a copy of the file together with its `-journal`",
    )
}

/// An error of the operating system on a file.
pub(crate) fn io_error(code: &'static Code, object: &str, error: &std::io::Error) -> EngineError {
    let code = match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => &code::DISK_FULL,
        _ => code,
    };
    EngineError::new(code, text_of(error)).object(object)
}

/// `no such file or directory`: without Rust's `(os error 2)`.
pub(crate) fn text_of(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever meets it: the file system, or SQLite.
    #[test]
    fn a_full_disk_is_told_as_one() {
        for kind in [std::io::ErrorKind::StorageFull, std::io::ErrorKind::QuotaExceeded] {
            let error = io_error(&code::BACKUP_FAILED, "shop.db", &kind.into());
            assert_eq!((error.code, error.object.as_deref()), (&code::DISK_FULL, Some("shop.db")));
        }
        let full = rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_FULL), None);
        assert_eq!(engine_error(&code::BACKUP_FAILED, &full).code, &code::DISK_FULL);
        let other = io_error(&code::BACKUP_FAILED, "a", &std::io::ErrorKind::NotFound.into());
        assert_eq!(other.code, &code::BACKUP_FAILED);
    }
}
