//! What a run was, for a person at night and for programs. The first line says how it ended and
//! what the target holds now; the last lines say what to type next.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use diagnostics::plural;
use ir::Digest;
use runtime::engine::Fate;
use runtime::run::{BackupEntry, RunOutcome, RunReport};
use serde_json::{Value, json};

use crate::commands::next;
use crate::exit_code;
use crate::io::Terminal;
use crate::ui::figures::{bytes, count, duration, rows};
use crate::ui::prose;
use crate::ui::style::{green, red};
use crate::ui::table::{self, Align};

/// The exit code of an outcome.
pub(in crate::commands) fn exit_code_of(outcome: RunOutcome) -> u8 {
    match outcome {
        RunOutcome::Done | RunOutcome::DryRun => exit_code::DONE,
        RunOutcome::Findings => exit_code::FINDINGS,
        RunOutcome::BaselineMismatch => exit_code::DRIFT,
        RunOutcome::RolledBack => exit_code::ROLLED_BACK,
        RunOutcome::RecoveryRequired | RunOutcome::UnfinishedInTheWay => {
            exit_code::RECOVERY_REQUIRED
        }
        RunOutcome::HeldByAnotherRun => exit_code::HELD,
        RunOutcome::Defect => exit_code::INTERNAL,
    }
}

pub(in crate::commands) fn text(report: &RunReport, digest: &Digest, terminal: Terminal) -> String {
    let mut out = headline(report, terminal);
    out.push_str(&prose::facts(facts(report, digest), terminal));
    if !report.tables.is_empty() {
        let _ = write!(out, "\n{}", tables(report, terminal));
    }
    if report.outcome == RunOutcome::DryRun && !report.passed.is_empty() {
        out.push_str("\nchecked, and holds\n");
        out.extend(report.passed.iter().map(|what| format!("  {what}\n")));
    }
    if wants_stages(report, terminal) {
        let _ = write!(out, "\n{}", stages(report));
    }
    out.push_str(&prose::next(&report.next_actions, terminal));
    out
}

/// Where the stages have just scrolled by, only what was not reached is worth a table.
fn wants_stages(report: &RunReport, terminal: Terminal) -> bool {
    let seen = terminal.stdout && terminal.stderr && report.outcome == RunOutcome::Done;
    let begun = report.stages.iter().any(|stage| stage.steps_done > 0);
    begun && !seen && report.outcome != RunOutcome::DryRun
}

fn headline(report: &RunReport, terminal: Terminal) -> String {
    let (good, text) = match report.outcome {
        RunOutcome::Done => (true, "promoted: the target holds the new state, verified"),
        RunOutcome::DryRun => (true, "dry run: nothing stands in the way, nothing was changed"),
        RunOutcome::Findings => (false, "stopped: nothing was touched"),
        RunOutcome::BaselineMismatch => {
            (false, "stopped: a schema is not the baseline; nothing was touched")
        }
        RunOutcome::RolledBack => (false, "rolled back: the target is as it was before"),
        RunOutcome::RecoveryRequired => {
            (false, "undecided: whether the promote took place could not be found out")
        }
        RunOutcome::UnfinishedInTheWay => {
            (false, "stopped: an unfinished run is in the way; nothing was touched")
        }
        RunOutcome::HeldByAnotherRun => (false, "held: another run works on this target"),
        RunOutcome::Defect => (false, "defect: cutover failed; the target is as it was before"),
    };
    let text = prose::sentence(text, terminal);
    if good { green(&text, terminal) } else { red(&text, terminal) }
}

fn facts(report: &RunReport, digest: &Digest) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("target", report.target.clone()),
        ("run", report.run_id.clone()),
        ("digest", digest.short().to_owned()),
        ("took", duration(Duration::from_millis(report.elapsed_ms))),
    ];
    if let Some(promotion) = &report.promotion {
        let tries = if promotion.attempts == 1 { "first try" } else { "several tries" };
        facts.push(("promote", format!("locks held {} ms, {tries}", promotion.locked_ms)));
    }
    facts.extend(backups(report).into_iter().map(|text| ("backup", text)));
    if let Some(kept) = &report.kept {
        facts.push(("kept", format!("the previous state is in {kept}")));
    }
    if let Some(journal) = &report.journal {
        facts.push(("journal", next::shown(journal)));
        facts.extend(misfits(report, journal).map(|text| ("misfits", text)));
    }
    facts.extend(merged(report).map(|text| ("merged", text)));
    facts
}

/// `12 rows of 2 tables are rows of other files, too`
fn merged(report: &RunReport) -> Option<String> {
    let tables = report.tables.iter().filter(|table| table.merged > 0);
    let all: u64 = tables.clone().map(|table| table.merged).sum();
    let tables = diagnostics::plural(tables.count(), "table");
    (all > 0).then(|| format!("{} of {tables}: rows of other files stand for them", rows(all)))
}

/// `3 values did not fit: 1 row left out, 2 set to null; listed in …/misfits`
fn misfits(report: &RunReport, journal: &Path) -> Option<String> {
    let mut fates: BTreeMap<Fate, u64> = BTreeMap::new();
    for misfit in report.tables.iter().flat_map(|table| &table.misfits) {
        *fates.entry(misfit.fate).or_default() += misfit.count;
    }
    let all: u64 = fates.values().sum();
    let parts: Vec<String> = fates.iter().map(|(fate, n)| became(*fate, *n)).collect();
    let folder = journal.parent().map(|run| next::shown(&run.join("misfits")))?;
    let values = if all == 1 { "1 value".to_owned() } else { format!("{} values", count(all)) };
    (all > 0).then(|| format!("{values} did not fit: {}; listed in {folder}", parts.join(", ")))
}

fn became(fate: Fate, n: u64) -> String {
    match fate {
        Fate::SetNull => format!("{} set to null", count(n)),
        Fate::Default => format!("{} set to the plan's default", count(n)),
        Fate::Rejected => format!("{} left out", rows(n)),
    }
}

/// One line for each file; a fleet has one line for each source.
fn backups(report: &RunReport) -> Vec<String> {
    const LISTED: usize = 4;
    let mut sources: BTreeMap<&str, Vec<&BackupEntry>> = BTreeMap::new();
    for backup in &report.backups {
        sources.entry(&backup.source).or_default().push(backup);
    }
    let each = |backup: &&BackupEntry| {
        let (size, rows) = (bytes(backup.bytes), rows(backup.rows));
        format!("{} ({rows}, {size})", next::shown(&backup.backup))
    };
    let lines = sources.values().flat_map(|files| match files.len() {
        0..=LISTED => files.iter().map(each).collect(),
        many => {
            let size = bytes(files.iter().map(|file| file.bytes).sum());
            let rows = rows(files.iter().map(|file| file.rows).sum());
            let folder = files[0].backup.parent().map(next::shown).unwrap_or_default();
            vec![format!("{} in {folder} ({rows}, {size})", plural(many, "file"))]
        }
    });
    lines.collect()
}

fn tables(report: &RunReport, terminal: Terminal) -> String {
    let header = [
        ("table", Align::Left),
        ("rows", Align::Right),
        ("size", Align::Right),
        ("time", Align::Right),
        ("verified", Align::Left),
    ];
    let rows: Vec<Vec<String>> = report
        .tables
        .iter()
        .map(|table| {
            let verified = if table.verified.is_some() { "every row" } else { "no" };
            vec![
                table.table.clone(),
                count(table.written),
                bytes(table.bytes),
                duration(Duration::from_millis(table.elapsed_ms)),
                verified.to_owned(),
            ]
        })
        .collect();
    table::fitted(&header, &rows, terminal)
}

fn stages(report: &RunReport) -> String {
    let header = [("stage", Align::Left), ("steps", Align::Right), ("time", Align::Right)];
    let rows: Vec<Vec<String>> = report
        .stages
        .iter()
        .map(|stage| {
            let steps = if stage.steps == stage.steps_done {
                stage.steps.to_string()
            } else {
                format!("{} of {}", stage.steps_done, stage.steps)
            };
            let time = duration(Duration::from_millis(stage.elapsed_ms));
            let begun = stage.steps_done > 0 || stage.elapsed_ms > 0;
            let time = if begun { time } else { "not begun".to_owned() };
            vec![stage.stage.clone(), steps, time]
        })
        .collect();
    table::render(&header, &rows)
}

pub(in crate::commands) fn json(report: &RunReport, digest: &Digest, diagnostics: Value) -> Value {
    json!({
        "outcome": report.outcome.word(),
        "run": report.run_id,
        "digest": digest.to_string(),
        "target": report.target,
        "elapsed_ms": report.elapsed_ms,
        "diagnostics": diagnostics,
        "passed": report.passed,
        "stages": report.stages.iter().map(|stage| json!({
            "stage": stage.stage, "steps": stage.steps, "steps_done": stage.steps_done,
            "elapsed_ms": stage.elapsed_ms,
        })).collect::<Vec<_>>(),
        "tables": report.tables.iter().map(|table| json!({
            "table": table.table, "scanned": table.scanned, "written": table.written,
            "rejected": table.rejected, "merged": table.merged,
            "misfits": table.misfits.iter().map(|misfit| json!({
                "column": misfit.column, "fate": misfit.fate.word(), "count": misfit.count,
            })).collect::<Vec<_>>(),
            "bytes": table.bytes, "verified": table.verified,
            "elapsed_ms": table.elapsed_ms,
        })).collect::<Vec<_>>(),
        "backups": report.backups.iter().map(|backup| json!({
            "source": backup.source, "file": backup.file, "backup": backup.backup,
            "sha256": backup.sha256, "bytes": backup.bytes, "rows": backup.rows,
        })).collect::<Vec<_>>(),
        "promotion": report.promotion.as_ref().map(|promotion| json!({
            "attempts": promotion.attempts, "locked_ms": promotion.locked_ms,
            "fingerprint": promotion.fingerprint,
        })),
        "kept": report.kept,
        "journal": report.journal,
        "next_actions": report.next_actions,
    })
}
