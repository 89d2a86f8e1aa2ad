//! Constraints go where the engine builds them best: on PostgreSQL out of CREATE TABLE, to be added
//! after the rows are in; on SQLite, which cannot add one later, into CREATE TABLE.

use std::collections::BTreeSet;

use diagnostics::Spanned;
use plan::model::{Body, ComponentKind};
use sql::create_table::LiftedConstraint;

use super::{Context, Draft, Resolved, add, rewrite};
use crate::item::Role;
use crate::sqltext::SqlText;
use crate::write;

/// PostgreSQL: keys, unique, foreign key and exclude constraints become components of their own.
pub(super) fn lift(cx: &mut Context<'_>, resolved: &mut Resolved) {
    let copied = copied_tables(cx, resolved);
    let mut drafts = Vec::new();
    for item in &mut resolved.items {
        let Some(definition) = &item.definition else { continue };
        // `LIKE t INCLUDING INDEXES` copies what stands in CREATE TABLE, not what comes later.
        if copied.contains(&cx.dialect.key(&item.key.name)) {
            continue;
        }
        let lifted = sql::create_table::lift(&item.statement, definition);
        if lifted.constraints.is_empty() {
            continue;
        }
        for constraint in &lifted.constraints {
            drafts.extend(added(cx, &item.key.name, constraint));
        }
        if let Some(statement) = rewrite::statement(&lifted.table, cx.dialect) {
            item.definition = sql::create_table::parse(&statement).map(Box::new);
            item.statement = statement;
        }
    }
    // Named ones first, so that the names made for the others keep out of their way.
    drafts.sort_by_key(|draft: &Draft| {
        super::columns::constraint(&draft.statement).is_some_and(|piece| piece.name.is_none())
    });
    add(cx, resolved, drafts);
}

fn copied_tables(cx: &Context<'_>, resolved: &Resolved) -> BTreeSet<String> {
    let definitions = resolved.items.iter().filter_map(|item| item.definition.as_ref());
    definitions
        .flat_map(|definition| &definition.likes)
        .map(|(name, _)| cx.dialect.key(&name.name))
        .collect()
}

/// `ALTER TABLE t ADD …`, with the way back to where the constraint stands.
fn added(cx: &Context<'_>, table: &str, constraint: &LiftedConstraint) -> Option<Draft> {
    let mut text = SqlText::new(constraint.span, cx.dialect);
    let name = |name: &str| Spanned::new(name.to_owned(), constraint.span);
    text.word("ALTER TABLE ").name(&name(table)).word(" ADD ");
    if let Some(own) = &constraint.name {
        text.word("CONSTRAINT ").name(&name(own)).word(" ");
    }
    text.word(&constraint.prefix).piece(&constraint.text);
    let statement = rewrite::statement(&text.done(), cx.dialect)?;
    Some(Draft { statement, place: constraint.span, broken: false })
}

/// SQLite: constraints of their own in YAML become part of their table's statement.
pub(super) fn into_tables(cx: &mut Context<'_>, resolved: &mut Resolved) {
    for component in &cx.plan.components {
        let Body::Constraint(constraint) = &component.body else { continue };
        let table = cx.dialect.key(&constraint.table.value);
        let Some(facts) = resolved.tables.get(&table) else { continue };
        let (at, name) = (facts.item, &component.name.value);
        let Some(item) = resolved.items.iter_mut().find(|item| {
            item.key.kind == ComponentKind::Constraint
                && item.place == component.name.span
                && item.key.name == *name
        }) else {
            continue;
        };
        item.folded = true;
        let table = &mut resolved.items[at];
        let Some(body) = table.definition.as_ref().and_then(|table| table.body.clone()) else {
            continue;
        };
        let old = &table.statement.text;
        // After the last token, so that a comment before the parenthesis stays one.
        let inside = table.statement.tokens.iter().filter(|token| token.range.end <= body.end);
        let end = inside.map(|token| token.range.end).max().unwrap_or(body.end);
        let mut text = SqlText::new(old.span.to(component.span), cx.dialect);
        text.piece(&old.slice(0..end)).word(",\n    ");
        write::constraint_clause(&mut text, component, constraint);
        text.piece(&old.slice(end..old.text.len()));
        if let Some(statement) = rewrite::statement(&text.done(), cx.dialect) {
            table.definition = sql::create_table::parse(&statement).map(Box::new);
            table.statement = statement;
        }
    }
    debug_assert!(resolved.items.iter().all(|item| !item.folded || item.role != Role::Table));
}
