//! What an editor offers to do about a finding: add what the baseline has and the plan lacks, or
//! waive a hazard with a reason and a date. Both are text for a person to finish and review.

use std::collections::HashMap;
use std::path::Path;

use catalog::{Kind, ObjectKey};
use diagnostics::{Diagnostic, Family, code};
use jiff::ToSpan as _;
use lsp_types::{CodeAction, CodeActionKind, CodeActionOrCommand, Range, TextEdit, WorkspaceEdit};

use super::analysis::Analysis;
use super::documents::uri_of;
use super::text;

/// How long a waiver is offered for; long enough to mend what it permits.
const WAIVED_DAYS: i64 = 90;

pub(super) fn actions(analysis: &Analysis, file: &Path, range: Range) -> Vec<CodeActionOrCommand> {
    let here = |finding: &&Diagnostic| {
        let place = analysis.range_of(finding);
        analysis.is_in(finding, file) && place.start <= range.end && range.start <= place.end
    };
    let found = analysis.findings.iter().filter(here);
    found.flat_map(|finding| [add(analysis, finding), waive(analysis, finding)]).flatten().collect()
}

/// The component as the baseline writes it, under its kind.
fn add(analysis: &Analysis, finding: &Diagnostic) -> Option<CodeActionOrCommand> {
    if finding.code != &code::BASELINE_MISSING_COMPONENT {
        return None;
    }
    let baseline = analysis.outline.as_ref()?.schemas.baseline.as_ref()?;
    let (key, statement) = finding.labels.iter().find_map(|label| {
        let place = analysis.same_place(label.span)?;
        let (key, _) = baseline.objects().find(|(_, span)| *span == place)?;
        let statement = baseline.statement(&key)?;
        Some((key, statement))
    })?;
    let edit =
        insert(analysis.text(), &["components", section(key.kind)?], &entry(&key, &statement));
    action(analysis, finding, format!("add {} `{}`", key.kind.word(), key.name), edit)
}

fn section(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Table => "tables",
        Kind::Index => "indexes",
        Kind::Constraint => "constraints",
        Kind::Sequence => "sequences",
        Kind::View | Kind::MaterializedView => "views",
        Kind::Function => "functions",
        Kind::Trigger => "triggers",
        Kind::Type | Kind::Domain => "types",
        Kind::Policy => "policies",
        _ => return None,
    })
}

/// `name: |` with the statement below.
fn entry(key: &ObjectKey, statement: &str) -> Vec<String> {
    let lines = statement.lines().map(|line| format!("  {line}").trim_end().to_owned());
    std::iter::once(format!("{}: |", key.name)).chain(lines).collect()
}

fn waive(analysis: &Analysis, finding: &Diagnostic) -> Option<CodeActionOrCommand> {
    if !matches!(finding.code.family, Family::Hazard | Family::Lint) {
        return None;
    }
    let expires = crate::today().checked_add(WAIVED_DAYS.days()).ok()?;
    let mut entry = vec![format!("- allow: {}", finding.code.name)];
    // For this one alone, where the finding stands at a name.
    entry.extend(analysis.name_at(finding).map(|name| format!("  on: {name}")));
    entry.push("  reason: why this is safe here".to_owned());
    entry.push("  owner: who answers for it".to_owned());
    entry.push(format!("  expires: {expires}"));
    let edit = insert(analysis.text(), &["waivers"], &entry);
    action(analysis, finding, format!("waive `{}` until {expires}", finding.code.name), edit)
}

/// Adds `entry` below the last of `path`, whose missing keys are made.
fn insert(text: &str, path: &[&str], entry: &[String]) -> TextEdit {
    let (mut at, mut depth) = (None, 0);
    for key in path {
        let from = at.unwrap_or(0);
        let wanted = format!("{}{key}:", "  ".repeat(depth));
        let Some(line) = line_at(text, from, &wanted) else { break };
        at = Some(line);
        depth += 1;
    }
    let missing = path[depth..].iter().enumerate();
    let mut lines: Vec<String> =
        missing.map(|(nth, key)| format!("{}{key}:", "  ".repeat(depth + nth))).collect();
    lines.extend(entry.iter().map(|line| format!("{}{line}", "  ".repeat(path.len()))));
    // A key that is there gets the entry as its first; a new one goes to the end of the file.
    let place = at.unwrap_or(text.len());
    let before =
        if place == text.len() && !text.is_empty() && !text.ends_with('\n') { "\n" } else { "" };
    let new_text = format!("{before}{}\n", lines.join("\n"));
    TextEdit { range: text::range(text, place..place), new_text }
}

/// The byte behind the first line from `from` on that is `wanted` with nothing but a comment behind.
fn line_at(text: &str, from: usize, wanted: &str) -> Option<usize> {
    let mut at = from;
    for line in text[from..].split_inclusive('\n') {
        at += line.len();
        let rest = line.strip_prefix(wanted).map(str::trim);
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('#')) {
            return Some(at);
        }
    }
    None
}

fn action(
    analysis: &Analysis,
    finding: &Diagnostic,
    title: String,
    edit: TextEdit,
) -> Option<CodeActionOrCommand> {
    // The protocol's own type; it holds one file.
    #[allow(clippy::mutable_key_type)]
    let changes = HashMap::from([(uri_of(&analysis.path)?, vec![edit])]);
    Some(CodeActionOrCommand::CodeAction(CodeAction {
        title,
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: Some(vec![analysis.shown(finding)]),
        edit: Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }),
        ..CodeAction::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inserted(text: &str, path: &[&str], entry: &[&str]) -> String {
        let entry: Vec<String> = entry.iter().map(|line| (*line).to_owned()).collect();
        let edit = insert(text, path, &entry);
        let at = text::offset(text, edit.range.start);
        format!("{}{}{}", &text[..at], edit.new_text, &text[at..])
    }

    #[test]
    fn entries_go_under_their_key() {
        let path = ["components", "indexes"];
        assert_eq!(
            inserted("components:\n  indexes:  # all\n    a: x\n", &path, &["b: |", "  y"]),
            "components:\n  indexes:  # all\n    b: |\n      y\n    a: x\n"
        );
        assert_eq!(
            inserted("name: x\ncomponents:\n  tables:\n    t: y\n", &path, &["b: z"]),
            "name: x\ncomponents:\n  indexes:\n    b: z\n  tables:\n    t: y\n"
        );
        assert_eq!(inserted("name: x", &["waivers"], &["- a"]), "name: x\nwaivers:\n  - a\n");
    }
}
