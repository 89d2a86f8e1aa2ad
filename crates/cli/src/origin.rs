//! From a finding of the runtime to the line of the plan it belongs to.

use diagnostics::{Diagnostic, Span};
use ir::Origin;
use runtime::run::Finding;

use crate::failure::from_engine;
use crate::plan_input::Texts;

/// The findings with their places in the plan's files.
pub(crate) fn diagnostics(findings: &[Finding], texts: &mut Texts) -> Vec<Diagnostic> {
    findings.iter().map(|finding| diagnostic(finding, texts)).collect()
}

fn diagnostic(finding: &Finding, texts: &mut Texts) -> Diagnostic {
    let mut error = finding.error.clone();
    // An engine has no other way to say where a statement of the plan stands.
    let named = error.object.as_deref().and_then(parse);
    if named.is_some() {
        error.object = None;
    }
    let mut diagnostic = from_engine(&error);
    if let Some(origin) = named.as_ref().or(finding.origin.as_ref()) {
        diagnostic = match span(origin, texts) {
            Some(span) => diagnostic.label(span, ""),
            None => diagnostic.note(format!("written at {}:{}", origin.file, origin.line)),
        };
    }
    match (&finding.stage, &finding.step) {
        (Some(stage), Some(step)) => diagnostic.note(format!("in stage {stage}, step {step}")),
        (Some(stage), None) => diagnostic.note(format!("in stage {stage}")),
        _ => diagnostic,
    }
}

/// `plan.yaml:12:3`
fn parse(place: &str) -> Option<Origin> {
    let (rest, column) = place.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some(Origin { file: file.to_owned(), line: line.parse().ok()?, column: column.parse().ok()? })
}

/// From the origin's column to the end of its line; `None` where the file is not at hand or has
/// changed so much that the place is not there any more.
pub(crate) fn span(origin: &Origin, texts: &mut Texts) -> Option<Span> {
    let id = texts.find(&origin.file)?;
    let text = &texts.shown.file(id).text;
    let start = match origin.line.checked_sub(2) {
        None => 0,
        Some(before) => text.match_indices('\n').nth(before as usize)?.0 + 1,
    };
    let line = text[start..].lines().next()?;
    let column = origin.column.saturating_sub(1) as usize;
    let skip = line.char_indices().nth(column).map(|(at, _)| at)?;
    let end = start + line.trim_end().len();
    (start + skip < end).then(|| Span::new(id, start + skip..end))
}
