//! What SQL of a plan may do besides reading and writing tables.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;

/// Pragmas that read the schema (and `data_version`, which FTS5 asks for whenever it is read); any
/// other, or one with a value to set, is refused.
const READING_PRAGMAS: [&str; 11] = [
    "collation_list",
    "data_version",
    "database_list",
    "foreign_key_list",
    "function_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "table_info",
    "table_list",
    "table_xinfo",
];

/// Refuses other files, settings and transactions, and remembers what it refused: SQLite itself
/// only says `not authorized`.
pub(crate) struct Cage {
    refused: Arc<Mutex<Option<String>>>,
    /// The SQL runs inside a transaction of ours, which it may not end.
    holding: Arc<AtomicBool>,
}

/// What [`Cage::refused`] says of transaction control.
const TRANSACTION: &str = "transaction control";

impl Cage {
    /// Around a source or its snapshot.
    pub(crate) fn for_reading(conn: &mut Connection) -> rusqlite::Result<Self> {
        conn.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        Self::close(conn, reading)
    }

    /// Around the file that a run builds.
    pub(crate) fn for_building(conn: &mut Connection) -> rusqlite::Result<Self> {
        Self::close(conn, building)
    }

    fn close(
        conn: &mut Connection,
        judge: fn(&AuthAction<'_>) -> Option<String>,
    ) -> rusqlite::Result<Self> {
        let (refused, holding) = (Arc::new(Mutex::new(None)), Arc::new(AtomicBool::new(false)));
        let (memory, held) = (Arc::clone(&refused), Arc::clone(&holding));
        conn.authorizer(Some(move |context: AuthContext<'_>| {
            let ends = matches!(context.action, AuthAction::Transaction { .. })
                && held.load(Ordering::SeqCst);
            match judge(&context.action).or_else(|| ends.then(|| TRANSACTION.to_owned())) {
                None => Authorization::Allow,
                Some(what) => {
                    *memory.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
                    Authorization::Deny
                }
            }
        }))?;
        Ok(Self { refused, holding })
    }

    /// While `work` goes on, transaction control is refused.
    pub(crate) fn holding<T>(&self, work: impl FnOnce() -> T) -> T {
        self.holding.store(true, Ordering::SeqCst);
        let done = work();
        self.holding.store(false, Ordering::SeqCst);
        done
    }

    pub(crate) fn clear(&self) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The last refusal was about transaction control.
    pub(crate) fn refuses_transaction(&self) -> bool {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).as_deref() == Some(TRANSACTION)
    }

    pub(crate) fn refused(&self) -> Option<String> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What is refused, as a message names it. Writing statements are not judged here: virtual tables
/// prepare some for themselves, and on this connection none can succeed.
fn reading(action: &AuthAction<'_>) -> Option<String> {
    match action {
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => Some("`ATTACH`".to_owned()),
        AuthAction::Transaction { .. } => Some(TRANSACTION.to_owned()),
        AuthAction::Function { function_name } => ["load_extension", "fts3_tokenizer"]
            .contains(function_name)
            .then(|| format!("the function `{function_name}`")),
        AuthAction::Pragma { pragma_name, .. } => {
            (!READING_PRAGMAS.contains(pragma_name)).then(|| format!("`PRAGMA {pragma_name}`"))
        }
        _ => None,
    }
}

/// Pragmas that change how the file is written: with a `-wal`, the rename would lose rows.
const OUR_PRAGMAS: [&str; 8] = [
    "data_store_directory",
    "journal_mode",
    "journal_size_limit",
    "locking_mode",
    "synchronous",
    "temp_store_directory",
    "wal_checkpoint",
    "writable_schema",
];

/// Other files are out of reach, above all the sources (L1). `VACUUM` attaches a file without name.
fn building(action: &AuthAction<'_>) -> Option<String> {
    match action {
        AuthAction::Attach { filename } if !filename.is_empty() => Some("`ATTACH`".to_owned()),
        AuthAction::Function { function_name: "load_extension" } => {
            Some("the function `load_extension`".to_owned())
        }
        AuthAction::Pragma { pragma_name, pragma_value: Some(_) } => OUR_PRAGMAS
            .contains(&pragma_name.to_ascii_lowercase().as_str())
            .then(|| format!("`PRAGMA {pragma_name}`")),
        _ => None,
    }
}
