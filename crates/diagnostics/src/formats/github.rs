//! Annotations of GitHub Actions: one workflow command per finding. The escapes are those of
//! `escapeData` and `escapeProperty` in actions/toolkit, packages/core/src/command.ts.

use super::{Findings, Place, in_full};
use crate::{Diagnostic, Severity};

pub(super) fn write(findings: &Findings<'_>) -> String {
    findings.all().map(|(group, one)| command(one, findings.place(group, one).as_ref())).collect()
}

/// `::error file=plan.yaml,line=3,col=5,endColumn=9,title=PLN104 unknown-key::message`
fn command(one: &Diagnostic, place: Option<&Place>) -> String {
    let word = match one.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = properties(place);
    properties.push(("title", format!("{} {}", one.code.id, one.code.name)));
    let properties: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
    format!("::{word} {}::{}\n", properties.join(","), data(&in_full(one)))
}

/// Columns only where the finding is on one line: GitHub refuses them elsewhere.
fn properties(place: Option<&Place>) -> Vec<(&'static str, String)> {
    let Some(place) = place else { return Vec::new() };
    let mut properties = vec![("file", place.path.clone())];
    let Some(region) = place.region else { return properties };
    properties.push(("line", region.line.to_string()));
    if region.end_line == region.line {
        properties.push(("col", region.column.to_string()));
        properties.push(("endColumn", region.end_column.to_string()));
    } else {
        properties.push(("endLine", region.end_line.to_string()));
    }
    properties
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
