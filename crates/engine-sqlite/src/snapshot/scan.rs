//! The SELECT of a scan, and the way back from a place in it to the part that the plan wrote.

use std::ops::Range;

use ir::LoadSource;
use runtime::engine::{Scan, ScanColumn};

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
pub(crate) fn compose_ordered(scan: &Scan, rowid: &str) -> Composed {
    let mut out = compose(scan, Some(rowid));
    if let (LoadSource::Table(table), None) = (&scan.from, &scan.filter) {
        out.sql += &format!("\nORDER BY {}.{rowid}", quote(table));
    }
    out
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
    let after = after.map(|after| format!("{at} > {after}"));
    let conditions: Vec<_> = filter.chain(after).collect();
    let mut sql = format!("SELECT {}\nFROM {}", values.join(", "), quote(table));
    if !conditions.is_empty() {
        sql += &format!("\nWHERE {}", conditions.join(" AND "));
    }
    if scan.filter.is_none() {
        sql += &format!("\nORDER BY {at}");
    }
    sql
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
