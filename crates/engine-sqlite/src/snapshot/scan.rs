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
    let (table, query) = match &scan.from {
        LoadSource::Table(table) => (table.as_str(), None),
        LoadSource::Query(query) => (ALIAS, Some(query)),
    };
    let mut out = Composed { sql: "SELECT ".to_owned(), parts: Vec::new() };
    if let Some(rowid) = rowid {
        out.sql += &format!("{}.{rowid}, ", quote(table));
    }
    for (index, column) in scan.columns.iter().enumerate() {
        if index > 0 {
            out.sql += ", ";
        }
        match column {
            ScanColumn::Column(name) => {
                out.part(format!("column `{name}`"), &qualified(table, name));
            }
            ScanColumn::Sql(sql) => {
                out.sql += "(\n";
                out.part(format!("expression `{}`", one_line(sql)), sql);
                out.sql += "\n)";
            }
        }
    }
    if scan.columns.is_empty() {
        out.sql += "NULL";
    }
    out.sql += "\nFROM ";
    match query {
        None => out.sql += &quote(table),
        Some(query) => {
            out.sql += "(\n";
            out.part("query", query.trim_end().trim_end_matches(';'));
            out.sql += &format!("\n) AS {}", quote(ALIAS));
        }
    }
    if let Some(filter) = &scan.filter {
        out.sql += "\nWHERE (\n";
        out.part("filter", filter);
        out.sql += "\n)";
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
