//! What the plan says about backups.

use serde::{Deserialize, Serialize};

use crate::Origin;

/// Absent from the bytes of a plan that says nothing of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backups {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<KeepRules>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attest: Option<Attest>,
}

impl Backups {
    pub(crate) fn is_default(&self) -> bool {
        *self == Backups::default()
    }
}

/// A backup is kept for as long as one of these keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeepRules {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily: Option<u32>,
}

/// The command that proves an external backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attest {
    /// Program and arguments; at least one.
    pub command: Vec<String>,
    pub max_age_seconds: u64,
    pub max_restore_age_seconds: u64,
    pub timeout_ms: u64,
    pub origin: Origin,
}
