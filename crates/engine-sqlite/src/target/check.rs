//! Assertions and small results.

use diagnostics::{Code, code, plural};
use ir::{Check, Expect};
use runtime::EngineError;
use runtime::engine::{CheckOutcome, Result};
use rusqlite::{Connection, Statement};

use crate::error_code::engine_error;
use crate::text::shown;

/// More rows than this are no "small result".
const MAX_ROWS: usize = 10_000;

type Rows = Vec<Vec<Option<String>>>;

pub(crate) fn query(conn: &Connection, sql: &str, code: &'static Code) -> Result<Rows> {
    let mut statement = prepare(conn, sql, code)?;
    let mut read = || {
        let width = statement.column_count();
        let mut rows = statement.query([])?;
        let mut result = Vec::new();
        while let Some(row) = rows.next()? {
            let values = (0..width).map(|index| row.get_ref(index).map(shown));
            result.push(values.collect::<rusqlite::Result<Vec<_>>>()?);
            if result.len() > MAX_ROWS {
                break;
            }
        }
        Ok(result)
    };
    let rows = read().map_err(|error| engine_error(code, &error))?;
    if rows.len() > MAX_ROWS {
        return Err(EngineError::new(code, format!("the query gives more than {MAX_ROWS} rows")));
    }
    Ok(rows)
}

/// A statement that only reads: rows have been verified when it runs, and must stay what they are.
///
/// # Errors
/// `code` where it is no SQL, names what is not there, or would write.
pub(crate) fn prepare<'a>(
    conn: &'a Connection,
    sql: &str,
    code: &'static Code,
) -> Result<Statement<'a>> {
    let statement = conn.prepare(sql).map_err(|error| engine_error(code, &error))?;
    if statement.readonly() {
        return Ok(statement);
    }
    Err(EngineError::new(code, "the statement would write, and a check only reads")
        .help("change data in a stage of its own: `stages: { name: { sql: … } }`"))
}

/// # Errors
/// Where the SQL itself fails; what it finds is the outcome.
pub(crate) fn run(conn: &Connection, check: &Check) -> Result<CheckOutcome> {
    let rows = query(conn, &check.sql, &code::CHECK_FAILED)
        .map_err(|error| error.object(format!("check `{}`", check.name)))?;
    let passed = match (&check.expect, rows.as_slice()) {
        (Expect::NoRows, rows) => rows.is_empty(),
        (Expect::True, [row]) => matches!(row.as_slice(), [Some(value)] if is_true(value)),
        (Expect::Value(expected), [row]) => {
            matches!(row.as_slice(), [Some(value)] if value == expected)
        }
        (Expect::True | Expect::Value(_), _) => false,
    };
    Ok(CheckOutcome { passed, found: found(&rows) })
}

/// As `WHERE` takes it: a number that is not zero.
fn is_true(value: &str) -> bool {
    value.parse::<f64>().is_ok_and(|number| number != 0.0)
}

fn found(rows: &[Vec<Option<String>>]) -> String {
    let Some(first) = rows.first() else { return "no rows".to_owned() };
    let values: Vec<_> = first.iter().map(|value| value.as_deref().unwrap_or("null")).collect();
    let values: String = values.join(", ").chars().take(80).collect();
    match rows.len() {
        1 if first.len() == 1 => values,
        n => format!("{}, first: {values}", plural(n as u64, "row")),
    }
}
