//! What is known of the runs in a state folder, in one sentence each.

use std::path::{Path, PathBuf};

use diagnostics::{code, did_you_mean};
use ir::CompiledPlan;
use serde::Serialize;

use crate::engine::{RunInfo, TargetEngine};
use crate::journal::{JOURNAL_FILE, Tail, VIEW_FILE, View, read_run};
use crate::recovery::{Answer, Case, Evidence, evidence, kept_plan};
use crate::run::{SECOND_LENGTH, runs_folder};
use crate::{EngineError, private};

/// One run as its journal tells it, and its target where that was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunStatus {
    pub run_id: String,
    pub plan: String,
    pub target: String,
    pub state: RunState,
    /// The row of the recovery table.
    pub case: Case,
    /// The target was asked.
    pub asked: bool,
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
    /// Its process died before it could close the journal: a command ends it.
    Unfinished,
    /// It died, or lost the server, around its COMMIT: only the target knows.
    Undecided,
    /// The journal cannot be read, or cannot be true; the sentence says why.
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
    let mut runs: Vec<_> = folders.iter().map(|folder| of(folder, None)).collect();
    // The id has the second of the start, the journal the millisecond.
    runs.sort_by(|a, b| key(a).cmp(&key(b)));
    runs
}

fn key(run: &RunStatus) -> (&str, &str, &str) {
    let second = run.run_id.get(..SECOND_LENGTH).unwrap_or(&run.run_id);
    (second, &run.started_at, &run.run_id)
}

/// One run: the one with this id, or the last that somebody must end, or the one that is alive, or the
/// last.
///
/// # Errors
/// `JRN905` where there is none.
pub fn read(state_dir: &Path, run_id: Option<&str>) -> Result<RunStatus, EngineError> {
    let mut runs = list(state_dir);
    let Some(id) = run_id else {
        // A run that somebody must end or wait for comes before a later one that it turned away.
        let last = |wanted: fn(RunState) -> bool| runs.iter().rposition(|run| wanted(run.state));
        let first = last(needs_somebody).or_else(|| last(|state| state == RunState::Running));
        let shown = first.map(|at| runs.swap_remove(at)).or_else(|| runs.pop());
        return shown.ok_or_else(|| {
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

fn needs_somebody(state: RunState) -> bool {
    match state {
        RunState::Unfinished | RunState::Undecided => true,
        RunState::Running
        | RunState::Done
        | RunState::RolledBack
        | RunState::Restored
        | RunState::Accepted
        | RunState::Stopped
        | RunState::Unreadable => false,
    }
}

/// Makes the engine for a run's compiled plan.
pub type Open<'a> = &'a dyn Fn(&CompiledPlan) -> Result<Box<dyn TargetEngine>, EngineError>;

/// The same run, its target asked where the journal alone does not decide. A target that does not
/// answer leaves it as it is, and the second value says why.
pub fn ask(state_dir: &Path, run: RunStatus, open: Open<'_>) -> (RunStatus, Option<EngineError>) {
    if matches!(run.state, RunState::Running) || is_decided(run.case) {
        return (run, None);
    }
    let folder = runs_folder(state_dir).join(&run.run_id);
    let asked = kept_plan(&folder).and_then(|kept| {
        let mut target = open(&kept.plan)?;
        let info = RunInfo {
            run_id: run.run_id.clone(),
            plan_name: kept.plan.name.clone(),
            compiled_digest: kept.plan.digest().to_string(),
            plan_dir: PathBuf::new(),
            run_dir: folder.clone(),
        };
        Ok(evidence::look(target.as_mut(), &info, Ok(&kept.view)))
    });
    match asked {
        Ok(evidence) if evidence.answer != Answer::None => (of(&folder, Some(evidence)), None),
        Ok(_) => (run, Some(EngineError::new(&code::UNREACHABLE, "the target does not answer"))),
        Err(error) => (run, Some(error)),
    }
}

/// The journal alone says what is to be done.
fn is_decided(case: Case) -> bool {
    match case {
        Case::NothingHappened | Case::TakenBack | Case::RolledBack | Case::Accepted => true,
        Case::Decide
        | Case::DecideFirst
        | Case::KeptLost
        | Case::Superseded
        | Case::AcceptedKept => true,
        Case::Resume
        | Case::ResumeFromBackups
        | Case::ResumeUnseen
        | Case::FinishPromote
        | Case::AskTarget
        | Case::ClearUp
        | Case::FinishRollback
        | Case::FinishAccept
        | Case::DamagedPromoted
        | Case::DamagedStaging
        | Case::DamagedNothing
        | Case::DamagedUnasked
        | Case::Contradiction => false,
    }
}

fn of(folder: &Path, asked: Option<Evidence>) -> RunStatus {
    // Life first: a run that ends between the two looks is then read as ended.
    let alive = is_alive(folder);
    let read = read_run(folder);
    let told = evidence::told(read.as_ref().map(|read| &read.view));
    let evidence = asked.unwrap_or_else(|| Evidence::of_journal(told));
    match read {
        Ok(read) => status(folder, &read.view, read.tail, alive, evidence),
        // Its process died, or is about to begin: the journal comes before everything else.
        Err(error) if error.code == &code::NO_RUN => {
            status(folder, &View::default(), Tail::Whole, false, evidence)
        }
        Err(error) => unreadable(folder, evidence, &error),
    }
}

/// A live run holds a lock on its journal, which ends with its process; numbers of processes come
/// again.
fn is_alive(folder: &Path) -> bool {
    let file = private::open(&folder.join(JOURNAL_FILE), false);
    file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock)))
}

fn status(folder: &Path, view: &View, tail: Tail, alive: bool, evidence: Evidence) -> RunStatus {
    let case = evidence.case();
    let (state, sentence, next_actions) = if alive {
        let stage = view.current_stage.map_or("its beginning", |stage| stage.name());
        let sentence = format!("it is running, in `{stage}` since {}", view.updated_at);
        let wait = "wait; Ctrl-C in its terminal stops it at the next safe point".to_owned();
        (RunState::Running, sentence, vec![wait])
    } else {
        (state_of(case), evidence::sentence(case, view, torn(tail)), actions(case, view))
    };
    let begun = view.begun.as_ref();
    RunStatus {
        run_id: name(folder),
        plan: begun.map(|begun| begun.plan.clone()).unwrap_or_default(),
        target: begun.map(|begun| begun.target.clone()).unwrap_or_default(),
        state,
        case,
        asked: evidence.answer != Answer::None,
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

fn name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// What the run itself advised, then the commands of its case that it did not name.
fn actions(case: Case, view: &View) -> Vec<String> {
    let mut actions = if is_decided(case) { view.next_actions.clone() } else { Vec::new() };
    for (act, text) in case.advice().acts.iter().zip(evidence::commands(case, view)) {
        let named = format!("`cutover {}", act.command());
        let again = act == &crate::recovery::Act::Run && !actions.is_empty();
        if !again && !actions.iter().any(|known| known.contains(&named)) {
            actions.push(text);
        }
    }
    actions
}

fn state_of(case: Case) -> RunState {
    match case {
        Case::NothingHappened => RunState::Stopped,
        Case::TakenBack => RunState::RolledBack,
        Case::RolledBack => RunState::Restored,
        Case::Accepted | Case::AcceptedKept => RunState::Accepted,
        Case::Decide | Case::DecideFirst | Case::KeptLost | Case::Superseded => RunState::Done,
        Case::Resume
        | Case::ResumeFromBackups
        | Case::ResumeUnseen
        | Case::FinishPromote
        | Case::ClearUp
        | Case::FinishRollback
        | Case::FinishAccept => RunState::Unfinished,
        Case::AskTarget => RunState::Undecided,
        Case::DamagedPromoted
        | Case::DamagedStaging
        | Case::DamagedNothing
        | Case::DamagedUnasked
        | Case::Contradiction => RunState::Unreadable,
    }
}

fn torn(tail: Tail) -> &'static str {
    match tail {
        Tail::Whole => "",
        Tail::Torn { bytes: _ } => " while it wrote to its journal",
    }
}

fn unreadable(folder: &Path, evidence: Evidence, error: &EngineError) -> RunStatus {
    let case = evidence.case();
    RunStatus {
        run_id: name(folder),
        plan: String::new(),
        target: String::new(),
        state: RunState::Unreadable,
        case,
        asked: evidence.answer != Answer::None,
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
