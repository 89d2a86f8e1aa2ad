//! Findings for people, drawn by miette; plain sentences for screen readers and odd terminals.

use std::collections::{BTreeMap, BTreeSet};

use diagnostics::{Diagnostic, Report, Severity, Sources, plural};
use miette::{GraphicalReportHandler, GraphicalTheme, NarratableReportHandler};

use textwrap::{WordSeparator, WordSplitter};

use crate::io::Terminal;
use crate::ui::{figures, prose};

/// Nobody reads more at once; and each is looked for in its file from the first line on.
const DRAWN: usize = 100;

/// All findings, one below the other, ending in a blank line each; then who tells more about them. Of
/// very many the first ones, errors before all others, and how many there are besides.
pub(crate) fn render(diagnostics: &[Diagnostic], sources: &Sources, terminal: Terminal) -> String {
    let mut chosen: Vec<&Diagnostic> = diagnostics.iter().collect();
    if chosen.len() > DRAWN {
        chosen.sort_by_key(|one| one.severity() != Severity::Error);
    }
    let left_out = chosen.split_off(chosen.len().min(DRAWN));
    let mut out: String = chosen.iter().map(|d| one(&Report::new(d, sources), terminal)).collect();
    if !left_out.is_empty() {
        out.push_str(&prose::sentence(&besides(&left_out), terminal.of_stderr()));
        out.push_str("\n\n");
    }
    if let Some(text) = more(diagnostics) {
        out.push_str(&prose::sentence(&text, terminal.of_stderr()));
        out.push('\n');
    }
    out
}

/// `and 9,900 more: 9,850 BAS401, 50 LNT602; a format for programs, such as JSON, has all of them`
fn besides(left_out: &[&Diagnostic]) -> String {
    let mut codes: BTreeMap<&str, u64> = BTreeMap::new();
    left_out.iter().for_each(|one| *codes.entry(one.code.id).or_default() += 1);
    let codes: Vec<_> =
        codes.iter().map(|(code, n)| format!("{} {code}", figures::count(*n))).collect();
    format!(
        "and {} more: {}; a format for programs, such as JSON, has all of them",
        figures::count(left_out.len() as u64),
        codes.join(", ")
    )
}

/// Notes speak for themselves.
fn more(diagnostics: &[Diagnostic]) -> Option<String> {
    let serious = diagnostics.iter().filter(|one| one.severity() != Severity::Note);
    let codes: BTreeSet<&str> = serious.map(|one| one.code.id).collect();
    let mut codes = codes.into_iter();
    match (codes.next(), codes.next()) {
        (None, _) => None,
        (Some(one), None) => Some(format!("`cutover explain {one}` tells more")),
        (Some(first), Some(second)) => {
            let all: Vec<&str> = [first, second].into_iter().chain(codes).collect();
            Some(format!("`cutover explain CODE` tells more about {}", all.join(", ")))
        }
    }
}

/// The finding, then its places in other files.
fn one(report: &Report, terminal: Terminal) -> String {
    let parts = std::iter::once(report).chain(report.related());
    parts.map(|part| drawn(part, terminal)).collect::<String>() + "\n"
}

fn drawn(report: &Report, terminal: Terminal) -> String {
    let mut text = String::new();
    let drawn = if terminal.graphics {
        graphical(terminal).render_report(&mut text, report)
    } else {
        NarratableReportHandler::new().render_report(&mut text, report)
    };
    // Only a span outside its source makes the handlers fail; the message must not be lost then.
    if drawn.is_err() {
        text = format!("{report}\n");
    }
    let mut lines: Vec<String> =
        text.trim_matches('\n').lines().map(|line| line.trim_end().to_owned()).collect();
    let terminal = terminal.of_stderr();
    let notes = report.notes().iter();
    lines.push(notes.map(|note| prose::hanging(note, "  note: ", "        ", terminal)).collect());
    lines.join("\n").trim_end().to_owned() + "\n"
}

fn graphical(terminal: Terminal) -> GraphicalReportHandler {
    let theme = match (terminal.unicode, terminal.colour) {
        (true, true) => GraphicalTheme::unicode(),
        (true, false) => GraphicalTheme::unicode_nocolor(),
        (false, true) => GraphicalTheme {
            characters: miette::ThemeCharacters::ascii(),
            ..GraphicalTheme::unicode()
        },
        (false, false) => GraphicalTheme::none(),
    };
    // Names of files and runs stay whole, so that they can be copied.
    GraphicalReportHandler::new_themed(theme)
        .with_width(terminal.width)
        .with_links(false)
        .with_break_words(false)
        .with_word_separator(WordSeparator::AsciiSpace)
        .with_word_splitter(WordSplitter::NoHyphenation)
}

/// `2 errors, 1 warning`; empty where there is nothing to count. Notes are not counted.
pub(crate) fn count(diagnostics: &[Diagnostic]) -> String {
    let of = |severity| diagnostics.iter().filter(|d| d.severity() == severity).count();
    let parts = [(of(Severity::Error), "error"), (of(Severity::Warning), "warning")];
    let shown: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, noun)| plural(*n, noun)).collect();
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use diagnostics::code;

    use super::*;

    /// Errors stand before what else there is, and nothing is dropped without a word.
    #[test]
    fn of_very_many_the_first_are_drawn_and_the_others_counted() {
        let of =
            |code, n: usize| (0..n).map(move |at| Diagnostic::new(code, format!("finding {at}")));
        let found: Vec<_> =
            of(&code::FOREIGN_KEY_WITHOUT_INDEX, 100).chain(of(&code::SQL_SYNTAX, 1_150)).collect();
        let text = render(&found, &Sources::default(), Terminal::NONE);
        let drawn = text.matches("finding ").count();
        assert_eq!(drawn, DRAWN, "{text}");
        assert!(
            !text.contains("LNT602]") && text.contains("and 1,150 more: 1,050 CAT301, 100 LNT602")
        );
        let few = render(&found[..DRAWN], &Sources::default(), Terminal::NONE);
        assert!(!few.contains(" more: "), "{few}");
    }
}
