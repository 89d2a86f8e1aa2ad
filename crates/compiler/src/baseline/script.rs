//! Both schemas through the same normaliser, and what it refuses.

use std::collections::BTreeSet;

use catalog::{Normalised, Normaliser, StatementError};
use diagnostics::{Diagnostic, Span, code};
use sql::{AlterAction, Class, Statement};

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

/// What the plan builds and what its baseline holds, as the engine takes them; what it refuses of
/// either is a finding. `None` where there is nobody to ask.
pub(super) fn apply(
    cx: &mut Context<'_>,
    resolved: &mut Resolved,
    drafts: &[Draft],
    own: &[usize],
    baseline: &[Statement],
    normaliser: &mut dyn Normaliser,
) -> Option<[Applied; 2]> {
    let items: Vec<usize> = own.iter().filter_map(|&draft| drafts[draft].item).collect();
    let statements: Vec<&Statement> =
        items.iter().map(|&item| &resolved.items[item].statement).collect();
    let known: Vec<&Statement> = baseline.iter().collect();
    match normaliser.normalise_both([&statements, &known]) {
        Ok([built, expected]) => Some([
            applied_plan(cx, resolved, drafts, &items, built),
            applied_baseline(cx, baseline, expected),
        ]),
        Err(why) => {
            cx.find(no_scratch(cx, why));
            None
        }
    }
}

/// What the plan builds alone, for its findings, where the baseline cannot be read.
pub(super) fn apply_plan(
    cx: &mut Context<'_>,
    resolved: &mut Resolved,
    drafts: &[Draft],
    own: &[usize],
    normaliser: &mut dyn Normaliser,
) {
    let items: Vec<usize> = own.iter().filter_map(|&draft| drafts[draft].item).collect();
    let statements: Vec<&Statement> =
        items.iter().map(|&item| &resolved.items[item].statement).collect();
    match normaliser.normalise_read(&statements) {
        Ok(built) => drop(applied_plan(cx, resolved, drafts, &items, built)),
        Err(why) => cx.find(no_scratch(cx, why)),
    }
}

fn no_scratch(cx: &Context<'_>, why: String) -> Diagnostic {
    Diagnostic::new(&code::NO_SCRATCH, why).label(cx.plan.name.span, "this plan")
}

fn applied_plan(
    cx: &mut Context<'_>,
    resolved: &mut Resolved,
    drafts: &[Draft],
    items: &[usize],
    normalised: Normalised,
) -> Applied {
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
        names.insert(item.key.bare().to_owned());
        names.extend(objects(&item.statement));
    }
    Applied { normalised, broken: names }
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

fn applied_baseline(
    cx: &mut Context<'_>,
    statements: &[Statement],
    normalised: Normalised,
) -> Applied {
    let (findings, broken) = refusals(statements, &normalised.errors);
    cx.findings.extend(findings);
    Applied { normalised, broken }
}

/// A finding for each refusal that does not follow from an earlier one, and the names of all that
/// was refused.
pub(super) fn refusals(
    statements: &[Statement],
    errors: &[StatementError],
) -> (Vec<Diagnostic>, BTreeSet<String>) {
    let (mut findings, mut broken) = (Vec::new(), BTreeSet::new());
    let mut lacking: BTreeSet<String> = BTreeSet::new();
    for error in errors {
        let Some(statement) = statements.get(error.statement) else { continue };
        let follows = sql::identifiers(statement).iter().any(|name| lacking.contains(&name.name));
        if !follows {
            findings.push(refusal(statement, error));
        }
        lacking.extend(makes(statement));
        broken.extend(statement.class.name().map(|name| name.name.clone()));
        broken.extend(objects(statement));
    }
    (findings, broken)
}

/// Names that are not there because the statement was refused: what it changes is there all the
/// same, and other mistakes about it are mistakes of their own.
fn makes(statement: &Statement) -> Vec<String> {
    match &statement.class {
        Class::AlterTable { actions, .. } => {
            let added = actions.iter().filter_map(|action| match action {
                AlterAction::AddConstraint { name, .. } => name.clone(),
                AlterAction::AddColumn { column, .. } => Some(column.clone()),
                _ => None,
            });
            added.collect()
        }
        Class::AlterIndex { .. }
        | Class::AlterSequence { .. }
        | Class::AlterOther { .. }
        | Class::OwnerTo { .. }
        | Class::Comment { .. }
        | Class::Grant { .. }
        | Class::Drop { .. } => Vec::new(),
        class => class.name().map(|name| name.name.clone()).into_iter().collect(),
    }
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

fn refusal(statement: &Statement, error: &StatementError) -> Diagnostic {
    let kind = statement.kind().map_or("statement".to_owned(), |kind| format!("`{kind}`"));
    let message = format!("the engine refuses this {kind}: {}", error.message);
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
