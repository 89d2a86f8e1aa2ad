//! Where the cursor is in a plan, found from the lines alone: while somebody types, the text is
//! seldom YAML.

use std::path::PathBuf;

use lsp_types::{Position, Range};

use super::text;

/// A place in a file.
pub(super) struct At {
    pub(super) path: PathBuf,
    pub(super) text: String,
    pub(super) offset: usize,
}

impl At {
    pub(super) fn new(path: PathBuf, text: String, position: Position) -> Self {
        let offset = text::offset(&text, position);
        Self { path, text, offset }
    }

    pub(super) fn word(&self) -> &str {
        &self.text[text::word(&self.text, self.offset)]
    }

    pub(super) fn word_range(&self) -> Range {
        text::range(&self.text, text::word(&self.text, self.offset))
    }

    fn line_start(&self) -> usize {
        self.text[..self.offset].rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// The keys that lead to the cursor, outermost first: `components`, `indexes`, `a_idx`, `table`.
    pub(super) fn keys(&self) -> Vec<&str> {
        let line = &self.text[self.line_start()..self.offset];
        let mut keys: Vec<&str> = keys_of_line(line).into_iter().rev().collect();
        let mut column = indentation(line);
        for above in self.text[..self.line_start()].lines().rev() {
            let is_key = !above.trim().is_empty() && !above.trim_start().starts_with('#');
            if is_key && indentation(above) < column {
                column = indentation(above);
                keys.extend(block_key(above));
            }
        }
        keys.reverse();
        keys
    }

    /// The value of a sibling key in the same flow mapping or the lines around, such as the `table`
    /// of an index.
    pub(super) fn sibling(&self, key: &str) -> Option<&str> {
        let line_end =
            self.text[self.offset..].find('\n').map_or(self.text.len(), |it| self.offset + it);
        let line = &self.text[self.line_start()..line_end];
        value_of(line, key).or_else(|| {
            let column = indentation(line);
            let near = |line: &&str| line.trim().is_empty() || indentation(line) >= column;
            let above = self.text[..self.line_start()].lines().rev().take_while(near);
            let below = self.text[line_end..].lines().skip(1).take_while(near);
            let same = |line: &&str| indentation(line) == column;
            above.chain(below).filter(same).find_map(|line| value_of(line, key))
        })
    }
}

fn indentation(line: &str) -> usize {
    // The `- ` of an item is indentation for the keys behind it.
    line.len() - line.trim_start_matches([' ', '-']).len()
}

/// `name` of `  name: …`.
fn block_key(line: &str) -> Option<&str> {
    let (key, _) = line.trim_start_matches([' ', '-']).split_once(':')?;
    Some(key.trim_matches(['"', '\'']))
}

/// The keys that are open at the end of `line`: `a_idx: { table: orders, columns: [x` has `a_idx`
/// and `columns`.
fn keys_of_line(line: &str) -> Vec<&str> {
    let mut open: Vec<Option<&str>> = vec![None];
    let mut start = 0;
    for (at, c) in line.char_indices() {
        match c {
            '{' | '[' => open.push(None),
            '}' | ']' if open.len() > 1 => drop(open.pop()),
            ',' => {
                // In a list the key stays that of the list.
                if let Some(last) = open.last_mut() {
                    *last = None;
                }
            }
            ':' => {
                let key = line[start..at].trim_matches([' ', '-', '"', '\'']);
                if let Some(last) = open.last_mut() {
                    *last = Some(key);
                }
            }
            _ => {}
        }
        if matches!(c, '{' | '[' | ',' | '}' | ']' | ':') {
            start = at + 1;
        }
    }
    open.into_iter().flatten().collect()
}

/// `orders` of `{ table: orders, columns: [id] }`.
fn value_of<'t>(line: &'t str, key: &str) -> Option<&'t str> {
    let at = line.match_indices(key).find(|(at, _)| {
        let before = line[..*at].chars().next_back();
        before.is_none_or(|c| " {,-".contains(c)) && line[at + key.len()..].starts_with(':')
    })?;
    let value = line[at.0 + key.len() + 1..].trim_start();
    let end = value.find([',', '}', ' ', '#']).unwrap_or(value.len());
    Some(value[..end].trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `|` is the cursor.
    fn at(text: &str) -> At {
        let offset = text.find('|').unwrap_or(text.len());
        At { path: PathBuf::new(), text: text.replacen('|', "", 1), offset }
    }

    #[test]
    fn keys_lead_to_the_cursor() {
        let text = "name: x\ncomponents:\n  indexes:\n    a_idx: { table: orders, columns: [id, |";
        assert_eq!(at(text).keys(), ["components", "indexes", "a_idx", "columns"]);
        let text = "checks:\n  after:\n    - name: x\n      expect: |\nrun:\n";
        assert_eq!(at(text).keys(), ["checks", "after", "expect"]);
        assert_eq!(at("load:\n  |").keys(), ["load"]);
        assert_eq!(at("tar|").keys(), Vec::<&str>::new());
    }

    #[test]
    fn siblings_are_on_the_line_or_around_it() {
        assert_eq!(at("  a: { columns: [|], table: orders }").sibling("table"), Some("orders"));
        let text = "  a:\n    columns: [|]\n    table: 'orders'\n  b:\n    table: other\n";
        assert_eq!(at(text).sibling("table"), Some("orders"));
        assert_eq!(at("  a: { columns: [|] }").sibling("table"), None);
    }
}
