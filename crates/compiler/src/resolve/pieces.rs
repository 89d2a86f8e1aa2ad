//! Pieces of SQL in YAML. Each must be whole before a statement is made of it: else the finding would
//! point at the statement, which nobody wrote, and the rest of the plan would be held against it.

use diagnostics::{Diagnostic, SourceText, code};
use plan::model::{Body, ColumnValue, Component, ConstraintRule, Load};
use sql::Dialect;

use super::Context;

/// The component with each piece that is not whole left empty, and whether there was one. What is
/// wrong with it is a finding.
pub(super) fn sound(cx: &mut Context<'_>, component: &Component) -> (Component, bool) {
    let mut sound = component.clone();
    let mut broken = false;
    for piece in of_component(&mut sound.body) {
        let findings = faults(piece, cx.dialect);
        if !findings.is_empty() {
            cx.findings.extend(findings);
            *piece = SourceText::verbatim(String::new(), piece.span);
            broken = true;
        }
    }
    (sound, broken)
}

/// Of all load rules: they are SQLite's SQL whatever the target is.
pub(super) fn of_loads(cx: &mut Context<'_>) {
    let pieces = cx.plan.loads.iter().flat_map(of_load);
    let findings: Vec<_> = pieces.flat_map(|piece| faults(piece, Dialect::Sqlite)).collect();
    cx.findings.extend(findings);
}

fn of_component(body: &mut Body) -> Vec<&mut SourceText> {
    match body {
        Body::Table(table) => {
            let columns = table.columns.iter_mut().map(|column| &mut column.definition);
            columns.chain(&mut table.options).collect()
        }
        Body::Index(index) => index.columns.iter_mut().chain(&mut index.predicate).collect(),
        Body::Constraint(constraint) => match &mut constraint.rule {
            ConstraintRule::Check(piece) | ConstraintRule::Definition(piece) => vec![piece],
            ConstraintRule::Unique(_) | ConstraintRule::ForeignKey { .. } => Vec::new(),
        },
        Body::Sequence { options } => options.iter_mut().collect(),
        // A view's query ends its statement, and may say so.
        Body::View(_)
        | Body::Grant(_)
        | Body::Comment(_)
        | Body::Enum(_)
        | Body::Extension
        | Body::Sql(_) => Vec::new(),
    }
}

fn of_load(load: &Load) -> impl Iterator<Item = &SourceText> {
    let values = load.columns.iter().filter_map(|column| match &column.value {
        ColumnValue::Sql(piece) => Some(piece),
        ColumnValue::Column(_) | ColumnValue::Apart { .. } | ColumnValue::Omit(_) => None,
    });
    load.filter.iter().chain(values)
}

/// Open quotes, parentheses without their other half, and what follows a `;`.
fn faults(piece: &SourceText, dialect: Dialect) -> Vec<Diagnostic> {
    let (statements, findings) = sql::split(piece, dialect);
    if !findings.is_empty() {
        return findings;
    }
    let last = piece.text.trim_end().len();
    let place = match statements.get(1) {
        Some(second) => second.text.span,
        None if piece.text[..last].ends_with(';') => piece.span_of(last - 1..last),
        None => return Vec::new(),
    };
    let finding = Diagnostic::new(&code::SQL_SYNTAX, "a `;` ends the SQL that this is a part of")
        .label(place, "outside of it")
        .help("take the `;` and what follows out");
    vec![finding]
}
