//! The graph of a compiled plan as the executor sees it: who runs a step, what it waits for, how
//! long it and all that follows may take.
//!
//! The laws of a run are added as edges of their own, so that no compiled plan, however it was
//! made, can promote before everything else or build before the backup.

use std::collections::{BTreeMap, BTreeSet};

use diagnostics::code;
use ir::{Action, CompiledPlan, Moment, Place, Step};

use crate::EngineError;

/// Who runs a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// The thread that leads the run.
    Leader,
    /// Any worker, in the staging schema.
    Worker,
    /// Done before the graph starts (preflight, checks on the live target).
    Before,
    /// Done by the engine inside the promote transaction.
    InPromote,
}

pub(crate) fn who(action: &Action) -> Who {
    match action {
        Action::Preflight => Who::Before,
        Action::Check(check) => match check.moment {
            Moment::Before => Who::Before,
            Moment::Staged => Who::Worker,
            Moment::After => Who::InPromote,
        },
        Action::Execute { place: Place::Promote, .. } => Who::InPromote,
        Action::Backup { .. }
        | Action::BackupTarget
        | Action::CreateStaging
        | Action::VerifyCatalog
        | Action::Promote { .. }
        | Action::Settle => Who::Leader,
        Action::Execute { place: Place::Staging, .. }
        | Action::Load(_)
        | Action::SetSequences { .. }
        | Action::Analyze { .. }
        | Action::VerifyRows { .. }
        | Action::Invariant(_) => Who::Worker,
    }
}

/// Steps by their position in the plan.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    pub who: Vec<Who>,
    /// Steps that must be done before, without repeats.
    pub needs: Vec<BTreeSet<usize>>,
}

impl Graph {
    /// # Errors
    /// When the plan breaks a law that its compiler should have kept: a defect, not a finding.
    pub(crate) fn of(plan: &CompiledPlan) -> Result<Self, EngineError> {
        let ids = ids(&plan.steps)?;
        complete(&plan.steps)?;
        let mut graph = Self {
            who: plan.steps.iter().map(|step| who(&step.action)).collect(),
            needs: Vec::new(),
        };
        for (index, step) in plan.steps.iter().enumerate() {
            let mut needs = declared(step, &ids)?;
            needs.extend(graph.lawful(plan, index));
            needs.remove(&index);
            graph.needs.push(needs);
        }
        graph.order().map(|_| graph)
    }

    /// The edges that the laws ask for.
    fn lawful(&self, plan: &CompiledPlan, index: usize) -> Vec<usize> {
        let all = |wanted: &dyn Fn(usize, &Action) -> bool| -> Vec<usize> {
            let steps = plan.steps.iter().enumerate();
            steps.filter(|(at, step)| wanted(*at, &step.action)).map(|(at, _)| at).collect()
        };
        let backup_of = |name: &str, action: &Action| matches!(action, Action::Backup { source } if source == name);
        match &plan.steps[index].action {
            Action::CreateStaging => {
                all(&|_, action| matches!(action, Action::Backup { .. } | Action::BackupTarget))
            }
            Action::VerifyRows { table } => all(&|_, action| {
                matches!(action, Action::CreateStaging)
                    || matches!(action, Action::Load(load) if load.table == *table)
            }),
            Action::Load(load) => all(&|_, action| {
                matches!(action, Action::CreateStaging) || backup_of(&load.source, action)
            }),
            Action::Invariant(invariant) => all(&|_, action| {
                matches!(action, Action::CreateStaging) || backup_of(&invariant.source, action)
            }),
            Action::VerifyCatalog => all(&|_, action| writes(action)),
            Action::Promote { .. } => all(&|at, action| {
                self.who[at] != Who::InPromote
                    && !matches!(action, Action::Promote { .. } | Action::Settle)
            }),
            Action::Settle => all(&|_, action| matches!(action, Action::Promote { .. })),
            Action::Execute { place: Place::Staging, .. }
            | Action::SetSequences { .. }
            | Action::Analyze { .. } => all(&|_, action| matches!(action, Action::CreateStaging)),
            Action::Check(check) => match check.moment {
                Moment::Staged => all(&|_, action| matches!(action, Action::CreateStaging)),
                Moment::Before | Moment::After => Vec::new(),
            },
            Action::Preflight
            | Action::Backup { .. }
            | Action::BackupTarget
            | Action::Execute { place: Place::Promote, .. } => Vec::new(),
        }
    }

    /// A topological order, the smallest positions first.
    ///
    /// # Errors
    /// When steps wait for each other.
    pub(crate) fn order(&self) -> Result<Vec<usize>, EngineError> {
        let mut waiting: Vec<usize> = self.needs.iter().map(BTreeSet::len).collect();
        let followers = self.followers();
        let mut ready: BTreeSet<usize> = waiting
            .iter()
            .enumerate()
            .filter(|(_, count)| **count == 0)
            .map(|(at, _)| at)
            .collect();
        let mut order = Vec::with_capacity(waiting.len());
        while let Some(at) = ready.pop_first() {
            order.push(at);
            for follower in &followers[at] {
                waiting[*follower] -= 1;
                if waiting[*follower] == 0 {
                    ready.insert(*follower);
                }
            }
        }
        if order.len() == self.needs.len() {
            Ok(order)
        } else {
            Err(defect("its steps wait for each other"))
        }
    }

    /// For every step, those that wait for it.
    pub(crate) fn followers(&self) -> Vec<Vec<usize>> {
        let mut followers = vec![Vec::new(); self.needs.len()];
        for (at, needs) in self.needs.iter().enumerate() {
            needs.iter().for_each(|need| followers[*need].push(at));
        }
        followers
    }

    /// Longest path from the step to the end, its own weight included.
    pub(crate) fn priorities(&self, weights: &[u64]) -> Vec<u64> {
        let followers = self.followers();
        let mut priorities = weights.to_vec();
        // `of` has proved that there is an order.
        for at in self.order().unwrap_or_default().into_iter().rev() {
            let longest = followers[at].iter().map(|next| priorities[*next]).max().unwrap_or(0);
            priorities[at] = weights[at].saturating_add(longest);
        }
        priorities
    }
}

fn ids(steps: &[Step]) -> Result<BTreeMap<&str, usize>, EngineError> {
    let mut ids = BTreeMap::new();
    for (index, step) in steps.iter().enumerate() {
        if ids.insert(step.id.as_str(), index).is_some() {
            return Err(defect(&format!("it has two steps `{}`", step.id)));
        }
    }
    Ok(ids)
}

fn declared(step: &Step, ids: &BTreeMap<&str, usize>) -> Result<BTreeSet<usize>, EngineError> {
    let known = |edge: &ir::Edge| {
        ids.get(edge.step.as_str()).copied().ok_or_else(|| {
            defect(&format!("step `{}` needs `{}`, which is not there", step.id, edge.step))
        })
    };
    step.needs.iter().map(known).collect()
}

/// L2, L3, L5: what every plan must hold.
fn complete(steps: &[Step]) -> Result<(), EngineError> {
    let count =
        |wanted: &dyn Fn(&Action) -> bool| steps.iter().filter(|step| wanted(&step.action)).count();
    let once = [
        ("preflight", count(&|action| matches!(action, Action::Preflight))),
        ("staging", count(&|action| matches!(action, Action::CreateStaging))),
        ("catalog verification", count(&|action| matches!(action, Action::VerifyCatalog))),
        ("promote", count(&|action| matches!(action, Action::Promote { .. }))),
    ];
    if let Some((what, found)) = once.iter().find(|(_, found)| *found != 1) {
        return Err(defect(&format!("it has {found} {what} steps instead of one")));
    }
    let has_backup = |name: &str| {
        steps.iter().any(|step| matches!(&step.action, Action::Backup { source } if source == name))
    };
    let mut loaded = BTreeSet::new();
    for step in steps {
        match &step.action {
            Action::Load(load) if !has_backup(&load.source) => {
                return Err(defect(&format!("source `{}` is read without a backup", load.source)));
            }
            Action::Invariant(figure) if !has_backup(&figure.source) => {
                return Err(defect(&format!(
                    "source `{}` is read without a backup",
                    figure.source
                )));
            }
            Action::Load(load) if !loaded.insert(&load.table) => {
                return Err(defect(&format!("table `{}` is loaded twice", load.table)));
            }
            _ => {}
        }
    }
    verified(steps, &loaded)
}

/// L5: the rows of every loaded table are verified, and of no other.
fn verified(steps: &[Step], loaded: &BTreeSet<&String>) -> Result<(), EngineError> {
    let verified: BTreeSet<_> = steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::VerifyRows { table } => Some(table),
            _ => None,
        })
        .collect();
    match loaded.symmetric_difference(&verified).next() {
        Some(table) => {
            Err(defect(&format!("the rows of `{table}` are loaded or verified, but not both")))
        }
        None => Ok(()),
    }
}

/// Steps whose result the catalog verification looks at.
fn writes(action: &Action) -> bool {
    match action {
        Action::CreateStaging
        | Action::Execute { place: Place::Staging, .. }
        | Action::Load(_)
        | Action::SetSequences { .. }
        | Action::Analyze { .. } => true,
        Action::Preflight
        | Action::Backup { .. }
        | Action::BackupTarget
        | Action::Execute { place: Place::Promote, .. }
        | Action::VerifyRows { .. }
        | Action::VerifyCatalog
        | Action::Check(_)
        | Action::Invariant(_)
        | Action::Promote { .. }
        | Action::Settle => false,
    }
}

fn defect(why: &str) -> EngineError {
    EngineError::new(&code::INTERNAL, format!("the compiled plan cannot be run: {why}"))
        .help("compile the plan again; if that does not help, please report it with the plan")
}
