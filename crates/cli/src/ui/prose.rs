//! Sentences and facts, wrapped where a terminal is narrow. Pipes and files get them unwrapped, so
//! that `grep` finds whole lines; paths are never broken, so that they can be copied.

use textwrap::{Options, WordSeparator, WordSplitter, wrap};

use crate::io::Terminal;
use crate::ui::style::bold;

/// Columns of the words before the values of facts.
const WORDS: usize = 9;

/// `  target    PostgreSQL 15.18, …`, one line each.
pub(crate) fn facts<'a>(
    facts: impl IntoIterator<Item = (&'a str, String)>,
    terminal: Terminal,
) -> String {
    let lines = facts.into_iter().map(|(word, value)| {
        hanging(&value, &format!("  {word:WORDS$} "), &" ".repeat(WORDS + 3), terminal)
    });
    lines.collect()
}

/// A sentence in a line of its own.
pub(crate) fn sentence(text: &str, terminal: Terminal) -> String {
    hanging(text, "", "", terminal)
}

/// A line of something that stands above it, with the same indent where it is wrapped.
pub(crate) fn below(text: &str, indent: &str, terminal: Terminal) -> String {
    hanging(text, indent, &format!("{indent}  "), terminal)
}

/// What to do next, the most sensible first.
pub(crate) fn next(actions: &[String], terminal: Terminal) -> String {
    if actions.is_empty() {
        return String::new();
    }
    let lines = actions.iter().map(|action| hanging(action, "  ", "    ", terminal));
    format!("\n{}\n{}", bold("next", terminal), lines.collect::<String>())
}

/// Text after `first`; where it is wrapped, the other lines begin with `rest`.
pub(crate) fn hanging(text: &str, first: &str, rest: &str, terminal: Terminal) -> String {
    if !terminal.stdout {
        return format!("{first}{text}\n");
    }
    let options = Options::new(terminal.width)
        .initial_indent(first)
        .subsequent_indent(rest)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    wrap(text, options).join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_terminals_get_hanging_lines_and_whole_paths() {
        let terminal = Terminal { stdout: true, width: 40, ..Terminal::NONE };
        let value = ".cutover/backups/20261121-064810-595062/a.db (12 rows, 135.2 kB)";
        let text = facts([("backup", value.to_owned())], terminal);
        assert_eq!(
            text,
            "  backup    .cutover/backups/20261121-064810-595062/a.db\n            (12 rows, 135.2 kB)\n"
        );
        let piped = facts([("backup", value.to_owned())], Terminal::NONE);
        assert_eq!(piped.lines().count(), 1);
    }
}
