//! Reads tables whose values may be too large to be held.
//!
//! SQLite loads a value as a whole. So a table is first read with a low `SQLITE_LIMIT_LENGTH`, which
//! costs nothing; where SQLite stops at a value that is longer, the rest is read carefully: each
//! column is asked for its length, which SQLite knows without loading it, and what is too long is
//! read piece by piece with incremental blob I/O.

use diagnostics::code;
use runtime::Value;
use runtime::engine::{self, Large, LargeValues};
use rusqlite::blob::Blob;
use rusqlite::limits::Limit;
use rusqlite::{Connection, Error, ErrorCode, Result, Statement};

use crate::canonical;
use crate::error_code::engine_error;
use crate::text::quote;

/// What is longer is never held as a whole.
pub(crate) const LARGE: i32 = 1 << 20;

/// A reading of a table with rowids: the rowid, then the values, in the order of the rowids.
pub(crate) struct Reading<'a> {
    pub(crate) conn: &'a Connection,
    pub(crate) table: &'a str,
    /// Per value, the column that it is; `None` for an expression.
    pub(crate) columns: Vec<Option<&'a str>>,
    /// The statement for the rows after a rowid; `careful`: with a length for each value behind them.
    pub(crate) sql: &'a dyn Fn(Form, Option<i64>) -> String,
    /// An order of rowids cannot be had: carefully from the start.
    pub(crate) unordered: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    Careful,
}

/// The value unless it is too long, in which case NULL.
pub(crate) fn if_short(value: &str) -> String {
    format!("CASE WHEN octet_length({value}) > {LARGE} THEN NULL ELSE {value} END")
}

/// The length of a value that is too long, negative for text; else NULL.
pub(crate) fn length_if_long(value: &str) -> String {
    format!(
        "CASE WHEN octet_length({value}) > {LARGE} THEN octet_length({value}) * \
         CASE typeof({value}) WHEN 'text' THEN -1 ELSE 1 END END"
    )
}

/// What a reading calls with each row: its rowid, its values and those of them that are large.
pub(crate) type Visit<'v, E> =
    &'v mut dyn FnMut(i64, &[Value<'_>], &mut LargeRow<'_>) -> std::result::Result<(), E>;

impl<'a> Reading<'a> {
    /// Returns how many rows there were.
    pub(crate) fn rows<E>(
        &self,
        prepare: &dyn Fn(&str) -> std::result::Result<Statement<'a>, E>,
        failed: &dyn Fn(Error) -> E,
        visit: Visit<'_, E>,
    ) -> std::result::Result<u64, E> {
        let mut so_far = SoFar::default();
        // Incremental I/O gives the bytes of the file, which are not what a reader of UTF-16 gets.
        let utf8 = is_utf8(self.conn).map_err(failed)?;
        if !self.unordered || !utf8 {
            let statement = prepare(&(self.sql)(Form::Plain, None))?;
            let _short = utf8.then(|| Short::only(self.conn)).transpose().map_err(failed)?;
            if self.pass(Form::Plain, statement, failed, visit, &mut so_far)? {
                return Ok(so_far.rows);
            }
        }
        let statement = prepare(&(self.sql)(Form::Careful, so_far.last))?;
        self.pass(Form::Careful, statement, failed, visit, &mut so_far)?;
        Ok(so_far.rows)
    }

    /// `false`: it stopped at a value that is too long.
    fn pass<E>(
        &self,
        form: Form,
        mut statement: Statement<'a>,
        failed: &dyn Fn(Error) -> E,
        visit: Visit<'_, E>,
        so_far: &mut SoFar,
    ) -> std::result::Result<bool, E> {
        let mut large = LargeRow { of: self, rowid: 0, list: Vec::new(), open: None };
        let (width, mut values) = (self.columns.len(), Vec::new());
        let mut rows = statement.raw_query();
        loop {
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) => return Ok(true),
                Err(error) if form == Form::Plain && is_too_big(&error) => return Ok(false),
                Err(error) => return Err(failed(error)),
            };
            let rowid = row.get(0).map_err(failed)?;
            for index in 1..=width {
                let value = row.get_ref(index).map_err(failed)?;
                values.push(canonical::value(value));
            }
            if form == Form::Careful {
                let length = |index: usize| row.get::<_, Option<i64>>(1 + width + index);
                large.begin(rowid, length).map_err(failed)?;
            }
            visit(rowid, &values, &mut large)?;
            values = emptied(values);
            so_far.rows += 1;
            so_far.last = Some(rowid);
        }
    }
}

#[derive(Default)]
struct SoFar {
    rows: u64,
    last: Option<i64>,
}

/// A letter has one byte in UTF-8 alone. A scan may not ask by pragma.
pub(crate) fn is_utf8(conn: &Connection) -> Result<bool> {
    conn.query_row("SELECT octet_length('a') = 1", [], |row| row.get(0))
}

fn is_too_big(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::TooBig)
}

/// The same allocation for values of the next row: the compiler collects an emptied vector of the
/// same layout in place.
pub(crate) fn emptied<'next>(mut values: Vec<Value<'_>>) -> Vec<Value<'next>> {
    values.clear();
    values.into_iter().map(|_| Value::Null).collect()
}

/// While it lives, SQLite refuses values that are too long.
pub(crate) struct Short<'a>(&'a Connection, i32);

impl<'a> Short<'a> {
    pub(crate) fn only(conn: &'a Connection) -> Result<Self> {
        conn.set_limit(Limit::SQLITE_LIMIT_LENGTH, LARGE).map(|before| Self(conn, before))
    }
}

impl Drop for Short<'_> {
    fn drop(&mut self) {
        // What was permitted before is permitted.
        drop(self.0.set_limit(Limit::SQLITE_LIMIT_LENGTH, self.1));
    }
}

/// The large values of the row at hand.
pub(crate) struct LargeRow<'a> {
    of: &'a Reading<'a>,
    rowid: i64,
    list: Vec<Large>,
    /// The one that was read last.
    open: Option<(usize, Blob<'a>)>,
}

impl LargeRow<'_> {
    fn begin(&mut self, rowid: i64, length: impl Fn(usize) -> Result<Option<i64>>) -> Result<()> {
        (self.rowid, self.open) = (rowid, None);
        self.list.clear();
        for column in 0..self.of.columns.len() {
            if let Some(length) = length(column)? {
                let (text, length) = (length < 0, length.unsigned_abs());
                self.list.push(Large { column, text, length });
            }
        }
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn read_at(&mut self, nth: usize, offset: u64, into: &mut [u8]) -> Result<()> {
        if self.open.as_ref().is_none_or(|(open, _)| *open != nth) {
            // Only columns have a length, see `columns`.
            let name = self.of.columns[self.list[nth].column].unwrap_or_default();
            self.open = None;
            match self.of.conn.blob_open("main", self.of.table, name, self.rowid, true) {
                Ok(blob) => self.open = Some((nth, blob)),
                // SQLite has no incremental I/O on tables with generated columns.
                Err(_) => return self.read_by_query(name, offset, into),
            }
        }
        let Some((_, blob)) = &self.open else { return Ok(()) };
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        blob.read_at_exact(into, offset)
    }

    /// SQLite holds the value meanwhile.
    fn read_by_query(&self, column: &str, offset: u64, into: &mut [u8]) -> Result<()> {
        let (table, column) = (quote(self.of.table), quote(column));
        let rowid = canonical::rowid_name(self.of.conn, self.of.table)?.unwrap_or("rowid");
        let sql = format!(
            "SELECT substr(CAST({column} AS BLOB), ?1, ?2) FROM {table} WHERE {rowid} = ?3"
        );
        let from = i64::try_from(offset).unwrap_or(i64::MAX - 1) + 1;
        self.of.conn.query_row(&sql, (from, into.len() as i64, self.rowid), |row| {
            let piece = row.get_ref(0)?.as_blob()?;
            into[..piece.len()].copy_from_slice(piece);
            Ok(())
        })
    }
}

impl LargeValues for LargeRow<'_> {
    fn list(&self) -> &[Large] {
        &self.list
    }

    fn read(&mut self, nth: usize, offset: u64, into: &mut [u8]) -> engine::Result<()> {
        self.read_at(nth, offset, into).map_err(|error| {
            let place = format!("table {}, rowid {}", self.of.table, self.rowid);
            engine_error(&code::SOURCE_UNREADABLE, &error).object(place)
        })
    }
}

/// `SELECT` of stored columns by their names, for [`Reading::sql`].
pub(crate) fn select(
    table: &str,
    rowid: &str,
    columns: &[String],
    form: Form,
    after: Option<i64>,
) -> String {
    let (table, columns) = (quote(table), columns.iter().map(|column| quote(column)));
    let mut list = vec![rowid.to_owned()];
    match form {
        Form::Plain => list.extend(columns),
        Form::Careful => {
            let columns: Vec<_> = columns.collect();
            list.extend(columns.iter().map(|column| if_short(column)));
            list.extend(columns.iter().map(|column| length_if_long(column)));
        }
    }
    let after = after.map_or_else(String::new, |after| format!(" WHERE {rowid} > {after}"));
    format!("SELECT {} FROM {table}{after} ORDER BY {rowid}", list.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::{digest_database, digest_query};

    const ROWS: &str = "
        INSERT INTO t (id, a, b) VALUES (1, x'00ff', 'short'), (5, NULL, NULL),
            (7, randomblob(3000000), 'short'), (8, 'text', hex(randomblob(1500001))),
            (9, zeroblob(1048576), 1.5), (12, zeroblob(1048577), hex(randomblob(700000)));";

    fn compared(table: &str, reference: &str) {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(&format!("CREATE TABLE t ({table});{ROWS}")).unwrap();
        let whole = digest_query(&conn, reference).unwrap();
        assert_eq!(digest_database(&conn).unwrap()["t"], whole, "{table}");
        assert_eq!(whole.rows, 6);
        // What was read before is permitted again.
        let longest = "SELECT length(a) FROM t WHERE id = 7";
        let length: i64 = conn.query_row(longest, [], |row| row.get(0)).unwrap();
        assert_eq!(length, 3_000_000);
    }

    #[test]
    fn a_digest_by_pieces_is_that_of_whole_values() {
        compared("id INTEGER PRIMARY KEY, a, b", "SELECT id, id, a, b FROM t");
        compared("id, a, b", "SELECT rowid, id, a, b FROM t");
        let generated = "id INTEGER PRIMARY KEY, a, b, c AS (id + 1) STORED";
        compared(generated, "SELECT id, id, a, b, c FROM t");
    }

    #[test]
    fn other_encodings_are_read_as_a_whole() {
        let conn = Connection::open_in_memory().unwrap();
        let sql = format!(
            "PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (id INTEGER PRIMARY KEY, a, b);{ROWS}"
        );
        conn.execute_batch(&sql).unwrap();
        let whole = digest_query(&conn, "SELECT id, id, a, b FROM t").unwrap();
        assert_eq!(digest_database(&conn).unwrap()["t"], whole);
    }
}
