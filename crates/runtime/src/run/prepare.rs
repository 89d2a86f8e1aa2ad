//! Everything that can be known before the window, all findings at once.

use std::path::Path;

use diagnostics::{Family, Severity, code};
use ir::{Action, CompiledPlan, LoadSource, Moment};

use super::session::{Session, stage_names};
use super::{Finding, room};
use crate::binding::{self, Bindings};
use crate::engine::{Preflight, SourceEngine, SourceState, TargetEngine};
use crate::events::Event;
use crate::executor::judge;
use crate::journal::Record;
use crate::journal::format::{Begun, FileRecord, SourceRecord, TableRows, WarningKind};
use crate::sources::{self, Grouped, SourceSet};
use crate::stop::cancelling;
use crate::{EngineError, attest, waivers};

/// What the steps of the graph start from.
pub(super) struct Prepared {
    pub files: SourceSet,
    pub bindings: Bindings,
    /// Fingerprint of what the promote would replace.
    pub before: String,
}

/// # Errors
/// All findings where one of them is an error; warnings are told and kept otherwise.
pub(super) fn prepare(
    session: &Session<'_>,
    engine: &dyn SourceEngine,
    target: &mut dyn TargetEngine,
    today: jiff::civil::Date,
) -> Result<Prepared, Vec<Finding>> {
    let step = session.plan.steps.iter().position(|step| matches!(step.action, Action::Preflight));
    // `Graph::of` has seen that there is exactly one.
    let step = step.unwrap_or(0);
    let one = |error: EngineError| vec![Finding::from(error)];
    let start = session.clock.monotonic();
    session.step_started(step).map_err(one)?;
    let prepared = look(session, engine, target, today)?;
    let took = session.clock.monotonic().saturating_sub(start);
    session.step_finished(step, took).map_err(one)?;
    Ok(prepared)
}

fn look(
    session: &Session<'_>,
    engine: &dyn SourceEngine,
    target: &mut dyn TargetEngine,
    today: jiff::civil::Date,
) -> Result<Prepared, Vec<Finding>> {
    let plan = session.plan;
    let mut findings = waivers::judge(plan, today);
    let files = sources(session, engine, &mut findings);
    let preflight = preflight(session, target, &mut findings);
    let mut bindings = Bindings::new();
    // Columns are compared only where both sides could be read: else everything would be missing.
    if let (Some(files), Some(preflight)) = (&files, &preflight) {
        let bound = binding::bind(plan, files, engine, &preflight.tables);
        bindings = bound.0;
        findings.extend(bound.1);
        findings.extend(unfit(plan, &bindings, target));
        findings.extend(room::judge(plan, files, engine, &bindings, preflight));
    }
    if let Some(files) = &files {
        findings.extend(invariants(session, files, engine));
    }
    live_checks(session, target, &mut findings);
    attested(session, &mut findings);
    let (errors, warnings): (Vec<_>, Vec<_>) = findings.into_iter().partition(Finding::is_error);
    if !errors.is_empty() {
        return Err(errors.into_iter().chain(warnings).collect());
    }
    let before = preflight.as_ref().map(|found| found.before.clone()).unwrap_or_default();
    let prepared = Prepared { files: files.unwrap_or_default(), bindings, before };
    told(session, warnings, &prepared, preflight.as_ref()).map_err(|error| vec![error.into()])?;
    Ok(prepared)
}

/// Loads that the target refuses as they are bound; better now than when their rows come.
fn unfit(plan: &CompiledPlan, bindings: &Bindings, target: &mut dyn TargetEngine) -> Vec<Finding> {
    let refused = binding::loads(plan).filter_map(|(step, load)| {
        let error = target.check_load(&load.table, &bindings.get(&load.table)?.into).err()?;
        Some(Finding::of_step(step, error))
    });
    refused.collect()
}

/// The source's side of each invariant, prepared on the first file: all files have one schema.
fn invariants(session: &Session<'_>, files: &SourceSet, engine: &dyn SourceEngine) -> Vec<Finding> {
    let steps = session.plan.steps.iter().enumerate();
    let refused = steps.filter_map(|(at, step)| {
        let Action::Invariant(same) = &step.action else { return None };
        let file = files.of(&same.source).first()?;
        let query = LoadSource::Query(same.source_sql.clone());
        let columns = engine
            .open_source(&file.state, &file.parameters)
            .and_then(|mut source| source.columns(&query));
        columns.err().map(|error| session.at_step(at, error))
    });
    refused.collect()
}

/// The first record of the journal, without what only the caller knows.
pub(super) fn begun(session: &Session<'_>, state_dir: &Path, target: String) -> Begun {
    let Session { plan, info, .. } = session;
    Begun {
        run_id: info.run_id.clone(),
        program: concat!("cutover ", env!("CARGO_PKG_VERSION")).to_owned(),
        process: std::process::id(),
        plan: plan.name.clone(),
        plan_file: plan.file.clone(),
        plan_digest: None,
        write_guard: String::new(),
        compiled_digest: info.compiled_digest.clone(),
        source_root: absolute(&info.plan_dir),
        target,
        target_path: sources::target_path(plan, &info.plan_dir).map(|path| absolute(&path)),
        backup_path: absolute(&super::backups_folder(state_dir, &info.run_id)),
        snapshot_path: absolute(&info.run_dir.join(super::SNAPSHOTS)),
        stages: stage_names(plan),
    }
}

/// Every file of every source; `None` where one cannot be read.
fn sources(
    session: &Session<'_>,
    engine: &dyn SourceEngine,
    findings: &mut Vec<Finding>,
) -> Option<SourceSet> {
    let (plan, plan_dir) = (session.plan, session.info.plan_dir.as_path());
    let (found, mut errors) = sources::find(plan, plan_dir);
    errors.extend(sources::same_files(&found, plan, plan_dir));
    // A file that is also an output is never opened.
    let complete = if errors.iter().any(is_same_file) {
        None
    } else {
        let (set, unreadable, grouped) = sources::inspect(plan, found, engine);
        for grouped in &grouped {
            match group_told(session, grouped) {
                Ok(finding) => errors.extend(finding),
                Err(error) => errors.push(error.into()),
            }
        }
        errors.extend(unreadable);
        // What can be said of the others is said as well; they are not gone on with.
        Some(set)
    };
    findings.extend(errors);
    complete
}

/// What files there are. Where they are not all alike the journal has every name, for the run may
/// stop here.
fn group_told(session: &Session<'_>, grouped: &Grouped) -> Result<Option<Finding>, EngineError> {
    let Grouped { source, files, groups } = grouped;
    session.emit(Event::Sources { source: source.clone(), files: *files, groups: groups.clone() });
    if groups.len() == 1 {
        session.passed(format!("source `{source}`: {}", grouped.sentence()));
        return Ok(None);
    }
    for told in &groups[1..] {
        let message = format!("source `{source}`: {}: {}", told.what, told.files.join(", "));
        let code = code::SOURCE_GROUPS.id.to_owned();
        session.record(Record::Warning { warning: WarningKind::Other, code, message })?;
    }
    let message = format!("the files are not all alike: {}", grouped.sentence());
    let error = EngineError::new(&code::SOURCE_GROUPS, message)
        .object(format!("source {source}"))
        .help("the journal of a run and `--format json` name every file of every group");
    Ok(Some(sources::of(session.plan, source, error)))
}

fn is_same_file(finding: &Finding) -> bool {
    finding.error.code == &code::SOURCE_TARGET_SAME_FILE
}

fn preflight(
    session: &Session<'_>,
    target: &mut dyn TargetEngine,
    findings: &mut Vec<Finding>,
) -> Option<Preflight> {
    let canceller = target.canceller();
    match cancelling(&session.stop, canceller, || target.preflight(session.plan)) {
        Ok(mut preflight) => {
            let found = std::mem::take(&mut preflight.findings);
            let complete = found.iter().all(|error| error.code.severity != Severity::Error);
            findings.extend(found.into_iter().map(|error| at_target(session.plan, error)));
            // What stops the run may have kept the engine from reading its tables.
            let known = || {
                let mut loads = binding::loads(session.plan);
                loads.all(|(_, load)| binding::columns_of(&preflight.tables, &load.table).is_some())
            };
            (complete || known()).then_some(preflight)
        }
        Err(error) => {
            findings.push(at_target(session.plan, error));
            None
        }
    }
}

/// What the target says against a run is read at the plan's `target:`, where the preflight comes
/// from. A schema that is not the baseline is not about the target.
fn at_target(plan: &CompiledPlan, error: EngineError) -> Finding {
    let family = matches!(error.code.family, Family::Run | Family::Backup);
    let about_target = error.code != &code::CATALOG_DIFFERS && family;
    let step = plan.steps.iter().find(|step| matches!(step.action, Action::Preflight));
    let origin = step.filter(|_| about_target).map(|step| step.origin.clone());
    Finding { origin, ..Finding::from(error) }
}

/// Sources that are the target. Asked first of all: the lock of a target lies beside it, and beside
/// a source nothing is ever written (L1).
pub(super) fn target_among_sources(session: &Session<'_>) -> Vec<Finding> {
    let (plan, plan_dir) = (session.plan, session.info.plan_dir.as_path());
    let (found, _) = sources::find(plan, plan_dir);
    let mut same = sources::same_files(&found, plan, plan_dir);
    same.retain(is_same_file);
    same
}

/// An external backup that the plan relies on is proved before any effect (L2).
fn attested(session: &Session<'_>, findings: &mut Vec<Finding>) {
    let Some(attest) = &session.plan.backups.attest else { return };
    match attest::prove(attest, &session.info.plan_dir, session.clock.now()) {
        Ok(proved) => session.passed(proved),
        Err(error) => {
            let origin = Some(attest.origin.clone());
            findings.push(Finding { origin, ..Finding::from(error) });
        }
    }
}

/// Checks on the live target come before any effect.
fn live_checks(session: &Session<'_>, target: &mut dyn TargetEngine, findings: &mut Vec<Finding>) {
    for (at, step) in session.plan.steps.iter().enumerate() {
        let Action::Check(check) = &step.action else { continue };
        if check.moment != Moment::Before {
            continue;
        }
        let canceller = target.canceller();
        let found = || cancelling(&session.stop, canceller, || target.check_live(check));
        let result = session.timed(at, || found().and_then(|found| judge(session, check, &found)));
        if let Err(error) = result {
            findings.push(session.at_step(at, error));
        }
    }
}

fn told(
    session: &Session<'_>,
    warnings: Vec<Finding>,
    prepared: &Prepared,
    preflight: Option<&Preflight>,
) -> Result<(), EngineError> {
    for file in prepared.files.all() {
        session.record(Record::Source(source_record(&file.state)))?;
    }
    for (table, binding) in &prepared.bindings {
        session.record(Record::Bound { table: table.clone(), columns: binding.rules() })?;
    }
    for warning in warnings {
        session.warn(WarningKind::Other, warning)?;
    }
    if let Some(preflight) = preflight {
        preflight.passed.iter().for_each(|what| session.passed(what.clone()));
        let (passed, before) = (preflight.passed.clone(), preflight.before.clone());
        session.record(Record::Preflight { passed, before })?;
    }
    Ok(())
}

pub(super) fn source_record(state: &SourceState) -> SourceRecord {
    let SourceState {
        path,
        identity,
        files,
        beside: _,
        open_mode,
        page_size: _,
        user_version,
        application_id,
        sqlite_version: _,
        tables,
        schema: _,
    } = state;
    SourceRecord {
        source: path.source.clone(),
        shown: path.shown.clone(),
        path: absolute(&path.path),
        device: identity.0,
        inode: identity.1,
        open_mode: open_mode.clone(),
        user_version: *user_version,
        application_id: *application_id,
        files: files
            .iter()
            .map(|file| FileRecord {
                name: file.name.clone(),
                size: file.size,
                mtime_ns: file.mtime_ns.to_string(),
                sha256: file.sha256.clone(),
            })
            .collect(),
        tables: tables
            .iter()
            .map(|(table, rows)| TableRows { table: table.clone(), rows: *rows })
            .collect(),
    }
}

/// Without following links: the journal names what the plan named.
pub(super) fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}
