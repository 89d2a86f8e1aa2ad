//! The canonical bytes of values and the content digests of tables.
//!
//! One value is its type (one byte) and its bytes: an integer 8 bytes big-endian, a real the 8 bytes
//! of its IEEE form, text and blob their length (8 bytes) and themselves. So `1`, `1.0`, `'1'` and
//! `x'31'` all differ, and a row of values has one reading only.

use std::collections::BTreeMap;

use runtime::engine::{Large, LargeValues};
use runtime::{RowDigest, Value};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Result};
use xxhash_rust::xxh3::Xxh3;

use crate::large::{self, LargeRow, Reading};
use crate::text::quote;

pub(crate) fn push(out: &mut Vec<u8>, value: Value<'_>) {
    out.push(tag(value));
    match value {
        Value::Null => {}
        Value::Integer(i) => out.extend_from_slice(&i.to_be_bytes()),
        Value::Real(r) => out.extend_from_slice(&r.to_bits().to_be_bytes()),
        Value::Text(bytes) | Value::Blob(bytes) => {
            out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
            out.extend_from_slice(bytes);
        }
    }
}

/// The first byte of a value's canonical form: its type.
pub(crate) fn tag(value: Value<'_>) -> u8 {
    match value {
        Value::Null => 0,
        Value::Integer(_) => 1,
        Value::Real(_) => 2,
        Value::Text(_) => 3,
        Value::Blob(_) => 4,
    }
}

pub(crate) fn value(value: ValueRef<'_>) -> Value<'_> {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(i) => Value::Integer(i),
        ValueRef::Real(r) => Value::Real(r),
        ValueRef::Text(text) => Value::Text(text),
        ValueRef::Blob(bytes) => Value::Blob(bytes),
    }
}

pub(crate) fn reference(value: Value<'_>) -> ValueRef<'_> {
    match value {
        Value::Null => ValueRef::Null,
        Value::Integer(i) => ValueRef::Integer(i),
        Value::Real(r) => ValueRef::Real(r),
        Value::Text(text) => ValueRef::Text(text),
        Value::Blob(bytes) => ValueRef::Blob(bytes),
    }
}

/// Tables that hold rows of their own, in name order: ordinary, shadow and internal ones. Virtual
/// tables have no root page; their rows are in their shadow tables.
pub(crate) fn stored_tables(conn: &Connection) -> Result<Vec<String>> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name";
    let mut statement = conn.prepare(sql)?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// A digest of every stored table and, under the name `sqlite_schema`, of the schema itself.
pub(crate) fn digest_database(conn: &Connection) -> Result<BTreeMap<String, RowDigest>> {
    let mut digests = BTreeMap::new();
    for table in stored_tables(conn)? {
        digests.insert(table.clone(), digest_table(conn, &table)?);
    }
    let schema = "SELECT type, name, tbl_name, sql FROM sqlite_schema";
    digests.insert("sqlite_schema".to_owned(), digest_query(conn, schema)?);
    Ok(digests)
}

fn digest_table(conn: &Connection, table: &str) -> Result<RowDigest> {
    let columns = stored_columns(conn, table)?;
    let Some(rowid) = rowid_name(conn, table)? else {
        let columns: Vec<_> = columns.iter().map(|column| quote(column)).collect();
        return digest_query(conn, &format!("SELECT {} FROM {}", columns.join(", "), quote(table)));
    };
    let reading = Reading {
        conn,
        table,
        columns: columns.iter().map(|column| Some(column.as_str())).collect(),
        sql: &|form, after| large::select(table, rowid, &columns, form, after),
        unordered: false,
    };
    let (mut digest, mut bytes) = (RowDigest::default(), Vec::new());
    let mut add = |rowid: i64, values: &[Value<'_>], large: &mut LargeRow<'_>| {
        bytes.clear();
        push(&mut bytes, Value::Integer(rowid));
        if large.is_empty() {
            values.iter().for_each(|value| push(&mut bytes, *value));
            digest.add(&bytes);
        } else {
            digest.add_hash(hash_of_large(&mut bytes, values, large)?);
        }
        Ok(())
    };
    reading.rows(&|sql| conn.prepare(sql), &|error| error, &mut add)?;
    Ok(digest)
}

/// The hash of a row's canonical bytes, of which `bytes` are the first; no large value is held.
fn hash_of_large(
    bytes: &mut Vec<u8>,
    values: &[Value<'_>],
    large: &mut LargeRow<'_>,
) -> Result<u128> {
    let (list, mut hash, mut piece) = (large.list().to_vec(), Xxh3::new(), vec![0; PIECE]);
    for (column, value) in values.iter().enumerate() {
        let Some(nth) = list.iter().position(|large| large.column == column) else {
            push(bytes, *value);
            continue;
        };
        let Large { text, length, .. } = list[nth];
        bytes.push(if text { 3 } else { 4 });
        bytes.extend_from_slice(&length.to_be_bytes());
        hash.update(bytes);
        bytes.clear();
        let mut offset = 0;
        while offset < length {
            let piece = &mut piece[..PIECE.min(usize::try_from(length - offset).unwrap_or(PIECE))];
            large.read_at(nth, offset, piece)?;
            hash.update(piece);
            offset += piece.len() as u64;
        }
    }
    hash.update(bytes);
    Ok(hash.digest128())
}

/// How much of a large value is held.
const PIECE: usize = 64 * 1024;

pub(crate) fn digest_query(conn: &Connection, sql: &str) -> Result<RowDigest> {
    let mut statement = conn.prepare(sql)?;
    let width = statement.column_count();
    let mut rows = statement.query([])?;
    let (mut digest, mut bytes) = (RowDigest::default(), Vec::new());
    while let Some(row) = rows.next()? {
        bytes.clear();
        for index in 0..width {
            push(&mut bytes, value(row.get_ref(index)?));
        }
        digest.add(&bytes);
    }
    Ok(digest)
}

/// Columns whose values are in the file. Virtual generated columns are left out: they may call
/// functions of the application that wrote the file.
fn stored_columns(conn: &Connection, table: &str) -> Result<Vec<String>> {
    let sql = "SELECT name FROM pragma_table_xinfo(?1) WHERE hidden <> 2 ORDER BY cid";
    let mut statement = conn.prepare(sql)?;
    statement.query_map([table], |row| row.get(0))?.collect()
}

/// A name that means the rowid of this table and no column of it; `None` where it has no rowid.
pub(crate) fn rowid_name(conn: &Connection, table: &str) -> Result<Option<&'static str>> {
    let has_rowid = "SELECT EXISTS (SELECT 1 FROM pragma_table_list WHERE schema = 'main' \
         AND name = ?1 COLLATE NOCASE AND type IN ('table', 'shadow') AND wr = 0)";
    if !conn.query_row(has_rowid, [table], |row| row.get(0))? {
        return Ok(None);
    }
    let sql = "SELECT lower(name) FROM pragma_table_xinfo(?1)";
    let mut statement = conn.prepare(sql)?;
    let taken: Vec<String> =
        statement.query_map([table], |row| row.get(0))?.collect::<Result<_>>()?;
    Ok(["rowid", "_rowid_", "oid"].into_iter().find(|name| !taken.iter().any(|t| t == name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(sql: &str) -> RowDigest {
        let conn = Connection::open_in_memory().unwrap();
        digest_query(&conn, sql).unwrap()
    }

    #[test]
    fn values_of_different_types_differ() {
        let values = ["1", "1.0", "'1'", "x'31'", "NULL", "''", "x''", "0"];
        for (i, a) in values.iter().enumerate() {
            for b in &values[i + 1..] {
                assert_ne!(
                    digest(&format!("SELECT {a}")),
                    digest(&format!("SELECT {b}")),
                    "{a} {b}"
                );
            }
        }
        assert_ne!(digest("SELECT 'a', 'bc'"), digest("SELECT 'ab', 'c'"));
    }

    #[test]
    fn the_rowid_is_part_of_the_content_and_virtual_columns_are_not() {
        let of = |sql: &str| {
            let conn = Connection::open_in_memory().unwrap();
            conn.execute_batch(sql).unwrap();
            digest_database(&conn).unwrap().remove("t").unwrap()
        };
        let table = "CREATE TABLE t (rowid TEXT, v TEXT);";
        let one = of(&format!("{table} INSERT INTO t (_rowid_, v) VALUES (1, 'a')"));
        let two = of(&format!("{table} INSERT INTO t (_rowid_, v) VALUES (2, 'a')"));
        assert_ne!(one, two);
        let generated = of("CREATE TABLE t (a, b AS (a + 1)) ; INSERT INTO t VALUES (1)");
        assert_eq!(generated.rows, 1);
    }
}
