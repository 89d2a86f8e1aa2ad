//! Which stage builds each component and loads each table: exactly one.

use std::collections::{BTreeMap, BTreeSet};

use diagnostics::{Diagnostic, Span, Spanned, code, did_you_mean};
use plan::model::{ComponentKind, ComponentName, LoadFrom};

use crate::item::{Item, Role};
use crate::mentions::{Mentions, mentions};
use crate::resolve::{Context, Resolved};
use crate::stages::{self, Stages};

pub(crate) struct Owners {
    /// Per item, the position of its stage.
    pub(crate) items: Vec<usize>,
    /// Per table (folded name) the stage that loads it.
    pub(crate) tables: BTreeMap<String, usize>,
    /// Per item, what its statement refers to.
    pub(crate) mentions: Vec<Mentions>,
}

pub(crate) fn owners(cx: &mut Context<'_>, resolved: &Resolved, stages: &Stages<'_>) -> Owners {
    let known: BTreeSet<String> =
        resolved.items.iter().map(|item| cx.dialect.key(item.called())).collect();
    let mentions: Vec<Mentions> = resolved
        .items
        .iter()
        .map(|item| mentions(&item.statement).of(|name| known.contains(&cx.dialect.key(name))))
        .collect();
    let late = late_functions(resolved, &mentions);
    let views = views(resolved);
    let on_view = |item: &Item| item.table.as_deref().is_some_and(|table| views.contains(table));
    let items = resolved.items.iter().zip(late);
    let by_default: Vec<usize> = items
        .map(|(item, late)| stages.built_in(default_stage(item, late, on_view(item))))
        .collect();
    let items = components(cx, resolved, stages, by_default);
    let tables = tables(cx, resolved, stages);
    Owners { items, tables, mentions }
}

fn default_stage(item: &Item, late: bool, on_view: bool) -> &'static str {
    match item.role {
        Role::Function if late => stages::BUILD_VIEWS,
        Role::Extension
        | Role::Type
        | Role::Setting
        | Role::Sequence
        | Role::Function
        | Role::Table
        | Role::TableChange
        | Role::SequenceChange => stages::CREATE,
        Role::Index if on_view => stages::BUILD_VIEWS,
        Role::Index => stages::BUILD_INDEXES,
        Role::PrimaryKey | Role::Constraint | Role::ForeignKey | Role::LateChange => {
            stages::BUILD_CONSTRAINTS
        }
        Role::View
        | Role::MaterializedView
        | Role::Trigger
        | Role::RowSecurity
        | Role::Policy
        | Role::Comment => stages::BUILD_VIEWS,
        Role::Grant | Role::Home => stages::GRANTS,
    }
}

/// An index may be on a (materialized) view.
fn views(resolved: &Resolved) -> BTreeSet<&str> {
    let views = resolved.items.iter().filter(|item| item.key.kind == ComponentKind::View);
    views.map(|item| item.key.name.as_str()).collect()
}

/// Functions that read tables or views are built after the keys, because PostgreSQL reads their
/// bodies when it makes them; unless a table, index or constraint needs them before.
fn late_functions(resolved: &Resolved, mentions: &[Mentions]) -> Vec<bool> {
    let items = &resolved.items;
    let bare = |item: &Item| item.key.bare().to_owned();
    let is_function = |item: &Item| item.role == Role::Function;
    let is_relation =
        |item: &&Item| matches!(item.role, Role::Table | Role::View | Role::MaterializedView);
    let relations: BTreeSet<&str> =
        items.iter().filter(is_relation).map(|item| item.key.name.as_str()).collect();
    let relation = |name: &String| relations.contains(name.as_str());
    let mut late: Vec<bool> = (0..items.len())
        .map(|at| is_function(&items[at]) && mentions[at].relations.iter().any(relation))
        .collect();
    // A function that calls a late one is late too.
    while late.contains(&true) {
        let called_late = |at: usize| {
            (0..items.len()).any(|f| late[f] && mentions[at].calls.contains(&bare(&items[f])))
        };
        let more: Vec<usize> = (0..items.len())
            .filter(|&at| is_function(&items[at]) && !late[at] && called_late(at))
            .collect();
        if more.is_empty() {
            break;
        }
        more.into_iter().for_each(|at| late[at] = true);
    }
    let early = |item: &Item| {
        matches!(
            item.role,
            Role::Table
                | Role::TableChange
                | Role::Type
                | Role::Index
                | Role::Constraint
                | Role::PrimaryKey
        )
    };
    for at in (0..items.len()).filter(|at| late[*at]).collect::<Vec<_>>() {
        let name = bare(&items[at]);
        late[at] = !(0..items.len())
            .any(|other| early(&items[other]) && mentions[other].calls.contains(&name));
    }
    late
}

/// Applies `components:` of the stages to the defaults.
fn components(
    cx: &mut Context<'_>,
    resolved: &Resolved,
    stages: &Stages<'_>,
    mut owner: Vec<usize>,
) -> Vec<usize> {
    let mut given: BTreeMap<usize, Span> = BTreeMap::new();
    for (at, stage) in stages.list.iter().enumerate() {
        let names = stage.entry.map(|entry| entry.components.as_slice()).unwrap_or_default();
        for name in names {
            let Some(item) = find(cx, resolved, name) else { continue };
            if let Some(first) = given.get(&item) {
                cx.find(in_two_stages(&resolved.items[item].key.shown(), name.span, *first));
                continue;
            }
            given.insert(item, name.span);
            owner[item] = at;
        }
    }
    for (at, item) in resolved.items.iter().enumerate() {
        let stage = &stages.list[owner[at]];
        if stage.is_skipped() && !item.folded {
            let skip = stage.entry.map_or(item.place, |entry| entry.name.span);
            cx.find(unowned(&item.key.shown(), item.place, stage.name, skip));
        }
    }
    owner
}

/// The item that a name of a component means; a finding where it means none or several.
pub(crate) fn find(
    cx: &mut Context<'_>,
    resolved: &Resolved,
    name: &Spanned<ComponentName>,
) -> Option<usize> {
    let wanted = cx.dialect.key(&name.value.name);
    let fits = |item: &Item| {
        let on_table = format!("{}.{}", item.key.table, item.key.name);
        let bare = item.key.bare();
        let names = [item.key.name.as_str(), on_table.as_str(), bare];
        !item.change
            && name.value.kind.is_none_or(|kind| kind == item.key.kind)
            && names.iter().any(|name| cx.dialect.key(name) == wanted)
    };
    let found: Vec<usize> =
        (0..resolved.items.len()).filter(|&at| fits(&resolved.items[at])).collect();
    match found.as_slice() {
        [one] => Some(*one),
        [] => {
            let finding = unknown_component(resolved, name);
            cx.find(finding);
            None
        }
        [first, second, ..] => {
            let item = |at: &usize| resolved.items[*at].key.shown();
            let message = format!("`{}` fits several components", name.value.name);
            cx.find(
                Diagnostic::new(&code::AMBIGUOUS_NAME, message)
                    .label(name.span, "which one is meant?")
                    .label(resolved.items[*first].place, item(first))
                    .label(resolved.items[*second].place, item(second))
                    .help("write the kind before the name, or `table.name`"),
            );
            None
        }
    }
}

fn unknown_component(resolved: &Resolved, name: &Spanned<ComponentName>) -> Diagnostic {
    let kind = name.value.kind;
    let word = kind.map_or("component", ComponentKind::word);
    let items = resolved.items.iter().filter(|item| kind.is_none_or(|kind| kind == item.key.kind));
    let near = did_you_mean(&name.value.name, items.map(|item| item.key.name.as_str()));
    let message = format!("the plan has no {word} `{}`", name.value.name);
    let finding = Diagnostic::new(&code::UNKNOWN_COMPONENT, message).label(name.span, "named here");
    match near {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help("define it under `components:`, or take the name out"),
    }
}

/// Every table that takes rows, with the stage that loads it.
fn tables(
    cx: &mut Context<'_>,
    resolved: &Resolved,
    stages: &Stages<'_>,
) -> BTreeMap<String, usize> {
    let mut given: BTreeMap<String, (usize, Span)> = BTreeMap::new();
    for (at, stage) in stages.list.iter().enumerate() {
        for table in stage.entry.map(|entry| entry.tables.as_slice()).unwrap_or_default() {
            let key = cx.dialect.key(&table.value);
            if !resolved.tables.contains_key(&key) {
                let known = resolved.tables.values().map(|facts| facts.name.clone()).collect();
                cx.find(crate::resolve::unknown("table", &table.value, table.span, &known));
                continue;
            }
            if let Some((_, first)) = given.get(&key) {
                let what = format!("the data of table `{}`", table.value);
                cx.find(in_two_stages(&what, table.span, *first));
                continue;
            }
            given.insert(key, (at, table.span));
        }
    }
    let load = stages.built_in(stages::LOAD);
    let nothing = cx.plan.loads.iter().filter(|rule| matches!(rule.from, LoadFrom::Nothing(_)));
    let empty: BTreeSet<String> = nothing.map(|rule| cx.dialect.key(&rule.table.value)).collect();
    let mut owners = BTreeMap::new();
    for (key, facts) in &resolved.tables {
        let owner = given.get(key).map_or(load, |(stage, _)| *stage);
        let stage = &stages.list[owner];
        if stage.is_skipped() && facts.holds_rows && !empty.contains(key) {
            let skip = stage.entry.map_or(cx.plan.span, |entry| entry.name.span);
            let what = format!("the data of table `{}`", facts.name);
            cx.find(unowned(&what, resolved.items[facts.item].place, stage.name, skip));
        }
        owners.insert(key.clone(), owner);
    }
    owners
}

fn in_two_stages(what: &str, second: Span, first: Span) -> Diagnostic {
    Diagnostic::new(&code::COMPONENT_IN_TWO_STAGES, format!("two stages own {what}"))
        .label(second, "owned again here")
        .label(first, "owned here first")
        .help("name it in one stage only")
}

fn unowned(what: &str, place: Span, stage: &str, skip: Span) -> Diagnostic {
    Diagnostic::new(
        &code::UNOWNED_COMPONENT,
        format!("no stage owns {what}, so it would never be there"),
    )
    .label(place, "defined here")
    .label(skip, format!("stage `{stage}` is left out"))
    .help("let the stage run, or name it in another stage")
}
