//! What a run tells while it runs. The CLI draws it or prints one JSON object per line.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

use crate::EngineError;
use crate::engine::Activity;

/// Raised by one whenever an older reader could misread newer events.
pub const EVENTS_VERSION: u32 = 1;

/// Called from several threads; must return soon.
pub trait EventSink: Send + Sync {
    fn event(&self, event: &Stamped);
}

/// Files of one source that have one schema, or one fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SourceGroup {
    /// `17 lack `symbols.kind``
    pub what: String,
    /// As the plan names them.
    pub files: Vec<String>,
}

impl SourceGroup {
    /// `4,981 files match A (3 tables); 17 lack `symbols.kind`; 2 are not databases`
    pub fn sentence(groups: &[SourceGroup]) -> String {
        let parts: Vec<&str> = groups.iter().map(|group| group.what.as_str()).collect();
        parts.join("; ")
    }
}

/// Drops everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEvents;

impl EventSink for NoEvents {
    fn event(&self, _: &Stamped) {}
}

/// The JSON Schema of one line of `--format json` before the report.
pub fn schema() -> schemars::Schema {
    SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<Stamped>()
}

/// One line of `--format json`: `{"v":1,"run":"…","at":"…","elapsed_ms":12,"event":"rows",…}`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Stamped {
    pub v: u32,
    pub run: String,
    /// RFC 3339, UTC, milliseconds.
    pub at: String,
    /// Since the start of the run, monotonic.
    pub elapsed_ms: u64,
    #[serde(flatten)]
    pub event: Event,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    RunStarted {
        plan: String,
        digest: String,
        target: String,
        dry_run: bool,
        steps: usize,
    },
    StageStarted {
        stage: String,
        /// How many steps the stage has.
        steps: usize,
    },
    StageFinished {
        stage: String,
        /// From its start to its end.
        took_ms: u64,
    },
    StepStarted {
        stage: String,
        step: String,
    },
    StepFinished {
        stage: String,
        step: String,
        took_ms: u64,
    },
    /// The files of a source that has many, by their schemas and faults, before a row is read.
    Sources {
        source: String,
        files: usize,
        groups: Vec<SourceGroup>,
    },
    /// One file of a source has been backed up, restored and compared.
    BackedUp {
        source: String,
        file: String,
        backup: String,
        bytes: u64,
        rows: u64,
        /// Files of this run that are done, and all of them.
        done: u64,
        total: u64,
    },
    /// At most a few times a second per table, and once at the end.
    Rows {
        table: String,
        done: u64,
        /// Absent where the source cannot say it beforehand (queries, filters).
        #[serde(skip_serializing_if = "Option::is_none")]
        total: Option<u64>,
        /// Bytes of the values read so far.
        bytes: u64,
    },
    /// All that the server is doing for the run; about once a second while it does something.
    Server {
        doing: Vec<Activity>,
    },
    /// About how long the run still takes, once it has done enough to say; about once a second.
    Outlook {
        left_ms: u64,
    },
    Check {
        name: String,
        passed: bool,
        found: String,
    },
    /// Something was checked and holds.
    Passed {
        what: String,
    },
    Warning {
        code: &'static str,
        message: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        help: Option<String>,
    },
    Retrying {
        attempt: u32,
        wait_ms: u64,
        why: String,
    },
    /// The connection was lost while a table was loaded; it is loaded again after a pause.
    LoadAgain {
        table: String,
        attempt: u32,
        wait_ms: u64,
        why: String,
    },
    Finding {
        #[serde(flatten)]
        finding: FindingText,
    },
    RunFinished {
        outcome: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        kept: Option<String>,
    },
}

/// An error in its machine form.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct FindingText {
    pub code: &'static str,
    pub name: &'static str,
    pub severity: String,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sqlstate: Option<String>,
}

impl From<&EngineError> for FindingText {
    fn from(error: &EngineError) -> Self {
        Self {
            code: error.code.id,
            name: error.code.name,
            severity: error.code.severity.to_string(),
            message: error.message.clone(),
            object: error.object.clone(),
            help: error.help.clone(),
            sqlstate: error.sqlstate.clone(),
        }
    }
}
