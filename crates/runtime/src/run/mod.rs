//! One run of one compiled plan: everything or nothing.

mod report;

use std::path::PathBuf;
use std::sync::Arc;

use ir::CompiledPlan;

pub use report::{
    BackupEntry, Finding, PromotionFigures, RunOutcome, RunReport, StageTiming, TableCount,
};

use crate::clock::Clock;
use crate::engine::{SourceEngine, TargetEngine};
use crate::events::EventSink;
use crate::stop::StopFlag;

pub struct RunRequest<'a> {
    pub plan: CompiledPlan,
    /// SHA-256 of the plan file's text, where the caller knows it; for the journal.
    pub plan_digest: Option<String>,
    /// Folder of the plan: relative paths start here.
    pub plan_dir: PathBuf,
    /// `.cutover` beside the plan, unless said otherwise.
    pub state_dir: PathBuf,
    pub sources: Arc<dyn SourceEngine>,
    pub target: Box<dyn TargetEngine>,
    pub clock: &'a dyn Clock,
    pub events: &'a dyn EventSink,
    pub stop: StopFlag,
    /// Everything but effects: nothing is written anywhere, not even a journal.
    pub dry_run: bool,
    /// Judges waivers.
    pub today: jiff::civil::Date,
}

