//! However a run ends: nothing is left half, the journal says why, the report says what to do.

use std::path::Path;

use diagnostics::{Family, code};
use ir::{Server, Target};

use super::report::{Finding, PromotionFigures, RunOutcome, RunReport};
use super::session::Session;
use super::{End, undecided};
use crate::clock::millis;
use crate::engine::{Outcome, TargetEngine};
use crate::error::ErrorClass;
use crate::events::Event;
use crate::executor::{Context, Lead, source_changes};
use crate::journal::Record;
use crate::journal::format::{Closing, Failure, WarningKind};
use crate::{EngineError, faults};

/// What it is called when nothing had been touched.
pub(super) fn outcome_before(findings: &[Finding]) -> RunOutcome {
    let codes: Vec<_> =
        findings.iter().filter(|it| it.is_error()).map(|it| it.error.code).collect();
    if codes.contains(&&code::INTERNAL) {
        RunOutcome::Defect
    } else if codes.contains(&&code::RUN_IN_PROGRESS) {
        RunOutcome::HeldByAnotherRun
    } else if codes.contains(&&code::UNFINISHED_IN_THE_WAY) {
        RunOutcome::UnfinishedInTheWay
    } else if codes.iter().any(|code| code.family == Family::Baseline) {
        RunOutcome::BaselineMismatch
    } else {
        RunOutcome::Findings
    }
}

pub(super) fn next_before(outcome: RunOutcome, findings: &[Finding]) -> Vec<String> {
    let text = match outcome {
        RunOutcome::HeldByAnotherRun => "wait for the other run: `cutover status` shows it",
        RunOutcome::UnfinishedInTheWay => {
            return vec![
                "`cutover resume` goes on with the unfinished run".to_owned(),
                "`cutover abort` removes what it built; then run again".to_owned(),
            ];
        }
        RunOutcome::BaselineMismatch => "mend the plan or its baseline, then run again",
        RunOutcome::Defect => "report this with the compiled plan (`cutover compile -o`)",
        RunOutcome::Findings if is_stopped(findings) => "run again when it suits",
        RunOutcome::Findings
        | RunOutcome::Done
        | RunOutcome::DryRun
        | RunOutcome::RolledBack
        | RunOutcome::RecoveryRequired => "mend what was found, then run again",
    };
    vec![text.to_owned()]
}

/// A person wanted it to end.
fn is_stopped(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.error.code == &code::INTERRUPTED)
}

/// Decides how the execution of the graph ended, and takes everything back where it failed.
pub(super) fn settle(
    context: &Context<'_>,
    target: &mut dyn TargetEngine,
    lead: &Lead<'_>,
    result: Result<(), Vec<Finding>>,
) -> End {
    let findings = result.err().unwrap_or_default();
    if let Some(promotion) = &lead.promotion {
        return End { promotion: Some(promotion.clone()), ..promoted(context.session, findings) };
    }
    if lead.committing {
        return match undecided::ask(context.session, target) {
            Ok(Outcome::Promoted) => found_promoted(context, target, findings),
            Ok(Outcome::NotPromoted) => taken_back(context.session, target, findings, Some(false)),
            Err(error) => undecided_end(findings, error),
        };
    }
    if lead.staging && context.shared().is_some() && server_lost(&findings) {
        return gone_on_with(findings);
    }
    if lead.staging {
        return taken_back(context.session, target, findings, None);
    }
    End::before(findings)
}

fn server_lost(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.error.class == ErrorClass::ConnectionLost)
}

/// What was loaded of many files is in the ledger, and is not thrown away because the server went.
fn gone_on_with(findings: Vec<Finding>) -> End {
    let next_actions = vec![
        "bring the target back; it is as it was".to_owned(),
        "`cutover resume` loads what is missing and goes on".to_owned(),
        "`cutover abort` removes what the run built".to_owned(),
    ];
    let outcome = RunOutcome::RecoveryRequired;
    End { outcome, findings, promotion: None, next_actions, stays_open: true }
}

/// The new state is in place; what failed after that is told, but changes nothing about it.
pub(super) fn promoted(session: &Session<'_>, findings: Vec<Finding>) -> End {
    let next_actions = vec![
        match &session.plan.target {
            Target::Postgres(target) if target.server == Server::Local => {
                "point the application at the target: `cutover local status` says where it is"
            }
            Target::Postgres(_) | Target::Sqlite(_) => "point the application at the target",
        }
        .to_owned(),
        "`cutover verify` holds the target against the kept backups at any time".to_owned(),
        "`cutover rollback` goes back, `cutover accept` ends the way back".to_owned(),
    ];
    End { outcome: RunOutcome::Done, findings, promotion: None, next_actions, stays_open: false }
}

fn found_promoted(
    context: &Context<'_>,
    target: &mut dyn TargetEngine,
    mut findings: Vec<Finding>,
) -> End {
    let session = context.session;
    let recorded = record_promoted(session, target).and_then(|()| source_changes(session, context));
    findings.extend(recorded.err().map(Finding::from));
    promoted(session, findings)
}

/// The target has said that the promote took place; it also knows what it replaced.
pub(super) fn record_promoted(
    session: &Session<'_>,
    target: &mut dyn TargetEngine,
) -> Result<(), EngineError> {
    let asked_by = session.info.run_id.clone();
    session.record(Record::OutcomeFound { promoted: true, asked_by })?;
    let kept = target.area(&session.info)?.kept;
    session.record(Record::KeptFound { kept })
}

/// Discards what was built. The target itself is as it was in any case.
fn taken_back(
    session: &Session<'_>,
    target: &mut dyn TargetEngine,
    mut findings: Vec<Finding>,
    asked: Option<bool>,
) -> End {
    let advice = if is_stopped(&findings) {
        "run again when it suits"
    } else {
        "mend what was found, then run again"
    };
    let mut next_actions = vec![format!("{advice}; the target is as it was")];
    // Errors of the journal are told below; they must not keep the staging in place.
    let mut records = Vec::new();
    if let Some(promoted) = asked {
        let asked_by = session.info.run_id.clone();
        records.push(session.record(Record::OutcomeFound { promoted, asked_by }));
    }
    match target.discard_staging(&session.info) {
        Ok(()) => records.push(session.record(Record::StagingDiscarded)),
        Err(error) => {
            next_actions.push("the next run removes what this one built".to_owned());
            let message = format!("what the run built could not be removed: {error}");
            let left = EngineError::new(&code::LEFT_BEHIND, message);
            records.push(session.warn(WarningKind::LeftBehind, left.into()));
        }
    }
    findings.extend(records.into_iter().filter_map(Result::err).map(Finding::from));
    let defect = findings.iter().any(|finding| finding.error.code == &code::INTERNAL);
    let outcome = if defect { RunOutcome::Defect } else { RunOutcome::RolledBack };
    End { outcome, findings, promotion: None, next_actions, stays_open: false }
}

pub(super) fn undecided_end(mut findings: Vec<Finding>, error: EngineError) -> End {
    let message = format!("whether the promote committed could not be found out: {error}");
    let undecided = EngineError::new(&code::UNDECIDED, message)
        .help("let nothing write to source or target until the target can be asked");
    findings.insert(0, undecided.into());
    let next_actions = vec![
        "bring the target back".to_owned(),
        "`cutover resume`: it asks the target first, and goes on or says that it is done"
            .to_owned(),
    ];
    let outcome = RunOutcome::RecoveryRequired;
    End { outcome, findings, promotion: None, next_actions, stays_open: false }
}

/// Private copies hold the source's data: they go as soon as nobody reads them any more.
pub(super) fn remove_copies(session: &Session<'_>, folder: &Path) {
    let removed =
        faults::io("remove private copies").and_then(|()| std::fs::remove_dir_all(folder));
    if let Err(error) = removed
        && error.kind() != std::io::ErrorKind::NotFound
    {
        let message = format!("`{}` could not be removed: {error}", folder.display());
        let error = EngineError::new(&code::LEFT_BEHIND, message);
        // A journal that cannot take it is told when it is closed.
        drop(session.warn(WarningKind::LeftBehind, error.into()));
    }
}

/// The last records of the journal.
pub(super) fn close(session: &Session<'_>, mut end: End) -> End {
    let closing = match end.outcome {
        RunOutcome::Done => Closing::Promoted,
        RunOutcome::RolledBack | RunOutcome::Defect => Closing::RolledBack,
        RunOutcome::RecoveryRequired => Closing::Undecided,
        RunOutcome::Findings
        | RunOutcome::BaselineMismatch
        | RunOutcome::UnfinishedInTheWay
        | RunOutcome::HeldByAnotherRun
        | RunOutcome::DryRun => Closing::Stopped,
    };
    let failed = failure(&end).map_or(Ok(()), |failure| session.record(Record::Failed(failure)));
    let (stays_open, next_actions) = (end.stays_open(), end.next_actions.clone());
    let closed = failed
        .and_then(|()| match stays_open {
            true => Ok(()),
            false => session.record(Record::Closed { outcome: closing, next_actions }),
        })
        .and_then(|()| session.publish());
    if let Err(error) = closed {
        end.findings.push(error.into());
    }
    end
}

/// Why it stopped; a run that was promoted did not.
fn failure(end: &End) -> Option<Failure> {
    if end.outcome == RunOutcome::Done {
        return None;
    }
    let errors: Vec<_> = end.findings.iter().filter(|finding| finding.is_error()).collect();
    let first = errors.first()?;
    Some(Failure {
        code: first.error.code.id.to_owned(),
        name: first.error.code.name.to_owned(),
        message: first.error.to_string(),
        stage: first.stage.clone(),
        step: first.step.clone(),
        sqlstate: first.error.sqlstate.clone(),
        further: errors.len() as u64 - 1,
    })
}

/// Tells the end and gathers everything there is to say.
pub(super) fn report(session: &Session<'_>, target: String, end: End) -> RunReport {
    let End { outcome, mut findings, promotion, next_actions, stays_open: _ } = end;
    findings.iter().for_each(|finding| session.finding(finding));
    let stages = session.stage_timings();
    let kept = promotion.as_ref().and_then(|promotion| promotion.kept.clone());
    session.emit(Event::RunFinished { outcome: outcome.word(), kept: kept.clone() });
    let mut progress = session.progress();
    findings.append(&mut progress.warnings);
    RunReport {
        run_id: session.info.run_id.clone(),
        outcome,
        target,
        findings,
        passed: std::mem::take(&mut progress.passed),
        stages,
        tables: std::mem::take(&mut progress.tables).into_values().collect(),
        backups: std::mem::take(&mut progress.backups),
        kept,
        promotion: promotion.map(|promotion| PromotionFigures {
            attempts: promotion.attempts,
            locked_ms: promotion.locked_ms,
            fingerprint: promotion.fingerprint,
        }),
        journal: session.journal_path(),
        next_actions,
        elapsed_ms: millis(session.elapsed()),
    }
}
