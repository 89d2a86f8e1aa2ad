//! What the leader does: backups, staging, the last verification, the promote.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use diagnostics::code;
use ir::{Action, Check, OnSourceChange};

use super::context::{Copy, defect, interrupted};
use super::graph::{Who, who};
use super::{Context, target_backup, work};
use crate::digest::sha256_of;
use crate::engine::{
    BackupReport, CheckOutcome, PromoteHooks, Promotion, SourcePath, Staging, TargetEngine,
};
use crate::events::Event;
use crate::journal::Record;
use crate::journal::format::{BackupRecord, TableDigest, WarningKind};
use crate::parallel;
use crate::run::BackupEntry;
use crate::run::session::Session;
use crate::sources::{Look, SourceFile, changes};
use crate::stop::{Stop, cancelling_until};
use crate::{EngineError, private};

/// The leader's part of the run, and how far it went.
pub(crate) struct Lead<'a> {
    pub session: &'a Session<'a>,
    pub backups: PathBuf,
    pub snapshots: PathBuf,
    /// From here on there may be something to discard.
    pub staging: bool,
    /// From here on only the target knows.
    pub committing: bool,
    pub promotion: Option<Promotion>,
    pub taken_up: TakenUp,
}

/// What an earlier process of the run did and need not be done again.
#[derive(Debug, Default)]
pub(crate) struct TakenUp {
    pub staging: Option<Staging>,
    /// Positions of steps whose effect is in the staging area.
    pub done: BTreeSet<usize>,
    pub backups: Vec<BackupRecord>,
    /// 0: there was no earlier process.
    pub attempt: u64,
}

/// Files that are backed up between two waits for the disk.
const BATCH: usize = 256;

/// Folders of one source.
struct Places {
    backups: PathBuf,
    snapshots: PathBuf,
    work: PathBuf,
}

enum Taken {
    /// By an earlier process of the run.
    Before(Copy),
    /// With the snapshot's path.
    Now(BackupReport, PathBuf),
}

impl Lead<'_> {
    fn action(&self, at: usize) -> &Action {
        &self.session.plan.steps[at].action
    }

    pub(super) fn wants_workers(&self, at: usize) -> bool {
        matches!(self.action(at), Action::CreateStaging)
    }

    pub(super) fn ends_building(&self, at: usize) -> bool {
        matches!(self.action(at), Action::Promote { .. })
    }

    pub(super) fn step(
        &mut self,
        at: usize,
        context: &Context<'_>,
        target: &mut dyn TargetEngine,
    ) -> Result<(), EngineError> {
        let session = self.session;
        let step = &session.plan.steps[at];
        let intent = |creates| session.record(Record::Intent { step: step.id.clone(), creates });
        match &step.action {
            Action::Backup { source } => {
                intent(None)?;
                self.back_up(source, context)
            }
            Action::BackupTarget => {
                intent(None)?;
                target_backup::take(session, &self.backups, target)
            }
            Action::CreateStaging if self.taken_up.staging.is_some() => Ok(()),
            Action::CreateStaging => {
                intent(None)?;
                self.staging = true;
                let staging = target.create_staging(session.plan, &session.info)?;
                session.record(Record::StagingCreated { name: staging.name })
            }
            Action::VerifyCatalog => verify_catalog(session, target),
            Action::Promote { after } => {
                self.last_full_look(context)?;
                intent(None)?;
                self.promote(after, context, target)
            }
            Action::Settle => source_changes(session, context),
            Action::Preflight
            | Action::Execute { .. }
            | Action::Load(_)
            | Action::SetSequences { .. }
            | Action::Analyze { .. }
            | Action::VerifyRows { .. }
            | Action::Check(_)
            | Action::Invariant(_) => Err(defect(format!("step `{}` came to the leader", step.id))),
        }
    }

    /// Every file of the source, several at a time.
    fn back_up(&self, source: &str, context: &Context<'_>) -> Result<(), EngineError> {
        let files: Vec<_> = context.files.of(source).iter().enumerate().collect();
        let (backups, snapshots) = (self.backups.join(source), self.snapshots.join(source));
        let work = self.snapshots.join(format!("{source}.work"));
        for folder in [&backups, &snapshots, &work] {
            private::create_folders(folder).map_err(|error| no_folder(folder, &error))?;
        }
        let places = Places { backups, snapshots, work };
        let mut copies = Vec::with_capacity(files.len());
        for batch in files.chunks(BATCH) {
            copies.extend(self.back_up_batch(batch, &places, context)?);
        }
        context.keep_copies(source, copies);
        Ok(())
    }

    /// A batch waits for the disk once. Nothing is said of a backup before it is durable.
    fn back_up_batch(
        &self,
        batch: &[(usize, &SourceFile)],
        places: &Places,
        context: &Context<'_>,
    ) -> Result<Vec<Copy>, EngineError> {
        let threads = self.session.plan.settings.connections as usize;
        let taken = parallel::each(batch, threads, |(index, file)| {
            if self.session.stop.level() != Stop::No {
                return Err(interrupted());
            }
            if let Some(copy) = self.taken_up_copy(*index, file, context) {
                return Ok(Taken::Before(copy));
            }
            let name = self.backup_name(*index, &file.parameters.file_name);
            let (backup, snapshot) = (places.backups.join(&name), places.snapshots.join(&name));
            let path = &file.state.path;
            let report = if batch.len() == 1 {
                context.engine.back_up(path, &backup, &snapshot, &places.work)?
            } else {
                context.engine.back_up_one_of_many(path, &backup, &snapshot, &places.work)?
            };
            Ok(Taken::Now(report, snapshot))
        });
        let taken = taken.into_iter().collect::<Result<Vec<_>, _>>()?;
        if batch.len() > 1 {
            context.engine.make_durable(&places.backups)?;
        }
        let told = batch.iter().zip(taken).map(|((index, file), taken)| match taken {
            Taken::Before(copy) => Ok(copy),
            Taken::Now(report, snapshot) => self.told(*index, file, report, snapshot, context),
        });
        told.collect()
    }

    /// What a dead process was writing when it died has the name already.
    fn backup_name(&self, index: usize, file_name: &str) -> String {
        match self.taken_up.attempt {
            0 => format!("{index:05}-{file_name}"),
            attempt => format!("{index:05}-{attempt}-{file_name}"),
        }
    }

    /// The backup that an earlier process took and compared, where it is still the same bytes. It is
    /// read instead of its restored copy, which nothing vouches for.
    fn taken_up_copy(
        &self,
        index: usize,
        file: &SourceFile,
        context: &Context<'_>,
    ) -> Option<Copy> {
        let path = &file.state.path;
        let of_file =
            |record: &&BackupRecord| record.source == path.source && record.index == index as u64;
        let record = self.taken_up.backups.iter().find(of_file)?;
        let backup = PathBuf::from(&record.backup);
        if sha256_of(&backup).ok()? != record.sha256 {
            return None;
        }
        let tables = record
            .tables
            .iter()
            .map(|table| Some((table.table.clone(), table.digest.parse().ok()?)))
            .collect::<Option<BTreeMap<_, _>>>()?;
        let report = BackupReport {
            backup: backup.clone(),
            sha256: record.sha256.clone(),
            size: record.size,
            tables: tables.clone(),
            foreign_key_violations: record.foreign_key_violations,
            elapsed_ms: 0,
        };
        self.backed_up(path, &report, context);
        Some(Copy { snapshot: backup, tables })
    }

    fn told(
        &self,
        index: usize,
        file: &SourceFile,
        report: BackupReport,
        snapshot: PathBuf,
        context: &Context<'_>,
    ) -> Result<Copy, EngineError> {
        let path = &file.state.path;
        let record = backup_record(index, path, &snapshot, &report);
        self.session.record(Record::BackupDone(record))?;
        self.foreign_keys(path, report.foreign_key_violations)?;
        self.backed_up(path, &report, context);
        Ok(Copy { snapshot, tables: report.tables })
    }

    fn backed_up(&self, path: &SourcePath, report: &BackupReport, context: &Context<'_>) {
        let rows = report.tables.values().map(|digest| digest.rows).sum();
        let entry = BackupEntry {
            source: path.source.clone(),
            file: path.shown.clone(),
            backup: report.backup.clone(),
            sha256: report.sha256.clone(),
            bytes: report.size,
            rows,
        };
        let mut progress = self.session.progress();
        progress.backups.push(entry);
        let done = progress.backups.len() as u64;
        drop(progress);
        self.session.emit(Event::BackedUp {
            source: path.source.clone(),
            file: path.shown.clone(),
            backup: report.backup.display().to_string(),
            bytes: report.size,
            rows,
            done,
            total: context.files.all().count() as u64,
        });
    }

    fn foreign_keys(&self, path: &SourcePath, violations: u64) -> Result<(), EngineError> {
        if violations == 0 {
            return Ok(());
        }
        let message =
            format!("{violations} rows of `{}` break its declared foreign keys", path.shown);
        let error = EngineError::new(&code::SOURCE_FOREIGN_KEYS, message)
            .object(&path.shown)
            .help("a foreign key of the plan on these rows will fail; repair them with a `query:`");
        self.session.warn(WarningKind::MalformedSourceRecord, error.into())
    }

    /// Every byte of every source, shortly before the locks are taken.
    fn last_full_look(&self, context: &Context<'_>) -> Result<(), EngineError> {
        unchanged(self.session, context, Look::Full)
    }

    fn promote(
        &mut self,
        after: &[Check],
        context: &Context<'_>,
        target: &mut dyn TargetEngine,
    ) -> Result<(), EngineError> {
        let session = self.session;
        let committing = Mutex::new(false);
        let mut hooks = Hooks { session, context, committing: &committing, failed: None };
        let canceller = target.canceller();
        // A check inside the promote may be slow, and holds its locks.
        let promoted = cancelling_until(&session.stop, canceller, &committing, || {
            target.promote(session.plan, &session.info, &mut hooks, after)
        });
        self.committing = *committing.lock().unwrap_or_else(PoisonError::into_inner);
        let promotion = promoted?;
        // From here on the new state is in place: nothing that fails now may say otherwise.
        self.promotion = Some(promotion.clone());
        session.record(Record::Promoted {
            attempts: promotion.attempts,
            locked_ms: promotion.locked_ms,
            kept: promotion.kept,
            fingerprint: promotion.fingerprint,
        })?;
        self.done_inside()
    }

    /// Steps that the engine ran in its transaction are done when that is.
    fn done_inside(&self) -> Result<(), EngineError> {
        let steps = self.session.plan.steps.iter().enumerate();
        let mut inside = steps.filter(|(_, step)| who(&step.action) == Who::InPromote);
        inside.try_for_each(|(at, _)| self.session.timed(at, || Ok(())))
    }
}

fn verify_catalog(session: &Session<'_>, target: &mut dyn TargetEngine) -> Result<(), EngineError> {
    let report = target.verify_catalog(session.plan)?;
    let differences = report.differences.iter().map(|(object, what)| format!("{object}: {what}"));
    let all: Vec<_> = differences.chain(report.defects.iter().cloned()).collect();
    if let Some(first) = all.first() {
        let more = match all.len() - 1 {
            0 => String::new(),
            more => format!(" (and {})", diagnostics::plural(more, "further difference")),
        };
        let error = match report.differences.is_empty() {
            true => EngineError::new(
                &code::INTEGRITY_FAILED,
                format!("what was built is not sound: {first}{more}"),
            ),
            false => EngineError::new(
                &code::CATALOG_DIFFERS,
                format!("the built schema is not the baseline: {first}{more}"),
            ),
        };
        return Err(if all.len() > 1 { error.help(all[1..].join("\n")) } else { error });
    }
    session.passed("catalog equal to the baseline, indexes valid, constraints validated");
    session.record(Record::CatalogVerified { fingerprint: report.fingerprint })
}

/// The sources once more, at the very end: a finding, for the promote is done.
pub(crate) fn source_changes(
    session: &Session<'_>,
    context: &Context<'_>,
) -> Result<(), EngineError> {
    let threads = session.plan.settings.connections as usize;
    let changed = changes(context.files, context.engine, Look::Full, threads);
    if changed.is_empty() {
        session.passed("sources unchanged, byte for byte");
    }
    changed.into_iter().try_for_each(|error| moved_on(session, error))
}

/// Told once for each source, however often it is seen.
fn moved_on(session: &Session<'_>, error: EngineError) -> Result<(), EngineError> {
    let known =
        session.progress().warnings.iter().any(|told| {
            told.error.code == &code::SOURCE_MOVED_ON && told.error.object == error.object
        });
    if known {
        return Ok(());
    }
    let help = "the promoted rows are those of the snapshot; later ones are not in them";
    let error = EngineError { code: &code::SOURCE_MOVED_ON, help: Some(help.to_owned()), ..error };
    session.warn(WarningKind::SourceChanged, error.into())
}

/// The plan decides whether a source that changed stops the run.
fn unchanged(session: &Session<'_>, context: &Context<'_>, look: Look) -> Result<(), EngineError> {
    let threads = session.plan.settings.connections as usize;
    for error in changes(context.files, context.engine, look, threads) {
        match session.plan.settings.on_source_change {
            OnSourceChange::Stop => return Err(error),
            OnSourceChange::Warn if error.code == &code::SOURCE_CHANGED => {
                moved_on(session, error)?;
            }
            // It could not be found out: that is not what the plan permits.
            OnSourceChange::Warn => return Err(error),
        }
    }
    Ok(())
}

struct Hooks<'a> {
    session: &'a Session<'a>,
    context: &'a Context<'a>,
    /// From here on only the target knows: nobody cancels any more.
    committing: &'a Mutex<bool>,
    /// The journal could not be written where the hook has no way to say so.
    failed: Option<EngineError>,
}

impl Hooks<'_> {
    fn commits(&self, yes: bool) {
        *self.committing.lock().unwrap_or_else(PoisonError::into_inner) = yes;
    }

    fn keep(&mut self, written: Result<(), EngineError>) {
        self.failed = self.failed.take().or(written.err());
    }
}

impl PromoteHooks for Hooks<'_> {
    fn guard(&mut self) -> Result<(), EngineError> {
        if self.session.stop.level() != Stop::No {
            return Err(interrupted());
        }
        unchanged(self.session, self.context, Look::Quick)
    }

    fn before_commit(&mut self, transaction: &str) -> Result<(), EngineError> {
        if self.session.stop.level() != Stop::No {
            return Err(interrupted());
        }
        self.failed.take().map_or(Ok(()), Err)?;
        self.session.record(Record::PromoteCommitting { transaction: transaction.to_owned() })?;
        self.session.publish()?;
        self.commits(true);
        Ok(())
    }

    fn retrying(&mut self, attempt: u32, wait_ms: u64, why: &str) {
        self.commits(false);
        self.session.emit(Event::Retrying { attempt, wait_ms, why: why.to_owned() });
        let record = Record::Retry { attempt, wait_ms, why: why.to_owned() };
        let written = self.session.record(record);
        self.keep(written);
    }

    fn check_done(&mut self, check: &Check, outcome: &CheckOutcome) {
        let written = work::told(self.session, &check.name, outcome);
        self.keep(written);
    }
}

fn backup_record(
    index: usize,
    path: &SourcePath,
    snapshot: &Path,
    report: &BackupReport,
) -> BackupRecord {
    let tables: &BTreeMap<_, _> = &report.tables;
    BackupRecord {
        source: path.source.clone(),
        file: path.shown.clone(),
        index: index as u64,
        backup: report.backup.display().to_string(),
        snapshot: snapshot.display().to_string(),
        sha256: report.sha256.clone(),
        size: report.size,
        tables: tables
            .iter()
            .map(|(table, digest)| TableDigest { table: table.clone(), digest: digest.to_string() })
            .collect(),
        foreign_key_violations: report.foreign_key_violations,
        elapsed_ms: report.elapsed_ms,
    }
}

fn no_folder(folder: &Path, error: &std::io::Error) -> EngineError {
    EngineError::new(&code::BACKUP_FAILED, format!("a folder cannot be made: {error}"))
        .object(folder.display().to_string())
}
