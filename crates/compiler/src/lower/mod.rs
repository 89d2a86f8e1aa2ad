//! Resolved components to steps, with every edge and its reason.

mod data;
mod edges;
mod exposure;
mod fixed;
mod index;
mod items;
mod locks;
mod own_sql;

use std::collections::{BTreeMap, BTreeSet};

use diagnostics::{Span, code};
use ir::{Action, Hazard, TableLock};

use crate::graph::Need;
use crate::item::{Item, Role};
use crate::owners::Owners;
use crate::resolve::{Context, Resolved};
use crate::review::Window;
use crate::stages::{self, Stages};

pub(crate) use data::{Loads, loads};
use index::Index;

/// A step before its order is known.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) id: String,
    pub(crate) stage: usize,
    pub(crate) action: Action,
    pub(crate) needs: Vec<Need>,
    pub(crate) locks: Vec<TableLock>,
    pub(crate) hazards: Vec<FoundHazard>,
    pub(crate) place: Span,
    /// The item that it builds.
    pub(crate) item: Option<usize>,
}

impl Draft {
    /// In which somebody sees what is not complete.
    pub(crate) fn windows(&self) -> impl Iterator<Item = Window> + '_ {
        let opens = |found: &&FoundHazard| found.code == &code::EXPOSES_DATA;
        self.hazards.iter().filter(opens).map(|found| Window {
            step: self.id.clone(),
            message: found.hazard.message.clone(),
            place: found.place,
        })
    }
}

/// A hazard with what a waiver may name in `on:`.
#[derive(Clone, Debug)]
pub(crate) struct FoundHazard {
    pub(crate) hazard: Hazard,
    pub(crate) code: &'static diagnostics::Code,
    pub(crate) subjects: Vec<String>,
    pub(crate) place: Span,
}

pub(crate) struct Lowering<'a> {
    pub(crate) resolved: &'a Resolved,
    pub(crate) stages: &'a Stages<'a>,
    pub(crate) owners: &'a Owners,
    pub(crate) loads: &'a Loads,
    pub(crate) postgres: bool,
    pub(crate) drafts: Vec<Draft>,
    index: Index,
    /// Per table (folded name): the last step after which its rows are there.
    ready: BTreeMap<String, String>,
}

pub(crate) fn lower(
    cx: &mut Context<'_>,
    resolved: &Resolved,
    stages: &Stages<'_>,
    owners: &Owners,
    loads: &Loads,
) -> Vec<Draft> {
    let mut lowering = Lowering {
        resolved,
        stages,
        owners,
        loads,
        postgres: cx.is_postgres(),
        // One for each item, and to each table its load, verification, statistics.
        drafts: Vec::with_capacity(resolved.items.len() + 4 * resolved.tables.len()),
        index: Index::new(resolved, cx.dialect),
        ready: BTreeMap::new(),
    };
    lowering.before(cx);
    lowering.items(cx);
    lowering.data(cx);
    lowering.own_sql(cx);
    lowering.after(cx);
    lowering.item_needs(cx);
    lowering.wait_for_own_sql();
    lowering.stage_needs();
    for draft in &mut lowering.drafts {
        settle_needs(draft);
        // SQLite has one writer and no table locks.
        if !lowering.postgres {
            draft.locks.clear();
        }
    }
    lowering.drafts
}

impl Lowering<'_> {
    /// Adds a step without needs.
    fn push(&mut self, id: impl Into<String>, stage: usize, action: Action, place: Span) -> usize {
        self.drafts.push(Draft {
            id: id.into(),
            stage,
            action,
            needs: Vec::new(),
            locks: Vec::new(),
            hazards: Vec::new(),
            place,
            item: None,
        });
        self.drafts.len() - 1
    }

    fn need(&mut self, draft: usize, on: &str, reason: String, place: Span) {
        self.drafts[draft].needs.push(Need { on: on.to_owned(), reason, place, weak: false });
    }

    /// A need that keeps the order and says nothing of its own.
    fn need_weakly(&mut self, draft: usize, on: &str, reason: String, place: Span) {
        self.drafts[draft].needs.push(Need { on: on.to_owned(), reason, place, weak: true });
    }

    fn steps_of(&self, stage: usize) -> Vec<usize> {
        (0..self.drafts.len()).filter(|&at| self.drafts[at].stage == stage).collect()
    }

    /// The steps of a stage; of one that has none, those of what it needs.
    fn tips(&self, stage: usize, seen: &mut BTreeSet<usize>) -> Vec<usize> {
        let steps = self.steps_of(stage);
        if !steps.is_empty() || !seen.insert(stage) {
            return steps;
        }
        let mut before: Vec<usize> =
            self.stages.list[stage].needs.iter().map(|need| need.value).collect();
        if self.stages.list[stage].built_in && stage > 0 {
            before.push(stage - 1);
        }
        before.into_iter().flat_map(|before| self.tips(before, seen)).collect()
    }

    /// What the plan says with `needs:`, as edges between steps.
    fn stage_needs(&mut self) {
        for at in 0..self.stages.list.len() {
            let stage = &self.stages.list[at];
            for need in &stage.needs {
                let reason = format!(
                    "stage `{}` needs stage `{}`",
                    stage.name, self.stages.list[need.value].name
                );
                let tips = self.tips(need.value, &mut BTreeSet::new());
                let ids: Vec<String> =
                    tips.iter().map(|&tip| self.drafts[tip].id.clone()).collect();
                for step in self.steps_of(at) {
                    // Steps in the promote transaction run in it, whatever else they need.
                    for id in &ids {
                        self.need_weakly(step, id, reason.clone(), need.span);
                    }
                }
            }
        }
    }

    /// What is built on the rows waits for own SQL that may change them, unless the plan puts that
    /// SQL behind it.
    fn wait_for_own_sql(&mut self) {
        let last: Vec<(usize, String)> = (0..self.stages.list.len())
            .filter_map(|stage| self.last_own(stage).map(|id| (stage, id)))
            .collect();
        let load = self.stages.built_in(stages::LOAD);
        for at in 0..self.drafts.len() {
            let draft = &self.drafts[at];
            let stage = draft.stage;
            let rank = self.stages.list[stage].rank;
            let built = rank >= self.stages.list[load].rank;
            if !built || draft.id.starts_with("sql/") || self.is_home(draft) {
                continue;
            }
            for (own, id) in &last {
                if *own == stage || self.stages.is_before(stage, *own) {
                    continue;
                }
                let own_name = self.stages.list[*own].name;
                let reason = format!("stage `{own_name}` may still change the staged data");
                let place = self.stages.list[*own]
                    .entry
                    .map_or(draft_place(self, at), |entry| entry.name.span);
                self.need_weakly(at, id, reason, place);
            }
        }
    }

    fn last_own(&self, stage: usize) -> Option<String> {
        let prefix = format!("sql/{}/", self.stages.list[stage].name);
        let own = self.drafts.iter().rev().find(|draft| draft.id.starts_with(&prefix));
        own.map(|draft| draft.id.clone())
    }

    fn is_home(&self, draft: &Draft) -> bool {
        draft.item.is_some_and(|item| self.item(item).role == Role::Home)
    }

    fn item(&self, at: usize) -> &Item {
        &self.resolved.items[at]
    }
}

fn draft_place(lowering: &Lowering<'_>, at: usize) -> Span {
    lowering.drafts[at].place
}

/// One edge per step needed: the first reason that says something stands.
fn settle_needs(draft: &mut Draft) {
    let mut seen = BTreeSet::new();
    draft.needs.sort_by_key(|need| need.weak);
    draft.needs.retain(|need| seen.insert(need.on.clone()));
    draft.needs.sort_by(|a, b| a.on.cmp(&b.on));
    draft.locks.sort();
    draft.locks.dedup();
}
