//! One pass over the rows of a table.

use proposal::evidence::{Constant, Table, Values};
use runtime::Value;
use rusqlite::{Connection, Result};

use super::{Judge, Judges};
use crate::canonical;
use crate::snapshot::qualified;
use crate::text::quote;

/// Fills the columns' values, their defaults' constants, and the count of rows.
pub(super) fn scan(conn: &Connection, table: &mut Table, judges: &Judges<'_>) -> Result<()> {
    let mut seen: Vec<(Values, Box<dyn Judge>)> =
        table.columns.iter().map(|column| (Values::default(), judges(column))).collect();
    let rowid = canonical::rowid_name(conn, &table.name)?;
    let mut statement = conn.prepare(&select(table, rowid))?;
    let mut rows = statement.query([])?;
    let from = usize::from(rowid.is_some());
    while let Some(row) = rows.next()? {
        table.rows += 1;
        let number = match rowid.map(|_| row.get_ref(0)).transpose()?.map(canonical::value) {
            Some(Value::Integer(rowid)) => Some(rowid),
            _ => None,
        };
        for (nth, (values, judge)) in seen.iter_mut().enumerate() {
            let value = canonical::value(row.get_ref(from + nth)?);
            count(values, value);
            if value != Value::Null {
                judge.see(number, value);
            }
        }
    }
    for (column, (values, judge)) in table.columns.iter_mut().zip(seen) {
        column.values = Values { fits: judge.verdict(), ..values };
        if let Some(default) = &mut column.default {
            default.value = constant(conn, &default.sql);
        }
        judge_default(column, judges);
    }
    Ok(())
}

fn select(table: &Table, rowid: Option<&str>) -> String {
    let columns = table.columns.iter().map(|column| qualified(&table.name, &column.name));
    let rowid = rowid.map(|rowid| format!("{}.{rowid}", quote(&table.name)));
    let list: Vec<String> = rowid.into_iter().chain(columns).collect();
    format!("SELECT {} FROM {}", list.join(", "), quote(&table.name))
}

fn count(values: &mut Values, value: Value<'_>) {
    match value {
        Value::Null => values.nulls += 1,
        Value::Integer(integer) => {
            let first = values.integers == 0;
            values.least = if first { integer } else { values.least.min(integer) };
            values.greatest = if first { integer } else { values.greatest.max(integer) };
            values.integers += 1;
        }
        Value::Real(_) => values.reals += 1,
        Value::Text(text) => {
            values.texts += 1;
            values.longest = values.longest.max(text.len() as u64);
            values.offsets += u64::from(ends_in_offset(text));
            values.documents +=
                u64::from(matches!(text.trim_ascii_start().first(), Some(b'{' | b'[')));
            values.not_text += u64::from(text.contains(&0) || std::str::from_utf8(text).is_err());
        }
        Value::Blob(blob) => {
            values.blobs += 1;
            values.longest = values.longest.max(blob.len() as u64);
        }
    }
}

/// `…T10:00:00Z`, `… 10:00:00+02:00`: whether the texts are moments at all is the judge's to say.
fn ends_in_offset(text: &[u8]) -> bool {
    let Some(time) = text.iter().position(|byte| *byte == b':').map(|at| &text[at..]) else {
        return false;
    };
    matches!(time.last(), Some(b'Z' | b'z')) || time.iter().any(|byte| matches!(byte, b'+' | b'-'))
}

/// The value of a default that is the same at every insert.
fn constant(conn: &Connection, sql: &str) -> Option<Constant> {
    let changes = ["current_", "now", "random", "unixepoch", "date", "time", "("];
    let lower = sql.to_ascii_lowercase();
    let inner = lower.trim_start_matches('(');
    let literal = inner.starts_with(['\'', '"']);
    if !literal && changes.iter().any(|word| inner.contains(word)) {
        return None;
    }
    // A word in double quotes that names no column is a string, here as in the table.
    conn.query_row(&format!("SELECT ({sql}\n)"), [], |row| {
        Ok(match canonical::value(row.get_ref(0)?) {
            Value::Null => Constant::Null,
            Value::Integer(integer) => Constant::Integer(integer),
            Value::Real(real) => Constant::Real(real),
            Value::Text(text) => Constant::Text(String::from_utf8_lossy(text).into_owned()),
            Value::Blob(blob) => Constant::Blob(blob.to_vec()),
        })
    })
    .ok()
}

fn judge_default(column: &mut proposal::evidence::Column, judges: &Judges<'_>) {
    let mut judge = judges(column);
    let Some(default) = &mut column.default else { return };
    match &default.value {
        Some(Constant::Integer(integer)) => judge.see(None, Value::Integer(*integer)),
        Some(Constant::Real(real)) => judge.see(None, Value::Real(*real)),
        Some(Constant::Text(text)) => judge.see(None, Value::Text(text.as_bytes())),
        Some(Constant::Blob(blob)) => judge.see(None, Value::Blob(blob)),
        Some(Constant::Null) | None => return,
    }
    default.fits = judge.verdict();
}
