//! Columns of text: the first left, the others as said, nothing wider than it needs to be.

use std::fmt::Write as _;

use super::prose;
use crate::io::Terminal;

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

/// The same for a terminal that may be too narrow: then each row is its first cell with the others
/// below it, each after its title.
pub(crate) fn fitted(header: &[(&str, Align)], rows: &[Vec<String>], terminal: Terminal) -> String {
    let text = render(header, rows);
    let widest = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    if !terminal.stdout || widest <= terminal.width {
        return text;
    }
    let stacked = rows.iter().map(|row| {
        let cells = row.iter().zip(header).skip(1).filter(|(cell, _)| !cell.is_empty());
        let cells = cells.map(|(cell, (title, _))| format!("{title} {cell}").trim().to_owned());
        let below = cells.collect::<Vec<_>>().join(", ");
        let name = row.first().map_or("", String::as_str);
        format!("  {name}\n{}", prose::hanging(&below, "    ", "    ", terminal))
    });
    stacked.collect()
}

#[cfg(test)]
mod tests {
    use super::{Align, fitted, render};
    use crate::io::Terminal;

    #[test]
    fn columns_line_up() {
        let rows = [["orders", "1,200"], ["t", "7"]].map(|row| row.map(str::to_owned).to_vec());
        let text = render(&[("table", Align::Left), ("rows", Align::Right)], &rows);
        assert_eq!(text, "  table    rows\n  orders  1,200\n  t           7\n");
    }

    #[test]
    fn a_narrow_terminal_has_the_cells_of_a_row_below_its_name() {
        let rows =
            [["a-long-name.db", "just now", "verified"]].map(|row| row.map(str::to_owned).to_vec());
        let header = [("backup", Align::Left), ("taken", Align::Right), ("", Align::Left)];
        let terminal = Terminal { stdout: true, width: 30, ..Terminal::NONE };
        assert_eq!(
            fitted(&header, &rows, terminal),
            "  a-long-name.db\n    taken just now, verified\n"
        );
        let wide = Terminal { width: 60, ..terminal };
        assert_eq!(fitted(&header, &rows, wide), render(&header, &rows));
        assert_eq!(
            fitted(&header, &rows, Terminal::NONE),
            render(&header, &rows),
            "a pipe has lines"
        );
    }
}
