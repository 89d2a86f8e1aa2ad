//! Findings for people, drawn by miette; plain sentences for screen readers and odd terminals.

use std::collections::BTreeSet;

use diagnostics::{Diagnostic, Report, Severity, Sources, plural};
use miette::{GraphicalReportHandler, GraphicalTheme, NarratableReportHandler};

use textwrap::{WordSeparator, WordSplitter};

use crate::io::Terminal;
use crate::ui::prose;

/// All findings, one below the other, ending in a blank line each; then who tells more about them.
pub(crate) fn render(diagnostics: &[Diagnostic], sources: &Sources, terminal: Terminal) -> String {
    let mut out: String =
        diagnostics.iter().map(|d| one(&Report::new(d, sources), terminal)).collect();
    if let Some(text) = more(diagnostics) {
        out.push_str(&prose::sentence(&text, terminal.of_stderr()));
        out.push('\n');
    }
    out
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
