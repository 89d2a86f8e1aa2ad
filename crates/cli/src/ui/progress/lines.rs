//! Progress for logs: a line when a stage starts and ends, and every ten seconds one that says
//! what is being done, so that silence always means trouble.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use diagnostics::plural;
use runtime::engine::Activity;
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
    /// Steps of the run that are done, and all of them.
    done: usize,
    all: usize,
    /// Of the whole run, as it was said since the last report.
    left: Option<u64>,
    /// What the server said last.
    server: Vec<Activity>,
}

struct Table {
    since: Instant,
    done: u64,
    total: Option<u64>,
    bytes: u64,
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
            Event::RunStarted { steps, .. } => self.all = *steps,
            Event::Outlook { left_ms } => self.left = Some(*left_ms),
            Event::Server { doing } => self.server.clone_from(doing),
            Event::StepStarted { step, .. } => {
                self.steps.insert(step.clone(), Instant::now());
            }
            Event::StepFinished { step, .. } => {
                self.done += 1;
                self.steps.remove(step);
                self.tables.retain(|table, _| !step.ends_with(&format!("/{table}")));
            }
            Event::Rows { table, done, total, bytes } => {
                let fresh = || Table { since: Instant::now(), done: 0, total: None, bytes: 0 };
                let entry = self.tables.entry(table.clone()).or_insert_with(fresh);
                (entry.done, entry.total, entry.bytes) = (*done, *total, *bytes);
            }
            _ => {}
        }
    }

    fn report(&mut self) -> String {
        let now = Instant::now();
        // Said anew every second for as long as it goes on.
        let server = std::mem::take(&mut self.server);
        let server = server.iter().map(|doing| format!("    server: {}\n", super::doing(doing)));
        let all = match self.all {
            0 => String::new(),
            all => {
                let left = self.left.take().map(|left| format!(", {}", super::left(left)));
                let left = left.unwrap_or_default();
                format!("  {} of {} done{left}\n", self.done, plural(all, "step"))
            }
        };
        let steps = self.steps.iter().map(|(step, since)| {
            let table = step.rsplit_once('/').and_then(|(_, name)| self.tables.get(name));
            let detail = table.map(|table| table.describe(now)).unwrap_or_default();
            format!("    {step}, {} so far{detail}\n", duration(now - *since))
        });
        std::iter::once(all).chain(steps).chain(server).collect()
    }
}

impl Table {
    /// `, 12,000 of 40,000 rows, 6,000 rows/s, 1.5 MB/s, about 4.7 s left`; no guess where there is no total.
    fn describe(&self, now: Instant) -> String {
        let elapsed = (now - self.since).as_secs_f64().max(0.001);
        let rate = self.done as f64 / elapsed;
        let megabytes = super::megabytes_per_second(self.bytes, elapsed);
        let speed = format!("{} rows/s, {megabytes}", count(rate as u64));
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
        Event::StageFinished { stage, took_ms } => {
            format!("  {stage}: done in {}", duration(Duration::from_millis(*took_ms)))
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
