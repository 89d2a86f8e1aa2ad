//! YAML and SQL files to one list of components, every name looked up.

mod check;
pub(crate) mod classify;
mod columns;
mod fold;
mod pieces;
pub(crate) mod read;
pub(crate) mod rewrite;
mod tables;

use std::collections::{BTreeMap, BTreeSet};

use diagnostics::{Diagnostic, Sources, Span, code};
use plan::model::{Component, ComponentKind, EngineKind, Plan};
use sql::{Dialect, Statement};

pub(crate) use check::{unknown, unknown_column};
pub(crate) use columns::{constraint, of_index, span_of_name};
pub(crate) use read::unsupported;

use crate::Files;
use crate::item::{Item, Key, Role, Tables};
use crate::write::{self, Known};
use classify::Fate;

/// What every part of the compiler needs to know of the plan's target, and where findings go.
pub(crate) struct Context<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) engine: EngineKind,
    pub(crate) dialect: Dialect,
    /// The schema that the plan owns; empty on SQLite.
    pub(crate) schema: String,
    pub(crate) sources: &'a mut Sources,
    pub(crate) files: &'a dyn Files,
    pub(crate) findings: Vec<Diagnostic>,
}

impl Context<'_> {
    pub(crate) fn find(&mut self, finding: Diagnostic) {
        self.findings.push(finding);
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.engine == EngineKind::Postgres
    }

    fn key(&self, name: &str) -> String {
        self.dialect.key(name)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Resolved {
    /// In the order written: the plan's own, then file by file.
    pub(crate) items: Vec<Item>,
    pub(crate) tables: Tables,
    /// A file of components could not be read: what is missing may stand there.
    pub(crate) is_partial: bool,
    /// Where each component was defined first.
    known: BTreeMap<Key, Span>,
    /// Names that a generated one keeps out of the way of, each with its table.
    names: BTreeSet<(String, String)>,
    /// How many steps have asked for an id.
    ids: BTreeMap<String, usize>,
}

/// One statement on its way to becoming an item.
pub(crate) struct Draft {
    pub(crate) statement: Statement,
    /// Where its name stands.
    pub(crate) place: Span,
    /// An error was found in it already.
    pub(crate) broken: bool,
}

pub(crate) fn resolve(cx: &mut Context<'_>) -> Resolved {
    let mut resolved = Resolved::default();
    pieces::of_loads(cx);
    let here: Vec<&Component> = of_engine(cx);
    let is_table = |component: &&Component| component.kind == ComponentKind::Table;
    // Tables first, because what is written about them depends on their columns.
    let mut drafts = written(cx, here.iter().copied().filter(is_table), &resolved.tables);
    let (included, is_whole) = read::included(cx);
    resolved.is_partial = !is_whole;
    drafts.extend(included);
    add(cx, &mut resolved, drafts);
    tables::collect(cx, &mut resolved);
    let others = here.iter().copied().filter(|component| !is_table(component));
    let drafts = written(cx, others, &resolved.tables);
    add(cx, &mut resolved, drafts);
    if cx.is_postgres() {
        fold::lift(cx, &mut resolved);
    } else {
        fold::into_tables(cx, &mut resolved);
    }
    check::check(cx, &mut resolved);
    resolved
}

/// Components for the target's engine. What that engine does not have is a finding.
fn of_engine<'p>(cx: &mut Context<'p>) -> Vec<&'p Component> {
    let plan = cx.plan;
    let here = plan.components.iter().filter(|component| {
        component.engine.as_ref().is_none_or(|engine| engine.value == cx.engine)
    });
    here.collect()
}

struct Facts<'a> {
    tables: &'a Tables,
    dialect: Dialect,
    schema: &'a str,
}

impl Known for Facts<'_> {
    fn has_column(&self, table: &str, column: &str) -> bool {
        self.tables.get(&self.dialect.key(table)).is_some_and(|table| {
            table.columns.iter().any(|name| self.dialect.key(name) == self.dialect.key(column))
        })
    }

    fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn schema(&self) -> &str {
        self.schema
    }
}

fn written<'p>(
    cx: &mut Context<'_>,
    components: impl Iterator<Item = &'p Component>,
    tables: &Tables,
) -> Vec<Draft> {
    let homes = [cx.schema.clone()];
    let mut drafts = Vec::new();
    for component in components {
        let lacking = not_in_engine(cx, component);
        let is_table = component.kind == ComponentKind::Table;
        let count = if lacking.is_some() { 1 } else { usize::MAX };
        let skip = lacking.is_some() && !is_table;
        cx.findings.extend(lacking);
        if skip {
            continue;
        }
        let (component, broken) = pieces::sound(cx, component);
        let known = Facts { tables, dialect: cx.dialect, schema: &cx.schema };
        // Of a table whose comment the engine does not have, the table.
        for written in write::statements(&component, &known).into_iter().take(count) {
            let (statements, findings) = sql::split(&written.sql, cx.dialect);
            cx.findings.extend(findings);
            for (at, statement) in statements.into_iter().enumerate() {
                let statement = rewrite::at_home(statement, &homes);
                let broken = broken || (at == 0 && !check_name(cx, &component, &statement));
                for statement in rewrite::single_actions(statement) {
                    drafts.push(Draft { statement, place: written.name, broken });
                }
            }
        }
    }
    drafts
}

/// SQLite has tables, indexes, views and triggers.
fn not_in_engine(cx: &Context<'_>, component: &Component) -> Option<Diagnostic> {
    use ComponentKind as Kind;
    if cx.is_postgres() {
        return None;
    }
    let has = [Kind::Table, Kind::Index, Kind::Constraint, Kind::View, Kind::Trigger];
    let materialized =
        matches!(&component.body, plan::model::Body::View(view) if view.materialized);
    let comment = match &component.body {
        plan::model::Body::Table(table) => table.comment.as_ref(),
        _ => None,
    };
    let added =
        component.kind == Kind::Constraint && matches!(component.body, plan::model::Body::Sql(_));
    let (what, place) = match comment {
        Some(comment) => ("comments".to_owned(), comment.span),
        None if added => ("constraints that are added later".to_owned(), component.name.span),
        None if materialized => ("materialized views".to_owned(), component.name.span),
        None if has.contains(&component.kind) => return None,
        None => (component.kind.key().to_owned(), component.name.span),
    };
    let finding = wrong_engine(&what, place);
    Some(match comment {
        None if added => {
            finding.help("write its rule with `check`, `unique`, `foreign_key` or `definition`")
        }
        Some(_) => finding.help("take it out, or give the table `engine: postgres`"),
        None => finding.help("add `engine: postgres` to it, so that it is left out here"),
    })
}

pub(crate) fn wrong_engine(what: &str, place: Span) -> Diagnostic {
    Diagnostic::new(&code::WRONG_ENGINE, format!("SQLite has no {what}"))
        .label(place, "the target is SQLite")
}

/// `views: { totals: { sql: create view total … } }` would be two names for one thing.
fn check_name(cx: &mut Context<'_>, component: &Component, statement: &Statement) -> bool {
    let plan::model::Body::Sql(_) = component.body else { return true };
    let Some(name) = statement.class.name().map(|name| name.name.clone()) else { return true };
    let key = Key::new(component.kind, component.name.value.as_str());
    let given = key.bare();
    let nameless = matches!(component.kind, ComponentKind::Grant | ComponentKind::Comment);
    let constraint = component.kind == ComponentKind::Constraint;
    if nameless || constraint || cx.key(given) == cx.key(&name) {
        return true;
    }
    let message = format!("{} `{given}` makes `{name}`", component.kind.word());
    cx.find(
        Diagnostic::new(&code::CONFLICTING_KEYS, message)
            .label(component.name.span, "the name in the plan")
            .label(statement.name_span(), "the name in its SQL")
            .help("use the same name in both places"),
    );
    false
}

/// Statements become items; those that a plan cannot hold become findings.
fn add(cx: &mut Context<'_>, resolved: &mut Resolved, drafts: Vec<Draft>) {
    let mut data = Vec::new();
    resolved.items.reserve_exact(drafts.len());
    for draft in drafts {
        let (key, role, change) = match classify::fate(&draft.statement) {
            Fate::Component(key, role) => (key, role, false),
            Fate::Change(key, role) => (key, role, true),
            Fate::PassOver | Fate::Owner => continue,
            Fate::Data => {
                data.push(draft.statement);
                continue;
            }
            Fate::Refuse(help) => {
                cx.find(read::unsupported(&draft.statement, help));
                continue;
            }
        };
        if !change && !key.name.is_empty() {
            let folded = key.folded(cx.dialect);
            if let Some(first) = resolved.known.get(&folded) {
                cx.find(duplicate(&key, draft.place, *first));
                continue;
            }
            resolved.known.insert(folded, draft.place);
        }
        push(cx, resolved, draft, key, role, change);
    }
    read::refuse_data(cx, &data);
}

fn push(
    cx: &Context<'_>,
    resolved: &mut Resolved,
    draft: Draft,
    mut key: Key,
    role: Role,
    change: bool,
) {
    let constraint = columns::constraint(&draft.statement);
    if key.kind == ComponentKind::Constraint && key.name.is_empty() {
        key.name = columns::generated_name(cx, resolved, &key.table, constraint.as_ref());
    }
    resolved.names.extend(columns::taken_by(cx, &key, role));
    let id = unique(&mut resolved.ids, classify::id(&key, role, change));
    let table = columns::table_of(&draft.statement, &key, role);
    resolved.items.push(Item {
        key,
        role,
        id,
        place: draft.place,
        table,
        definition: sql::create_table::parse(&draft.statement).map(Box::new),
        statement: draft.statement,
        constraint: constraint.map(Box::new),
        change,
        folded: false,
        broken: draft.broken,
    });
}

/// Later ones get a number, in the order written.
fn unique(ids: &mut BTreeMap<String, usize>, id: String) -> String {
    let count = ids.entry(id.clone()).or_insert(0);
    *count += 1;
    if *count == 1 { id } else { format!("{id}#{count}") }
}

fn duplicate(key: &Key, second: Span, first: Span) -> Diagnostic {
    Diagnostic::new(&code::DUPLICATE_COMPONENT, format!("{} is defined twice", key.shown()))
        .label(second, "defined again here")
        .label(first, "first defined here")
        .help("keep one of the two")
}
