//! Out of every state that a run can leave: which case it is ([`cases`]), and the commands that the
//! case names. Each of them can itself be killed and repeated: a record announces every act, and the
//! act finds out what of it is done already.

pub mod cases;
mod choose;
pub(crate) mod evidence;
mod undo;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use diagnostics::code;
use ir::CompiledPlan;

pub use cases::{Act, Answer, Beside, Case, Told, case_of};
pub use choose::choose;
pub use evidence::{Evidence, Kept, kept_plan, look};
pub use undo::{Accept, Rollback, abort, accept, rollback};

use crate::clock::Clock;
use crate::engine::{RunInfo, TargetEngine};
use crate::journal::format::Closing;
use crate::journal::reader::unreadable;
use crate::journal::{JOURNAL_FILE, Journal, Record, View};
use crate::run::runs_folder;
use crate::{EngineError, private};

/// A run, its target, and who asks.
pub struct Request<'a> {
    pub run_id: String,
    /// The one that ran, kept in the folder of the run; where that is lost, the one at hand.
    pub plan: CompiledPlan,
    pub plan_dir: PathBuf,
    pub state_dir: PathBuf,
    pub target: Box<dyn TargetEngine>,
    pub clock: &'a dyn Clock,
}

/// What a command did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    pub run_id: String,
    pub target: String,
    /// What is so now, for a person.
    pub sentence: String,
    /// What was done, a sentence each.
    pub done: Vec<String>,
    pub next_actions: Vec<String>,
}

/// Why a command did not end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    pub error: EngineError,
    /// Something may have been changed already: the same command again ends it.
    pub begun: bool,
}

impl From<EngineError> for Stopped {
    fn from(error: EngineError) -> Self {
        Self { error, begun: false }
    }
}

/// After the first effect.
fn begun(error: EngineError) -> Stopped {
    Stopped { error, begun: true }
}

/// A run held for a command: target and journal are locked, and the case is known.
struct Held<'a> {
    request: Request<'a>,
    info: RunInfo,
    /// `None`: there is none that can be written.
    journal: Option<Journal>,
    view: View,
    evidence: Evidence,
}

impl<'a> Held<'a> {
    /// # Errors
    /// `RUN801` while the run or another one is alive, `RUN844` where the case is not for `act`.
    fn take(mut request: Request<'a>, act: Act) -> Result<Self, EngineError> {
        let info = info(&request);
        request.target = crate::faults::target(request.target);
        request.target.lock(&info)?;
        let journal = adopt(&info.run_dir, &info.run_id)?;
        let read = match &journal {
            Some(journal) => Ok(journal.view().clone()),
            None => evidence::read(&info.run_dir),
        };
        let evidence = look(request.target.as_mut(), &info, read.as_ref());
        let view = read.unwrap_or_default();
        let held = Self { request, info, journal, view, evidence };
        if evidence.case().advice().acts.contains(&act) {
            return Ok(held);
        }
        Err(held.not_for(act))
    }

    fn not_for(&self, act: Act) -> EngineError {
        let sentence = evidence::sentence(self.evidence.case(), &self.view, "");
        let message = format!("run {} is not to be {}: {sentence}", self.info.run_id, act.done());
        let error = EngineError::new(&code::NOTHING_TO_RECOVER, message);
        match evidence::commands(self.evidence.case(), &self.view).into_iter().next() {
            Some(next) => error.help(next),
            None => error,
        }
    }

    /// On disk when this returns, where there is a journal.
    fn record(&mut self, record: Record) -> Result<(), EngineError> {
        let at = self.request.clock.now();
        self.journal.as_mut().map_or(Ok(()), |journal| journal.write(at, record))
    }

    fn close(&mut self, outcome: Closing, next_actions: &[String]) -> Result<(), EngineError> {
        self.record(Record::Closed { outcome, next_actions: next_actions.to_vec() })?;
        self.journal.as_mut().map_or(Ok(()), Journal::publish)
    }

    fn recovered(&self, sentence: &str, done: Vec<String>, next_actions: Vec<String>) -> Recovered {
        Recovered {
            run_id: self.info.run_id.clone(),
            target: self.request.target.describe(),
            sentence: sentence.to_owned(),
            done,
            next_actions,
        }
    }
}

fn info(request: &Request<'_>) -> RunInfo {
    RunInfo {
        run_dir: runs_folder(&request.state_dir).join(&request.run_id),
        run_id: request.run_id.clone(),
        plan_name: request.plan.name.clone(),
        compiled_digest: request.plan.digest().to_string(),
        plan_dir: request.plan_dir.clone(),
    }
}

/// The journal, locked. `None` where there is none, or one that is damaged: the target still answers.
fn adopt(folder: &Path, run_id: &str) -> Result<Option<Journal>, EngineError> {
    let path = folder.join(JOURNAL_FILE);
    match private::open(&path, false) {
        Ok(_) => {}
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidInput) => {
            return Ok(None);
        }
        Err(error) => return Err(unreadable(&path, &error)),
    }
    match Journal::adopt(folder) {
        Ok(Some(journal)) => Ok(Some(journal)),
        Ok(None) => {
            Err(EngineError::new(&code::RUN_IN_PROGRESS, format!("run {run_id} is still alive"))
                .help("wait for it, or stop it with Ctrl-C: `cutover status` shows it"))
        }
        Err(error) if error.code == &code::JOURNAL_CORRUPT => Ok(None),
        Err(error) => Err(error),
    }
}

impl Act {
    /// `cutover <this>`
    pub fn command(self) -> &'static str {
        match self {
            Act::Run => "run",
            Act::Resume => "resume",
            Act::Abort => "abort",
            Act::Rollback => "rollback",
            Act::Accept => "accept",
            Act::Verify => "verify",
            Act::Status => "status",
            Act::Bundle => "bundle",
        }
    }

    fn done(self) -> &'static str {
        match self {
            Act::Run => "run again",
            Act::Resume => "resumed",
            Act::Abort => "aborted",
            Act::Rollback => "rolled back",
            Act::Accept => "accepted",
            Act::Verify => "verified",
            Act::Status => "asked about",
            Act::Bundle => "bundled",
        }
    }
}
