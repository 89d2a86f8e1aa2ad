//! `backup`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Duration, OneOrMore, Period, Text};

/// How backups are kept, and how what the promote replaces is saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// How long `cutover backup prune` keeps the backups of this plan; default: `90d`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
    /// Whether what the promote replaces is backed up before anything is built; default: `take`,
    /// but for a plan with `attest`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetBackup>,
    /// A command that proves that an external backup of the target is recent and was restored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attest: Option<Attest>,
}

/// One period, or rules of which each keeps what it fits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Keep {
    For(Period),
    Rules(KeepRules),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("minProperties" = 1))]
#[serde(deny_unknown_fields)]
pub struct KeepRules {
    /// Whatever is younger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#for: Option<Period>,
    /// So many of the newest of each database.
    #[schemars(range(min = 1, max = 10000))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<u32>,
    /// The newest of each of so many days.
    #[schemars(range(min = 1, max = 10000))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daily: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TargetBackup {
    /// Backed up, restored elsewhere, every row compared.
    Take,
    /// Left out: needs a waiver of `replaces-without-backup`.
    None,
}

/// A command whose answer is one JSON object with `taken_at` and `restored_at` (RFC 3339) and
/// `backup`, its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attest {
    /// The program and its arguments; no shell reads them. It runs in the plan's folder.
    pub command: OneOrMore<Text>,
    /// How old the backup may be; default: `24h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<Period>,
    /// How long ago a backup may have been restored last; default: `30d`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_restore_age: Option<Period>,
    /// How long the command may take; default: `60s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
}
