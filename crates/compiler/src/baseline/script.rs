//! Both schemas through the same normaliser, and what it refuses.

use std::collections::BTreeSet;

use catalog::{Normalised, Normaliser, StatementError};
use diagnostics::{Diagnostic, Span, code};
use sql::{Class, Statement};

use crate::lower::Draft;
use crate::resolve::{Context, Resolved};

/// A script as the engine took it.
pub(super) struct Applied {
    pub(super) normalised: Normalised,
    /// Names of what was refused: what differs because of that is not reported again.
    pub(super) broken: BTreeSet<String>,
}

/// The drafts that build components, in order, without those in which an error was found.
pub(super) fn of_plan(resolved: &Resolved, drafts: &[Draft], order: &[usize]) -> Vec<usize> {
    let builds =
        |draft: &usize| drafts[*draft].item.is_some_and(|item| !resolved.items[item].broken);
    order.iter().copied().filter(builds).collect()
}

pub(super) fn apply_plan(
    cx: &mut Context<'_>,
    resolved: &mut Resolved,
    drafts: &[Draft],
    own: &[usize],
    normaliser: &mut dyn Normaliser,
) -> Option<Applied> {
    let items: Vec<usize> = own.iter().filter_map(|&draft| drafts[draft].item).collect();
    let statements: Vec<&Statement> =
        items.iter().map(|&item| &resolved.items[item].statement).collect();
    let normalised = normalise(cx, &statements, normaliser)?;
    let mut refused = Vec::new();
    for error in &normalised.errors {
        let Some(&item) = items.get(error.statement) else { continue };
        if !follows(resolved, drafts, item) {
            let finding = refusal(&resolved.items[item].statement, error);
            cx.find(finding);
        }
        refused.push(item);
        resolved.items[item].broken = true;
    }
    let broken = resolved.items.iter().filter(|item| item.broken);
    let mut names: BTreeSet<String> = BTreeSet::new();
    for item in broken {
        names.insert(item.key.name.split('(').next().unwrap_or("").trim().to_owned());
        names.extend(objects(&item.statement));
    }
    Some(Applied { normalised, broken: names })
}

/// Whether the step needs, directly or not, one that is broken already.
fn follows(resolved: &Resolved, drafts: &[Draft], item: usize) -> bool {
    let draft = |id: &str| drafts.iter().find(|draft| draft.id == id);
    let mut open: Vec<&Draft> = drafts.iter().filter(|draft| draft.item == Some(item)).collect();
    let mut seen = BTreeSet::new();
    while let Some(at) = open.pop() {
        for need in &at.needs {
            let Some(needed) = draft(&need.on).filter(|_| seen.insert(need.on.as_str())) else {
                continue;
            };
            if needed.item.is_some_and(|item| resolved.items[item].broken) {
                return true;
            }
            open.push(needed);
        }
    }
    false
}

pub(super) fn apply_baseline(
    cx: &mut Context<'_>,
    statements: &[Statement],
    normaliser: &mut dyn Normaliser,
) -> Option<Applied> {
    let all: Vec<&Statement> = statements.iter().collect();
    let normalised = normalise(cx, &all, normaliser)?;
    let (findings, broken) = refusals(statements, &normalised.errors);
    cx.findings.extend(findings);
    Some(Applied { normalised, broken })
}

/// A finding for each refusal that does not follow from an earlier one, and the names of all that
/// was refused.
pub(super) fn refusals(
    statements: &[Statement],
    errors: &[StatementError],
) -> (Vec<Diagnostic>, BTreeSet<String>) {
    let (mut findings, mut broken) = (Vec::new(), BTreeSet::new());
    for error in errors {
        let Some(statement) = statements.get(error.statement) else { continue };
        let known = sql::identifiers(statement).iter().any(|name| broken.contains(&name.name));
        if !known {
            findings.push(refusal(statement, error));
        }
        broken.extend(statement.class.name().map(|name| name.name.clone()));
        broken.extend(objects(statement));
    }
    (findings, broken)
}

/// What a grant or comment is on.
fn objects(statement: &Statement) -> Vec<String> {
    match &statement.class {
        Class::Grant { objects, .. } => {
            objects.iter().map(|object| object.name.name.clone()).collect()
        }
        Class::Comment { object, .. } => vec![object.name.name.clone()],
        _ => Vec::new(),
    }
}

fn normalise(
    cx: &mut Context<'_>,
    statements: &[&Statement],
    normaliser: &mut dyn Normaliser,
) -> Option<Normalised> {
    match normaliser.normalise_read(statements) {
        Ok(normalised) => Some(normalised),
        Err(why) => {
            cx.find(Diagnostic::new(&code::NO_SCRATCH, why).label(cx.plan.name.span, "this plan"));
            None
        }
    }
}

fn refusal(statement: &Statement, error: &StatementError) -> Diagnostic {
    let message = format!("the engine refuses the statement: {}", error.message);
    let place = error.offset.map_or(statement.name_span(), |at| place(statement, at));
    let finding = Diagnostic::new(&code::STATEMENT_REFUSED, message).label(place, "refused here");
    match &error.sqlstate {
        Some(state) => finding.note(format!("SQLSTATE {state}")),
        None => finding,
    }
}

/// The token at a byte of the statement.
fn place(statement: &Statement, at: usize) -> Span {
    let token = statement.tokens.iter().find(|token| token.range.contains(&at));
    match token {
        Some(token) => statement.text.span_of(token.range.clone()),
        None => statement.text.span_of(at..at + 1),
    }
}
