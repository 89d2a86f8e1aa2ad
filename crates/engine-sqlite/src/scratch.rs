//! SQLite itself says what DDL means: applied in memory and read back.

use catalog::{Home, Normalised, Normaliser, Script, StatementError, Via, at_home};
use rusqlite::Connection;

use crate::connect;
use crate::error_code::failure;
use crate::introspect::introspect;

/// Needs nothing but this program. Roles in scripts mean nothing to SQLite and are passed over.
#[derive(Debug, Default)]
pub struct SqliteNormaliser;

impl SqliteNormaliser {
    pub fn new() -> Self {
        Self
    }
}

impl Normaliser for SqliteNormaliser {
    fn normalise(&mut self, script: &Script) -> Result<Normalised, String> {
        let sentence = |error: rusqlite::Error| {
            format!("SQLite gives no scratch database: {}", failure(&error).message)
        };
        let conn = connect::in_memory().map_err(sentence)?;
        let errors = script
            .statements
            .iter()
            .enumerate()
            .filter_map(|(index, statement)| apply(&conn, index, &home(script, &statement.sql)))
            .collect();
        let catalog = introspect(&conn).map_err(sentence)?;
        Ok(Normalised { catalog, errors, via: Via::Engine(connect::version()) })
    }
}

fn home(script: &Script, sql: &str) -> String {
    match script.home {
        Home::Unqualified => at_home(sql, "main"),
        Home::Database => sql.to_owned(),
    }
}

fn apply(conn: &Connection, statement: usize, sql: &str) -> Option<StatementError> {
    let error = conn.execute_batch(sql).err()?;
    let failure = failure(&error);
    let offset = failure.offset_in(sql);
    Some(StatementError { statement, message: failure.message, offset, sqlstate: None })
}
