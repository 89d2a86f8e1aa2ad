//! What the server or the client library says, as an [`EngineError`]: code, class, place.
//!
//! Only the main message is taken, and from DETAIL the names of columns: it, HINT and CONTEXT carry
//! row values.

use std::error::Error as _;

use diagnostics::Code;
use diagnostics::code::{
    CONNECTION_LOST, DISK_FULL, INTERRUPTED, LOCK_TIMEOUT, NO_PRIVILEGE, UNREACHABLE,
};
use postgres::error::{DbError, ErrorPosition};
use runtime::{BrokenKey, EngineError, ErrorClass};

/// An error of a statement that cannot be found in a text of the plan.
pub fn error(code: &'static Code, error: &postgres::Error) -> EngineError {
    match error.as_db_error() {
        Some(db) => from_server(code, db),
        None => from_client(code, error),
    }
}

/// An error of `sql`; the server's position becomes the byte offset.
pub fn in_sql(code: &'static Code, error: &postgres::Error, sql: &str) -> EngineError {
    let mut found = self::error(code, error);
    found.offset = error.as_db_error().and_then(|db| offset(db, sql));
    found
}

/// The message alone.
pub fn text(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => db.message().to_owned(),
        None => client_text(error),
    }
}

/// The server counts characters from 1.
pub fn offset(db: &DbError, sql: &str) -> Option<usize> {
    let Some(ErrorPosition::Original(position)) = db.position() else { return None };
    let characters = usize::try_from(position.saturating_sub(1)).ok()?;
    Some(sql.char_indices().nth(characters).map_or(sql.len(), |(at, _)| at))
}

fn from_server(code: &'static Code, db: &DbError) -> EngineError {
    let state = db.code().code();
    let (code, class) = classify(code, state, db.message());
    let mut error = EngineError::new(code, db.message()).class(class);
    error.sqlstate = Some(state.to_owned());
    error.object = object(db);
    error.key = broken_key(state, db).map(Box::new);
    error.help = match class {
        ErrorClass::Interrupted => None,
        _ => breach(state, db).or_else(|| help(state).map(str::to_owned)),
    };
    error
}

fn broken_key(state: &str, db: &DbError) -> Option<BrokenKey> {
    let columns = db.detail().filter(|_| state == "23505").and_then(key_columns)?;
    let columns = columns.split(", ").map(|name| sql::unquote(name, sql::Dialect::Postgres));
    Some(BrokenKey { table: db.table()?.to_owned(), columns: columns.collect() })
}

/// The way out where rows break a constraint.
fn breach(state: &str, db: &DbError) -> Option<String> {
    let table = db.table()?;
    let columns = db.detail().and_then(key_columns);
    let found = match (state, columns) {
        ("23505", Some(columns)) => format!(
            "`select {columns}, count(*) from {table} group by {columns} having count(*) > 1` \
             shows the rows that are alike"
        ),
        ("23503", Some(columns)) => {
            format!("rows of {table} have a ({columns}) that the table they refer to lacks")
        }
        ("23502", _) => format!("column {} of some row is NULL", db.column()?),
        ("23505" | "23503" | "23514", _) => format!("some rows of {table} break it"),
        _ => return None,
    };
    Some(format!(
        "{found}; correct them in the source, leave them out by the table's `where:` or map them by \
         a column's `sql:` under `load:`"
    ))
}

/// `customer_id` of `Key (customer_id)=(7) is …`: what is before the values, in every language.
fn key_columns(detail: &str) -> Option<&str> {
    let (columns, _) = detail.split_once('(')?.1.split_once(")=(")?;
    Some(columns)
}

/// `constraint x of table y`, `column y.x`, `table y`, where the server names one.
fn object(db: &DbError) -> Option<String> {
    let table = db.table()?;
    Some(match (db.constraint(), db.column()) {
        (Some(constraint), _) => format!("constraint {constraint} of table {table}"),
        (None, Some(column)) => format!("column {table}.{column}"),
        (None, None) => format!("table {table}"),
    })
}

/// SQLSTATE classes of "Appendix A. PostgreSQL Error Codes".
fn classify(given: &'static Code, state: &str, message: &str) -> (&'static Code, ErrorClass) {
    match state {
        "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "25P03" | "25P04" => {
            (&CONNECTION_LOST, ErrorClass::ConnectionLost)
        }
        _ if state.starts_with("08") => (&CONNECTION_LOST, ErrorClass::ConnectionLost),
        "55P03" => (&LOCK_TIMEOUT, ErrorClass::Transient),
        "40001" | "40P01" | "55006" => (given, ErrorClass::Transient),
        // One state for a cancel by a person and for statement_timeout; only the first is ours.
        "57014" if message.contains("user request") => (&INTERRUPTED, ErrorClass::Interrupted),
        "53100" => (&DISK_FULL, ErrorClass::Permanent),
        "42501" => (&NO_PRIVILEGE, ErrorClass::Permanent),
        "28000" | "28P01" | "3D000" => (&UNREACHABLE, ErrorClass::Permanent),
        _ => (given, ErrorClass::Permanent),
    }
}

fn help(state: &str) -> Option<&'static str> {
    Some(match state {
        "53400" => {
            "raise `temp_file_limit` for the role, or `maintenance_work_mem` so that the sort fits \
             in memory"
        }
        "53200" => "raise `max_locks_per_transaction` (or the memory) of the server",
        "57P01" | "57P02" | "57P03" => "the server's log says why it ended the connection",
        "3F000" => {
            "a function whose body names the target schema cannot run before the promote has made \
             it: leave the schema out of the body"
        }
        "53300" => "lower `connections` under `run:`, or raise `max_connections` of the server",
        "53100" => "free space on the server's disk",
        "57014" => {
            "raise `statement_timeout` under `run:`, or look for what holds the statement up"
        }
        "55P03" => {
            "end the session that holds the lock (`select pg_terminate_backend(process)`), or raise `lock_timeout` under `run:`"
        }
        "28P01" => {
            "check the password: PGPASSFILE, `~/.pgpass`, or the URL in its variable or file"
        }
        "25006" => "connect to the primary server: this one is read-only",
        _ => return None,
    })
}

fn from_client(code: &'static Code, error: &postgres::Error) -> EngineError {
    let message = client_text(error);
    if error.is_closed() || is_io(error) {
        return EngineError::new(&CONNECTION_LOST, message)
            .class(ErrorClass::ConnectionLost)
            .help("see that the server runs; its log says whether it was stopped or has crashed");
    }
    EngineError::new(code, message)
}

fn is_io(error: &postgres::Error) -> bool {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<std::io::Error>() {
            return true;
        }
        cause = inner.source();
    }
    false
}

/// The library's own words: its causes are those of sockets and TLS and hold no SQL.
fn client_text(error: &postgres::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use diagnostics::code::STATEMENT_FAILED;

    #[test]
    fn of_a_detail_only_the_columns_are_taken() {
        assert_eq!(
            key_columns("Key (a, lower(b))=(secret, x) is duplicated."),
            Some("a, lower(b)")
        );
        assert_eq!(key_columns("Failing row contains (secret)."), None);
    }

    #[test]
    fn states_have_their_code_and_class() {
        let class = |state, message| {
            let (code, class) = classify(&STATEMENT_FAILED, state, message);
            (code.id, class)
        };
        assert_eq!(class("57P01", ""), ("RUN817", ErrorClass::ConnectionLost));
        assert_eq!(class("08006", ""), ("RUN817", ErrorClass::ConnectionLost));
        assert_eq!(class("55P03", ""), ("RUN815", ErrorClass::Transient));
        assert_eq!(class("40P01", ""), ("RUN810", ErrorClass::Transient));
        let cancel = "canceling statement due to user request";
        assert_eq!(class("57014", cancel), ("RUN816", ErrorClass::Interrupted));
        let timeout = "canceling statement due to statement timeout";
        assert_eq!(class("57014", timeout), ("RUN810", ErrorClass::Permanent));
        assert_eq!(class("42501", ""), ("RUN804", ErrorClass::Permanent));
    }
}
