//! Indexes that hold what their tables hold, in order.
//!
//! SQLite's own check goes through a table in the order of its rows and looks each row up in every
//! index, which on a large table reads a page for every row and index. Here each index is read once
//! from its start to its end, and its table once: the same entries (by a digest that no order
//! matters to), each behind the one before it, and no two alike where they must differ. This can only
//! clear a table: where anything is not so, or is not known here, SQLite's check is asked.

use std::cmp::Ordering;

use runtime::{RowDigest, Value};
use rusqlite::{Connection, Result, Row};

use crate::canonical;
use crate::large::{self, Short};
use crate::text::quote;

/// Tables and virtual tables that nothing is known of, in name order.
pub(crate) fn suspects(conn: &Connection) -> Result<Vec<String>> {
    let sql = "SELECT name, rootpage > 0 FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut statement = conn.prepare(sql)?;
    let tables = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let tables = tables.collect::<Result<Vec<(String, bool)>>>()?;
    // A long value is SQLite's to compare.
    let _short = Short::only(conn)?;
    let utf8 = large::is_utf8(conn)?;
    let is_clear = |table: &str, stored: bool| stored && utf8 && is_clear(conn, table);
    let suspects = tables.into_iter().filter(|(table, stored)| !is_clear(table, *stored));
    Ok(suspects.map(|(table, _)| table).collect())
}

/// An error is no proof.
fn is_clear(conn: &Connection, table: &str) -> bool {
    let checked = || {
        let Some(rowid) = canonical::rowid_name(conn, table)? else { return Ok(false) };
        let Some(indexes) = indexes(conn, table)? else { return Ok(false) };
        if indexes.is_empty() {
            return Ok(true);
        }
        let wanted = of_rows(conn, table, rowid, &indexes)?;
        for (index, wanted) in indexes.iter().zip(wanted) {
            if of_entries(conn, table, rowid, index)? != Some(wanted) {
                return Ok(false);
            }
        }
        Ok(true)
    };
    let found: rusqlite::Result<bool> = checked();
    found.unwrap_or(false)
}

/// An index of whole columns, compared byte by byte, on all rows.
struct Index {
    name: String,
    unique: bool,
    /// Names, and whether the column goes down.
    columns: Vec<(String, bool)>,
}

/// `None`: one of them is of another kind.
fn indexes(conn: &Connection, table: &str) -> Result<Option<Vec<Index>>> {
    let sql = "SELECT name, \"unique\", partial FROM pragma_index_list(?1)";
    let mut statement = conn.prepare(sql)?;
    let list = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let mut indexes = Vec::new();
    for (name, unique, partial) in list.collect::<Result<Vec<(String, bool, bool)>>>()? {
        match columns(conn, &name)? {
            Some(columns) if !partial => indexes.push(Index { name, unique, columns }),
            _ => return Ok(None),
        }
    }
    Ok(Some(indexes))
}

fn columns(conn: &Connection, index: &str) -> Result<Option<Vec<(String, bool)>>> {
    let sql = "SELECT iif(cid >= 0 AND coll = 'BINARY', name, NULL), \"desc\" \
               FROM pragma_index_xinfo(?1) WHERE key ORDER BY seqno";
    let mut statement = conn.prepare(sql)?;
    let columns = statement.query_map([index], |row| {
        let name: Option<String> = row.get(0)?;
        Ok(name.map(|name| (name, row.get(1))))
    })?;
    let mut known = Vec::new();
    for column in columns {
        let Some((name, down)) = column? else { return Ok(None) };
        known.push((name, down?));
    }
    Ok(Some(known))
}

/// What each index must hold, from one reading of the table.
fn of_rows(
    conn: &Connection,
    table: &str,
    rowid: &str,
    indexes: &[Index],
) -> Result<Vec<RowDigest>> {
    let mut names: Vec<&str> = indexes.iter().flat_map(Index::names).collect();
    names.sort_unstable();
    names.dedup();
    let places: Vec<Vec<usize>> = indexes
        .iter()
        .map(|index| index.names().filter_map(|name| names.binary_search(&name).ok()).collect())
        .collect();
    let list: Vec<_> = names.iter().map(|name| quote(name)).chain([rowid.to_owned()]).collect();
    let sql = format!("SELECT {} FROM {} NOT INDEXED", list.join(", "), quote(table));
    let mut statement = conn.prepare(&sql)?;
    let (mut rows, mut bytes) = (statement.query([])?, Vec::new());
    let mut digests = vec![RowDigest::default(); indexes.len()];
    while let Some(row) = rows.next()? {
        for (places, digest) in places.iter().zip(&mut digests) {
            bytes.clear();
            for place in places.iter().copied().chain([names.len()]) {
                canonical::push(&mut bytes, canonical::value(row.get_ref(place)?));
            }
            digest.add(&bytes);
        }
    }
    Ok(digests)
}

/// What the index holds; `None` where its entries are not in order, or two are alike.
fn of_entries(
    conn: &Connection,
    table: &str,
    rowid: &str,
    index: &Index,
) -> Result<Option<RowDigest>> {
    let list: Vec<_> = index.names().map(quote).chain([rowid.to_owned()]).collect();
    let (list, table, name) = (list.join(", "), quote(table), quote(&index.name));
    let mut statement = conn.prepare(&format!("SELECT {list} FROM {table} INDEXED BY {name}"))?;
    let mut rows = statement.query([])?;
    let (mut digest, mut bytes) = (RowDigest::default(), Vec::new());
    let mut last: Option<Entry> = None;
    while let Some(row) = rows.next()? {
        bytes.clear();
        for place in 0..=index.columns.len() {
            canonical::push(&mut bytes, canonical::value(row.get_ref(place)?));
        }
        digest.add(&bytes);
        if last.as_ref().map(|last| index.follows(last, row)).transpose()? == Some(false) {
            return Ok(None);
        }
        last.get_or_insert_default().keep(row, index.columns.len())?;
    }
    Ok(Some(digest))
}

impl Index {
    fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// Whether the entry may stand behind the last one.
    fn follows(&self, last: &Entry, row: &Row<'_>) -> Result<bool> {
        let mut has_null = false;
        for (place, (_, down)) in self.columns.iter().enumerate() {
            let (before, now) = (last.value(place), canonical::value(row.get_ref(place)?));
            has_null |= now == Value::Null;
            match compare(before, now) {
                Ordering::Equal => {}
                unlike => return Ok((unlike == Ordering::Less) != *down),
            }
        }
        // Entries that are alike stand in the order of their rowids.
        let before = last.value(self.columns.len());
        let now = canonical::value(row.get_ref(self.columns.len())?);
        Ok(compare(before, now) == Ordering::Less && (!self.unique || has_null))
    }
}

/// The values of the entry that was read last; its memory is used again.
#[derive(Default)]
struct Entry {
    values: Vec<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Of text and blobs.
    bytes: Vec<u8>,
    kind: Kind,
}

#[derive(Clone, Copy, Default)]
enum Kind {
    #[default]
    Null,
    Integer(i64),
    Real(f64),
    Text,
    Blob,
}

impl Entry {
    /// The columns and the rowid behind them.
    fn keep(&mut self, row: &Row<'_>, columns: usize) -> Result<()> {
        self.values.resize_with(columns + 1, Kept::default);
        for (place, kept) in self.values.iter_mut().enumerate() {
            kept.bytes.clear();
            kept.kind = match canonical::value(row.get_ref(place)?) {
                Value::Null => Kind::Null,
                Value::Integer(value) => Kind::Integer(value),
                Value::Real(value) => Kind::Real(value),
                Value::Text(bytes) => {
                    kept.bytes.extend_from_slice(bytes);
                    Kind::Text
                }
                Value::Blob(bytes) => {
                    kept.bytes.extend_from_slice(bytes);
                    Kind::Blob
                }
            };
        }
        Ok(())
    }

    fn value(&self, place: usize) -> Value<'_> {
        let kept = &self.values[place];
        match kept.kind {
            Kind::Null => Value::Null,
            Kind::Integer(value) => Value::Integer(value),
            Kind::Real(value) => Value::Real(value),
            Kind::Text => Value::Text(&kept.bytes),
            Kind::Blob => Value::Blob(&kept.bytes),
        }
    }
}

/// SQLite's order of values (<https://sqlite.org/datatype3.html>, section 4.1), texts by their bytes.
fn compare(a: Value<'_>, b: Value<'_>) -> Ordering {
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a.cmp(&b),
        (Value::Real(a), Value::Real(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
        (Value::Integer(a), Value::Real(b)) => with_real(a, b),
        (Value::Real(a), Value::Integer(b)) => with_real(b, a).reverse(),
        (Value::Text(a), Value::Text(b)) | (Value::Blob(a), Value::Blob(b)) => a.cmp(b),
        (a, b) => class(a).cmp(&class(b)),
    }
}

/// Numbers of both kinds are one class.
fn class(value: Value<'_>) -> u8 {
    match value {
        Value::Null => 0,
        Value::Integer(_) | Value::Real(_) => 1,
        Value::Text(_) => 2,
        Value::Blob(_) => 3,
    }
}

/// Exact, where neither is turned into the other's type.
fn with_real(integer: i64, real: f64) -> Ordering {
    // 2^63: every integer lies between it and its negative.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if real >= BEYOND {
        return Ordering::Less;
    }
    if real < -BEYOND {
        return Ordering::Greater;
    }
    let whole = real.trunc();
    integer
        .cmp(&(whole as i64))
        .then_with(|| 0.0.partial_cmp(&(real - whole)).unwrap_or(Ordering::Equal))
}

#[cfg(test)]
mod tests;
