//! Markdown for a comment in a pull request: the count, then the findings with their places.

use std::fmt::Write as _;

use super::{Findings, Group, printable};
use crate::{Diagnostic, Severity, plural};

/// GitHub refuses comments of more than 65,536 characters.
const MOST: usize = 60_000;

pub(super) fn write(findings: &Findings<'_>) -> String {
    let mut out = head(findings);
    let total = findings.all().count();
    for (at, (group, one)) in findings.all().enumerate() {
        let item = item(findings, group, one);
        if out.len() + item.len() > MOST {
            let _ = writeln!(out, "- and {} more", total - at);
            break;
        }
        out.push_str(&item);
    }
    out
}

/// `**cutover check: 2 errors, 1 warning** in 3 plans`
fn head(findings: &Findings<'_>) -> String {
    let kinds =
        [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")];
    let counted = kinds.map(|(severity, noun)| (findings.count(severity), noun));
    let parts: Vec<String> =
        counted.iter().filter(|(n, _)| *n > 0).map(|(n, noun)| plural(*n, noun)).collect();
    let found = if parts.is_empty() { "nothing found".to_owned() } else { parts.join(", ") };
    let subjects = match findings.groups {
        [one] => code(one.subject),
        many => plural(many.len(), "plan"),
    };
    let gap = if parts.is_empty() { "" } else { "\n" };
    format!("**cutover {}: {found}** in {subjects}\n{gap}", findings.command)
}

fn item(findings: &Findings<'_>, group: &Group<'_>, one: &Diagnostic) -> String {
    let place = match findings.place(group, one) {
        Some(place) => match place.region {
            Some(region) => code(&format!("{}:{}", place.path, region.line)),
            None => code(&place.path),
        },
        None => code(group.subject),
    };
    let mut out =
        format!("- **{}** {} {place}: {}\n", one.severity(), one.code.id, escaped(&one.message));
    for note in &one.notes {
        let _ = writeln!(out, "  <br>note: {}", escaped(note));
    }
    if let Some(help) = &one.help {
        let _ = writeln!(out, "  <br>help: {}", escaped(help));
    }
    out
}

/// A code span (CommonMark 0.31, 6.1): fenced by more backticks than it holds.
pub fn code(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let longest = line.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if line.starts_with('`') || line.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{line}{pad}{fence}")
}

/// Words of people in one line: nothing in them is markup, but the code spans of our own messages
/// stay.
pub fn escaped(text: &str) -> String {
    let mut out = String::new();
    let mut in_code = false;
    let text = printable(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    // A backtick without its partner would make a span of the rest.
    let pairs = text.matches('`').count().is_multiple_of(2);
    for c in text.chars() {
        in_code ^= pairs && c == '`';
        let plain = in_code || (pairs && c == '`');
        if !plain && matches!(c, '\\' | '`' | '*' | '_' | '<' | '&' | '[' | ']' | '#' | '|' | '~') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
