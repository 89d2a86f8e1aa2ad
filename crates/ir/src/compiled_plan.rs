//! What a plan compiles to.

use catalog::Script;
use serde::{Deserialize, Serialize};

use crate::{Backups, Origin, Step};

/// The same plan, SQL files and baseline give the same bytes of this. Paths are as written,
/// relative to the folder of the plan; no clock, environment, source or target went into it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompiledPlan {
    pub format: u32,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// File name of the plan, for messages.
    pub file: String,
    /// Sorted by name.
    pub sources: Vec<Source>,
    pub target: Target,
    pub baseline: Baseline,
    /// What the plan builds, sorted; for reports.
    pub components: Vec<Component>,
    /// In an order that respects every edge; ties by stage, then by id.
    pub steps: Vec<Step>,
    pub waivers: Vec<Waiver>,
    pub settings: Settings,
    #[serde(default, skip_serializing_if = "Backups::is_default")]
    pub backups: Backups,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub name: String,
    /// Paths or globs, relative to the plan's folder.
    pub paths: Vec<String>,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    pub origin: Origin,
}

/// What SQL on a file of the source may name as `:tag`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tags {
    /// A regular expression for the path; its named groups are tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Queries on the file that give one value each, by tag; sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queries: Vec<(String, String)>,
}

impl Tags {
    pub fn is_empty(&self) -> bool {
        self.pattern.is_none() && self.queries.is_empty()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    Postgres(PostgresTarget),
    Sqlite(SqliteTarget),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresTarget {
    pub server: Server,
    pub schema: String,
    pub tls: TlsMode,
    pub existing: Existing,
    pub inbound: Inbound,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Roles that the plan's grants and policies name, sorted.
    pub roles: Vec<String>,
    /// Extensions that the plan owns, sorted.
    pub extensions: Vec<String>,
}

impl PostgresTarget {
    /// A server that is only looked at: nothing is replaced, and a remote host must be verified.
    pub fn only_read(server: Server) -> Self {
        Self {
            server,
            schema: String::new(),
            tls: TlsMode::VerifyFull,
            existing: Existing::Refuse,
            inbound: Inbound::Refuse,
            environment: None,
            database: None,
            owner: None,
            roles: Vec::new(),
            extensions: Vec::new(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Server {
    Local,
    /// Name of the environment variable that holds the URL.
    Env(String),
    /// Path of the 0600 file that holds the URL.
    File(String),
    /// A URL without a password.
    Url(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    VerifyFull,
    InsecureNoHostname,
    InsecureNoVerify,
    InsecureDisable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Existing {
    Refuse,
    Replace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inbound {
    Refuse,
    Carry,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SqliteTarget {
    pub path: String,
    pub existing: Existing,
}

/// The baseline travels inside the compiled plan: the target's own server normalises it during
/// the run and the built schema must equal it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    pub file: String,
    pub script: Script,
    /// Where each statement of the script stands.
    pub origins: Vec<Origin>,
    /// Components the plan adds to the baseline on purpose.
    pub new: Vec<NewComponent>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewComponent {
    /// The word of a component kind (`index`), where the plan gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    pub kind: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    pub origin: Origin,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    pub allow: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    pub reason: String,
    pub owner: String,
    /// `YYYY-MM-DD`, judged in preflight.
    pub expires: String,
    pub origin: Origin,
}

/// Every default is written out, so that a reviewed digest fixes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub connections: u32,
    pub lock_timeout_ms: u64,
    pub promote_attempts: u32,
    /// 0: no limit.
    pub statement_timeout_ms: u64,
    pub on_source_change: OnSourceChange,
    pub memory_bytes: u64,
    /// Rows of one chunk of a large table; left out: [`Settings::chunk`] chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunk_rows: Option<u32>,
    /// What one index build sorts in; 0 (left out): [`Settings::index_memory`] chooses.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub index_memory_bytes: u64,
    /// Further processes of one index build; left out: [`Settings::index_workers`] chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index_workers: Option<u32>,
    /// How long the previous state is kept after a run was accepted; 0 (left out): it goes at once.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub keep_ms: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref)] // serde calls it with a reference
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections: 2,
            lock_timeout_ms: 2_000,
            promote_attempts: 5,
            statement_timeout_ms: 0,
            on_source_change: OnSourceChange::Stop,
            memory_bytes: 64 << 20,
            chunk_rows: None,
            index_memory_bytes: 0,
            index_workers: None,
            keep_ms: 0,
        }
    }
}

impl Settings {
    /// Rows of one chunk of a large table, which several connections load at once; `None`: tables are
    /// loaded whole.
    pub fn chunk(&self) -> Option<u64> {
        match self.chunk_rows {
            Some(rows) => Some(u64::from(rows)),
            None => (self.connections > 2).then_some(500_000),
        }
    }

    /// Bytes that one index build sorts in. Measured on 5 M rows with 8 indexes: 4 to 16 MB took
    /// 9.2 s where 1 GB took 12.2 s, because a small sort stays in the processor's cache.
    pub fn index_memory(&self) -> u64 {
        match self.index_memory_bytes {
            0 => 16 << 20,
            given => given,
        }
    }

    /// Further processes of one index build. In the same measurement one saved a third of the time
    /// and a second one nothing.
    pub fn index_workers(&self) -> u32 {
        self.index_workers.unwrap_or(1)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnSourceChange {
    Stop,
    Warn,
}
