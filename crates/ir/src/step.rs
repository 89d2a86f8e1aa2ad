//! One unit of work, with everything a reviewer and the runtime need to know about it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Load;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Unique and readable: `create-index/orders_total_idx`.
    pub id: String,
    pub stage: String,
    pub action: Action,
    /// Sorted by step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Edge>,
    /// What the action locks while it runs, sorted; the scheduler runs no two in conflict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locks: Vec<TableLock>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hazards: Vec<Hazard>,
    pub origin: Origin,
}

/// A step that must be done before, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    pub step: String,
    pub reason: String,
}

/// Where something in the plan was written: for messages at run time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    pub file: String,
    pub line: u32,
    pub column: u32,
}

/// `plan.yaml:12:3`
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Everything that can be known before the window.
    Preflight,
    /// Backup of one source, restored elsewhere and compared; the restored copy is the snapshot
    /// that everything else reads.
    Backup {
        source: String,
    },
    /// Backup of what the promote would replace, restored elsewhere and compared; nothing where it
    /// would replace nothing.
    BackupTarget,
    /// The private staging schema, or the new file beside the target.
    CreateStaging,
    /// SQL text for the engine; more than one statement only where they belong together.
    Execute {
        sql: String,
        place: Place,
    },
    Load(Load),
    /// Sets the sequences that a table owns past its highest values.
    SetSequences {
        table: String,
    },
    Analyze {
        table: String,
    },
    /// Rows of one table, by count and content digest on both sides.
    VerifyRows {
        table: String,
    },
    /// Indexes valid, constraints validated, catalog equal to the baseline.
    VerifyCatalog,
    Check(Check),
    Invariant(Invariant),
    /// The cutover: checks of the moment `After` run inside its transaction.
    Promote {
        after: Vec<Check>,
    },
    /// Report; what is kept for rollback.
    Settle,
}

/// Where SQL runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// In the staging schema, which is first on the search path.
    Staging,
    /// In the promote transaction, after the objects have moved (grants on the schema itself).
    Promote,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    pub name: String,
    pub moment: Moment,
    pub sql: String,
    pub expect: Expect,
    pub origin: Origin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    Before,
    Staged,
    After,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expect {
    NoRows,
    True,
    Value(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invariant {
    pub name: String,
    pub source: String,
    pub source_sql: String,
    pub target_sql: String,
}

/// PostgreSQL's table lock modes that steps of a plan take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockMode {
    AccessShare,
    RowExclusive,
    ShareUpdateExclusive,
    Share,
    ShareRowExclusive,
    AccessExclusive,
}

impl LockMode {
    /// PostgreSQL's conflict table ("Conflicting Lock Modes"), for the modes above.
    pub fn conflicts_with(self, other: LockMode) -> bool {
        use LockMode::{AccessExclusive, AccessShare, RowExclusive, Share, ShareUpdateExclusive};
        match (self.min(other), self.max(other)) {
            (_, AccessExclusive) => true,
            (AccessShare, _)
            | (RowExclusive, RowExclusive | ShareUpdateExclusive)
            | (Share, Share) => false,
            (
                RowExclusive
                | ShareUpdateExclusive
                | Share
                | LockMode::ShareRowExclusive
                | AccessExclusive,
                _,
            ) => true,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableLock {
    pub table: String,
    pub mode: LockMode,
}

/// A known danger of a step; `code` is the id in the code table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hazard {
    pub code: String,
    pub message: String,
    /// The waiver that permits it, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waived_by: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::LockMode::*;

    #[test]
    fn lock_conflicts_are_postgresqls() {
        let modes = [
            AccessShare,
            RowExclusive,
            ShareUpdateExclusive,
            Share,
            ShareRowExclusive,
            AccessExclusive,
        ];
        let rows = ["-----x", "---xxx", "--xxxx", "-xx-xx", "-xxxxx", "xxxxxx"];
        for (a, row) in modes.iter().zip(rows) {
            let got: String =
                modes.iter().map(|b| if a.conflicts_with(*b) { 'x' } else { '-' }).collect();
            assert_eq!(got, row, "{a:?}");
        }
    }
}
