//! What a run was, when it is over.

use std::path::PathBuf;

use ir::{Origin, Step};

use crate::EngineError;
use crate::journal::format::MisfitCount;

#[derive(Clone, Debug)]
pub struct RunReport {
    pub run_id: String,
    pub outcome: RunOutcome,
    /// `PostgreSQL 15.18, database shop, schema shop`.
    pub target: String,
    /// Everything that was found: why the run stopped, and warnings.
    pub findings: Vec<Finding>,
    /// What was checked and held.
    pub passed: Vec<String>,
    /// In the order of the compiled plan.
    pub stages: Vec<StageTiming>,
    /// In name order.
    pub tables: Vec<TableCount>,
    pub backups: Vec<BackupEntry>,
    /// Where the previous state of the target is kept: schema name or file path.
    pub kept: Option<String>,
    pub promotion: Option<PromotionFigures>,
    /// `None` for a dry run, which writes nothing.
    pub journal: Option<PathBuf>,
    /// Commands or acts, the most sensible first.
    pub next_actions: Vec<String>,
    pub elapsed_ms: u64,
}

/// How a run ended. The CLI makes exit codes of it: 0, 0, 1, 3, 4, 5, 5, 6, 70 in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunOutcome {
    /// Promoted and verified.
    Done,
    /// A dry run found nothing that would stop a run.
    DryRun,
    /// Stopped before anything was touched.
    Findings,
    /// Stopped before anything was touched: a schema is not the baseline.
    BaselineMismatch,
    /// Failed; everything that was built is gone and the target is as it was.
    RolledBack,
    /// Whether the promote took place could not be found out.
    RecoveryRequired,
    /// What an unfinished run built is there; nothing was touched.
    UnfinishedInTheWay,
    /// Another run holds the target; nothing was touched.
    HeldByAnotherRun,
    /// A defect of this program; the target is as it was.
    Defect,
}

impl RunOutcome {
    /// The stable word in events and journals.
    pub fn word(self) -> &'static str {
        match self {
            RunOutcome::Done => "done",
            RunOutcome::DryRun => "dry-run",
            RunOutcome::Findings => "findings",
            RunOutcome::BaselineMismatch => "baseline-mismatch",
            RunOutcome::RolledBack => "rolled-back",
            RunOutcome::RecoveryRequired => "recovery-required",
            RunOutcome::UnfinishedInTheWay => "unfinished-in-the-way",
            RunOutcome::HeldByAnotherRun => "held-by-another-run",
            RunOutcome::Defect => "defect",
        }
    }
}

/// An error with the place in the plan that it belongs to, where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub error: EngineError,
    pub stage: Option<String>,
    pub step: Option<String>,
    pub origin: Option<Origin>,
}

impl Finding {
    pub fn is_error(&self) -> bool {
        self.error.code.severity == diagnostics::Severity::Error
    }

    /// At the place of a step, before it runs.
    pub(crate) fn of_step(step: &Step, error: EngineError) -> Self {
        Self {
            error,
            stage: Some(step.stage.clone()),
            step: Some(step.id.clone()),
            origin: Some(step.origin.clone()),
        }
    }
}

impl From<EngineError> for Finding {
    fn from(error: EngineError) -> Self {
        Self { error, stage: None, step: None, origin: None }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageTiming {
    pub stage: String,
    pub steps: usize,
    pub steps_done: usize,
    /// From the start of its first step to the end of its last one so far.
    pub elapsed_ms: u64,
}

/// `scanned = written + rejected + merged`, always checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableCount {
    pub table: String,
    pub scanned: u64,
    pub written: u64,
    pub rejected: u64,
    /// Rows that a row of another file stands for.
    pub merged: u64,
    pub bytes: u64,
    /// Rows and content, equal in what was sent and what the target gave back; `None` where the
    /// run stopped before.
    pub verified: Option<String>,
    pub elapsed_ms: u64,
    /// Values that did not fit, by column and what became of them.
    pub misfits: Vec<MisfitCount>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupEntry {
    pub source: String,
    /// The file as the plan names it.
    pub file: String,
    pub backup: PathBuf,
    pub sha256: String,
    pub bytes: u64,
    pub rows: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromotionFigures {
    pub attempts: u32,
    /// How long the locks were held.
    pub locked_ms: u64,
    /// Of the promoted catalog.
    pub fingerprint: String,
}
