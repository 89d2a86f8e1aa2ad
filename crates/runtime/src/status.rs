//! What the journals in a state folder say about runs, in one sentence each.

use std::path::{Path, PathBuf};

use diagnostics::{code, did_you_mean};
use serde::Serialize;

use crate::journal::format::{Alias, Closing};
use crate::journal::{JOURNAL_FILE, Tail, VIEW_FILE, View, read_run};
use crate::run::runs_folder;
use crate::{EngineError, private};

/// One run as its journal tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunStatus {
    pub run_id: String,
    pub plan: String,
    pub target: String,
    pub state: RunState,
    /// The stage that runs or ran last.
    pub stage: Option<String>,
    pub completed_stages: Vec<String>,
    /// Empty where the journal cannot be read.
    pub started_at: String,
    pub updated_at: String,
    /// What happened, for a person.
    pub sentence: String,
    /// What to do next, the most sensible first; commands stand in backticks.
    pub next_actions: Vec<String>,
    /// Where the previous state of the target is kept.
    pub kept: Option<String>,
    /// Files and schemas that must stay: backups, the kept state.
    pub preserve: Vec<String>,
    pub journal: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// Its process is alive.
    Running,
    Done,
    RolledBack,
    /// It was promoted, and `cutover rollback` put the previous state back.
    Restored,
    /// It was promoted and accepted.
    Accepted,
    /// Stopped before anything was touched.
    Stopped,
    /// Its process died before it could close the journal; the target is as it was.
    Unfinished,
    /// It died, or lost the server, around its COMMIT: only the target knows.
    Undecided,
    /// The journal cannot be read; the sentence says why.
    Unreadable,
}

/// All runs of the state folder, the oldest first.
pub fn list(state_dir: &Path) -> Vec<RunStatus> {
    let mut folders: Vec<_> = std::fs::read_dir(runs_folder(state_dir))
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    let mut runs: Vec<_> = folders.iter().map(|folder| of(folder)).collect();
    // The id has the second of the start, the journal the millisecond.
    runs.sort_by(|a, b| key(a).cmp(&key(b)));
    runs
}

fn key(run: &RunStatus) -> (&str, &str, &str) {
    let second = run.run_id.get(..SECOND).unwrap_or(&run.run_id);
    (second, &run.started_at, &run.run_id)
}

/// Length of `20261121-053501` in a run id.
const SECOND: usize = 15;

/// One run: the one with this id, or the last.
///
/// # Errors
/// `JRN905` where there is none.
pub fn read(state_dir: &Path, run_id: Option<&str>) -> Result<RunStatus, EngineError> {
    let mut runs = list(state_dir);
    let Some(id) = run_id else {
        return runs.pop().ok_or_else(|| {
            EngineError::new(&code::NO_RUN, "no run has been made here")
                .object(state_dir.display().to_string())
                .help("`cutover run PLAN` makes one; `--state-dir` names another folder")
        });
    };
    if let Some(at) = runs.iter().position(|run| run.run_id == id) {
        return Ok(runs.swap_remove(at));
    }
    let error = EngineError::new(&code::NO_RUN, format!("there is no run `{id}`"))
        .object(state_dir.display().to_string());
    Err(match did_you_mean(id, runs.iter().map(|run| run.run_id.as_str())) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help("`cutover status` shows the last run"),
    })
}

fn of(folder: &Path) -> RunStatus {
    let run_id = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    // Life first: a run that ends between the two looks is then read as ended.
    let alive = is_alive(folder);
    match read_run(folder) {
        Ok(read) => status(run_id, folder, &read.view, read.tail, alive),
        // Its process died, or is about to begin: the journal comes before everything else.
        Err(error) if error.code == &code::NO_RUN => {
            status(run_id, folder, &View::default(), Tail::Whole, false)
        }
        Err(error) => unreadable(run_id, folder, &error),
    }
}

/// A live run holds a lock on its journal, which ends with its process; numbers of processes come
/// again.
fn is_alive(folder: &Path) -> bool {
    let file = private::open(&folder.join(JOURNAL_FILE), false);
    file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock)))
}

fn status(run_id: String, folder: &Path, view: &View, tail: Tail, alive: bool) -> RunStatus {
    let state = state(view, alive);
    let (sentence, fallback) = say(state, view, tail);
    let next_actions =
        if view.next_actions.is_empty() { vec![fallback] } else { view.next_actions.clone() };
    let begun = view.begun.as_ref();
    RunStatus {
        run_id,
        plan: begun.map(|begun| begun.plan.clone()).unwrap_or_default(),
        target: begun.map(|begun| begun.target.clone()).unwrap_or_default(),
        state,
        stage: view.current_stage.map(|stage| stage.name().to_owned()),
        completed_stages: view.completed_stages.iter().map(|it| it.name().to_owned()).collect(),
        started_at: view.started_at.clone(),
        updated_at: view.updated_at.clone(),
        sentence,
        next_actions,
        kept: view.kept.clone(),
        preserve: view.preserve.clone(),
        journal: folder.join(JOURNAL_FILE),
    }
}

/// The table of what an open or closed journal means.
fn state(view: &View, alive: bool) -> RunState {
    match (view.closed, alive) {
        (Some(Closing::Promoted), _) => RunState::Done,
        (Some(Closing::RolledBack), _) => RunState::RolledBack,
        (Some(Closing::Restored), _) => RunState::Restored,
        (Some(Closing::Accepted), _) => RunState::Accepted,
        (Some(Closing::Stopped), _) => RunState::Stopped,
        (None, true) => RunState::Running,
        (Some(Closing::Undecided), _) => RunState::Undecided,
        (None, false) => match (view.promoted, &view.transaction) {
            (Some(true), _) => RunState::Done,
            (Some(false), _) | (None, None) => RunState::Unfinished,
            (None, Some(_)) => RunState::Undecided,
        },
    }
}

/// What happened, and what to do where the journal does not say it.
fn say(state: RunState, view: &View, tail: Tail) -> (String, String) {
    let plan = view.begun.as_ref().map_or("PLAN", |begun| begun.plan_file.as_str());
    let again = format!("`cutover run {plan}`");
    let stage = view.current_stage.unwrap_or(Alias::ScanSource).name();
    let why = view
        .failure
        .as_ref()
        .map_or_else(String::new, |failure| format!(": {} [{}]", failure.message, failure.code));
    match state {
        RunState::Running => (
            format!("it is running, in `{stage}` since {}", view.updated_at),
            "wait; Ctrl-C in its terminal stops it at the next safe point".to_owned(),
        ),
        RunState::Done => (
            format!("the target was promoted and verified, {}", rows(view)),
            format!("`cutover verify {plan}`"),
        ),
        RunState::RolledBack => (
            format!("it failed in `{stage}` and was taken back; the target is as it was{why}"),
            again,
        ),
        RunState::Restored => {
            ("its promote was rolled back; the previous state is back".to_owned(), again)
        }
        RunState::Accepted => (
            format!("the target was promoted, verified and accepted, {}", rows(view)),
            format!("`cutover verify {plan}`"),
        ),
        RunState::Stopped => (format!("it stopped before anything was touched{why}"), again),
        RunState::Unfinished => (
            format!("its process ended in `{stage}`{}; the target is as it was", torn(tail)),
            format!("{again}: it clears up what this one left"),
        ),
        RunState::Undecided => (
            "whether its promote committed is not known here; the target knows".to_owned(),
            format!("{again}: it asks the target first, and changes nothing before"),
        ),
        RunState::Unreadable => (String::new(), String::new()),
    }
}

fn rows(view: &View) -> String {
    let rows: u64 = view.tables.values().map(|table| table.written).sum();
    let tables = diagnostics::plural(view.tables.len(), "table");
    format!("{rows} rows in {tables}")
}

fn torn(tail: Tail) -> &'static str {
    match tail {
        Tail::Whole => "",
        Tail::Torn { bytes: _ } => " while it wrote to its journal",
    }
}

fn unreadable(run_id: String, folder: &Path, error: &EngineError) -> RunStatus {
    RunStatus {
        run_id,
        plan: String::new(),
        target: String::new(),
        state: RunState::Unreadable,
        stage: None,
        completed_stages: Vec::new(),
        started_at: String::new(),
        updated_at: String::new(),
        sentence: format!("its journal cannot be read: {} [{}]", error.message, error.code.id),
        next_actions: vec![
            format!("keep `{}` as it is", folder.display()),
            format!("`{VIEW_FILE}` in it shows what was known at the last stage"),
        ],
        kept: None,
        preserve: vec![folder.display().to_string()],
        journal: folder.join(JOURNAL_FILE),
    }
}
