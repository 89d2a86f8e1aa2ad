//! A SQLite file as target: a new file is built beside it, checked, and renamed over it (L3).

pub(crate) mod check;
pub(crate) mod leftovers;
mod lock;
pub(crate) mod marker;
pub(crate) mod place;
mod recover;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use catalog::{Catalog, DiffOptions, Difference, Normaliser, Scope, diff, fingerprint};
use diagnostics::{code, plural};
use ir::{Check, CompiledPlan, Existing};
use runtime::engine::{
    BackupReport, CatalogReport, CheckOutcome, Leftover, LoadInto, Outcome, Preflight,
    PromoteHooks, Promotion, Result, RunInfo, SourcePath, Staging, TargetEngine, Worker,
};
use runtime::{EngineError, faults};
use rusqlite::Connection;

use crate::SqliteSources;
use crate::canonical::stored_tables;
use crate::connect::{self, Access};
use crate::error_code::{engine_error, failure, io_error};
use crate::introspect::introspect;
use crate::load::Loader;
use crate::preflight;
use crate::promote;
use crate::scratch::SqliteNormaliser;
use crate::snapshot::sort_in;
use crate::worker::SqliteWorker;
use lock::Lock;
use place::Place;

/// How long to wait for another program that reads or writes the live target.
pub(crate) const BUSY: Duration = Duration::from_secs(5);

/// What a target needs to know from outside its plan.
#[derive(Clone, Debug)]
pub struct TargetOptions {
    /// Absolute, or relative to the working folder.
    pub path: PathBuf,
    /// As the plan names it, for messages.
    pub shown: String,
    pub existing: Existing,
    /// Every file of every source: none of them may be the target.
    pub sources: Vec<PathBuf>,
}

/// One target file of one run.
#[derive(Debug)]
pub struct SqliteTarget {
    pub(crate) place: Place,
    pub(crate) existing: Existing,
    pub(crate) sources: Vec<PathBuf>,
    /// What preflight saw at the target's path.
    pub(crate) before: Option<String>,
    /// The tables of the plan, empty and in memory, as preflight built them.
    proof: Option<Connection>,
    pub(crate) staged: Option<Staged>,
    lock: Option<Lock>,
}

#[derive(Clone, Debug)]
pub(crate) struct Staged {
    pub(crate) path: PathBuf,
    /// What the user's umask makes of a new file; the staging file itself is private.
    pub(crate) mode: u32,
}

impl SqliteTarget {
    /// # Errors
    /// `RUN803` where the path can be no file.
    pub fn open(options: TargetOptions) -> Result<Self> {
        let place = Place::of(&options.path, &options.shown)?;
        let (existing, sources) = (options.existing, options.sources);
        Ok(Self { place, existing, sources, before: None, proof: None, staged: None, lock: None })
    }

    /// The folder that the run writes into; it may not exist yet.
    pub fn folder(&self) -> &Path {
        self.place.folder()
    }

    /// The catalog of the live file: for `drift`.
    ///
    /// # Errors
    /// `RUN802` where there is no file or it cannot be read.
    pub fn live_catalog(&self) -> Result<Catalog> {
        if !self.place.live().exists() {
            return Err(EngineError::new(&code::UNREACHABLE, "there is no such file")
                .object(&self.place.shown));
        }
        introspect(&self.live()?).map_err(|error| self.failed(&error))
    }

    /// What the live file has otherwise than `expected`, without what the plan says is new.
    ///
    /// # Errors
    /// `RUN802` where there is no file or it cannot be read.
    pub fn drift(&self, plan: &CompiledPlan, expected: &Catalog) -> Result<Vec<Difference>> {
        let found = diff(expected, &self.live_catalog()?, &DiffOptions::default());
        let matters = |found: &Difference| !preflight::is_new(found, &plan.baseline.new);
        Ok(found.into_iter().filter(matters).collect())
    }

    pub(crate) fn staged(&self) -> Result<Staged> {
        self.staged.clone().ok_or_else(|| self.error("there is no staging file"))
    }

    fn error(&self, message: &str) -> EngineError {
        EngineError::new(&code::INTERNAL, message).object(&self.place.shown)
    }

    pub(crate) fn failed(&self, error: &rusqlite::Error) -> EngineError {
        engine_error(&code::STATEMENT_FAILED, error).object(&self.place.shown)
    }

    pub(crate) fn broken(&self, error: &std::io::Error) -> EngineError {
        io_error(&code::STATEMENT_FAILED, &self.place.shown, error)
    }

    /// The live file for reading; where there is none, an empty database.
    fn live(&self) -> Result<Connection> {
        let live = self.place.live();
        match live.exists() {
            true => connect::open_to_read(&live, BUSY),
            false => connect::in_memory(),
        }
        .map_err(|error| engine_error(&code::UNREACHABLE, &error).object(&self.place.shown))
    }

    fn create(&self, path: &Path) -> std::io::Result<Staged> {
        faults::io("create the new file")?;
        fs::create_dir_all(self.place.folder())?;
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o666).open(path)?;
        let mode = file.metadata()?.permissions().mode() & 0o777;
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
        Ok(Staged { path: path.to_owned(), mode })
    }

    /// What a step did is durable before the journal says so: `resume` goes on with this file after a
    /// kill or a power failure. The rollback journal costs little where pages are new. Foreign keys
    /// are checked when everything is there, because tables are loaded in any order.
    pub(crate) fn build_connection(&self) -> Result<Connection> {
        let path = self.staged()?.path;
        let open = || {
            sort_in(self.place.folder())?;
            let conn = connect::open(&path, Access::ReadWrite, BUSY)?;
            conn.execute_batch(
                "PRAGMA journal_mode = delete; PRAGMA synchronous = full; \
                 PRAGMA foreign_keys = off; PRAGMA cache_size = -65536",
            )?;
            Ok(conn)
        };
        open().map_err(|error| self.failed(&error))
    }
}

impl TargetEngine for SqliteTarget {
    fn describe(&self) -> String {
        format!("{}, {}", connect::version(), self.place.shown)
    }

    fn lock(&mut self, run: &RunInfo) -> Result<()> {
        self.lock = Some(lock::take(&self.place, run)?);
        Ok(())
    }

    fn leftovers(&mut self) -> Result<Vec<Leftover>> {
        if self.lock.is_none() && lock::is_held(&self.place) {
            return Ok(Vec::new());
        }
        let own = self.staged.as_ref().map(|staged| staged.path.to_string_lossy().into_owned());
        let mut found = leftovers::find(&self.place)?;
        found.retain(|leftover| Some(&leftover.handle) != own.as_ref());
        Ok(found)
    }

    fn remove_leftover(&mut self, leftover: &Leftover) -> Result<()> {
        leftovers::remove(&self.place, leftover)
    }

    fn preflight(&mut self, plan: &CompiledPlan) -> Result<Preflight> {
        let (preflight, proof) = preflight::preflight(self, plan)?;
        self.proof = Some(proof);
        self.before = Some(preflight.before.clone());
        Ok(preflight)
    }

    fn check_load(&mut self, table: &str, into: &[LoadInto]) -> Result<()> {
        match &self.proof {
            Some(proof) => Loader::digesting(proof, table, into)?.check_defaults(),
            None => Ok(()),
        }
    }

    fn back_up_target(&mut self, _: &CompiledPlan, folder: &Path) -> Result<Option<BackupReport>> {
        let live = self.place.live();
        if !live.exists() {
            return Ok(None);
        }
        let (source, shown) = (String::new(), self.place.shown.clone());
        let file = SourcePath { source, shown, path: live };
        SqliteSources::new(folder.join("work")).create_backup(&file, folder).map(Some)
    }

    fn create_staging(&mut self, _plan: &CompiledPlan, run: &RunInfo) -> Result<Staging> {
        let path = self.place.staging(&run.run_id);
        if self.before.is_none() {
            self.before = Some(preflight::live_fingerprint(&self.place)?);
        }
        let staged = self
            .create(&path)
            .map_err(|error| io_error(&code::NO_PRIVILEGE, &path.display().to_string(), &error))?;
        self.staged = Some(staged);
        self.build_connection()?;
        Ok(Staging { name: path.to_string_lossy().into_owned() })
    }

    fn worker(&mut self) -> Result<Box<dyn Worker>> {
        let conn = self.build_connection()?;
        let worker = SqliteWorker::new(conn).map_err(|error| self.failed(&error))?;
        Ok(Box::new(worker))
    }

    fn max_workers(&self) -> usize {
        1
    }

    fn check_live(&mut self, check: &Check) -> Result<CheckOutcome> {
        check::run(&self.live()?, check)
    }

    fn verify_catalog(&mut self, plan: &CompiledPlan) -> Result<CatalogReport> {
        report(self, &self.build_connection()?, plan)
    }

    fn promote(
        &mut self,
        plan: &CompiledPlan,
        run: &RunInfo,
        hooks: &mut dyn PromoteHooks,
        after: &[Check],
    ) -> Result<Promotion> {
        let promotion = promote::promote(self, plan, run, hooks, after)?;
        self.staged = None;
        Ok(promotion)
    }

    fn live_worker(&mut self, _plan: &CompiledPlan) -> Result<Box<dyn Worker>> {
        let worker = SqliteWorker::new(self.live()?).map_err(|error| self.failed(&error))?;
        Ok(Box::new(worker))
    }

    fn outcome(&mut self, run_id: &str) -> Result<Outcome> {
        let live = self.place.live();
        if !live.exists() {
            return Ok(Outcome::NotPromoted);
        }
        match marker::run_of(&live, &self.place.shown)?.as_deref() == Some(run_id) {
            true => Ok(Outcome::Promoted),
            false => Ok(Outcome::NotPromoted),
        }
    }

    fn discard_staging(&mut self, run: &RunInfo) -> Result<()> {
        self.staged = None;
        let path = self.place.staging(&run.run_id);
        leftovers::remove_database(&path)
            .map_err(|error| io_error(&code::LEFT_BEHIND, &path.display().to_string(), &error))
    }
}

/// The staging file's catalog against the baseline, which SQLite normalises in memory.
pub(crate) fn report(
    target: &SqliteTarget,
    conn: &Connection,
    plan: &CompiledPlan,
) -> Result<CatalogReport> {
    let built = introspect(conn).map_err(|error| target.failed(&error))?;
    let baseline = SqliteNormaliser::new().normalise(&plan.baseline.script).map_err(|message| {
        EngineError::new(&code::NO_SCRATCH, message).object(&plan.baseline.file)
    })?;
    let differences = diff(&baseline.catalog, &built, &DiffOptions::default())
        .into_iter()
        .filter(|found| !preflight::is_new(found, &plan.baseline.new))
        .map(|found| (found.key.clone(), found.to_string()))
        .collect();
    let tables = stored_tables(conn).map_err(|error| target.failed(&error))?;
    let defects = tables.iter().filter_map(|table| foreign_key_defect(conn, table)).collect();
    Ok(CatalogReport {
        differences,
        defects,
        fingerprint: fingerprint(&built, Scope::default()),
        via: baseline.via,
        catalog: built,
    })
}

/// A row without its parent, or a key that SQLite cannot check because it fits no unique columns.
fn foreign_key_defect(conn: &Connection, table: &str) -> Option<String> {
    let sql = "SELECT count(*) FROM pragma_foreign_key_check(?1)";
    match connect::count(conn, sql, [table]) {
        Ok(0) => None,
        Ok(rows) => {
            Some(format!("{} of table {table} without the row it refers to", plural(rows, "row")))
        }
        Err(error) => Some(format!("table {table}: {}", failure(&error).message)),
    }
}

/// Makes a file, its content and its metadata, durable.
pub(crate) fn sync_file(path: &Path) -> std::io::Result<()> {
    faults::io("sync the new file")?;
    File::open(path)?.sync_all()
}
