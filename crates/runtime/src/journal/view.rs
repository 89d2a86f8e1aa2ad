//! The state of a run, folded from its records: what `journal.json` shows and `status` reads.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use ir::LoadColumn;
use serde::Serialize;

use super::format::{
    Alias, BackupRecord, Begun, Closing, Failure, Line, LoadedRecord, Record, SourceRecord,
    TargetBackupRecord, WarningKind,
};

/// All fields of requirements R13 to R20. Lists are in the order of events, tables in name order.
#[derive(Clone, Debug, Default, Serialize)]
pub struct View {
    /// Of the last record, and its sum.
    pub seq: u64,
    pub head: String,
    #[serde(flatten)]
    pub begun: Option<Begun>,
    /// Empty where the run died before its first record: whoever closed its journal did not start it.
    pub started_at: String,
    pub updated_at: String,
    pub current_stage: Option<Alias>,
    pub completed_stages: Vec<Alias>,
    /// The plan's own names of stages, finished ones with their time.
    pub stage_times: BTreeMap<String, Option<u64>>,
    /// Steps whose intent is written and whose end is not.
    pub open_steps: Vec<String>,
    pub steps_done: u64,
    /// The ids of those.
    #[serde(skip)]
    pub done: BTreeSet<String>,
    /// How often a new process went on with it.
    pub resumed: u64,
    pub sources: Vec<SourceRecord>,
    /// Fingerprint of what the promote would replace, as the preflight saw it.
    #[serde(skip)]
    pub before: Option<String>,
    pub backups: Vec<BackupRecord>,
    /// Of what the promote replaces; the last one, where the run was gone on with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_backup: Option<TargetBackupRecord>,
    /// Staging schema or file, while it is there.
    pub temporary_path: Option<String>,
    /// What goes into which column.
    pub bound: BTreeMap<String, Vec<LoadColumn>>,
    pub tables: BTreeMap<String, LoadedRecord>,
    /// `rows:digest` that the target gave back.
    pub verified: BTreeMap<String, String>,
    pub checks: BTreeMap<String, bool>,
    pub warnings: Vec<WarningView>,
    /// The server's transaction id, once COMMIT may have been sent.
    pub transaction: Option<String>,
    pub promoted: Option<bool>,
    pub kept: Option<String>,
    /// A rollback has begun and not ended.
    pub restoring: bool,
    /// Somebody accepted it; `kept_until` says how long there is a way back.
    pub accepted: bool,
    pub kept_until: Option<String>,
    pub fingerprint: Option<String>,
    pub failure: Option<Failure>,
    pub closed: Option<Closing>,
    #[serde(rename = "safe_mode")]
    pub recommendation: Recommendation,
    pub next_actions: Vec<String>,
    /// Artifacts that must be kept.
    pub preserve: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WarningView {
    pub warning: WarningKind,
    pub code: String,
    pub message: String,
}

/// How the application should be run meanwhile (requirement R20, `safe_mode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recommendation {
    /// The run goes on: a source that is written to stops the promote.
    #[default]
    ReadonlyRecommended,
    /// The target is as it was.
    StayOnSource,
    /// The promote is done and verified.
    UseTarget,
    /// Nobody knows yet: let nothing write until the target has been asked.
    StopWriting,
}

impl View {
    /// A piece at a time: of a run with thousands of files it is long.
    pub(crate) fn write(&self, mut to: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut to, self)?;
        to.write_all(b"\n")
    }

    pub(crate) fn apply(&mut self, line: &Line, sum: &str) {
        self.seq = line.seq;
        self.head = sum.to_owned();
        self.updated_at.clone_from(&line.at);
        if matches!(line.record, Record::Begun(_)) {
            self.started_at.clone_from(&line.at);
        }
        self.take(&line.record);
        self.recommendation = self.recommend();
    }

    fn take(&mut self, record: &Record) {
        match record {
            Record::Begun(begun) => self.begun = Some(begun.clone()),
            Record::Source(source) => self.source(source),
            // What the run began with: a later look is held against it.
            Record::Preflight { passed: _, before } => {
                self.before.get_or_insert_with(|| before.clone());
            }
            Record::Bound { table, columns } => {
                self.bound.insert(table.clone(), columns.clone());
            }
            Record::StageStarted { stage, alias } => {
                self.current_stage = Some(*alias);
                self.stage_times.insert(stage.clone(), None);
            }
            Record::StageFinished { stage, alias, elapsed_ms } => {
                self.finish_stage(stage, *alias, *elapsed_ms);
            }
            Record::Intent { step, creates } => {
                self.open_steps.retain(|open| open != step);
                self.open_steps.push(step.clone());
                if creates.is_some() {
                    self.temporary_path.clone_from(creates);
                }
            }
            Record::StepDone { step, elapsed_ms: _ } => {
                self.open_steps.retain(|open| open != step);
                self.done.insert(step.clone());
                self.steps_done = self.done.len() as u64;
            }
            Record::BackupDone(backup) => self.backed_up(backup),
            Record::TargetBackedUp(backup) => {
                self.preserve.push(backup.backup.clone());
                self.target_backup = Some(backup.clone());
            }
            Record::StagingCreated { name } => self.temporary_path = Some(name.clone()),
            Record::Loaded(loaded) => {
                self.tables.insert(loaded.table.clone(), loaded.clone());
            }
            Record::RowsVerified { table, digest } => {
                self.verified.insert(table.clone(), digest.clone());
            }
            Record::CheckDone { name, passed, found: _ } => {
                self.checks.insert(name.clone(), *passed);
            }
            Record::CatalogVerified { fingerprint } => self.fingerprint = Some(fingerprint.clone()),
            Record::Warning { warning, code, message } => self.warnings.push(WarningView {
                warning: *warning,
                code: code.clone(),
                message: message.clone(),
            }),
            Record::Retry { attempt: _, wait_ms: _, why: _ } => self.transaction = None,
            Record::PromoteCommitting { transaction } => {
                self.transaction = Some(transaction.clone());
                // What was found out about an earlier try says nothing about this one.
                self.promoted = None;
            }
            Record::Promoted { attempts: _, locked_ms: _, kept, fingerprint } => {
                self.promoted(kept.clone(), fingerprint.clone());
            }
            Record::OutcomeFound { promoted, asked_by: _ } => self.promoted = Some(*promoted),
            Record::KeptFound { kept } => self.keep(kept.clone()),
            Record::Failed(failure) => self.failed(failure),
            Record::StagingDiscarded => self.discarded(),
            Record::Resumed { program: _, process: _ } => self.resume(),
            Record::Restoring { discard_new_rows: _ } => {
                self.restoring = true;
                self.closed = None;
            }
            Record::Restored { discarded: _ } => self.restored(),
            Record::Accepted { kept_until } => {
                self.accepted = true;
                self.kept_until.clone_from(kept_until);
            }
            Record::KeptRemoved => self.forget_kept(),
            Record::Closed { outcome, next_actions } => self.close(*outcome, next_actions),
        }
    }

    /// Every process that takes the run up looks at its sources; the first look is the one that the
    /// backups were taken of.
    fn source(&mut self, source: &SourceRecord) {
        let same =
            |known: &SourceRecord| known.source == source.source && known.path == source.path;
        match self.sources.iter_mut().find(|known| same(known)) {
            // The preflight ended with what was seen before; one that did not end is made again.
            Some(known) if self.before.is_none() => known.clone_from(source),
            Some(_) => {}
            None => self.sources.push(source.clone()),
        }
    }

    /// A later backup of the same file takes the place of an earlier one.
    fn backed_up(&mut self, backup: &BackupRecord) {
        self.backups.retain(|known| (&known.source, known.index) != (&backup.source, backup.index));
        self.backups.push(backup.clone());
        self.preserve.push(backup.backup.clone());
    }

    /// With the staging area goes what was done in it; backups stay.
    fn discarded(&mut self) {
        self.temporary_path = None;
        self.done.clear();
        self.steps_done = 0;
        self.tables.clear();
        self.verified.clear();
    }

    fn resume(&mut self) {
        self.resumed += 1;
        self.closed = None;
        self.failure = None;
        self.transaction = None;
        self.next_actions.clear();
    }

    /// `restoring` stays until the journal is closed: a process that dies between the two is seen.
    fn restored(&mut self) {
        self.promoted = Some(false);
        self.transaction = None;
        self.forget_kept();
    }

    fn forget_kept(&mut self) {
        let kept = self.kept.take();
        self.preserve.retain(|path| Some(path) != kept.as_ref());
        self.kept_until = None;
    }

    /// A backup stage is three of the fixed names: the engine restores and compares in one act.
    fn finish_stage(&mut self, stage: &str, alias: Alias, elapsed_ms: u64) {
        self.stage_times.insert(stage.to_owned(), Some(elapsed_ms));
        let all: &[Alias] = match alias {
            Alias::CreateBackup => &[Alias::CreateBackup, Alias::RestoreDrill, Alias::VerifyBackup],
            _ => &[alias],
        };
        for alias in all {
            if !self.completed_stages.contains(alias) {
                self.completed_stages.push(*alias);
            }
        }
    }

    fn promoted(&mut self, kept: Option<String>, fingerprint: String) {
        self.promoted = Some(true);
        self.temporary_path = None;
        self.keep(kept);
        self.fingerprint = Some(fingerprint);
    }

    fn keep(&mut self, kept: Option<String>) {
        self.forget_kept();
        self.preserve.extend(kept.clone());
        self.kept = kept;
    }

    /// Stages run side by side: the one that failed need not be the one that began last.
    fn failed(&mut self, failure: &Failure) {
        let stages = self.begun.iter().flat_map(|begun| &begun.stages);
        let mut named = stages.filter(|name| failure.stage.as_deref() == Some(&name.stage));
        self.current_stage = named.next().map(|name| name.alias).or(self.current_stage);
        self.failure = Some(failure.clone());
    }

    fn close(&mut self, outcome: Closing, next_actions: &[String]) {
        self.closed = Some(outcome);
        self.restoring = false;
        self.next_actions = next_actions.to_vec();
        self.open_steps.clear();
        match outcome {
            Closing::Promoted => {
                self.current_stage = Some(Alias::Completed);
                if !self.completed_stages.contains(&Alias::Completed) {
                    self.completed_stages.push(Alias::Completed);
                }
            }
            Closing::RolledBack
            | Closing::Stopped
            | Closing::Undecided
            | Closing::Restored
            | Closing::Accepted => {}
        }
    }

    fn recommend(&self) -> Recommendation {
        if self.restoring {
            return Recommendation::StopWriting;
        }
        match (self.closed, self.promoted, &self.transaction) {
            (Some(Closing::Promoted | Closing::Accepted), _, _) | (None, Some(true), _) => {
                Recommendation::UseTarget
            }
            (Some(Closing::RolledBack | Closing::Stopped | Closing::Restored), _, _) => {
                Recommendation::StayOnSource
            }
            (Some(Closing::Undecided), _, _) | (None, None, Some(_)) => Recommendation::StopWriting,
            (None, Some(false), _) => Recommendation::StayOnSource,
            (None, None, None) => Recommendation::ReadonlyRecommended,
        }
    }
}
