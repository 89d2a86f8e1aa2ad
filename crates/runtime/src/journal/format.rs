//! The stored form of a journal: one JSON object per line, numbered, chained and summed.
//!
//! `{"v":1,"seq":3,"prev":"<sum of line 2>","at":"…","record":{…},"sum":"<sha-256>"}`: the sum covers
//! the bytes of the line before `,"sum"`, and with `prev` among them every line vouches for all
//! lines before it.

use ir::LoadColumn;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::engine::Fate;

/// Raised by one whenever an older reader could misread newer records. 2: a run is resumed, rolled
/// back after its promote, accepted.
pub const FORMAT_VERSION: u32 = 2;

/// What `prev` is in the first line.
pub const NO_PREVIOUS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A line as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    pub v: u32,
    /// From 1, without gaps: the order of things. `at` is for people.
    pub seq: u64,
    pub prev: String,
    /// RFC 3339, UTC.
    pub at: String,
    pub record: Record,
}

/// What can happen in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Record {
    /// The first line.
    Begun(Begun),
    Source(SourceRecord),
    Preflight {
        passed: Vec<String>,
        /// Fingerprint of what the promote would replace.
        before: String,
    },
    /// What goes into which column of a table, with every name resolved.
    Bound {
        table: String,
        columns: Vec<LoadColumn>,
    },
    StageStarted {
        stage: String,
        alias: Alias,
    },
    StageFinished {
        stage: String,
        alias: Alias,
        elapsed_ms: u64,
    },
    /// Written before the step has any effect.
    Intent {
        step: String,
        /// What will exist, where that is known before: the staging schema's or file's name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        creates: Option<String>,
    },
    StepDone {
        step: String,
        elapsed_ms: u64,
    },
    BackupDone(BackupRecord),
    /// What the promote would replace is saved, restored elsewhere and compared.
    TargetBackedUp(TargetBackupRecord),
    StagingCreated {
        name: String,
    },
    Loaded(LoadedRecord),
    /// Sent and given back are equal.
    RowsVerified {
        table: String,
        digest: String,
    },
    CheckDone {
        name: String,
        passed: bool,
        found: String,
    },
    CatalogVerified {
        fingerprint: String,
    },
    Warning {
        warning: WarningKind,
        code: String,
        message: String,
    },
    /// A try of the promote failed on a lock.
    Retry {
        attempt: u32,
        wait_ms: u64,
        why: String,
    },
    /// Durable before COMMIT is sent: from here on only the target's marker says what happened.
    PromoteCommitting {
        transaction: String,
    },
    Promoted {
        attempts: u32,
        locked_ms: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kept: Option<String>,
        fingerprint: String,
    },
    /// The connection ended around COMMIT, or the process died; the target was asked.
    OutcomeFound {
        promoted: bool,
        /// The run that asked.
        asked_by: String,
    },
    /// Where the previous state is, found after a promote whose answer was lost.
    KeptFound {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kept: Option<String>,
    },
    Failed(Failure),
    /// What was built is gone.
    StagingDiscarded,
    /// A new process goes on where a dead one stopped.
    Resumed {
        program: String,
        process: u32,
    },
    /// Written before the previous state is put back in its place.
    Restoring {
        discard_new_rows: bool,
    },
    Restored {
        /// What was written to the promoted state since and went with it, a sentence for each table.
        discarded: Vec<String>,
    },
    /// Nobody wants to go back any more. The previous state goes at `kept_until`, or at once.
    Accepted {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kept_until: Option<String>,
    },
    /// The previous state is gone.
    KeptRemoved,
    /// The last line, until somebody resumes, rolls back or accepts.
    Closed {
        outcome: Closing,
        next_actions: Vec<String>,
    },
}

impl Record {
    /// Whether something follows that must not happen before the record is on disk, or that could
    /// not be found out again. All others reach the disk with the next one that does.
    pub(crate) fn must_be_durable(&self) -> bool {
        match self {
            Record::Begun(_)
            | Record::Intent { .. }
            | Record::StagingCreated { .. }
            | Record::PromoteCommitting { .. }
            | Record::Promoted { .. }
            | Record::OutcomeFound { .. }
            | Record::KeptFound { .. }
            | Record::Failed(_)
            | Record::StagingDiscarded
            | Record::Resumed { .. }
            | Record::Restoring { .. }
            | Record::Restored { .. }
            | Record::Accepted { .. }
            | Record::KeptRemoved
            | Record::Closed { .. } => true,
            Record::Source(_)
            | Record::Preflight { .. }
            | Record::Bound { .. }
            | Record::StageStarted { .. }
            | Record::StageFinished { .. }
            | Record::StepDone { .. }
            | Record::BackupDone(_)
            | Record::TargetBackedUp(_)
            | Record::Loaded(_)
            | Record::RowsVerified { .. }
            | Record::CheckDone { .. }
            | Record::CatalogVerified { .. }
            | Record::Warning { .. }
            | Record::Retry { .. } => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begun {
    pub run_id: String,
    pub program: String,
    pub process: u32,
    /// Name of the plan, and its file without folders.
    pub plan: String,
    pub plan_file: String,
    /// SHA-256 of the plan file's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_digest: Option<String>,
    /// SHA-256 of the compiled plan, which lies beside the journal.
    pub compiled_digest: String,
    /// Folder that relative paths of sources start at.
    pub source_root: String,
    /// Described without secrets.
    pub target: String,
    /// Path of a target that is a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_path: Option<String>,
    pub backup_path: String,
    pub snapshot_path: String,
    /// Whether the kernel kept the process from writing elsewhere: `enforced`, or why not.
    #[serde(default)]
    pub write_guard: String,
    /// Stages in the order of the plan.
    pub stages: Vec<StageName>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageName {
    pub stage: String,
    pub alias: Alias,
}

/// The fixed vocabulary of stages that other tools look for (requirement R21). Own stages of a
/// plan are `sql`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Alias {
    ScanSource,
    CreateBackup,
    VerifyBackup,
    RestoreDrill,
    OpenTarget,
    OpenSqlite,
    WriteTarget,
    WriteSqlite,
    BuildIndexes,
    AddConstraints,
    ApplyGrants,
    Build,
    Sql,
    Analyze,
    VerifyTarget,
    PromoteDatabase,
    Completed,
}

impl Alias {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Alias::ScanSource => "scan-source",
            Alias::CreateBackup => "create-backup",
            Alias::VerifyBackup => "verify-backup",
            Alias::RestoreDrill => "restore-drill",
            Alias::OpenTarget => "open-target",
            Alias::OpenSqlite => "open-sqlite",
            Alias::WriteTarget => "write-target",
            Alias::WriteSqlite => "write-sqlite",
            Alias::BuildIndexes => "build-indexes",
            Alias::AddConstraints => "add-constraints",
            Alias::ApplyGrants => "apply-grants",
            Alias::Build => "build",
            Alias::Sql => "sql",
            Alias::Analyze => "analyze",
            Alias::VerifyTarget => "verify-target",
            Alias::PromoteDatabase => "promote-database",
            Alias::Completed => "completed",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceRecord {
    pub source: String,
    /// As the plan names it.
    pub shown: String,
    pub path: String,
    pub device: u64,
    pub inode: u64,
    pub open_mode: String,
    pub user_version: i32,
    pub application_id: i32,
    pub files: Vec<FileRecord>,
    /// Rows per table.
    pub tables: Vec<TableRows>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRecord {
    pub name: String,
    pub size: u64,
    /// As text: JSON numbers do not hold nanoseconds in every reader.
    pub mtime_ns: String,
    pub sha256: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableRows {
    pub table: String,
    pub rows: u64,
}

/// One file backed up (create-backup), restored elsewhere (restore-drill) and compared row for row
/// (verify-backup).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupRecord {
    pub source: String,
    pub file: String,
    /// Position among the files of its source.
    pub index: u64,
    pub backup: String,
    pub snapshot: String,
    pub sha256: String,
    pub size: u64,
    pub tables: Vec<TableDigest>,
    pub foreign_key_violations: u64,
    pub elapsed_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetBackupRecord {
    pub backup: String,
    pub sha256: String,
    pub size: u64,
    pub tables: Vec<TableDigest>,
    pub elapsed_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableDigest {
    pub table: String,
    /// `rows:digest`
    pub digest: String,
}

/// `scanned = written + rejected + merged`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadedRecord {
    pub table: String,
    pub scanned: u64,
    pub written: u64,
    /// Called `skipped` by earlier programs.
    #[serde(alias = "skipped")]
    pub rejected: u64,
    /// Rows that stand for the same as one of another file.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub merged: u64,
    pub bytes: u64,
    /// `rows:digest` of what was sent.
    pub digest: String,
    pub elapsed_ms: u64,
    /// Values that did not fit, by column and what became of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub misfits: Vec<MisfitCount>,
}

#[expect(clippy::trivially_copy_pass_by_ref)] // serde calls it with a reference
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// How many values of a column did not fit, and what became of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MisfitCount {
    pub column: String,
    pub fate: Fate,
    pub count: u64,
}

/// Warnings by kind (requirement R18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WarningKind {
    MalformedSourceRecord,
    DuplicateId,
    MissingAttachment,
    BackupCopyIssue,
    SourceChanged,
    UnfinishedRun,
    LeftBehind,
    Other,
}

/// Why the run stopped (requirement R19).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// `RUN810`
    pub code: String,
    /// `statement-failed`
    pub name: String,
    pub message: String,
    #[serde(rename = "failed_stage", default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    #[serde(rename = "failed_step", default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sqlstate: Option<String>,
    /// How many further errors the report held.
    pub further: u64,
}

/// How a run that could close its journal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Closing {
    Promoted,
    RolledBack,
    /// Nothing had been touched.
    Stopped,
    /// The target could not be asked; a later run or `cutover status` with it will find out.
    Undecided,
    /// Promoted, and taken back by `cutover rollback` later.
    Restored,
    /// Promoted, and accepted: there is no way back, or there will be none.
    Accepted,
}

/// The bytes of one line with its newline, and its sum.
pub(crate) fn encode(line: &Line) -> Result<(Vec<u8>, String), serde_json::Error> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.pop();
    let sum = hex(&bytes);
    bytes.extend_from_slice(format!(",\"sum\":\"{sum}\"}}\n").as_bytes());
    Ok((bytes, sum))
}

/// A line without its newline that cannot be taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Bad {
    Damaged(&'static str),
    TooNew(u64),
}

/// Splits, checks and decodes one line; gives its sum, which the next line must name.
pub(crate) fn decode(bytes: &[u8]) -> Result<(Line, String), Bad> {
    if let Some(version) = newer_version(bytes) {
        return Err(Bad::TooNew(version));
    }
    let (body, sum) = split_sum(bytes).ok_or(Bad::Damaged("it has no checksum"))?;
    if hex(body) != sum {
        return Err(Bad::Damaged("its checksum does not match"));
    }
    let mut whole = body.to_vec();
    whole.push(b'}');
    let line =
        serde_json::from_slice(&whole).map_err(|_| Bad::Damaged("it is not a journal record"))?;
    Ok((line, sum.to_owned()))
}

/// Versions after this one may frame their lines otherwise; only the beginning is promised.
fn newer_version(bytes: &[u8]) -> Option<u64> {
    let rest = bytes.strip_prefix(b"{\"v\":")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let version: u64 = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
    (version > u64::from(FORMAT_VERSION)).then_some(version)
}

fn split_sum(bytes: &[u8]) -> Option<(&[u8], &str)> {
    const TAIL: usize = ",\"sum\":\"\"}".len() + 64;
    let at = bytes.len().checked_sub(TAIL)?;
    let (body, tail) = bytes.split_at(at);
    let sum = tail.strip_prefix(b",\"sum\":\"")?.strip_suffix(b"\"}")?;
    Some((body, std::str::from_utf8(sum).ok()?))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
