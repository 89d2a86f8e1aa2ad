//! What steps need to know besides their worker.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};

use diagnostics::code;
use ir::{Action, LoadSource};

use crate::binding::{Binding, Bindings};
use crate::engine::{Snapshot, SourceEngine, TargetEngine};
use crate::error::ErrorClass;
use crate::events::Event;
use crate::fleet::{self, Shared};
use crate::parallel::locked;
use crate::run::session::Session;
use crate::sources::SourceSet;
use crate::stop::Stop;
use crate::{EngineError, RowDigest};

pub(crate) struct Context<'a> {
    pub session: &'a Session<'a>,
    pub engine: &'a dyn SourceEngine,
    pub files: &'a SourceSet,
    pub bindings: &'a Bindings,
    copies: Mutex<BTreeMap<String, Vec<Copy>>>,
    /// The ledger of the loads from many files, from the staging on.
    units: OnceLock<Shared>,
    /// The part of each table that has been read, where it can be said.
    read: Mutex<BTreeMap<String, f64>>,
    /// A step failed or a person asked: everything ends.
    cancelled: AtomicBool,
}

/// The private copy of one file, and what it holds.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    pub snapshot: PathBuf,
    pub tables: BTreeMap<String, RowDigest>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        session: &'a Session<'a>,
        engine: &'a dyn SourceEngine,
        files: &'a SourceSet,
        bindings: &'a Bindings,
    ) -> Self {
        Self {
            session,
            engine,
            files,
            bindings,
            copies: Mutex::default(),
            units: OnceLock::new(),
            read: Mutex::default(),
            cancelled: AtomicBool::new(false),
        }
    }

    /// Before the first load: makes or finds the ledger, where the run reads many files.
    pub(crate) fn open_ledger(&self, target: &mut dyn TargetEngine) -> Result<(), EngineError> {
        if let Some(units) = fleet::open(self, target)? {
            self.units.get_or_init(|| units);
        }
        Ok(())
    }

    /// The ledger that loads of many files or large tables stand in, if there are such.
    pub(crate) fn shared(&self) -> Option<&Shared> {
        self.units.get()
    }

    /// The ledger that the table is loaded by, if it is.
    pub(crate) fn units(&self, table: &str) -> Option<&Shared> {
        self.units.get().filter(|units| units.has(table))
    }

    pub(crate) fn keep_copies(&self, source: &str, copies: Vec<Copy>) {
        locked(&self.copies).insert(source.to_owned(), copies);
    }

    /// Opens the snapshots of a source one after the other.
    pub(crate) fn snapshot(
        &self,
        source: &str,
        index: usize,
    ) -> Result<Box<dyn Snapshot>, EngineError> {
        let copies = locked(&self.copies);
        let copy = copies.get(source).and_then(|copies| copies.get(index));
        let path = copy.map(|copy| copy.snapshot.clone());
        drop(copies);
        match (path, self.files.of(source).get(index)) {
            (Some(path), Some(file)) => self.engine.open_snapshot(&path, &file.parameters),
            (None, _) | (_, None) => {
                Err(defect(format!("source `{source}` is read before its backup")))
            }
        }
    }

    /// Rows that the backups hold for a table, over all files.
    pub(crate) fn backed_up(&self, source: &str, table: &str) -> u64 {
        let copies = locked(&self.copies);
        let tables = copies.get(source).into_iter().flatten().flat_map(|copy| &copy.tables);
        tables
            .filter(|(name, _)| name.eq_ignore_ascii_case(table))
            .map(|(_, digest)| digest.rows)
            .sum()
    }

    /// Rows that the backup of one file holds for an ordinary table.
    pub(crate) fn held(&self, source: &str, index: usize, table: &str) -> Option<u64> {
        self.files.of(source).get(index)?.rows(table)?;
        let copies = locked(&self.copies);
        let tables = &copies.get(source)?.get(index)?.tables;
        let mut found = tables.iter().filter(|(name, _)| name.eq_ignore_ascii_case(table));
        found.next().map(|(_, digest)| digest.rows)
    }

    pub(crate) fn binding(&self, table: &str) -> Result<&Binding, EngineError> {
        let binding = self.bindings.get(table);
        binding.ok_or_else(|| defect(format!("table `{table}` is not bound to its source")))
    }

    /// Tells how far the reading of a table is.
    pub(crate) fn tell_rows(&self, table: &str, done: u64, total: Option<u64>, bytes: u64) {
        if let Some(total) = total.filter(|total| *total > 0) {
            locked(&self.read).insert(table.to_owned(), done as f64 / total as f64);
        }
        self.session.emit(Event::Rows { table: table.to_owned(), done, total, bytes });
    }

    /// From 0 to 1.
    pub(crate) fn part_read(&self, table: &str) -> f64 {
        locked(&self.read).get(table).copied().unwrap_or(0.0)
    }

    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    /// # Errors
    /// `RUN816` when the work should end now.
    pub(crate) fn go_on(&self) -> Result<(), EngineError> {
        if self.is_cancelled() || self.session.stop.level() == Stop::Now {
            return Err(interrupted());
        }
        Ok(())
    }

    /// Estimated cost of every step, in rows: what the longest path is measured by.
    pub(crate) fn weights(&self) -> Vec<u64> {
        let rows = self.rows_per_table();
        let of = |table: &str| rows.get(table).copied().unwrap_or(0);
        let weight = |step: &ir::Step| match &step.action {
            Action::Load(load) => of(&load.table),
            // An index sorts what a load only wrote; measured at about half of a load.
            Action::Execute { .. } => {
                step.locks.iter().map(|lock| of(&lock.table)).max().unwrap_or(0) / 2
            }
            Action::VerifyRows { table } => of(table) / 2,
            Action::Analyze { table } | Action::SetSequences { table } => of(table) / 20,
            Action::Invariant(_) | Action::Check(_) => {
                rows.values().max().map_or(0, |max| max / 10)
            }
            Action::Preflight
            | Action::Backup { .. }
            | Action::BackupTarget
            | Action::CreateStaging
            | Action::VerifyCatalog
            | Action::Promote { .. }
            | Action::Settle => 0,
        };
        // Every step costs something, so that longer chains of small ones come first.
        self.session.plan.steps.iter().map(|step| weight(step) + 1_000).collect()
    }

    fn rows_per_table(&self) -> BTreeMap<&str, u64> {
        let loads = self.session.plan.steps.iter().filter_map(|step| match &step.action {
            Action::Load(load) => Some(load),
            _ => None,
        });
        let rows = loads.map(|load| {
            let rows = match &load.from {
                LoadSource::Table(table) => self.files.rows(&load.source, table).unwrap_or(0),
                LoadSource::Query(_) => self.files.largest(&load.source),
            };
            (load.table.as_str(), rows)
        });
        rows.collect()
    }
}

pub(crate) fn interrupted() -> EngineError {
    EngineError::new(&code::INTERRUPTED, "the run was asked to stop").class(ErrorClass::Interrupted)
}

pub(crate) fn defect(message: String) -> EngineError {
    EngineError::new(&code::INTERNAL, message)
        .help("please report this with the journal of the run")
}
