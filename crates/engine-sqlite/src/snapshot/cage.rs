//! What SQL of a plan may do on a database that it only reads.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;

/// Pragmas that read the schema; any other, or one with a value to set, is refused.
const READING_PRAGMAS: [&str; 10] = [
    "collation_list",
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
}

impl Cage {
    pub(crate) fn close(conn: &mut Connection) -> rusqlite::Result<Self> {
        conn.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        let refused = Arc::new(Mutex::new(None));
        let memory = Arc::clone(&refused);
        conn.authorizer(Some(move |context: AuthContext<'_>| match judge(&context.action) {
            None => Authorization::Allow,
            Some(what) => {
                *memory.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
                Authorization::Deny
            }
        }))?;
        Ok(Self { refused })
    }

    pub(crate) fn clear(&self) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(crate) fn refused(&self) -> Option<String> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What is refused, as a message names it. Writing statements are not judged here: virtual tables
/// prepare some for themselves, and on this connection none can succeed.
fn judge(action: &AuthAction<'_>) -> Option<String> {
    match action {
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => Some("`ATTACH`".to_owned()),
        AuthAction::Transaction { .. } => Some("transaction control".to_owned()),
        AuthAction::Function { function_name } => ["load_extension", "fts3_tokenizer"]
            .contains(function_name)
            .then(|| format!("the function `{function_name}`")),
        AuthAction::Pragma { pragma_name, .. } => {
            (!READING_PRAGMAS.contains(pragma_name)).then(|| format!("`PRAGMA {pragma_name}`"))
        }
        _ => None,
    }
}
