//! Progress on a terminal: finished stages scroll by as lines, what is going on stays below them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use runtime::events::{Event, EventSink, SourceGroup, Stamped};

use super::Progress;
use crate::io::Terminal;
use crate::ui::figures::duration;
use crate::ui::style::{dim, green, red};

/// How often a spinner moves: often enough to look alive, seldom enough for a slow line.
const TICK: Duration = Duration::from_millis(120);

pub(super) struct Bars {
    terminal: Terminal,
    all: MultiProgress,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    stages: BTreeMap<String, Stage>,
    tables: BTreeMap<String, ProgressBar>,
    /// Steps of the whole run.
    run: Option<ProgressBar>,
    /// What the server is doing.
    server: Option<ProgressBar>,
}

struct Stage {
    bar: ProgressBar,
    /// Steps that run now; the first one is shown.
    running: BTreeSet<String>,
}

impl Stage {
    fn show(&self) {
        self.bar.set_message(self.running.first().cloned().unwrap_or_default());
    }
}

impl Bars {
    pub(super) fn new(terminal: Terminal) -> Self {
        Self { terminal, all: MultiProgress::new(), state: Mutex::default() }
    }

    fn line(&self, text: String) {
        // The terminal is gone: the run goes on.
        drop(self.all.println(text));
    }

    fn apply(&self, state: &mut State, event: &Event) {
        match event {
            Event::RunStarted { target, steps, .. } => {
                self.line(format!("target: {target}"));
                state.run = Some(self.run(*steps));
            }
            Event::Server { doing } => {
                let text: Vec<_> = doing.iter().map(super::doing).collect();
                let bar = state.server.get_or_insert_with(|| self.server());
                bar.set_message(text.join("; "));
            }
            Event::Outlook { left_ms } => {
                if let Some(run) = &state.run {
                    run.set_message(super::left(*left_ms));
                }
            }
            Event::StageStarted { stage, steps } => {
                state.stages.insert(stage.clone(), self.stage(stage, *steps));
            }
            Event::StepStarted { stage, step } => {
                if let Some(stage) = state.stages.get_mut(stage) {
                    stage.running.insert(step.clone());
                    stage.show();
                }
            }
            Event::StepFinished { stage, step, .. } => {
                state.finish_step(stage, step);
            }
            Event::StageFinished { stage, took_ms } => {
                state.stages.remove(stage).inspect(|stage| stage.bar.finish_and_clear());
                let time = duration(Duration::from_millis(*took_ms));
                let mark = green(self.mark(true), self.terminal);
                self.line(format!("{mark} {stage:17} {}", dim(&time, self.terminal)));
            }
            Event::Sources { source, groups, .. } => {
                self.line(format!("  {source}: {}", SourceGroup::sentence(groups)));
            }
            Event::BackedUp { source, done, total, .. } => {
                self.table(state, &format!("backup of {source}"), *done, Some(*total));
            }
            Event::Rows { table, done, total, bytes } => {
                self.table(state, table, *done, *total);
                if let Some(bar) = state.tables.get(table) {
                    let seconds = bar.elapsed().as_secs_f64();
                    bar.set_message(super::megabytes_per_second(*bytes, seconds));
                }
            }
            Event::Check { name, passed: false, found } => {
                let mark = red(self.mark(false), self.terminal);
                self.line(format!("{mark} check `{name}` fails: {found}"));
            }
            Event::Retrying { attempt, wait_ms, why } => {
                let wait = duration(Duration::from_millis(*wait_ms));
                self.line(format!("  try {attempt} of the promote failed ({why}); next in {wait}"));
            }
            Event::LoadAgain { table, wait_ms, why, .. } => {
                state.tables.remove(table).inspect(ProgressBar::finish_and_clear);
                self.line(format!("  {}", super::load_again(table, *wait_ms, why)));
            }
            Event::RunFinished { .. } => state.clear(),
            Event::Check { .. }
            | Event::Passed { .. }
            | Event::Warning { .. }
            | Event::Finding { .. } => {}
        }
    }

    fn mark(&self, good: bool) -> &'static str {
        match (self.terminal.unicode, good) {
            (true, true) => "✓",
            (true, false) => "✗",
            (false, true) => "+",
            (false, false) => "!",
        }
    }

    fn run(&self, steps: usize) -> ProgressBar {
        let bar = self.all.add(ProgressBar::new(steps as u64));
        bar.set_style(style(
            "  {prefix:17} {bar:18} {pos}/{len} steps {elapsed} {msg}",
            self.terminal,
        ));
        bar.set_prefix("run");
        bar.enable_steady_tick(TICK);
        bar
    }

    fn server(&self) -> ProgressBar {
        let bar = self.all.add(ProgressBar::no_length());
        bar.set_style(style("  {prefix:17} {wide_msg}", self.terminal));
        bar.set_prefix("server");
        bar
    }

    fn stage(&self, stage: &str, steps: usize) -> Stage {
        let bar = self.all.add(ProgressBar::new(steps as u64));
        bar.set_style(style(
            "{spinner} {prefix:17} {pos}/{len} {elapsed} {wide_msg}",
            self.terminal,
        ));
        bar.set_prefix(stage.to_owned());
        bar.enable_steady_tick(TICK);
        Stage { bar, running: BTreeSet::new() }
    }

    fn table(&self, state: &mut State, table: &str, done: u64, total: Option<u64>) {
        let bar = state.tables.entry(table.to_owned()).or_insert_with(|| {
            let bar = self.all.add(ProgressBar::no_length());
            bar.set_style(style(template(total.is_some(), self.terminal.width), self.terminal));
            bar.set_prefix(table.to_owned());
            bar
        });
        if let Some(total) = total {
            bar.set_length(total);
        }
        bar.set_position(done);
        if total == Some(done) {
            bar.finish_and_clear();
            state.tables.remove(table);
        }
    }
}

impl State {
    fn finish_step(&mut self, stage: &str, step: &str) {
        if let Some(stage) = self.stages.get_mut(stage) {
            stage.running.remove(step);
            stage.bar.inc(1);
            stage.show();
        }
        if let Some(run) = &self.run {
            run.inc(1);
        }
        // What the server still does it says again within a second.
        self.server.take().inspect(ProgressBar::finish_and_clear);
        let name = step.rsplit_once('/').map_or(step, |(_, name)| name);
        self.tables.remove(name).inspect(ProgressBar::finish_and_clear);
    }

    fn clear(&mut self) {
        let stages = self.stages.values().map(|stage| &stage.bar);
        for bar in self.tables.values().chain(stages).chain(&self.run).chain(&self.server) {
            bar.finish_and_clear();
        }
        *self = State::default();
    }
}

impl Progress for Bars {
    fn say(&self, text: &str) {
        self.line(text.to_owned());
    }
}

impl EventSink for Bars {
    fn event(&self, event: &Stamped) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.apply(&mut state, &event.event);
    }
}

/// What fits: rate and time left matter more than the bar.
fn template(total_known: bool, width: usize) -> &'static str {
    match (total_known, width) {
        (true, 72..) => {
            "  {prefix:17!} {bar:18} {percent:>3}% {human_pos} rows {per_sec} {msg} {eta} left"
        }
        (true, _) => "  {prefix:14!} {percent:>3}% {per_sec} {eta} left",
        (false, _) => "  {prefix:17!} {human_pos} rows {per_sec} {msg}",
    }
}

fn style(template: &str, terminal: Terminal) -> ProgressStyle {
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        // `12,345.6789/s` says more than anybody knows.
        .with_key("per_sec", |state: &indicatif::ProgressState, out: &mut dyn std::fmt::Write| {
            let rate = crate::ui::figures::count(state.per_sec() as u64);
            let _ = write!(out, "{rate}/s");
        });
    if terminal.unicode {
        style.progress_chars("━━╌").tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ")
    } else {
        style.progress_chars("#>-").tick_chars("-\\|/ ")
    }
}
