//! Bytes to the protocol's places (lines and UTF-16 units from 0) and back.

use lsp_types::{Position, Range};

/// The place of the byte `offset`.
pub(super) fn position(text: &str, offset: usize) -> Position {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.matches('\n').count();
    let column = before[line_start..].encode_utf16().count();
    Position::new(small(line), small(column))
}

pub(super) fn range(text: &str, bytes: std::ops::Range<usize>) -> Range {
    Range::new(position(text, bytes.start), position(text, bytes.end))
}

/// The byte at a place; the end of the line for a place behind it.
pub(super) fn offset(text: &str, position: Position) -> usize {
    let line_start: usize =
        text.split_inclusive('\n').take(position.line as usize).map(str::len).sum();
    let line = text[line_start..].split('\n').next().unwrap_or("");
    let mut units = 0;
    for (at, c) in line.char_indices() {
        if units >= position.character as usize {
            return line_start + at;
        }
        units += c.len_utf16();
    }
    line_start + line.len()
}

/// The name around the byte `at`.
pub(super) fn word(text: &str, at: usize) -> std::ops::Range<usize> {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let before = text[..at].rfind(|c| !part(c));
    let start = before.map_or(0, |it| it + text[it..].chars().next().map_or(1, char::len_utf8));
    let end = text[at..].find(|c| !part(c)).map_or(text.len(), |it| at + it);
    start..end
}

fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_utf16_units() {
        let text = "a: 1\nb: \"ü🦀x\"\n";
        let at = text.find('x').unwrap_or(0);
        let place = position(text, at);
        assert_eq!((place.line, place.character), (1, 7));
        assert_eq!(offset(text, place), at);
        assert_eq!(offset(text, Position::new(0, 99)), 4);
        assert_eq!(offset(text, Position::new(9, 0)), text.len());
    }

    #[test]
    fn words_are_names() {
        let text = "x: [order_id, größe]";
        assert_eq!(&text[word(text, 6)], "order_id");
        assert_eq!(&text[word(text, 16)], "größe");
        assert_eq!(&text[word(text, 3)], "");
    }
}
