//! A source engine whose "databases" are JSON files, and a target in memory that knows the state
//! before and after, counts its calls, and fails where it is told to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use catalog::{Catalog, Via};
use diagnostics::code;
use ir::{Action, Check, CompiledPlan, Load, LoadSource, LockMode, TableLock};
use runtime::engine::*;
use runtime::error::ErrorClass;
use runtime::{EngineError, Row, RowDigest, Value};
use serde::Deserialize;

pub(crate) type Rows = Vec<Vec<i64>>;

/// A simulated SQLite file: `{"orders": {"columns": ["id"], "rows": [[1]]}}`.
pub(crate) type Tables = BTreeMap<String, Table>;

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Table {
    pub columns: Vec<String>,
    pub rows: Rows,
}

/// What the COMMIT does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Commit {
    #[default]
    Works,
    /// The connection ends before it, and the server takes it back.
    LostBefore,
    /// It takes place, but the answer is lost.
    LostAfter,
    /// The answer is lost and the server stays away.
    LostForGood,
}

/// The database and everything that can go wrong with it.
#[derive(Default)]
pub(crate) struct World {
    pub live: BTreeMap<String, Rows>,
    pub staging: Option<(String, BTreeMap<String, Rows>)>,
    /// Steps whose effect is in the staging.
    pub noted: BTreeSet<String>,
    /// What the last promote replaced, by its run.
    pub kept: Option<(String, BTreeMap<String, Rows>)>,
    /// Rows were written to the promoted state.
    pub written_since: bool,
    pub markers: BTreeSet<String>,
    pub locked: bool,
    pub commit: Commit,
    /// Numbered calls so far, by what they are.
    pub calls: Vec<String>,
    /// The call with this number fails.
    pub fail_at: Option<usize>,
    /// So do all calls of this name.
    pub fail_in: Option<&'static str>,
    /// The process dies in the call with this number: nothing that it does later has an effect.
    pub dies_at: Option<usize>,
    /// What was in the journal then; `None`: it lives.
    pub died: Option<Option<Vec<u8>>>,
    /// Where the journal is.
    pub runs: std::path::PathBuf,
    /// It panics instead.
    pub panics: bool,
    /// The table that loses a row on its way.
    pub loses_row_of: Option<String>,
    /// The table whose rows arrive, with other content.
    pub changes_row_of: Option<String>,
    pub preflight_findings: Vec<EngineError>,
    pub differences: Vec<String>,
    /// Locks that running statements hold, and conflicts that were seen.
    running: Vec<TableLock>,
    pub conflicts: Vec<String>,
    /// Statements in the order in which they ended.
    pub executed: Vec<String>,
    pub cancelled: bool,
    /// Called inside the promote, before its guard.
    pub before_guard: Option<Arc<dyn Fn() + Send + Sync>>,
    pub columns: BTreeMap<String, Vec<TargetColumn>>,
}

#[derive(Clone, Default)]
pub(crate) struct Sim(pub Arc<Mutex<World>>);

impl Sim {
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Counts the call and fails it, where it is the one.
    fn call(&self, name: &str) -> Result<()> {
        let mut world = self.world();
        if world.died.is_some() {
            return Err(dead());
        }
        world.calls.push(name.to_owned());
        if world.dies_at == Some(world.calls.len()) {
            world.died = Some(journal_in(&world.runs));
            return Err(dead());
        }
        if world.fail_at != Some(world.calls.len()) && world.fail_in != Some(name) {
            return Ok(());
        }
        assert!(!world.panics, "simulated defect in {name}");
        Err(EngineError::new(&code::STATEMENT_FAILED, format!("simulated failure of {name}")))
    }

    fn staged(&self, change: impl FnOnce(&mut BTreeMap<String, Rows>)) -> Result<()> {
        let mut world = self.world();
        if world.died.is_some() {
            return Err(dead());
        }
        match &mut world.staging {
            Some((_, tables)) => {
                change(tables);
                Ok(())
            }
            None => Err(EngineError::new(&code::STATEMENT_FAILED, "there is no staging")),
        }
    }
}

fn dead() -> EngineError {
    EngineError::new(&code::STATEMENT_FAILED, "the process is dead")
}

/// The last run's.
fn journal_in(runs: &Path) -> Option<Vec<u8>> {
    let mut folders: Vec<_> =
        std::fs::read_dir(runs).ok()?.map(|entry| entry.expect("readable").path()).collect();
    folders.sort();
    std::fs::read(folders.last()?.join("journal.jsonl")).ok()
}

// ---------------------------------------------------------------- source

fn tables(path: &Path) -> Result<Tables> {
    let bytes = std::fs::read(path)
        .map_err(|error| EngineError::new(&code::SOURCE_UNREADABLE, error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|_| {
        EngineError::new(&code::SOURCE_NOT_SQLITE, "it is not a SQLite database")
            .object(path.display().to_string())
    })
}

fn schema(tables: &Tables) -> SourceSchema {
    let columns = |it: &Table| {
        it.columns.iter().map(|column| (column.to_lowercase(), String::new())).collect()
    };
    let tables = tables.iter().map(|(name, it)| (name.to_lowercase(), columns(it)));
    SourceSchema { tables: tables.collect() }
}

impl SourceEngine for Sim {
    fn inspect(&self, file: &SourcePath) -> Result<SourceState> {
        self.call("inspect")?;
        let tables = tables(&file.path)?;
        let bytes = std::fs::read(&file.path).expect("just read");
        Ok(SourceState {
            path: file.clone(),
            identity: (1, 1),
            files: vec![FileState {
                name: file.shown.clone(),
                size: bytes.len() as u64,
                mtime_ns: 0,
                sha256: ir::Digest::of(&bytes).0,
            }],
            beside: Vec::new(),
            open_mode: "rollback".to_owned(),
            page_size: 4096,
            user_version: 0,
            application_id: 0,
            sqlite_version: "sim".to_owned(),
            tables: tables.iter().map(|(name, it)| (name.clone(), it.rows.len() as u64)).collect(),
            schema: Arc::new(schema(&tables)),
        })
    }

    fn back_up(
        &self,
        file: &SourcePath,
        backup: &Path,
        snapshot: &Path,
        _work: &Path,
    ) -> Result<BackupReport> {
        self.call("back_up")?;
        assert!(!backup.exists() && !snapshot.exists(), "names of backups never collide");
        std::fs::copy(&file.path, backup).expect("folder is there");
        std::fs::copy(&file.path, snapshot).expect("folder is there");
        let bytes = std::fs::read(backup).expect("just written");
        let digest = |table: &Table| digest(&table.rows);
        Ok(BackupReport {
            backup: backup.to_owned(),
            sha256: ir::Digest::of(&bytes).0,
            size: bytes.len() as u64,
            tables: tables(backup)?.iter().map(|(name, it)| (name.clone(), digest(it))).collect(),
            foreign_key_violations: 0,
            elapsed_ms: 1,
        })
    }

    fn changed_since(&self, before: &SourceState) -> Result<Option<String>> {
        self.call("changed_since")?;
        let now = std::fs::read(&before.path.path).unwrap_or_default();
        let same = ir::Digest::of(&now).0 == before.files[0].sha256;
        Ok((!same).then(|| "its bytes differ".to_owned()))
    }

    fn open_source(&self, state: &SourceState, _: &FileParameters) -> Result<Box<dyn Snapshot>> {
        self.call("open_source")?;
        Ok(Box::new(Copy(self.clone(), tables(&state.path.path)?)))
    }

    fn open_snapshot(&self, snapshot: &Path, _: &FileParameters) -> Result<Box<dyn Snapshot>> {
        self.call("open_snapshot")?;
        Ok(Box::new(Copy(self.clone(), tables(snapshot)?)))
    }
}

struct Copy(Sim, Tables);

impl Copy {
    /// A query is written `select <columns> from <table>`.
    fn table(&self, from: &LoadSource) -> Result<&Table> {
        let name = match from {
            LoadSource::Table(name) => name.as_str(),
            LoadSource::Query(sql) => sql.rsplit(' ').next().unwrap_or_default(),
        };
        let found = self.1.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found
            .map(|(_, table)| table)
            .ok_or_else(|| EngineError::new(&code::SOURCE_QUERY, format!("no such table: {name}")))
    }

    fn names(&self, from: &LoadSource) -> Result<Vec<String>> {
        match from {
            LoadSource::Table(_) => Ok(self.table(from)?.columns.clone()),
            LoadSource::Query(sql) => {
                let list = sql.trim_start_matches("select ").split(" from ").next();
                Ok(list.unwrap_or_default().split(", ").map(str::to_owned).collect())
            }
        }
    }
}

impl Snapshot for Copy {
    fn columns(&mut self, from: &LoadSource) -> Result<Vec<SourceColumn>> {
        let column = |name: String| SourceColumn { name, declared_type: String::new() };
        Ok(self.names(from)?.into_iter().map(column).collect())
    }

    fn has_table(&mut self, table: &str) -> Result<bool> {
        Ok(self.1.keys().any(|known| known.eq_ignore_ascii_case(table)))
    }

    fn scan(&mut self, scan: &Scan, sink: &mut dyn RowSink) -> Result<u64> {
        self.0.call("scan")?;
        let table = self.table(&scan.from)?.clone();
        for (number, row) in (1..).zip(&table.rows) {
            let value = |column: &ScanColumn| match column {
                ScanColumn::Column(name) => {
                    let at = table.columns.iter().position(|known| known == name);
                    Value::Integer(row[at.expect("bound columns are there")])
                }
                ScanColumn::Sql(sql) => {
                    Value::Integer(sql.parse().expect("simulated SQL is a number"))
                }
            };
            let values: Vec<_> = scan.columns.iter().map(value).collect();
            sink.row(Row { file: "sim", rowid: Some(number), values: &values })?;
        }
        Ok(table.rows.len() as u64)
    }

    /// `count <table>`
    fn query(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
        self.0.call("source query")?;
        let table = sql.trim_start_matches("count ").to_owned();
        let count = self.table(&LoadSource::Table(table))?.rows.len();
        Ok(vec![vec![Some(count.to_string())]])
    }
}

pub(crate) fn digest(rows: &Rows) -> RowDigest {
    let mut digest = RowDigest::default();
    for row in rows {
        digest.add(&row.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>());
    }
    digest
}

// ---------------------------------------------------------------- target

/// One connection for the leader; the lock goes with it.
pub(crate) struct Leader(pub Sim);

impl Drop for Leader {
    fn drop(&mut self) {
        self.0.world().locked = false;
    }
}

impl TargetEngine for Leader {
    fn describe(&self) -> String {
        "simulated database".to_owned()
    }

    fn lock(&mut self, _: &RunInfo) -> Result<()> {
        self.0.call("lock")?;
        let mut world = self.0.world();
        if std::mem::replace(&mut world.locked, true) {
            return Err(EngineError::new(&code::RUN_IN_PROGRESS, "run X holds the target"));
        }
        Ok(())
    }

    fn leftovers(&mut self) -> Result<Vec<Leftover>> {
        self.0.call("leftovers")?;
        let world = self.0.world();
        let leftover = world.staging.iter().map(|(run_id, _)| Leftover {
            run_id: run_id.clone(),
            what: format!("staging schema of {run_id}"),
            handle: run_id.clone(),
        });
        Ok(leftover.collect())
    }

    fn remove_leftover(&mut self, _: &Leftover) -> Result<()> {
        self.0.call("remove_leftover")?;
        self.0.world().staging = None;
        Ok(())
    }

    fn preflight(&mut self, _: &CompiledPlan) -> Result<Preflight> {
        self.0.call("preflight")?;
        let world = self.0.world();
        Ok(Preflight {
            findings: world.preflight_findings.clone(),
            passed: vec!["simulated privileges".to_owned()],
            tables: world.columns.clone(),
            before: "before".to_owned(),
            replaced: Vec::new(),
            sort_limit: None,
        })
    }

    /// Saves nothing where the simulated target is empty.
    fn back_up_target(&mut self, _: &CompiledPlan, folder: &Path) -> Result<Option<BackupReport>> {
        self.0.call("back up target")?;
        let world = self.0.world();
        let tables: BTreeMap<_, _> =
            world.live.iter().map(|(table, rows)| (table.clone(), digest(rows))).collect();
        if tables.is_empty() {
            return Ok(None);
        }
        Ok(Some(BackupReport {
            backup: folder.join("target.dump"),
            sha256: "0".repeat(64),
            size: 1,
            tables,
            foreign_key_violations: 0,
            elapsed_ms: 1,
        }))
    }

    fn create_staging(&mut self, plan: &CompiledPlan, run: &RunInfo) -> Result<Staging> {
        let tables = loads(plan).map(|load| (load.table.clone(), Rows::new())).collect();
        self.0.call("about to create_staging")?;
        self.0.world().staging = Some((run.run_id.clone(), tables));
        self.0.world().noted.clear();
        self.0.call("create_staging")?;
        Ok(Staging { name: format!("stage_{}", run.run_id) })
    }

    fn worker(&mut self) -> Result<Box<dyn Worker>> {
        self.0.call("worker")?;
        Ok(Box::new(Connection(self.0.clone(), false)))
    }

    fn max_workers(&self) -> usize {
        4
    }

    fn check_live(&mut self, check: &Check) -> Result<CheckOutcome> {
        self.0.call("check_live")?;
        Ok(outcome(check))
    }

    fn verify_catalog(&mut self, _: &CompiledPlan) -> Result<CatalogReport> {
        self.0.call("verify_catalog")?;
        Ok(CatalogReport {
            differences: Vec::new(),
            defects: self.0.world().differences.clone(),
            fingerprint: "f1".to_owned(),
            via: Via::Engine("sim".to_owned()),
            catalog: Catalog::default(),
        })
    }

    fn promote(
        &mut self,
        _: &CompiledPlan,
        run: &RunInfo,
        hooks: &mut dyn PromoteHooks,
        after: &[Check],
    ) -> Result<Promotion> {
        self.0.call("promote")?;
        hooks.retrying(1, 10, "lock timeout");
        let before_guard = self.0.world().before_guard.clone();
        before_guard.iter().for_each(|act| act());
        hooks.guard()?;
        for check in after {
            let found = outcome(check);
            hooks.check_done(check, &found);
            if !found.passed {
                return Err(EngineError::new(&code::CHECK_FAILED, "check after fails"));
            }
        }
        hooks.before_commit("4711")?;
        self.0.call("commit")?;
        let mut world = self.0.world();
        if world.commit != Commit::LostBefore {
            let new = world.staging.take().map(|(_, tables)| tables).unwrap_or_default();
            let old = std::mem::replace(&mut world.live, new);
            world.kept = Some((run.run_id.clone(), old));
            world.markers.insert(run.run_id.clone());
        }
        if world.commit != Commit::Works {
            return Err(EngineError::new(
                &code::CONNECTION_LOST,
                "the server closed the connection",
            )
            .class(ErrorClass::ConnectionLost));
        }
        drop(world);
        self.0.call("committed")?;
        Ok(Promotion {
            attempts: 2,
            locked_ms: 3,
            kept: Some("kept_schema".to_owned()),
            fingerprint: "f1".to_owned(),
        })
    }

    fn live_worker(&mut self, _: &CompiledPlan) -> Result<Box<dyn Worker>> {
        Ok(Box::new(Connection(self.0.clone(), true)))
    }

    fn outcome(&mut self, run_id: &str) -> Result<Outcome> {
        self.0.call("outcome")?;
        let world = self.0.world();
        if world.commit == Commit::LostForGood {
            return Err(EngineError::new(&code::UNREACHABLE, "connection refused"));
        }
        let promoted = world.markers.contains(run_id);
        Ok(if promoted { Outcome::Promoted } else { Outcome::NotPromoted })
    }

    fn discard_staging(&mut self, _: &RunInfo) -> Result<()> {
        let mut world = self.0.world();
        if world.died.is_some() {
            return Err(dead());
        }
        world.staging = None;
        Ok(())
    }
}

impl Recover for Leader {
    fn area(&mut self, run: &RunInfo) -> Result<Area> {
        self.0.call("area")?;
        let world = self.0.world();
        let of = |held: &Option<(String, BTreeMap<String, Rows>)>, what: &str| {
            let here = held.iter().any(|(id, _)| *id == run.run_id);
            here.then(|| format!("{what}_{}", run.run_id))
        };
        Ok(Area { staging: of(&world.staging, "stage"), kept: of(&world.kept, "kept") })
    }

    fn adopt_staging(&mut self, _: &CompiledPlan, run: &RunInfo) -> Result<Option<Adopted>> {
        self.0.call("adopt_staging")?;
        let world = self.0.world();
        let here = world.staging.iter().any(|(id, _)| *id == run.run_id);
        Ok(here.then(|| Adopted {
            staging: Staging { name: format!("stage_{}", run.run_id) },
            executed: world.noted.clone(),
        }))
    }

    fn restore(&mut self, request: &Restore<'_>) -> Result<Restored> {
        self.0.call("restore")?;
        let mut world = self.0.world();
        let new = WrittenSince { table: "orders".to_owned(), written: 2, removed: 0 };
        let discarded = if world.written_since { vec![new] } else { Vec::new() };
        if world.written_since && !request.discard_new_rows {
            return Err(new_rows(&discarded));
        }
        let Some((_, old)) = world.kept.take() else {
            return Err(EngineError::new(&code::NOTHING_KEPT, "nothing is kept"));
        };
        world.live = old;
        world.markers.remove(&request.run.run_id);
        drop(world);
        self.0.call("restored")?;
        Ok(Restored { discarded })
    }

    fn release(&mut self, _: &RunInfo) -> Result<()> {
        self.0.call("release")?;
        self.0.world().kept = None;
        self.0.call("released")
    }
}

fn loads(plan: &CompiledPlan) -> impl Iterator<Item = &Load> {
    plan.steps.iter().filter_map(|step| match &step.action {
        Action::Load(load) => Some(load),
        _ => None,
    })
}

/// A check's SQL is `true` or `false`.
fn outcome(check: &Check) -> CheckOutcome {
    CheckOutcome { passed: check.sql == "true", found: "1 row".to_owned() }
}

/// On the staged state, or on the live one.
struct Connection(Sim, bool);

impl Connection {
    fn rows(&self, table: &str) -> Rows {
        let world = self.0.world();
        let tables = match (&world.staging, self.1) {
            (Some((_, tables)), false) => tables,
            (_, true) | (None, false) => &world.live,
        };
        tables.get(table).cloned().unwrap_or_default()
    }
}

impl Worker for Connection {
    /// `<mode> <table>`: holds the lock for a moment. `sleep`: until it is cancelled.
    fn execute(&mut self, sql: &str) -> Result<Executed> {
        self.0.call(sql)?;
        if sql == "sleep" {
            return sleep(&self.0);
        }
        let lock = parse_lock(sql);
        {
            let mut world = self.0.world();
            let held: Vec<_> =
                world.running.iter().filter(|held| conflict(held, &lock)).cloned().collect();
            world.conflicts.extend(held.iter().map(|held| format!("{sql} beside {held:?}")));
            world.running.push(lock.clone());
        }
        std::thread::sleep(Duration::from_millis(2));
        let mut world = self.0.world();
        let at = world.running.iter().position(|held| *held == lock).expect("it was put there");
        world.running.remove(at);
        world.executed.push(sql.to_owned());
        Ok(Executed::default())
    }

    fn execute_once(&mut self, step: &str, sql: &str) -> Result<Executed> {
        let done = self.execute(sql)?;
        let mut world = self.0.world();
        if world.died.is_some() {
            return Err(dead());
        }
        assert!(world.noted.insert(step.to_owned()), "{step} was executed twice");
        Ok(done)
    }

    fn load<'a>(&'a mut self, table: &str, columns: &[LoadInto]) -> Result<Box<dyn LoadSink + 'a>> {
        self.0.call("load")?;
        self.0.staged(|tables| {
            tables.insert(table.to_owned(), Rows::new());
        })?;
        let sink =
            Sink { sim: self.0.clone(), table: table.to_owned(), rows: Rows::new(), send: true };
        assert!(!columns.is_empty(), "there is something to load");
        Ok(Box::new(sink))
    }

    fn digest_sink<'a>(
        &'a mut self,
        table: &str,
        _: &[LoadInto],
    ) -> Result<Box<dyn LoadSink + 'a>> {
        let sim = self.0.clone();
        Ok(Box::new(Sink { sim, table: table.to_owned(), rows: Rows::new(), send: false }))
    }

    fn row_digest(&mut self, table: &str, _: &[LoadInto]) -> Result<RowDigest> {
        self.0.call("row_digest")?;
        Ok(digest(&self.rows(table)))
    }

    fn set_sequences(&mut self, _: &str) -> Result<()> {
        self.0.call("set_sequences")
    }

    fn analyze(&mut self, _: &str) -> Result<()> {
        self.0.call("analyze")
    }

    fn check(&mut self, check: &Check) -> Result<CheckOutcome> {
        self.0.call("check")?;
        Ok(outcome(check))
    }

    fn query(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
        self.0.call("target query")?;
        let count = self.rows(sql.trim_start_matches("count ")).len();
        Ok(vec![vec![Some(count.to_string())]])
    }

    fn canceller(&self) -> Box<dyn Cancel> {
        Box::new(Canceller(self.0.clone()))
    }
}

fn sleep(sim: &Sim) -> Result<Executed> {
    for _ in 0..2_000 {
        if sim.world().cancelled {
            return Err(
                EngineError::new(&code::INTERRUPTED, "cancelled").class(ErrorClass::Interrupted)
            );
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(Executed::default())
}

struct Canceller(Sim);

impl Cancel for Canceller {
    fn cancel(&self) {
        self.0.world().cancelled = true;
    }
}

struct Sink {
    sim: Sim,
    table: String,
    rows: Rows,
    send: bool,
}

impl RowSink for Sink {
    fn row(&mut self, row: Row<'_>) -> Result<()> {
        let value = |value: &Value<'_>| match value {
            Value::Integer(number) => *number,
            other => panic!("simulated values are integers: {other:?}"),
        };
        self.rows.push(row.values.iter().map(value).collect());
        Ok(())
    }
}

impl LoadSink for Sink {
    fn finish(self: Box<Self>) -> Result<Loaded> {
        let Sink { sim, table, mut rows, send } = *self;
        if !send {
            return Ok(Loaded { digest: digest(&rows), bytes: 0 });
        }
        sim.call("finish load")?;
        if sim.world().loses_row_of.as_deref() == Some(&table) {
            rows.pop();
        }
        let loaded = Loaded { digest: digest(&rows), bytes: rows.len() as u64 * 8 };
        if sim.world().changes_row_of.as_deref() == Some(&table) {
            rows[0][0] += 1;
        }
        sim.staged(|tables| {
            tables.insert(table, rows);
        })?;
        sim.call("loaded")?;
        Ok(loaded)
    }
}

pub(crate) fn parse_lock(sql: &str) -> TableLock {
    let (mode, table) = sql.split_once(' ').expect("`<mode> <table>`");
    let mode: LockMode = serde_json::from_value(mode.into()).expect("a lock mode");
    TableLock { table: table.to_owned(), mode }
}

fn conflict(a: &TableLock, b: &TableLock) -> bool {
    a.table == b.table && a.mode.conflicts_with(b.mode)
}
