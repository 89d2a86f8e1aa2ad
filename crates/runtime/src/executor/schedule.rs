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
        Self::of(graph, plan.steps.iter().map(|step| step.locks.clone()).collect(), weights)
    }

    fn of(graph: &Graph, locks: Vec<Vec<TableLock>>, weights: &[u64]) -> Self {
        let priorities = graph.priorities(weights);
        let mut preference: Vec<usize> = (0..weights.len()).collect();
        preference.sort_by_key(|at| (std::cmp::Reverse(priorities[*at]), *at));
        let mut schedule = Self {
            who: graph.who.clone(),
            followers: graph.followers(),
            states: graph.needs.iter().map(|needs| State::Waiting(needs.len())).collect(),
            locks,
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

    pub(crate) fn is_done(&self, at: usize) -> bool {
        self.states[at] == State::Done
    }

    pub(crate) fn is_running(&self, at: usize) -> bool {
        self.states[at] == State::Running
    }

    /// Steps of this kind are still to be done.
    pub(crate) fn remains(&self, who: Who) -> bool {
        (0..self.states.len()).any(|at| self.who[at] == who && self.states[at] != State::Done)
    }

    pub(crate) fn running(&self) -> usize {
        self.states.iter().filter(|state| **state == State::Running).count()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ir::LockMode;
    use proptest::prelude::*;

    use super::*;

    const MODES: [LockMode; 6] = [
        LockMode::AccessShare,
        LockMode::RowExclusive,
        LockMode::ShareUpdateExclusive,
        LockMode::Share,
        LockMode::ShareRowExclusive,
        LockMode::AccessExclusive,
    ];

    /// Per step: whether the leader runs it, bits of the earlier steps that it needs, a lock, a weight.
    type Shape = Vec<(bool, u32, (u8, usize), u64)>;

    fn shapes() -> impl Strategy<Value = Shape> {
        let step = (any::<bool>(), any::<u32>(), (0_u8..3, 0..MODES.len()), 0_u64..100);
        proptest::collection::vec(step, 1..20)
    }

    fn graph(shape: &Shape) -> Graph {
        let who = |leader: bool| if leader { Who::Leader } else { Who::Worker };
        Graph {
            who: shape.iter().map(|step| who(step.0)).collect(),
            needs: shape
                .iter()
                .enumerate()
                .map(|(at, step)| (0..at).filter(|need| step.1 & (1 << need) != 0).collect())
                .collect(),
        }
    }

    fn locks(shape: &Shape) -> Vec<Vec<TableLock>> {
        let lock = |(table, mode): (u8, usize)| TableLock {
            table: format!("t{table}"),
            mode: MODES[mode],
        };
        shape.iter().map(|step| vec![lock(step.2)]).collect()
    }

    proptest! {
        /// Whatever the graph and whoever finishes first: every step runs once, after all that it
        /// needs, and never beside one that holds a conflicting lock.
        #[test]
        fn every_order_is_lawful(shape in shapes(), choices in proptest::collection::vec(any::<usize>(), 100)) {
            let (graph, locks) = (graph(&shape), locks(&shape));
            let weights: Vec<u64> = shape.iter().map(|step| step.3).collect();
            let mut schedule = Schedule::of(&graph, locks.clone(), &weights);
            let (mut running, mut done) = (Vec::<usize>::new(), BTreeSet::new());
            for choice in choices {
                let who = if choice % 3 == 0 { Who::Leader } else { Who::Worker };
                if let Some(at) = schedule.next(who) {
                    prop_assert!(graph.needs[at].is_subset(&done), "{at} before what it needs");
                    for other in &running {
                        let (a, b): (&TableLock, &TableLock) = (&locks[at][0], &locks[*other][0]);
                        prop_assert!(a.table != b.table || !a.mode.conflicts_with(b.mode));
                    }
                    running.push(at);
                } else if !running.is_empty() {
                    let at = running.swap_remove(choice % running.len());
                    schedule.done(at);
                    prop_assert!(done.insert(at), "{at} ran twice");
                }
            }
            while !schedule.all_done() {
                let next = schedule.next(Who::Leader).or_else(|| schedule.next(Who::Worker));
                let at = next.or_else(|| running.pop());
                prop_assert!(at.is_some(), "stuck after {done:?}");
                at.into_iter().for_each(|at| schedule.done(at));
            }
        }
    }

    #[test]
    fn the_longest_path_comes_first() {
        // 0 is light itself, but the heavy 3 waits for it.
        let shape: Shape = vec![
            (false, 0, (0, 0), 1),
            (false, 0, (1, 0), 50),
            (false, 0, (2, 0), 60),
            (false, 1, (0, 0), 90),
        ];
        let weights: Vec<u64> = shape.iter().map(|step| step.3).collect();
        let mut schedule = Schedule::of(&graph(&shape), locks(&shape), &weights);
        let order: Vec<_> = std::iter::from_fn(|| {
            let at = schedule.next(Who::Worker)?;
            schedule.done(at);
            Some(at)
        })
        .collect();
        assert_eq!(order, [0, 3, 2, 1]);
    }

    #[test]
    fn after_a_failure_nothing_starts() {
        let shape: Shape = vec![(false, 0, (0, 0), 1), (false, 0, (1, 0), 1)];
        let mut schedule = Schedule::of(&graph(&shape), locks(&shape), &[1, 1]);
        let at = schedule.next(Who::Worker).expect("both are ready");
        schedule.failed(at);
        assert_eq!((schedule.next(Who::Worker), schedule.running()), (None, 0));
        assert!(!schedule.all_done());
    }
}
