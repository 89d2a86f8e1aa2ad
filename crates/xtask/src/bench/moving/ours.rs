//! Our own run, as a user starts it, and what its events say.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::cases::{Case, Sources};
use super::measure::{self, Finished};

pub(super) struct Ours {
    pub(super) finished: Finished,
    /// From the first step of a stage to the end of its last.
    pub(super) stages: BTreeMap<String, Duration>,
    /// Per table: its load and its verification.
    pub(super) tables: BTreeMap<String, (Duration, Duration)>,
    /// The time in which at least one table was being loaded.
    pub(super) loads: Duration,
}

impl Ours {
    pub(super) fn load_steps(&self) -> Duration {
        self.tables.values().map(|times| times.0).sum()
    }

    pub(super) fn verify_steps(&self) -> Duration {
        self.tables.values().map(|times| times.1).sum()
    }
}

/// Moves the sources into the database; with `keys` everything, without them the bare tables.
///
/// # Errors
/// What the program says.
pub(super) fn run(
    case: Case,
    sources: &Sources,
    url: &str,
    keys: bool,
    connections: u32,
) -> Result<Ours, String> {
    let folder = folder(case, sources, keys, connections).map_err(|error| error.to_string())?;
    // Beside this program: built with it, and so in the same way.
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(program.with_file_name("cutover"));
    command
        .args(["run", "plan.yaml", "--yes", "--format", "json"])
        .current_dir(folder.path())
        .env("BENCH_URL", url);
    let finished = measure::run(&mut command)?;
    let lines = finished.stdout.lines();
    let events: Vec<serde_json::Value> =
        lines.filter_map(|line| serde_json::from_str(line).ok()).collect();
    let (mut stages, mut tables) = (BTreeMap::new(), BTreeMap::new());
    events.iter().for_each(|event| read(event, &mut stages, &mut tables));
    let loads = of_loads(&events);
    Ok(Ours { finished, stages, tables, loads })
}

fn folder(case: Case, sources: &Sources, keys: bool, connections: u32) -> std::io::Result<TempDir> {
    // On the disk of the sources, where a person has it, and not in memory.
    let folder = tempfile::Builder::new().prefix("plan-").tempdir_in(parent(&sources.folder))?;
    let schema = [case.tables(), if keys { case.keys() } else { "" }].concat();
    fs::write(folder.path().join("schema.sql"), schema)?;
    fs::write(folder.path().join("plan.yaml"), case.plan(connections))?;
    std::os::unix::fs::symlink(&sources.folder, folder.path().join("data"))?;
    Ok(folder)
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

fn read(
    event: &serde_json::Value,
    stages: &mut BTreeMap<String, Duration>,
    tables: &mut BTreeMap<String, (Duration, Duration)>,
) {
    let text = |name: &str| event.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    let took = event.get("took_ms").and_then(serde_json::Value::as_u64);
    let took = Duration::from_millis(took.unwrap_or_default());
    match text("event") {
        "stage-finished" => drop(stages.insert(text("stage").to_owned(), took)),
        "step-finished" => {
            if let Some(table) = text("step").strip_prefix("load/") {
                tables.entry(table.to_owned()).or_default().0 = took;
            } else if let Some(table) = text("step").strip_prefix("verify-rows/") {
                tables.entry(table.to_owned()).or_default().1 = took;
            }
        }
        _ => {}
    }
}

/// Tables are verified between the loads of others, also while none loads: that has a figure of its
/// own.
fn of_loads(events: &[serde_json::Value]) -> Duration {
    let finished = events.iter().filter(|event| event["event"] == "step-finished");
    let of_load = |event: &&serde_json::Value| {
        event["step"].as_str().is_some_and(|step| step.starts_with("load/"))
    };
    let span = |event: &serde_json::Value| {
        let end = event["elapsed_ms"].as_u64()?;
        Some((end.saturating_sub(event["took_ms"].as_u64()?), end))
    };
    let mut spans: Vec<(u64, u64)> = finished.filter(of_load).filter_map(span).collect();
    spans.sort_unstable();
    let (mut covered, mut until) = (0, 0);
    for (start, end) in spans {
        covered += end.saturating_sub(start.max(until));
        until = until.max(end);
    }
    Duration::from_millis(covered)
}
