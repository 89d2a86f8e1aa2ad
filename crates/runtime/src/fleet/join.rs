//! `cutover worker`: another process, perhaps on another machine, loads units of a run that somebody
//! else leads. It opens its own sources, which must have the bytes that the leader's had, and never
//! builds, verifies or promotes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use diagnostics::{code, plural};
use ir::{CompiledPlan, Load};

use super::load::{PAUSE, Read, Units, Watch, leased};
use super::{Shared, content, few};
use crate::EngineError;
use crate::binding::{self, Binding};
use crate::clock::{Clock, millis};
use crate::engine::{Fleet, FleetUnit, LoadInto, RowSink, SourceEngine, TargetEngine, Worker};
use crate::error::ErrorClass;
use crate::events::{EVENTS_VERSION, Event, EventSink, Stamped};
use crate::parallel::locked;
use crate::run::Finding;
use crate::sources::{self, SourceFile, SourceSet};
use crate::stop::{Stop, StopFlag};

pub struct JoinRequest<'a> {
    pub plan: CompiledPlan,
    /// Folder of the plan here: relative paths of sources start at it.
    pub plan_dir: PathBuf,
    /// `None`: the only run there is to join.
    pub run_id: Option<String>,
    pub sources: Arc<dyn SourceEngine>,
    pub target: Box<dyn TargetEngine>,
    pub clock: &'a dyn Clock,
    pub events: &'a dyn EventSink,
    pub stop: StopFlag,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinReport {
    pub run_id: String,
    /// `PostgreSQL 15.18, database shop, schema shop`.
    pub target: String,
    /// What this process committed.
    pub units: u64,
    pub rows: u64,
    pub bytes: u64,
    /// Whether every unit of the run is loaded; `false`: the run ended before, or this process was
    /// asked to stop.
    pub complete: bool,
    pub elapsed_ms: u64,
}

/// Loads units until none is left to load.
///
/// # Errors
/// Why this process must not join (`RUN830`, `RUN831`, `SRC…`), or what kept it from going on; what
/// it had not committed is for others to load.
pub fn join(mut request: JoinRequest<'_>) -> Result<JoinReport, Vec<Finding>> {
    let start = request.clock.monotonic();
    let one = |error: EngineError| vec![Finding::from(error)];
    let run_id = which(&mut request).map_err(one)?;
    let ledger = request.target.ledger(&run_id).map_err(one)?;
    let mut ledger = ledger.ok_or_else(|| one(nothing(&run_id)))?;
    let fleet = ledger.join().map_err(one)?;
    same_plan(&fleet, &request.plan).map_err(one)?;
    let files = own_files(&request, &fleet)?;
    let count = request.plan.settings.connections.max(1);
    let workers: Result<Vec<_>, _> = (0..count).map(|_| request.target.join(&run_id)).collect();
    let workers = workers.map_err(one)?;
    let description = request.target.describe();
    let crew = Crew {
        sources: request.sources.as_ref(),
        clock: request.clock,
        events: request.events,
        stop: &request.stop,
        run_id: &run_id,
        shared: Shared::new(ledger, &fleet, request.clock),
        tables: tables(&request.plan, &fleet, &files),
        files: &files,
        ended: AtomicBool::new(false),
        done: Done::default(),
    };
    crew.load(workers).map_err(one)?;
    Ok(crew.report(description, millis(request.clock.monotonic().saturating_sub(start))))
}

fn nothing(run_id: &str) -> EngineError {
    EngineError::new(&code::NOTHING_TO_JOIN, "the target keeps no ledger of loads").object(run_id)
}

/// The run that was named, or the only one.
fn which(request: &mut JoinRequest<'_>) -> Result<String, EngineError> {
    if let Some(run_id) = &request.run_id {
        return Ok(run_id.clone());
    }
    // The target is borrowed for this alone.
    let runs = request.target.ledgers()?;
    match runs.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(EngineError::new(&code::NOTHING_TO_JOIN, "no run loads many files into it now")
            .object(request.target.describe())
            .help("a run can be joined from the start of its loads to their end")),
        several => {
            let message = format!("{} load into it now", plural(several.len(), "run"));
            Err(EngineError::new(&code::NOTHING_TO_JOIN, message)
                .object(request.target.describe())
                .help(format!("say which with `--run`: {}", several.join(", "))))
        }
    }
}

fn same_plan(fleet: &Fleet, plan: &CompiledPlan) -> Result<(), EngineError> {
    let own = plan.digest().to_string();
    if fleet.compiled_digest == own {
        return Ok(());
    }
    let message = format!(
        "this plan compiles to {}, the run was started with {}",
        short(&own),
        short(&fleet.compiled_digest)
    );
    Err(EngineError::new(&code::LEDGER_DIFFERS, message)
        .help("give the worker the plan file, with its SQL files, that the run was started with"))
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// The files here, each with the bytes that the leader's has.
fn own_files(request: &JoinRequest<'_>, fleet: &Fleet) -> Result<SourceSet, Vec<Finding>> {
    let (plan, plan_dir) = (&request.plan, &request.plan_dir);
    let (mut found, mut findings) = sources::find(plan, plan_dir);
    found.retain(|file| fleet.files.iter().any(|known| known.source == file.path.source));
    findings.retain(Finding::is_error);
    if !findings.is_empty() {
        return Err(findings);
    }
    let (set, unreadable, _) = sources::inspect(plan, found, request.sources.as_ref());
    if !unreadable.is_empty() {
        return Err(unreadable);
    }
    same_files(&set, fleet).map_err(|error| vec![error.into()])?;
    Ok(set)
}

fn same_files(set: &SourceSet, fleet: &Fleet) -> Result<(), EngineError> {
    let mut known = BTreeMap::<&str, usize>::new();
    let mut differ = Vec::new();
    for file in &fleet.files {
        let position = known.entry(&file.source).or_default();
        let own = set.of(&file.source).get(*position);
        *position += 1;
        let same = own.is_some_and(|own| {
            own.parameters == file.parameters
                && own.state.files.iter().map(content).eq(file.files.iter().cloned())
        });
        if !same {
            differ.push(file.shown.clone());
        }
    }
    let more = known.iter().any(|(source, count)| set.of(source).len() != *count);
    if differ.is_empty() && !more {
        return Ok(());
    }
    let message = match differ.len() {
        0 => "there are more files here than the run reads".to_owned(),
        count => format!("{} of the run's {} not the same here", count, verb(count)),
    };
    let error = EngineError::new(&code::LEDGER_DIFFERS, message)
        .help("a worker reads the same bytes under the same names as the run's leader");
    Err(if differ.is_empty() { error } else { error.object(few(&differ)) })
}

fn verb(count: usize) -> &'static str {
    if count == 1 { "files is" } else { "files are" }
}

/// One table of the run, as it is loaded from the files here.
struct Table {
    load: Load,
    binding: Binding,
}

fn tables(plan: &CompiledPlan, fleet: &Fleet, files: &SourceSet) -> Vec<Table> {
    let table = |known: &crate::engine::FleetLoad| {
        let load =
            binding::loads(plan).map(|(_, load)| load).find(|load| load.table == known.table)?;
        let count = files.of(&load.source).len();
        let binding = Binding::of_rules(load, &known.columns, count);
        Some(Table { load: load.clone(), binding })
    };
    fleet.loads.iter().filter_map(table).collect()
}

#[derive(Default)]
struct Done {
    units: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
}

/// The threads of this process.
struct Crew<'a> {
    sources: &'a dyn SourceEngine,
    clock: &'a dyn Clock,
    events: &'a dyn EventSink,
    stop: &'a StopFlag,
    run_id: &'a str,
    shared: Shared,
    tables: Vec<Table>,
    files: &'a SourceSet,
    /// The run has ended, however.
    ended: AtomicBool,
    done: Done,
}

impl Crew<'_> {
    fn load(&self, workers: Vec<Box<dyn Worker>>) -> Result<(), EngineError> {
        let failures = std::sync::Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for (thread, mut worker) in workers.into_iter().enumerate() {
                let failures = &failures;
                scope.spawn(move || {
                    if let Err(error) = self.toil(thread, worker.as_mut()) {
                        self.ended.store(true, Ordering::SeqCst);
                        locked(failures).push(error);
                    }
                });
            }
        });
        let failures = failures.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let cause = failures.into_iter().find(|error| error.class != ErrorClass::Interrupted);
        cause.map_or(Ok(()), Err)
    }

    /// One thread's life: the tables by turns, beginning at another one each.
    fn toil(&self, thread: usize, worker: &mut dyn Worker) -> Result<(), EngineError> {
        let count = self.tables.len();
        loop {
            let (mut loaded, mut open) = (false, 0);
            for table in (0..count).map(|at| &self.tables[(at + thread) % count]) {
                match self.table(table, worker) {
                    Ok(units) => {
                        loaded |= units > 0;
                        open += if units > 0 {
                            1
                        } else {
                            self.shared.open_units(&table.load.table)?
                        };
                    }
                    // The leader has ended the run, or has all it needs.
                    Err(error) if error.code == &code::NOTHING_TO_JOIN => {
                        self.ended.store(true, Ordering::SeqCst);
                        return Ok(());
                    }
                    Err(error) => return Err(error),
                }
            }
            if open == 0 {
                return Ok(());
            }
            if !loaded {
                if !self.shared.is_led()? {
                    // What is left waits for `resume`: its tables may not be there yet.
                    self.ended.store(true, Ordering::SeqCst);
                    return Ok(());
                }
                self.look_up(Read::default())?;
                self.pause(PAUSE);
            }
        }
    }

    /// One lease of the table, if there is one to have.
    fn table(&self, table: &Table, worker: &mut dyn Worker) -> Result<usize, EngineError> {
        let lease = self.shared.claim(&table.load.table)?;
        if lease.units.is_empty() {
            return Ok(0);
        }
        let read = leased(&self.shared, &lease, worker, &mut Own { crew: self, table }, self)?;
        self.done.units.fetch_add(lease.units.len() as u64, Ordering::Relaxed);
        self.done.rows.fetch_add(read.rows, Ordering::Relaxed);
        self.done.bytes.fetch_add(read.bytes, Ordering::Relaxed);
        self.tell(&table.load.table);
        Ok(lease.units.len())
    }

    fn tell(&self, table: &str) {
        let Self { clock, events, .. } = self;
        events.event(&Stamped {
            v: EVENTS_VERSION,
            run: self.run_id.to_owned(),
            at: crate::clock::stamp(clock.now()),
            elapsed_ms: millis(clock.monotonic()),
            event: Event::Rows {
                table: table.to_owned(),
                done: self.done.rows.load(Ordering::Relaxed),
                total: None,
                bytes: self.done.bytes.load(Ordering::Relaxed),
            },
        });
    }

    fn report(self, target: String, elapsed_ms: u64) -> JoinReport {
        let stopped = self.stop.level() != Stop::No;
        JoinReport {
            run_id: self.run_id.to_owned(),
            target,
            units: self.done.units.into_inner(),
            rows: self.done.rows.into_inner(),
            bytes: self.done.bytes.into_inner(),
            complete: !stopped && !self.ended.into_inner(),
            elapsed_ms,
        }
    }
}

impl Watch for Crew<'_> {
    fn look_up(&self, _new: Read) -> Result<(), EngineError> {
        if self.stop.level() != Stop::No || self.ended.load(Ordering::SeqCst) {
            let error = EngineError::new(&code::INTERRUPTED, "the worker was asked to stop");
            return Err(error.class(ErrorClass::Interrupted));
        }
        self.shared.heartbeat(self.clock)
    }

    fn pause(&self, time: Duration) {
        self.clock.sleep(time);
    }
}

/// The sources of this process.
struct Own<'a, 'b> {
    crew: &'a Crew<'b>,
    table: &'a Table,
}

impl Own<'_, '_> {
    fn file(&self, position: usize) -> Result<&SourceFile, EngineError> {
        let source = &self.table.load.source;
        self.crew.files.of(source).get(position).ok_or_else(|| {
            let message = format!("source `{source}` has no file {position}");
            EngineError::new(&code::INTERNAL, message)
        })
    }
}

impl Units for Own<'_, '_> {
    fn table(&self) -> &str {
        &self.table.load.table
    }

    fn columns(&self) -> &[LoadInto] {
        &self.table.binding.into
    }

    fn scan(&mut self, unit: &FleetUnit, sink: &mut dyn RowSink) -> Result<u64, EngineError> {
        let own = self.file(unit.file)?;
        let scan = self.table.binding.scan_of(unit)?;
        self.crew.sources.open_source(&own.state, &own.parameters)?.scan(&scan, sink)
    }

    fn expected(&self, file: usize) -> Option<u64> {
        let table = Binding::whole_table(&self.table.load)?;
        self.file(file).ok()?.rows(table)
    }

    /// The bytes were the run's when this process joined; if they are so still, so were the rows. To
    /// read all of a large file for each chunk of it would cost more than the load: of those, size
    /// and times must be what they were.
    fn unchanged(&mut self, units: &[&FleetUnit]) -> Result<(), EngineError> {
        let sources = self.crew.sources;
        for unit in units {
            let own = self.file(unit.file)?;
            let changed = match unit.rowids {
                None => sources.changed_since(&own.state)?,
                Some(_) => sources.touched_since(&own.state)?,
            };
            if let Some(what) = changed {
                let message = format!("the file changed while it was loaded: {what}");
                return Err(EngineError::new(&code::SOURCE_CHANGED, message)
                    .object(&own.state.path.shown)
                    .help("what was loaded of it now was taken back; the run's leader loads it"));
            }
        }
        Ok(())
    }
}
