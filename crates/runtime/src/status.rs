//! What the journals in a state folder say about runs, in one sentence each.

use std::path::PathBuf;

/// One run as its journal tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunStatus {
    pub run_id: String,
    pub plan: String,
    pub target: String,
    pub state: RunState,
    /// The stage that runs or ran last.
    pub stage: Option<String>,
    pub completed_stages: Vec<String>,
    pub started_at: String,
    pub updated_at: String,
    /// What happened, for a person.
    pub sentence: String,
    /// What to do next, the most sensible first; commands stand in backticks.
    pub next_actions: Vec<String>,
    pub journal: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Its process is alive.
    Running,
    Done,
    RolledBack,
    /// Stopped before anything was touched.
    Stopped,
    /// Its process died before it could close the journal; the target is as it was.
    Unfinished,
    /// It died, or lost the server, around its COMMIT: only the target knows.
    Undecided,
    /// The journal cannot be read; the sentence says why.
    Unreadable,
}
