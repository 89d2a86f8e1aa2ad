//! Own SQL of stages: statement by statement, each a step, in the order written.

use std::collections::BTreeSet;

use diagnostics::{Span, code};
use ir::{Action, Hazard, Place};
use sql::{Class, Statement};

use super::{FoundHazard, Lowering, exposure, locks};
use crate::item::Role;
use crate::resolve::{Context, rewrite};
use crate::stages;

impl Lowering<'_> {
    pub(super) fn own_sql(&mut self, cx: &mut Context<'_>) {
        for stage in 0..self.stages.list.len() {
            let Some(sql) = self.stages.list[stage].sql() else { continue };
            let (statements, findings) = sql::split(sql, cx.dialect);
            cx.findings.extend(findings);
            let homes = [cx.schema.clone()];
            let statements = statements.into_iter().map(|one| rewrite::at_home(one, &homes));
            let statements: Vec<Statement> = statements
                .filter(|one| {
                    !matches!(one.class, Class::Transaction { .. } | Class::PsqlMeta { .. })
                })
                .collect();
            self.own_steps(cx, stage, &statements);
            self.after_chained(stage);
        }
    }

    fn own_steps(&mut self, cx: &Context<'_>, stage: usize, statements: &[Statement]) {
        let name = self.stages.list[stage].name.to_owned();
        let inside = self.steps_of(stage);
        let inside: Vec<String> = inside.iter().map(|&at| self.drafts[at].id.clone()).collect();
        let width = statements.len().to_string().len();
        let mut before: Option<String> = None;
        for (number, statement) in statements.iter().enumerate() {
            let place = statement.text.span;
            // Numbers of one width, so that ids sort in the order written.
            let id = format!("sql/{name}/{:0width$}", number + 1);
            let sql = statement.text.text.clone();
            let action = Action::Execute { sql, place: Place::Staging };
            let at = self.push(&id, stage, action, place);
            self.need_staging(at);
            match &before {
                Some(before) => {
                    self.need(at, before, "own SQL runs in the order written".into(), place);
                }
                None => {
                    for id in &inside {
                        let reason = format!("what stage `{name}` builds comes before its own SQL");
                        self.need(at, id, reason, place);
                    }
                }
            }
            let tables = self.tables_in(cx, statement);
            self.need_used(cx, at, statement, &tables);
            self.drafts[at].locks = locks::of_sql(statement, &tables);
            self.drafts[at].hazards.extend(exposure::of_own_sql(statement, &name, &tables, place));
            self.drafts[at].hazards.extend(data_loss(statement, &name, tables, place));
            before = Some(id);
        }
    }

    /// The tables, types, sequences and functions that the SQL uses, where they are built first.
    fn need_used(&mut self, cx: &Context<'_>, at: usize, statement: &Statement, tables: &[String]) {
        let names: BTreeSet<String> = sql::identifiers(statement)
            .into_iter()
            .map(|name| cx.dialect.key(&name.name))
            .collect();
        let create = self.stages.built_in(stages::CREATE);
        let mut used = Vec::new();
        for (item, owner) in self.resolved.items.iter().zip(&self.owners.items) {
            let name = item.key.bare();
            let own = match item.role {
                Role::Table | Role::TableChange => {
                    item.table.as_ref().is_some_and(|table| tables.contains(table))
                }
                Role::Type | Role::Sequence | Role::Function => {
                    *owner == create && names.contains(&cx.dialect.key(name))
                }
                _ => false,
            };
            if own && !item.folded {
                used.push((item.id.clone(), item.key.shown()));
            }
        }
        for (id, shown) in used {
            let reason = format!("the SQL uses {shown}");
            self.need(at, &id, reason, statement.text.span);
        }
    }

    fn tables_in(&self, cx: &Context<'_>, statement: &Statement) -> Vec<String> {
        let names = sql::identifiers(statement).into_iter().map(|name| cx.dialect.key(&name.name));
        let mut tables: Vec<String> = names
            .filter_map(|name| self.resolved.tables.get(&name).map(|facts| facts.name.clone()))
            .collect();
        tables.sort();
        tables.dedup();
        tables
    }

    fn after_chained(&mut self, stage: usize) {
        let name = self.stages.list[stage].name;
        let first = format!("sql/{name}/");
        let Some(at) = self.drafts.iter().position(|draft| draft.id.starts_with(&first)) else {
            return;
        };
        let place = self.drafts[at].place;
        for &(_, earlier) in self.stages.chained.iter().filter(|(later, _)| *later == stage) {
            let Some(last) = self.last_own(earlier) else { continue };
            let reason = format!(
                "stage `{name}` is written after stage `{}`, and both have own SQL",
                self.stages.list[earlier].name
            );
            self.need(at, &last, reason, place);
        }
    }
}

/// `DELETE`, `TRUNCATE` and `DROP` of staged data: the source keeps it, the target will not have it.
fn data_loss(
    statement: &Statement,
    stage: &str,
    tables: Vec<String>,
    place: Span,
) -> Option<FoundHazard> {
    let word = match &statement.class {
        Class::Delete { .. } => "DELETE",
        Class::Drop { .. } => "DROP",
        Class::Other { words } if words.starts_with("truncate") => "TRUNCATE",
        Class::AlterTable { actions, .. }
            if actions
                .iter()
                .any(|action| matches!(action, sql::AlterAction::DropColumn { .. })) =>
        {
            "DROP COLUMN"
        }
        _ => return None,
    };
    let of = if tables.is_empty() { String::new() } else { format!(" of {}", tables.join(", ")) };
    let message =
        format!("`{word}` in stage `{stage}` deletes rows{of} that were loaded and verified");
    let mut subjects = vec![stage.to_owned()];
    subjects.extend(tables);
    Some(FoundHazard {
        hazard: Hazard { code: code::DATA_LOSS.id.to_owned(), message, waived_by: None },
        code: &code::DATA_LOSS,
        subjects,
        place,
    })
}
