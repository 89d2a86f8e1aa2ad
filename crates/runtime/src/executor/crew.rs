//! The threads: one leader, and as many workers as the plan and the target allow.
//!
//! The first error ends everything: nothing new starts, what runs is cancelled again and again
//! until it has ended (a cancel that comes before its statement would be lost), and the caller
//! discards what was built.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, OnceLock};
use std::time::Duration;

use ir::Action;

use super::context::{defect, interrupted};
use super::graph::{Graph, Who};
use super::lead::Lead;
use super::outlook::{Outlook, Progress};
use super::schedule::Schedule;
use super::{Context, work};
use crate::clock::millis;
use crate::engine::{Cancel, TargetEngine, Worker};
use crate::error::ErrorClass;
use crate::events::Event;
use crate::parallel::locked;
use crate::run::Finding;
use crate::stop::Stop;
use crate::{EngineError, fleet};

/// How often a waiting leader looks at the stop flag and repeats a cancel.
const LOOK: Duration = Duration::from_millis(50);

/// How often the server is asked what it is doing.
const ACTIVITY: Duration = Duration::from_secs(1);

/// What the threads share.
struct Crew<'a> {
    context: &'a Context<'a>,
    schedule: Mutex<Schedule>,
    changed: Condvar,
    failures: Mutex<Vec<Finding>>,
    cancellers: Mutex<Vec<Box<dyn Cancel>>>,
    /// Workers whose thread has not ended.
    alive: AtomicUsize,
    /// From the hiring of workers on.
    outlook: OnceLock<Outlook>,
    /// Workers that load units of a step which another one runs.
    helping: AtomicUsize,
}

/// Runs every step that is not done before the graph or inside the promote.
///
/// # Errors
/// Why the run stopped, the first cause first; errors that the end itself caused are left out.
pub(crate) fn execute(
    context: &Context<'_>,
    graph: &Graph,
    target: &mut dyn TargetEngine,
    lead: &mut Lead<'_>,
) -> Result<(), Vec<Finding>> {
    let mut schedule = Schedule::new(context.session.plan, graph, &context.weights());
    lead.taken_up.done.iter().for_each(|at| schedule.done(*at));
    let crew = &Crew {
        context,
        schedule: Mutex::new(schedule),
        changed: Condvar::new(),
        failures: Mutex::default(),
        cancellers: Mutex::default(),
        alive: AtomicUsize::new(0),
        outlook: OnceLock::new(),
        helping: AtomicUsize::new(0),
    };
    std::thread::scope(|scope| {
        let mut threads = Vec::new();
        let mut told = None;
        while let Some(next) = crew.next_for_leader() {
            let Some(at) = next else {
                crew.wait();
                told = crew.tell_activity(target, told);
                continue;
            };
            if lead.ends_building(at) {
                // Workers hold the target open; they are gone before the promote.
                threads.drain(..).for_each(join);
            }
            crew.run(at, || lead.step(at, context, target));
            if lead.wants_workers(at) && !crew.stopping() {
                let workers = crew.hire(at, target);
                threads.extend(
                    workers.into_iter().map(|worker| scope.spawn(move || crew.toil(worker))),
                );
            }
        }
        threads.drain(..).for_each(join);
    });
    let failures = std::mem::take(&mut *locked(&crew.failures));
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

/// Panics inside steps are caught there; one outside of them is a defect of the crew itself, and
/// leaving steps undone, it shows as such.
fn join(thread: std::thread::ScopedJoinHandle<'_, ()>) {
    drop(thread.join());
}

impl Crew<'_> {
    fn stopping(&self) -> bool {
        locked(&self.schedule).stopping()
    }

    /// A person's wish stops the handing out of steps; the second wish also what runs.
    fn look_at_stop(&self) {
        if self.context.session.stop.level() != Stop::No && !self.stopping() {
            self.fail(interrupted().into());
        }
    }

    /// The next step of the leader, `Some(None)` while there is none, `None` at the end.
    fn next_for_leader(&self) -> Option<Option<usize>> {
        self.look_at_stop();
        let next = locked(&self.schedule).next(Who::Leader);
        if next.is_none() && self.is_over() { None } else { Some(next) }
    }

    /// Nothing runs, and nothing more will.
    fn is_over(&self) -> bool {
        let mut schedule = locked(&self.schedule);
        if schedule.running() > 0 || self.helping.load(Ordering::SeqCst) > 0 {
            return false;
        }
        if schedule.all_done() || schedule.stopping() {
            return true;
        }
        // A worker may be about to take a step that has just become ready.
        if schedule.remains(Who::Worker) && self.alive.load(Ordering::SeqCst) > 0 {
            return false;
        }
        schedule.stop();
        drop(schedule);
        self.fail(defect("no step can start, and not all are done".to_owned()).into());
        true
    }

    fn wait(&self) {
        if self.context.is_cancelled() || self.context.session.stop.level() == Stop::Now {
            locked(&self.cancellers).iter().for_each(|canceller| canceller.cancel());
        }
        let schedule = locked(&self.schedule);
        drop(self.changed.wait_timeout(schedule, LOOK));
    }

    /// Says once a second what the server is doing, if anything.
    fn tell_activity(
        &self,
        target: &mut dyn TargetEngine,
        told: Option<Duration>,
    ) -> Option<Duration> {
        let now = self.context.session.clock.monotonic();
        if told.is_some_and(|told| now.saturating_sub(told) < ACTIVITY) || self.stopping() {
            return told;
        }
        let doing = target.activity();
        if !doing.is_empty() {
            self.context.session.emit(Event::Server { doing });
        }
        self.tell_outlook(now);
        Some(now)
    }

    fn tell_outlook(&self, now: Duration) {
        let Some(outlook) = self.outlook.get() else { return };
        let schedule = locked(&self.schedule);
        let progress = |at: usize| match &self.context.session.plan.steps[at].action {
            _ if schedule.is_done(at) => Progress::Done,
            Action::Load(load) if schedule.is_running(at) => {
                Progress::Running(self.context.part_read(&load.table))
            }
            _ => Progress::Waiting,
        };
        let left = outlook.left(now, progress);
        drop(schedule);
        if let Some(left) = left {
            self.context.session.emit(Event::Outlook { left_ms: millis(left) });
        }
    }

    fn hire(&self, at: usize, target: &mut dyn TargetEngine) -> Vec<Box<dyn Worker>> {
        let wanted = self.context.session.plan.settings.connections as usize;
        let count = wanted.min(target.max_workers()).max(1);
        let now = self.context.session.clock.monotonic();
        let schedule = locked(&self.schedule);
        let outlook = Outlook::new(now, self.context.weights(), |at| schedule.is_done(at));
        drop(schedule);
        self.outlook.get_or_init(|| outlook);
        let ledger = self.context.open_ledger(target);
        let workers: Result<Vec<_>, _> =
            ledger.and_then(|()| (0..count).map(|_| target.worker()).collect());
        workers
            .inspect(|workers| {
                locked(&self.cancellers).extend(workers.iter().map(|worker| worker.canceller()));
                self.alive.store(workers.len(), Ordering::SeqCst);
            })
            .unwrap_or_else(|error| {
                self.fail(self.context.session.at_step(at, error));
                Vec::new()
            })
    }

    /// One worker's life.
    fn toil(&self, mut worker: Box<dyn Worker>) {
        let _present = Present(self);
        loop {
            let next = {
                let mut schedule = locked(&self.schedule);
                if schedule.stopping() || !schedule.remains(Who::Worker) {
                    break;
                }
                schedule.next(Who::Worker)
            };
            match next {
                Some(at) => self.run(at, || work::step(at, self.context, worker.as_mut())),
                None if self.help(worker.as_mut()) => {}
                None => {
                    let schedule = locked(&self.schedule);
                    drop(self.changed.wait_timeout(schedule, LOOK));
                }
            }
        }
    }

    /// Loads a part of a table that another worker loads; `false`: there is none.
    fn help(&self, worker: &mut dyn Worker) -> bool {
        let Some(shared) = self.context.shared() else { return false };
        self.helping.fetch_add(1, Ordering::SeqCst);
        let loads = fleet::to_help_with(self.context, shared);
        let helped = loads.into_iter().any(|(step, load)| {
            let help = || fleet::help(self.context, shared, worker, load);
            unpanicked(help).unwrap_or_else(|error| {
                self.fail(Finding::of_step(step, error));
                false
            })
        });
        self.helping.fetch_sub(1, Ordering::SeqCst);
        helped
    }

    /// Runs one step and says how it went.
    fn run(&self, at: usize, step: impl FnOnce() -> Result<(), EngineError>) {
        let session = self.context.session;
        let start = session.clock.monotonic();
        let result = session.step_started(at).and_then(|()| unpanicked(step)).and_then(|()| {
            session.step_finished(at, session.clock.monotonic().saturating_sub(start))
        });
        match result {
            Ok(()) => locked(&self.schedule).done(at),
            Err(error) => {
                locked(&self.schedule).failed(at);
                self.fail(session.at_step(at, error));
            }
        }
        self.changed.notify_all();
    }

    fn fail(&self, finding: Finding) {
        let mut failures = locked(&self.failures);
        // Whoever is interrupted because another step failed has nothing to say.
        let consequence = !failures.is_empty() && finding.error.class == ErrorClass::Interrupted;
        if !consequence {
            failures.push(finding);
        }
        let interrupted =
            failures.iter().all(|finding| finding.error.class == ErrorClass::Interrupted);
        drop(failures);
        locked(&self.schedule).stop();
        if !(interrupted && self.context.session.stop.level() == Stop::SafePoint) {
            self.context.cancel();
        }
        self.changed.notify_all();
    }
}

/// However a worker's thread ends, the leader learns of it.
struct Present<'a, 'b>(&'a Crew<'b>);

impl Drop for Present<'_, '_> {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, Ordering::SeqCst);
        self.0.changed.notify_all();
    }
}

fn unpanicked<T>(step: impl FnOnce() -> Result<T, EngineError>) -> Result<T, EngineError> {
    catch_unwind(AssertUnwindSafe(step)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(defect(format!("a step panicked: {}", text.unwrap_or_default())))
    })
}
