//! Plain text form of a diagnostic, for tests and logs; the CLI has the graphical one.

use std::fmt::Write as _;

use crate::{Diagnostic, Sources};

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
