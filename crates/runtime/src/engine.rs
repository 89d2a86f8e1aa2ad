//! The traits that the engines implement. Calls block; the executor gives each worker a thread.

mod large;
mod ledger;
mod recover;
mod watch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use catalog::{Catalog, ObjectKey, Via};
use diagnostics::code;
use ir::{Check, CompiledPlan, Conversion, LoadSource, OnMisfit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{EngineError, Row, RowDigest};

pub use watch::{Tell, Watch};

pub use ledger::{
    FileContent, Fleet, FleetFile, FleetLoad, FleetUnit, Lease, Ledger, Tally, UnitSink,
};

pub use large::{Large, LargeValues, row_in_memory};
pub use recover::{Adopted, Area, Recover, Restore, Restored, WrittenSince, new_rows};

pub type Result<T> = std::result::Result<T, EngineError>;

// ---------------------------------------------------------------- sources

/// Reads SQLite files without ever writing them (L1).
pub trait SourceEngine: Send + Sync {
    /// Opens the file read-only in the way that is safe for its WAL state, and describes it.
    ///
    /// # Errors
    /// `SRC…` for everything that makes it unreadable or unsafe to read.
    fn inspect(&self, file: &SourcePath) -> Result<SourceState>;

    /// Takes an online backup into `backup` (created new, mode 0600), checks its integrity,
    /// restores it into `snapshot` and compares every row of that with the source, all within one
    /// read transaction on the source. `work` is a private folder for copies the WAL state asks for.
    fn back_up(
        &self,
        file: &SourcePath,
        backup: &Path,
        snapshot: &Path,
        work: &Path,
    ) -> Result<BackupReport>;

    /// Like [`SourceEngine::back_up`], but what it wrote is durable only after
    /// [`SourceEngine::make_durable`]: one of many small files.
    fn back_up_one_of_many(
        &self,
        file: &SourcePath,
        backup: &Path,
        snapshot: &Path,
        work: &Path,
    ) -> Result<BackupReport> {
        self.back_up(file, backup, snapshot, work)
    }

    /// Everything that was written into the folder is on the disk when this returns.
    fn make_durable(&self, _folder: &Path) -> Result<()> {
        Ok(())
    }

    /// What differs from `before` now (bytes, size, mtime, files beside it); `None`: nothing.
    fn changed_since(&self, before: &SourceState) -> Result<Option<String>>;

    /// The quick form of `changed_since` (size, mtime, files beside it, no bytes read), for the
    /// moment when the promote holds its locks. The slow form is a correct answer too.
    fn touched_since(&self, before: &SourceState) -> Result<Option<String>> {
        self.changed_since(before)
    }

    /// Opens the source itself, in the safe way that `inspect` found, for `columns`, `has_table`
    /// and the preparation of queries: what a load needs is checked on it before the backup.
    /// Rows are read from snapshots only.
    fn open_source(&self, state: &SourceState, file: &FileParameters) -> Result<Box<dyn Snapshot>>;

    /// Opens a snapshot or a backup made by `back_up` for reading, leaving no file beside it.
    fn open_snapshot(&self, snapshot: &Path, file: &FileParameters) -> Result<Box<dyn Snapshot>>;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePath {
    /// Name of the source in the plan.
    pub source: String,
    /// As the plan names it, for messages and the journal.
    pub shown: String,
    pub path: PathBuf,
}

/// A source as it was before the run. All of it goes into the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceState {
    pub path: SourcePath,
    /// (device, inode) of the main file.
    pub identity: (u64, u64),
    /// The main file, then `-wal`, where it is there.
    pub files: Vec<FileState>,
    /// Names of all files whose name begins with the source's, sorted.
    pub beside: Vec<String>,
    /// `rollback`, `wal`, `wal-empty`, `wal-no-shm`: which safe way of opening applies.
    pub open_mode: String,
    pub page_size: u32,
    pub user_version: i32,
    pub application_id: i32,
    pub sqlite_version: String,
    /// Ordinary tables in name order, with their row counts.
    pub tables: BTreeMap<String, u64>,
    /// Files of one source are grouped by it.
    pub schema: Arc<SourceSchema>,
}

/// Tables and views with their columns and declared types; names in lower case, as SQLite compares
/// them, types in upper case.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceSchema {
    pub tables: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileState {
    pub name: String,
    pub size: u64,
    pub mtime_ns: i128,
    /// Lower-case hexadecimal.
    pub sha256: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupReport {
    pub backup: PathBuf,
    pub sha256: String,
    pub size: u64,
    /// Per table: rows and content digest, equal in source, backup and restored copy.
    pub tables: BTreeMap<String, RowDigest>,
    /// Rows that break declared foreign keys: a finding, not a failure.
    pub foreign_key_violations: u64,
    pub elapsed_ms: u64,
}

/// What `:file_stem`, `:file_name`, `:file_index` and others are in SQL on this file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileParameters {
    pub file_name: String,
    pub file_stem: String,
    /// Position among the files of its source, from 0.
    pub file_index: i64,
    /// Further parameters by name: `file_path`, the plan's tags, offsets of keys.
    #[serde(default)]
    pub named: BTreeMap<String, Parameter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parameter {
    Null,
    Integer(i64),
    Text(String),
}

/// A private, consistent, read-only copy of one source file.
pub trait Snapshot: Send {
    /// Columns of a table or of a query's result, generated and hidden ones left out.
    fn columns(&mut self, from: &LoadSource) -> Result<Vec<SourceColumn>>;

    fn has_table(&mut self, table: &str) -> Result<bool>;

    /// Whether the engine takes the scan as it is written, without reading a row.
    ///
    /// # Errors
    /// What it refuses.
    fn prove(&mut self, _scan: &Scan) -> Result<()> {
        Ok(())
    }

    /// The last rowids of all parts of so many rows but the last part; none where the table is no
    /// longer than that, has no rowids, or is none.
    fn cuts(&mut self, _table: &str, _rows: u64) -> Result<Vec<i64>> {
        Ok(Vec::new())
    }

    /// Sends every row to `sink`; returns how many there were.
    fn scan(&mut self, scan: &Scan, sink: &mut dyn RowSink) -> Result<u64>;

    /// A small result as text, NULL as `None`.
    fn query(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>>;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceColumn {
    pub name: String,
    /// As declared; empty where there is none.
    pub declared_type: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    pub from: LoadSource,
    pub columns: Vec<ScanColumn>,
    pub filter: Option<String>,
    /// A part of a table that has rowids; `None`: all of it.
    pub rowids: Option<Rowids>,
}

/// Rows of a table: those with a rowid after the one, up to and with the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rowids {
    /// `None`: from the first row on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// `None`: to the last row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanColumn {
    /// A column by its exact name.
    Column(String),
    /// A SQL expression.
    Sql(String),
}

pub trait RowSink {
    /// # Errors
    /// Ends the scan with this error.
    fn row(&mut self, row: Row<'_>) -> Result<()>;

    /// Takes a row some of whose values are too large to be held; they are NULL in `row`.
    ///
    /// # Errors
    /// As [`RowSink::row`].
    fn large_row(&mut self, row: Row<'_>, large: &mut dyn LargeValues) -> Result<()> {
        row_in_memory(self, row, large)
    }

    /// The values since the last call that did not fit and about which the plan says what becomes of
    /// them. To be taken often: they are kept in memory.
    fn misfits(&mut self) -> Vec<Misfit> {
        Vec::new()
    }
}

/// A value that does not fit its column, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Misfit {
    pub file: String,
    /// `rowid 7`, or `row 3 of the scan` where there is no rowid.
    pub row: String,
    pub column: String,
    /// With its kind, shortened, control characters escaped: ``the text `n/a` ``.
    pub value: String,
    pub type_name: String,
    pub reason: String,
    pub fate: Fate,
}

/// What becomes of a row with a value that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    SetNull,
    Default,
    /// The row is left out.
    Rejected,
}

impl Fate {
    /// The stable word in journals, reports and lists.
    pub fn word(self) -> &'static str {
        match self {
            Fate::SetNull => "set-null",
            Fate::Default => "default",
            Fate::Rejected => "rejected",
        }
    }
}

// ---------------------------------------------------------------- target

/// One target of one run. Used by the thread that leads the run.
pub trait TargetEngine: Recover + Send {
    /// `PostgreSQL 15.18, database shop, schema shop`: no secrets, for people and the journal.
    fn describe(&self) -> String;

    /// Holds the target against every other run until the engine is dropped or the process dies.
    ///
    /// # Errors
    /// `RUN801` that names the holder.
    fn lock(&mut self, run: &RunInfo) -> Result<()>;

    /// What earlier runs left: staging schemas or files whose run is not alive.
    fn leftovers(&mut self) -> Result<Vec<Leftover>>;

    fn remove_leftover(&mut self, leftover: &Leftover) -> Result<()>;

    /// Checks everything that can be known before the window, all findings at once, and proves the
    /// plan's DDL: the statements of the plan and those of the baseline are applied to empty
    /// schemas that nobody else ever sees, and the two catalogs are compared.
    fn preflight(&mut self, plan: &CompiledPlan) -> Result<Preflight>;

    /// Whether values can go into the columns as they are bound: their types, the conversions, the
    /// defaults for what does not fit. Asked of the tables that [`TargetEngine::preflight`] proved.
    ///
    /// # Errors
    /// All that is wrong with the table, in one error.
    fn check_load(&mut self, _table: &str, _into: &[LoadInto]) -> Result<()> {
        Ok(())
    }

    /// Stops what the calls of this trait are doing, from another thread; `None`: they are short.
    fn canceller(&self) -> Option<Box<dyn Cancel>> {
        None
    }

    /// Takes a backup of what the promote would replace into `folder`, restores it elsewhere and
    /// compares every row (L2). `None`: it would replace nothing that holds rows.
    ///
    /// # Errors
    /// `SRC112`, `BKP101` and whatever keeps it from being taken or tried; nothing stays then.
    fn back_up_target(
        &mut self,
        plan: &CompiledPlan,
        folder: &Path,
    ) -> Result<Option<BackupReport>>;

    fn create_staging(&mut self, plan: &CompiledPlan, run: &RunInfo) -> Result<Staging>;

    /// A further connection that works in the staging schema (or on the staging file).
    fn worker(&mut self) -> Result<Box<dyn Worker>>;

    /// How many workers may exist at the same time; 1 for SQLite.
    fn max_workers(&self) -> usize;

    /// A check of the moment `Before`, on the live target.
    fn check_live(&mut self, check: &Check) -> Result<CheckOutcome>;

    /// The staging catalog against the baseline; indexes valid, constraints validated.
    fn verify_catalog(&mut self, plan: &CompiledPlan) -> Result<CatalogReport>;

    /// The cutover. `guard` is called inside the transaction after the locks are held and before
    /// the commit (the last look at the sources); `before_commit` gets what must be in the journal
    /// before COMMIT is sent (transaction id of the server).
    ///
    /// # Errors
    /// `ConnectionLost` means undecided: ask [`TargetEngine::outcome`] on a new connection.
    fn promote(
        &mut self,
        plan: &CompiledPlan,
        run: &RunInfo,
        hooks: &mut dyn PromoteHooks,
        after: &[Check],
    ) -> Result<Promotion>;

    /// A connection on the live, promoted state, for `Worker::{digest_sink, row_digest, check,
    /// query}` alone: `cutover verify`. It writes nothing.
    fn live_worker(&mut self, plan: &CompiledPlan) -> Result<Box<dyn Worker>>;

    /// Whether the run's marker is in the target; reconnects where needed. Never answers
    /// `NotPromoted` while a transaction of that run may still commit: a server works on after
    /// its client has died.
    fn outcome(&mut self, run_id: &str) -> Result<Outcome>;

    /// Removes this run's staging schema or file; nothing to remove is fine.
    fn discard_staging(&mut self, run: &RunInfo) -> Result<()>;

    /// What the server is doing for the run at this moment, for people. Empty where it does not say.
    fn activity(&mut self) -> Vec<Activity> {
        Vec::new()
    }

    /// The ledger of the run's loads, on a connection of its own; nothing is made yet. It goes with
    /// the staging. `None`: the engine keeps none, and a load that did not end begins anew.
    fn ledger(&mut self, _run_id: &str) -> Result<Option<Box<dyn Ledger>>> {
        Ok(None)
    }

    /// Ids of the runs on this target that have a ledger, sorted: what a worker can join.
    fn ledgers(&mut self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// A connection that loads into the staging of a run which another process leads.
    ///
    /// # Errors
    /// `RUN831` where the engine has no such thing, or the run is not there.
    fn join(&mut self, run_id: &str) -> Result<Box<dyn Worker>> {
        Err(no_ledger(run_id))
    }
}

fn no_ledger(run_id: &str) -> EngineError {
    EngineError::new(&code::NOTHING_TO_JOIN, "the target keeps no ledger of loads").object(run_id)
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunInfo {
    /// Sorts by start: `20261121-053501-8c1f20`.
    pub run_id: String,
    pub plan_name: String,
    pub compiled_digest: String,
    /// Folder of the plan: relative paths start here.
    pub plan_dir: PathBuf,
    /// Private folder of the run.
    pub run_dir: PathBuf,
}

/// Something long that a server is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Activity {
    /// `index orders_customer_idx`, `copy into orders`
    pub what: String,
    /// In the server's own words; empty where it has none.
    pub phase: String,
    /// Of its unit: rows, blocks.
    pub done: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    pub run_id: String,
    /// `staging schema cutover_stage_…`, `out/.shop.sqlite.cutover-…`.
    pub what: String,
    /// The engine's own handle to it.
    pub handle: String,
}

#[derive(Clone, Debug, Default)]
pub struct Preflight {
    /// Errors stop the run; all of them are shown.
    pub findings: Vec<EngineError>,
    /// What was checked and held, for the report.
    pub passed: Vec<String>,
    /// Columns of every table that the plan builds, in order, as the engine sees them.
    pub tables: BTreeMap<String, Vec<TargetColumn>>,
    /// Fingerprint of what the promote would replace; the promote refuses if it has changed.
    pub before: String,
    pub replaced: Vec<ReplacedTable>,
    /// `None`: nothing limits what an index build writes to temporary files.
    pub sort_limit: Option<SortLimit>,
}

/// How much the sort of one index build may write to temporary files, and what the plan sorts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortLimit {
    /// Bytes of one process.
    pub bytes: u64,
    /// Processes that one build may share its sort among.
    pub processes: u64,
    /// What to raise, for people: `` `temp_file_limit` of the server``.
    pub setting: String,
    pub indexes: Vec<SortedIndex>,
}

/// An index whose build sorts one entry per row of its table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortedIndex {
    pub index: String,
    pub table: String,
    /// Bytes of every entry at least, whatever the row holds.
    pub entry_bytes: u64,
    /// Columns whose values come to that where they are not null.
    pub columns: Vec<SortedColumn>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortedColumn {
    pub name: String,
    /// Bytes of a value; `None`: as many as it has.
    pub width: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplacedTable {
    pub table: String,
    pub rows: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetColumn {
    pub name: String,
    /// The engine's own spelling.
    pub type_name: String,
    pub not_null: bool,
    pub has_default: bool,
    /// Computed by the engine; nothing can be loaded into it.
    pub generated: bool,
    pub identity: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staging {
    /// Schema name or file path.
    pub name: String,
}

/// Steps run on these, each on its own thread.
pub trait Worker: Send {
    /// Runs SQL in the staging schema.
    ///
    /// # Errors
    /// Also where the engine only warned that it skipped the work (`RUN814`).
    fn execute(&mut self, sql: &str) -> Result<Executed>;

    /// As [`Worker::execute`], and notes in the same act that the step is done: after a crash
    /// [`Recover::adopt_staging`] tells.
    fn execute_once(&mut self, step: &str, sql: &str) -> Result<Executed>;

    /// Empties the staged table and takes rows for it until the sink is finished or dropped
    /// (dropped unfinished: nothing stays).
    fn load<'a>(&'a mut self, table: &str, columns: &[LoadInto]) -> Result<Box<dyn LoadSink + 'a>>;

    /// Takes rows for the units of the lease, beside others who load into the same table: nothing is
    /// emptied. Rows and their entries in the ledger commit together, or not at all.
    ///
    /// # Errors
    /// `INT999` where the engine keeps no ledger.
    fn load_units<'a>(
        &'a mut self,
        _lease: &'a Lease,
        _columns: &[LoadInto],
    ) -> Result<Box<dyn UnitSink + 'a>> {
        Err(EngineError::new(&code::INTERNAL, "the engine keeps no ledger of loads"))
    }

    /// Like [`Worker::load`], but converts, encodes and digests without sending anything: what
    /// the rows would be in the table as it is now (`cutover verify` after the promote).
    fn digest_sink<'a>(
        &'a mut self,
        table: &str,
        columns: &[LoadInto],
    ) -> Result<Box<dyn LoadSink + 'a>>;

    /// Reads the given columns of every row back and digests them in the canonical form that
    /// [`LoadSink::finish`] used for the rows it sent.
    fn row_digest(&mut self, table: &str, columns: &[LoadInto]) -> Result<RowDigest>;

    /// Tells which rows differ where digests do; `None`: the engine cannot.
    fn tell(&mut self) -> Option<&mut dyn Tell> {
        None
    }

    /// Sets the sequences of the table's columns past the highest values.
    fn set_sequences(&mut self, table: &str) -> Result<()>;

    fn analyze(&mut self, table: &str) -> Result<()>;

    fn check(&mut self, check: &Check) -> Result<CheckOutcome>;

    /// A small result as text, NULL as `None`.
    fn query(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>>;

    /// Opens a new connection with the settings of the one that was lost; those who could stop the
    /// old one can stop the new one.
    ///
    /// # Errors
    /// `ConnectionLost` where the server cannot be reached (yet).
    fn reconnect(&mut self) -> Result<()> {
        Err(EngineError::new(&code::INTERNAL, "the engine has no connection that could be lost"))
    }

    /// Stops what the worker is doing, from another thread.
    fn canceller(&self) -> Box<dyn Cancel>;
}

pub trait Cancel: Send + Sync {
    fn cancel(&self);
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadInto {
    pub column: String,
    pub conversion: Option<Conversion>,
    pub on_misfit: OnMisfit,
}

/// Takes the rows of one table; values in the order of the columns given to [`Worker::load`].
pub trait LoadSink: RowSink {
    /// Commits the rows. The digest covers what was sent, after conversion.
    fn finish(self: Box<Self>) -> Result<Loaded>;
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    pub digest: RowDigest,
    /// Bytes handed to the engine.
    pub bytes: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Executed {
    pub rows_affected: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckOutcome {
    pub passed: bool,
    /// What was found instead: `3 rows, first: …` without more data than that.
    pub found: String,
}

#[derive(Clone, Debug)]
pub struct CatalogReport {
    /// One sentence each: object, property, baseline, built.
    pub differences: Vec<(ObjectKey, String)>,
    /// Invalid indexes, unvalidated constraints, missing statistics.
    pub defects: Vec<String>,
    pub fingerprint: String,
    pub via: Via,
    pub catalog: Catalog,
}

pub trait PromoteHooks {
    /// The last look at the sources, with the locks held.
    fn guard(&mut self) -> Result<()>;
    /// Durable before COMMIT is sent.
    fn before_commit(&mut self, transaction: &str) -> Result<()>;
    /// A try failed on a lock and will be repeated after `wait_ms`.
    fn retrying(&mut self, attempt: u32, wait_ms: u64, why: &str);
    fn check_done(&mut self, check: &Check, outcome: &CheckOutcome);
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    pub attempts: u32,
    /// How long the locks were held.
    pub locked_ms: u64,
    /// Where the previous state is kept: schema name or file path.
    pub kept: Option<String>,
    pub fingerprint: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Promoted,
    NotPromoted,
}
