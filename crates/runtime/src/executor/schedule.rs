//! Which step comes next. Pure: no threads, no clock; [`super::crew`] asks it under a lock.

use ir::{CompiledPlan, TableLock};

use super::graph::{Graph, Who};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// So many steps before it are not done.
    Waiting(usize),
    Running,
    Done,
}

#[derive(Debug)]
pub(crate) struct Schedule {
    who: Vec<Who>,
    followers: Vec<Vec<usize>>,
    states: Vec<State>,
    locks: Vec<Vec<TableLock>>,
    /// Steps in the order of preference: longest path first, then by position in the plan.
    preference: Vec<usize>,
    stopping: bool,
}

impl Schedule {
    pub(crate) fn new(plan: &CompiledPlan, graph: &Graph, weights: &[u64]) -> Self {
        let priorities = graph.priorities(weights);
        let mut preference: Vec<usize> = (0..plan.steps.len()).collect();
        preference.sort_by_key(|at| (std::cmp::Reverse(priorities[*at]), *at));
        let mut schedule = Self {
            who: graph.who.clone(),
            followers: graph.followers(),
            states: graph.needs.iter().map(|needs| State::Waiting(needs.len())).collect(),
            locks: plan.steps.iter().map(|step| step.locks.clone()).collect(),
            preference,
            stopping: false,
        };
        schedule.skip_elsewhere();
        schedule
    }

    /// What is done before the graph or inside the promote is never handed out.
    fn skip_elsewhere(&mut self) {
        for at in 0..self.who.len() {
            match self.who[at] {
                Who::Before | Who::InPromote => self.done(at),
                Who::Leader | Who::Worker => {}
            }
        }
    }

    /// The next step for this kind of runner that can start now, marked as running.
    pub(crate) fn next(&mut self, who: Who) -> Option<usize> {
        if self.stopping {
            return None;
        }
        let found = self.preference.iter().copied().find(|at| self.can_start(*at, who))?;
        self.states[found] = State::Running;
        Some(found)
    }

    fn can_start(&self, at: usize, who: Who) -> bool {
        self.states[at] == State::Waiting(0) && self.who[at] == who && !self.in_conflict(at)
    }

    /// A step that runs holds a lock that this one would have to wait for.
    fn in_conflict(&self, at: usize) -> bool {
        let running = (0..self.states.len()).filter(|other| self.states[*other] == State::Running);
        let mut held = running.flat_map(|other| &self.locks[other]);
        held.any(|held| {
            self.locks[at]
                .iter()
                .any(|wanted| wanted.table == held.table && wanted.mode.conflicts_with(held.mode))
        })
    }

    pub(crate) fn done(&mut self, at: usize) {
        self.states[at] = State::Done;
        for follower in self.followers[at].clone() {
            if let State::Waiting(count) = self.states[follower] {
                self.states[follower] = State::Waiting(count.saturating_sub(1));
            }
        }
    }

    /// The step ended without its result; nothing that needs it will start.
    pub(crate) fn failed(&mut self, at: usize) {
        // Anything but running and done will do: its followers keep waiting.
        self.states[at] = State::Waiting(usize::MAX);
        self.stop();
    }

    /// Hands out nothing more.
    pub(crate) fn stop(&mut self) {
        self.stopping = true;
    }

    pub(crate) fn stopping(&self) -> bool {
        self.stopping
    }

    pub(crate) fn all_done(&self) -> bool {
        self.states.iter().all(|state| *state == State::Done)
    }

    /// Steps of this kind are still to be done.
    pub(crate) fn remains(&self, who: Who) -> bool {
        (0..self.states.len()).any(|at| self.who[at] == who && self.states[at] != State::Done)
    }

    pub(crate) fn running(&self) -> usize {
        self.states.iter().filter(|state| **state == State::Running).count()
    }
}
