//! Texts in block style (`|`, `>`): where they end, and their lines at another indentation.

use super::trivia::{line_end, line_start};

/// Where the header of a block scalar stands whose first line of text begins at `content`: the last
/// word, comments aside, of the last line before it.
pub(super) fn header_start(text: &str, content: usize) -> usize {
    let line = line_start(text, content);
    if !is_blank(&text[line..content]) {
        return content;
    }
    let before = text[..line].trim_end();
    let start = line_start(text, before.len());
    let written = before[start..].split(" #").next().unwrap_or("").trim_end();
    start + written.rfind([' ', '\t']).map_or(0, |blank| blank + 1)
}

/// How far a block scalar reaches.
pub(super) struct Extent {
    pub(super) end: usize,
    /// Columns that belong to the layout and not to the text.
    pub(super) indent: usize,
}

/// `start`: the `|` or `>`. `parent`: the column of the collection it stands in, from which an
/// indentation that the header gives is counted (YAML 1.2.2, 8.1.1.1).
pub(super) fn extent(text: &str, start: usize, parent: usize) -> Extent {
    let header = header(text, start);
    let body = (line_end(text, start) + 1).min(text.len());
    let given = header.chars().find_map(|c| c.to_digit(10));
    let indent = match given {
        Some(digit) => parent + digit as usize,
        None => text[body..].lines().find(|line| !is_blank(line)).map_or(0, indentation),
    };
    let mut end = start + header.len();
    let mut at = body;
    for line in text[body..].split_inclusive('\n') {
        if !is_blank(line) && indentation(line) < indent.max(1) {
            break;
        }
        at += line.len();
        if header.contains('+') {
            end = at;
        } else if !is_blank(line) {
            end = at - (line.len() - line.trim_end_matches(['\n', '\r']).len());
        }
    }
    Extent { end, indent }
}

/// `|`, `>-`, `|2+`.
pub(super) fn header(text: &str, start: usize) -> &str {
    let line = &text[start..line_end(text, start)];
    line.split([' ', '\t', '\r']).next().unwrap_or(line)
}

/// The header for a body that is indented two columns deeper than what it stands in.
pub(super) fn header_at_two(header: &str) -> String {
    header.chars().map(|c| if c.is_ascii_digit() { '2' } else { c }).collect()
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}
