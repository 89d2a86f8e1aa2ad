//! Progress for logs: a line when a stage starts and ends, and every ten seconds one that says
//! what is being done, so that silence always means trouble.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use diagnostics::plural;
use runtime::events::{Event, EventSink, SourceGroup, Stamped};

use super::Progress;
use crate::io::Io;
use crate::ui::figures::{count, duration, rows};

const EVERY: Duration = Duration::from_secs(10);

pub(super) struct Lines {
    io: Io,
    state: Arc<Mutex<State>>,
    /// Dropping it ends the ticker.
    ticker: Option<(Sender<()>, JoinHandle<()>)>,
}

/// What is going on now.
#[derive(Default)]
struct State {
    steps: BTreeMap<String, Instant>,
    tables: BTreeMap<String, Table>,
}

struct Table {
    since: Instant,
    done: u64,
    total: Option<u64>,
}

impl Lines {
    pub(super) fn new(io: &Io) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let (stop, stopped) = mpsc::channel();
        let (shared, stream) = (Arc::clone(&state), io.clone());
        let thread = thread::spawn(move || {
            while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                let text = shared.lock().unwrap_or_else(PoisonError::into_inner).report();
                stream.err(&text);
            }
        });
        Self { io: io.clone(), state, ticker: Some((stop, thread)) }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.ticker.take() {
            drop(stop);
            // A panic in the ticker has been said already and takes nothing with it.
            drop(thread.join());
        }
    }
}

impl Progress for Lines {
    fn say(&self, text: &str) {
        self.io.err(&format!("{text}\n"));
    }
}

impl EventSink for Lines {
    fn event(&self, event: &Stamped) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).apply(&event.event);
        if let Some(line) = line(&event.event) {
            self.io.err(&(line + "\n"));
        }
    }
}

impl State {
    fn apply(&mut self, event: &Event) {
        match event {
            Event::StepStarted { step, .. } => {
                self.steps.insert(step.clone(), Instant::now());
            }
            Event::StepFinished { step, .. } => {
                self.steps.remove(step);
                self.tables.retain(|table, _| !step.ends_with(&format!("/{table}")));
            }
            Event::Rows { table, done, total, .. } => {
                let fresh = || Table { since: Instant::now(), done: 0, total: None };
                let entry = self.tables.entry(table.clone()).or_insert_with(fresh);
                (entry.done, entry.total) = (*done, *total);
            }
            _ => {}
        }
    }

    fn report(&self) -> String {
        let now = Instant::now();
        let steps = self.steps.iter().map(|(step, since)| {
            let table = step.rsplit_once('/').and_then(|(_, name)| self.tables.get(name));
            let detail = table.map(|table| table.describe(now)).unwrap_or_default();
            format!("    {step}, {} so far{detail}\n", duration(now - *since))
        });
        steps.collect()
    }
}

impl Table {
    /// `, 12,000 of 40,000 rows, 6,000 rows/s, about 4.7 s left`; no guess where there is no total.
    fn describe(&self, now: Instant) -> String {
        let elapsed = (now - self.since).as_secs_f64().max(0.001);
        let rate = self.done as f64 / elapsed;
        let speed = format!("{} rows/s", count(rate as u64));
        match self.total {
            Some(total) if total > self.done && rate > 0.0 => {
                let left = Duration::from_secs_f64((total - self.done) as f64 / rate);
                let (done, total) = (count(self.done), count(total));
                format!(", {done} of {total} rows, {speed}, about {} left", duration(left))
            }
            _ => format!(", {}, {speed}", rows(self.done)),
        }
    }
}

/// The line of an event that is worth one.
fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::RunStarted { target, .. } => format!("target: {target}"),
        Event::StageStarted { stage, steps } => format!("  {stage}: {}", plural(*steps, "step")),
        Event::StageFinished { stage, elapsed_ms } => {
            format!("  {stage}: done in {}", duration(Duration::from_millis(*elapsed_ms)))
        }
        Event::Sources { source, groups, .. } => {
            format!("  {source}: {}", SourceGroup::sentence(groups))
        }
        Event::Check { name, passed: false, found } => format!("  check `{name}` fails: {found}"),
        Event::Retrying { attempt, wait_ms, why } => {
            let wait = duration(Duration::from_millis(*wait_ms));
            format!("  try {attempt} of the promote failed ({why}); next one in {wait}")
        }
        Event::LoadAgain { table, wait_ms, why, .. } => {
            format!("  {}", super::load_again(table, *wait_ms, why))
        }
        _ => return None,
    })
}
