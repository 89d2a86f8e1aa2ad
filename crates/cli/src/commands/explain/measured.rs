//! What the last run or rehearsal of a plan took: its rows and times are the best estimate for the
//! next one.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use runtime::journal::{Record, read_run};
use runtime::status::{self, RunState, RunStatus};
use serde_json::{Value, json};

use crate::commands::rehearse;

/// Figures of the last run that was promoted, or of the last rehearsal that was, whichever is later;
/// empty where there is none.
#[derive(Default)]
pub(super) struct Measured {
    /// `run 20261121-053501-8c1f20 at 2026-11-21T05:35:01Z`
    run: Option<String>,
    rows: BTreeMap<String, u64>,
    elapsed: BTreeMap<String, Duration>,
}

/// Of one step, as far as they are known.
#[derive(Default)]
pub(super) struct Figures {
    pub(super) rows: Option<u64>,
    pub(super) elapsed: Option<Duration>,
}

impl Measured {
    /// From the journals of the state folder. A journal that cannot be read gives no figures:
    /// `status` is who says what is wrong with it.
    pub(super) fn last(state_dir: &Path, plan: &str) -> Self {
        let rehearsals = state_dir.join(rehearse::FOLDER);
        let found = [("run", state_dir), ("rehearsal", &rehearsals)].map(|(what, folder)| {
            let done = |run: &RunStatus| run.plan == plan && run.state == RunState::Done;
            Some((what, status::list(folder).into_iter().rfind(done)?))
        });
        // Names of runs sort by their start.
        let last = found.into_iter().flatten().max_by(|a, b| a.1.run_id.cmp(&b.1.run_id));
        let Some((what, run)) = last else { return Self::default() };
        let folder = run.journal.parent().unwrap_or(state_dir);
        let Ok(read) = read_run(folder) else { return Self::default() };
        let name = format!("{what} {} at {}", run.run_id, run.started_at);
        let mut measured = Self { run: Some(name), ..Self::default() };
        for line in read.lines {
            measured.note(line.record);
        }
        measured
    }

    fn note(&mut self, record: Record) {
        match record {
            Record::StepDone { step, elapsed_ms } => {
                self.elapsed.insert(step, Duration::from_millis(elapsed_ms));
            }
            Record::Loaded(loaded) => {
                self.rows.insert(loaded.table, loaded.written);
            }
            _ => {}
        }
    }

    /// `null` where no run was measured.
    pub(super) fn json(&self) -> Value {
        let elapsed = self.elapsed.iter().map(|(step, time)| (step, time.as_millis()));
        self.run.as_ref().map_or(Value::Null, |run| {
            json!({
                "run": run,
                "rows": self.rows,
                "elapsed_ms": elapsed.collect::<BTreeMap<_, _>>(),
            })
        })
    }

    /// The run that was measured.
    pub(super) fn of(&self) -> Option<String> {
        self.run.clone()
    }

    /// Rows are those of the step's table.
    pub(super) fn step(&self, id: &str) -> Figures {
        let rows = match id.split_once('/') {
            Some(("load" | "verify-rows" | "analyze", table)) => self.rows.get(table).copied(),
            _ => None,
        };
        Figures { rows, elapsed: self.elapsed.get(id).copied() }
    }
}
