//! `cutover verify`: what was promoted, held against the kept backups, any time later.

use std::path::PathBuf;
use std::sync::Arc;

use ir::CompiledPlan;

use crate::clock::Clock;
use crate::engine::{SourceEngine, TargetEngine};
use crate::events::EventSink;
use crate::run::Finding;

pub struct VerifyRequest<'a> {
    pub state_dir: PathBuf,
    /// `None`: the last run that was promoted.
    pub run_id: Option<String>,
    pub sources: Arc<dyn SourceEngine>,
    /// Makes the engine for the run's compiled plan, which is kept in its folder.
    pub target: &'a dyn Fn(&CompiledPlan) -> Result<Box<dyn TargetEngine>, Vec<Finding>>,
    pub clock: &'a dyn Clock,
    pub events: &'a dyn EventSink,
}

#[derive(Clone, Debug)]
pub struct VerifyReport {
    pub run_id: String,
    /// In name order.
    pub tables: Vec<VerifiedTable>,
    /// Errors where something differs or could not be verified.
    pub findings: Vec<Finding>,
    pub elapsed_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedTable {
    pub table: String,
    /// `rows:digest` of what the kept backups hold, converted.
    pub expected: String,
    /// `rows:digest` of what the target holds now.
    pub found: String,
}
