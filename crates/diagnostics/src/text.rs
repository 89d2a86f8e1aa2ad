//! Plain text form of a diagnostic, for tests and logs; the CLI has the graphical one.

use std::fmt::Write as _;

use crate::{Diagnostic, Sources};

/// `1 table`, `2 tables`, `2 indexes`, `0 rows`.
pub fn plural(count: usize, noun: &str) -> String {
    if count == 1 {
        return format!("1 {noun}");
    }
    let suffix =
        if noun.ends_with('x') || noun.ends_with('s') || noun.ends_with("ch") { "es" } else { "s" };
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{count} {stem}ies"),
        _ => format!("{count} {noun}{suffix}"),
    }
}

/// `error[PLN104]: message`, then ` --> file:line:column: label` lines, then notes and help.
pub fn render(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let mut out =
        format!("{}[{}]: {}\n", diagnostic.severity(), diagnostic.code.id, diagnostic.message);
    for label in &diagnostic.labels {
        let file = sources.file(label.span.source);
        let at = file.position(label.span.start);
        let snippet = sources.snippet(label.span).lines().next().unwrap_or("");
        let _ = write!(out, "  --> {}:{}:{}: `{snippet}`", file.name, at.line, at.column);
        let _ =
            if label.text.is_empty() { writeln!(out) } else { writeln!(out, " {}", label.text) };
    }
    for note in &diagnostic.notes {
        let _ = writeln!(out, "  note: {note}");
    }
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(out, "  help: {help}");
    }
    out
}
