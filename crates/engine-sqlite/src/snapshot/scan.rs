//! The SELECT of a scan, and the way back from a place in it to the part that the plan wrote.

use std::ops::Range;

use ir::LoadSource;
use runtime::engine::{Scan, ScanColumn};
use rusqlite::Connection;

use super::qualified;
use crate::large;
use crate::text::quote;

/// The name of a query's result inside the scan's SELECT.
const ALIAS: &str = "source";

/// A statement made of parts that people wrote.
#[derive(Default)]
pub(crate) struct Composed {
    pub(crate) sql: String,
    parts: Vec<(String, Range<usize>)>,
}

impl Composed {
    pub(crate) fn whole(sql: &str, name: &str) -> Self {
        Self { sql: sql.to_owned(), parts: vec![(name.to_owned(), 0..sql.len())] }
    }

    fn part(&mut self, name: impl Into<String>, text: &str) {
        let start = self.sql.len();
        self.sql += text;
        self.parts.push((name.into(), start..self.sql.len()));
    }

    fn bracketed(&mut self, name: impl Into<String>, text: &str) {
        self.sql += "(\n";
        self.part(name, text);
        self.sql += "\n)";
    }

    fn columns(&mut self, columns: &[ScanColumn], table: &str) {
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                self.sql += ", ";
            }
            match column {
                ScanColumn::Column(name) => {
                    self.part(format!("column `{name}`"), &qualified(table, name));
                }
                ScanColumn::Sql(sql) => {
                    self.bracketed(format!("expression `{}`", one_line(sql)), sql);
                }
            }
        }
        if columns.is_empty() {
            self.sql += "NULL";
        }
    }

    /// The part with this byte in it, and the byte counted from its start.
    pub(crate) fn locate(&self, offset: Option<usize>) -> (Option<&str>, Option<usize>) {
        let found = offset.and_then(|at| {
            let (name, range) = self.parts.iter().find(|(_, range)| range.contains(&at))?;
            Some((name.as_str(), at - range.start))
        });
        (found.map(|(name, _)| name), found.map(|(_, at)| at))
    }
}

/// Every part stands on lines of its own, so that a `--` comment in it ends there.
pub(crate) fn compose(scan: &Scan, rowid: Option<&str>) -> Composed {
    let table = match &scan.from {
        LoadSource::Table(table) => table,
        LoadSource::Query(_) => ALIAS,
    };
    let mut out = Composed { sql: "SELECT ".to_owned(), parts: Vec::new() };
    if let Some(rowid) = rowid {
        out.sql += &format!("{}.{rowid}, ", quote(table));
    }
    out.columns(&scan.columns, table);
    out.sql += "\nFROM ";
    match &scan.from {
        LoadSource::Table(table) => out.sql += &quote(table),
        LoadSource::Query(query) => {
            out.bracketed("query", query.trim_end().trim_end_matches(';'));
            out.sql += &format!(" AS {}", quote(ALIAS));
        }
    }
    if let Some(filter) = &scan.filter {
        out.sql += "\nWHERE ";
        out.bracketed("filter", filter);
    }
    out
}

/// In the order of the rowids, where no filter has an order of its own.
pub(crate) fn compose_ordered(scan: &Scan, table: &str, rowid: &str) -> Composed {
    let mut out = compose(scan, Some(rowid));
    let at = format!("{}.{rowid}", quote(table));
    let part = in_part(scan, &at, None);
    if !part.is_empty() {
        out.sql += if scan.filter.is_some() { " AND " } else { "\nWHERE " };
        out.sql += &part.join(" AND ");
    }
    if scan.filter.is_none() {
        out.sql += &format!("\nORDER BY {at}");
    }
    out
}

/// What says that a rowid lies in the part that is scanned, and after the last one that was read.
fn in_part(scan: &Scan, at: &str, read: Option<i64>) -> Vec<String> {
    let after = read.or(scan.rowids.and_then(|rowids| rowids.after));
    let up_to = scan.rowids.and_then(|rowids| rowids.up_to);
    let after = after.map(|after| format!("{at} > {after}"));
    after.into_iter().chain(up_to.map(|up_to| format!("{at} <= {up_to}"))).collect()
}

/// The column that a value is; an expression is none.
pub(crate) fn name_of(column: &ScanColumn) -> Option<&str> {
    match column {
        ScanColumn::Column(name) => Some(name),
        ScanColumn::Sql(_) => None,
    }
}

/// The same rows after a rowid, with NULL for what is too long to be held, and its length behind.
pub(crate) fn careful(scan: &Scan, table: &str, rowid: &str, after: Option<i64>) -> String {
    let at = format!("{}.{rowid}", quote(table));
    let (mut values, mut lengths) = (vec![at.clone()], Vec::new());
    for column in &scan.columns {
        match column {
            ScanColumn::Column(name) => {
                let value = qualified(table, name);
                values.push(large::if_short(&value));
                lengths.push(large::length_if_long(&value));
            }
            ScanColumn::Sql(sql) => {
                values.push(format!("(\n{sql}\n)"));
                lengths.push("NULL".to_owned());
            }
        }
    }
    values.append(&mut lengths);
    let filter = scan.filter.iter().map(|filter| format!("(\n{filter}\n)"));
    let conditions: Vec<_> = filter.chain(in_part(scan, &at, after)).collect();
    let mut sql = format!("SELECT {}\nFROM {}", values.join(", "), quote(table));
    if !conditions.is_empty() {
        sql += &format!("\nWHERE {}", conditions.join(" AND "));
    }
    if scan.filter.is_none() {
        sql += &format!("\nORDER BY {at}");
    }
    sql
}

/// The last rowid of every part of so many rows that another part follows. SQLite steps over the
/// rows between them without looking at their values.
pub(crate) fn cuts(
    conn: &Connection,
    table: &str,
    rowid: &str,
    rows: u64,
) -> rusqlite::Result<Vec<i64>> {
    let sql = format!(
        "SELECT {rowid} FROM {table} WHERE {rowid} >= ?1 ORDER BY {rowid} LIMIT 2 OFFSET ?2",
        table = quote(table)
    );
    let mut statement = conn.prepare(&sql)?;
    let offset = i64::try_from(rows.saturating_sub(1)).unwrap_or(i64::MAX);
    let (mut cuts, mut from) = (Vec::new(), i64::MIN);
    loop {
        let found = statement.query_map((from, offset), |row| row.get(0))?;
        let [cut, next] = found.collect::<rusqlite::Result<Vec<i64>>>()?[..] else {
            return Ok(cuts);
        };
        cuts.push(cut);
        from = next;
    }
}

/// At most 40 characters, for a message.
fn one_line(sql: &str) -> String {
    let words: Vec<_> = sql.split_whitespace().collect();
    let text = words.join(" ");
    match text.char_indices().nth(40) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}
