//! Columns of text: the first left, the others as said, nothing wider than it needs to be.

use std::fmt::Write as _;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// Rows with their header, indented by two; no trailing blanks. Text is measured in characters:
/// what goes in here are names and figures.
pub(crate) fn render(header: &[(&str, Align)], rows: &[Vec<String>]) -> String {
    let titles: Vec<String> = header.iter().map(|(title, _)| (*title).to_owned()).collect();
    let all: Vec<&Vec<String>> = std::iter::once(&titles).chain(rows).collect();
    let width = |column: usize| all.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..header.len()).map(|at| width(at).unwrap_or(0)).collect();
    let mut out = String::new();
    for row in all {
        let mut line = String::new();
        for ((cell, (_, align)), width) in row.iter().zip(header).zip(&widths) {
            let _ = match align {
                Align::Left => write!(line, "  {cell:width$}"),
                Align::Right => write!(line, "  {cell:>width$}"),
            };
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Align, render};

    #[test]
    fn columns_line_up() {
        let rows = [["orders", "1,200"], ["t", "7"]].map(|row| row.map(str::to_owned).to_vec());
        let text = render(&[("table", Align::Left), ("rows", Align::Right)], &rows);
        assert_eq!(text, "  table    rows\n  orders  1,200\n  t           7\n");
    }
}
