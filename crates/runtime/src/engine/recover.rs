//! What recovery asks of a target, besides what every run asks.

use std::collections::{BTreeMap, BTreeSet};

use diagnostics::{code, plural};
use ir::CompiledPlan;

use super::{Result, RunInfo, Staging};
use crate::{EngineError, RowDigest};

/// Every act can be killed and repeated.
pub trait Recover {
    /// What stands beside the live state and belongs to the run.
    fn area(&mut self, run: &RunInfo) -> Result<Area>;

    /// Takes up what a dead process of this run built, once nothing of that process works in it any
    /// more. `None`: there is nothing, or nothing that can be gone on with; that is gone then.
    fn adopt_staging(&mut self, plan: &CompiledPlan, run: &RunInfo) -> Result<Option<Adopted>>;

    /// Puts the state that the run replaced back in its place, as one act; what was promoted is
    /// discarded.
    ///
    /// # Errors
    /// `RUN840` where rows were written to the promoted state since and may not be discarded,
    /// `RUN841` where the previous state is not there, `RUN842` where a later run was promoted.
    fn restore(&mut self, request: &Restore<'_>) -> Result<Restored>;

    /// Removes the state that the run kept for a rollback; nothing to remove is fine.
    fn release(&mut self, run: &RunInfo) -> Result<()>;
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Area {
    /// Schema or file that the run builds in.
    pub staging: Option<String>,
    /// Schema or file with the state that the run replaced.
    pub kept: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopted {
    pub staging: Staging,
    /// Steps given to [`super::Worker::execute_once`] whose effect is there.
    pub executed: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug)]
pub struct Restore<'a> {
    pub plan: &'a CompiledPlan,
    pub run: &'a RunInfo,
    /// What the loaded tables held when they were promoted.
    pub promoted: &'a BTreeMap<String, RowDigest>,
    /// Where the journal says the previous state is; `None`: there was none.
    pub kept: Option<&'a str>,
    pub discard_new_rows: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// What went with the promoted state.
    pub discarded: Vec<WrittenSince>,
}

/// What happened to the rows of a promoted table since; both 0: other content, as many rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenSince {
    pub table: String,
    pub written: u64,
    pub removed: u64,
}

impl WrittenSince {
    /// `2 rows of orders written`, `1 row of orders removed`, `rows of orders changed`
    pub fn sentence(&self) -> String {
        let Self { table, written, removed } = self;
        let rows = |count: &u64| plural(*count, "row");
        match (written, removed) {
            (0, 0) => format!("rows of `{table}` changed"),
            (written, 0) => format!("{} of `{table}` written", rows(written)),
            (0, removed) => format!("{} of `{table}` removed", rows(removed)),
            (written, removed) => {
                format!("{} of `{table}` written, {removed} removed", rows(written))
            }
        }
    }
}

/// The refusal of a rollback that would lose them.
pub fn new_rows(found: &[WrittenSince]) -> EngineError {
    let all: Vec<_> = found.iter().map(WrittenSince::sentence).collect();
    let message = format!("the promoted state was written to since: {}", all.join(", "));
    EngineError::new(&code::NEW_ROWS, message).help(
        "save what is new, then add `--discard-new-rows`; the source and its backup do not hold it",
    )
}
