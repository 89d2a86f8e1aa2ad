//! What is known of a run: its journal, its target's answer, what stands beside the live state.

use std::io::Read as _;
use std::path::Path;

use diagnostics::{code, plural};
use ir::{CompiledPlan, Digest};

use super::cases::{Act, Answer, Beside, Case, Told, case_of};
use crate::engine::{Outcome, RunInfo, TargetEngine};
use crate::journal::format::Alias;
use crate::journal::{PLAN_FILE, View, read_run};
use crate::{EngineError, private};

/// The three columns of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    pub told: Told,
    pub answer: Answer,
    pub beside: Beside,
}

impl Evidence {
    /// The target was not asked.
    pub fn of_journal(told: Told) -> Self {
        Self { told, answer: Answer::None, beside: Beside::Unknown }
    }

    pub fn case(&self) -> Case {
        case_of(self.told, self.answer, self.beside)
    }
}

/// Asks the target. What it does not answer is unknown: that is a case of its own.
pub fn look(
    target: &mut dyn TargetEngine,
    info: &RunInfo,
    view: Result<&View, &EngineError>,
) -> Evidence {
    let told = told(view);
    let answer = match target.outcome(&info.run_id) {
        Ok(Outcome::Promoted) => Answer::Promoted,
        Ok(Outcome::NotPromoted) => Answer::NotPromoted,
        Err(_) => return Evidence::of_journal(told),
    };
    let beside = target.area(info).map_or(Beside::Unknown, |area| Beside::of(&area));
    Evidence { told, answer, beside }
}

pub(crate) fn told(view: Result<&View, &EngineError>) -> Told {
    match view {
        Ok(view) => Told::of(view),
        Err(error) if error.code == &code::NO_RUN => Told::Nothing,
        Err(_) => Told::Damaged,
    }
}

pub(super) fn read(folder: &Path) -> Result<View, EngineError> {
    read_run(folder).map(|read| read.view)
}

/// The compiled plan that is kept in the folder of a run.
#[derive(Clone, Debug)]
pub struct Kept {
    pub plan: CompiledPlan,
    pub view: View,
}

/// The compiled plan that ran, by the digest in its journal.
///
/// # Errors
/// `JRN901` where journal or plan are damaged, or do not belong together.
pub fn kept_plan(folder: &Path) -> Result<Kept, EngineError> {
    let view = read(folder)?;
    let path = folder.join(PLAN_FILE);
    let corrupt = |why: String| {
        EngineError::new(&code::JOURNAL_CORRUPT, why).object(path.display().to_string())
    };
    let mut bytes = Vec::new();
    private::open(&path, false).and_then(|mut file| file.read_to_end(&mut bytes)).map_err(
        |error| corrupt(format!("the compiled plan of the run cannot be read: {error}")),
    )?;
    let recorded = view.begun.as_ref().map(|begun| begun.compiled_digest.as_str());
    if recorded != Some(Digest::of(&bytes).0.as_str()) {
        return Err(corrupt("this is not the compiled plan that the journal names".to_owned()));
    }
    let plan = CompiledPlan::from_bytes(&bytes).map_err(|error| corrupt(error.to_string()))?;
    Ok(Kept { plan, view })
}

/// The case in one sentence, with what the journal knows of it.
pub(crate) fn sentence(case: Case, view: &View, torn: &str) -> String {
    let stage = view.current_stage.unwrap_or(Alias::ScanSource).name();
    let failure = view.failure.as_ref();
    let why = failure.map_or_else(String::new, |it| format!(": {} [{}]", it.message, it.code));
    case.advice()
        .says
        .replace("{stage}", stage)
        .replace("{torn}", torn)
        .replace("{why}", &why)
        .replace("{rows}", &rows(view))
        .replace("{kept}", view.kept.as_deref().unwrap_or("nothing"))
        .replace("{until}", view.kept_until.as_deref().unwrap_or("somebody removes it"))
}

fn rows(view: &View) -> String {
    let rows: u64 = view.tables.values().map(|table| table.written).sum();
    format!("{rows} rows in {}", plural(view.tables.len(), "table"))
}

/// The commands of the case, as they are typed, each with what it does here.
pub(crate) fn commands(case: Case, view: &View) -> Vec<String> {
    let plan = view.begun.as_ref().map_or("PLAN", |begun| begun.plan_file.as_str());
    case.advice().acts.iter().map(|act| command(*act, case, plan)).collect()
}

fn command(act: Act, case: Case, plan: &str) -> String {
    let does = match (act, case) {
        (Act::Run | Act::Verify, _) => return format!("`cutover {} {plan}`", act.command()),
        (Act::Resume, Case::FinishPromote) => "writes how it ended",
        (Act::Resume, Case::AskTarget) => "asks the target first, and changes nothing before",
        (Act::Resume, _) => "goes on where it stopped",
        (Act::Abort, _) => "removes what it built",
        (Act::Rollback, Case::FinishRollback) => "ends it",
        (Act::Rollback, Case::DecideFirst) => "removes what was promoted",
        (Act::Rollback, _) => "puts the previous state back",
        (Act::Accept, Case::FinishAccept) => "ends it",
        (Act::Accept, Case::AcceptedKept) => "removes the previous state when its time has come",
        (Act::Accept, Case::KeptLost | Case::DecideFirst) => "says that nobody wants to go back",
        (Act::Accept, _) => "ends the way back",
        (Act::Status, Case::Superseded) => "names the run that is in place",
        (Act::Status, _) => "asks again, when the target answers",
        (Act::Bundle, _) => "packs everything that is known, for somebody who helps",
    };
    format!("`cutover {} {plan}` {does}", act.command())
}
