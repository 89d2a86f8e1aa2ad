//! The SELECT of a scan, and the way back from a place in it to the part that the plan wrote.

use std::ops::Range;

use ir::LoadSource;
use runtime::engine::{Scan, ScanColumn};

use super::qualified;
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

/// At most 40 characters, for a message.
fn one_line(sql: &str) -> String {
    let words: Vec<_> = sql.split_whitespace().collect();
    let text = words.join(" ");
    match text.char_indices().nth(40) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}
