//! What a rehearsal showed: the stages with their times, and what the real run will take.

use std::fmt::Write as _;
use std::time::Duration;

use diagnostics::Diagnostic;
use ir::Digest;
use runtime::run::{RunOutcome, RunReport, StageTiming};
use serde_json::{Value, json};

use super::scene::SourceFiles;
use crate::io::Terminal;
use crate::ui::figures::{bytes, count, duration, rows};
use crate::ui::prose;
use crate::ui::style::{green, red};
use crate::ui::table::{self, Align};

pub(super) struct Rehearsal {
    pub(super) digest: Digest,
    pub(super) report: RunReport,
    pub(super) sources: Vec<SourceFiles>,
    /// Where the scratch target is, where it was kept.
    pub(super) kept: Option<String>,
}

impl Rehearsal {
    fn held(&self) -> bool {
        self.report.outcome == RunOutcome::Done
    }

    fn headline(&self) -> &'static str {
        if self.held() {
            "rehearsed: everything was built, verified, checked and promoted"
        } else {
            "rehearsal failed: the real run would not get through"
        }
    }

    /// `shop: 1 file (61.4 kB)`, `repos: 100 of 4,981 files (6.1 MB of 310.0 MB)`.
    fn sources(&self) -> Vec<String> {
        let each = |it: &SourceFiles| {
            let noun = if it.all == 1 { "file" } else { "files" };
            if it.read == it.all {
                format!("{}: {} {noun} ({})", it.source, count(it.all as u64), bytes(it.bytes))
            } else {
                let (read, all) = (count(it.read as u64), count(it.all as u64));
                let (size, whole) = (bytes(it.bytes), bytes(it.all_bytes));
                format!("{}: the first {read} of {all} {noun} ({size} of {whole})", it.source)
            }
        };
        self.sources.iter().map(each).collect()
    }

    fn is_sample(&self) -> bool {
        self.sources.iter().any(|it| it.read < it.all)
    }

    /// Stages that go with the bytes of the sources are scaled up from a sample.
    fn estimate(&self) -> Duration {
        let sum = |of: fn(&SourceFiles) -> u64| self.sources.iter().map(of).sum::<u64>().max(1);
        let factor = sum(|it| it.all_bytes) as f64 / sum(|it| it.bytes) as f64;
        let grows = |it: &&StageTiming| it.stage != "promote" && it.stage != "settle";
        let elapsed = |it: &StageTiming| Duration::from_millis(it.elapsed_ms);
        let growing: Duration = self.report.stages.iter().filter(grows).map(elapsed).sum();
        let whole = Duration::from_millis(self.report.elapsed_ms);
        whole.saturating_sub(growing.min(whole)) + growing.min(whole).mul_f64(factor)
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let report = &self.report;
        let written: u64 = report.tables.iter().map(|table| table.written).sum();
        let mut facts =
            vec![("scratch", report.target.clone()), ("digest", self.digest.short().to_owned())];
        facts.extend(self.sources().into_iter().map(|text| ("source", text)));
        if self.held() {
            facts.push(("rows", format!("{} loaded, every one verified", rows(written))));
        }
        facts.push(("took", duration(Duration::from_millis(report.elapsed_ms))));
        if !self.held() && self.is_sample() {
            let note = "a check that counts on every file cannot hold on a sample";
            facts.push(("note", note.to_owned()));
        }
        if self.held() {
            let sample = if self.is_sample() { ", scaled up from the sample" } else { "" };
            let estimate = duration(self.estimate());
            let where_ = "where target and disk are as fast as here";
            facts.push(("real run", format!("about {estimate}{sample}, {where_}")));
        }
        facts.extend(self.kept.iter().map(|kept| ("kept", kept.clone())));
        facts
    }
}

pub(super) fn text(name: &str, rehearsal: &Rehearsal, terminal: Terminal) -> String {
    let headline = format!("{name} {}", rehearsal.headline());
    let headline = prose::sentence(&headline, terminal);
    let mut out =
        if rehearsal.held() { green(&headline, terminal) } else { red(&headline, terminal) };
    out.push_str(&prose::facts(rehearsal.facts(), terminal));
    let header = [("stage", Align::Left), ("steps", Align::Right), ("time", Align::Right)];
    let _ = write!(out, "\n{}", table::render(&header, &stage_rows(rehearsal)));
    out
}

fn stage_rows(rehearsal: &Rehearsal) -> Vec<Vec<String>> {
    let row = |stage: &StageTiming| {
        let whole = stage.steps == stage.steps_done;
        let of = || format!("{} of {}", stage.steps_done, stage.steps);
        let steps = if whole { stage.steps.to_string() } else { of() };
        vec![stage.stage.clone(), steps, duration(Duration::from_millis(stage.elapsed_ms))]
    };
    rehearsal.report.stages.iter().map(row).collect()
}

/// For a pull request: what was shown, findings first where there are any.
pub(super) fn markdown(name: &str, rehearsal: &Rehearsal, found: &[Diagnostic]) -> String {
    let mut out = format!("## `{name}`: {}\n\n", rehearsal.headline());
    for finding in found {
        let _ = writeln!(out, "- **{}** {}", finding.code.id, cell(&finding.message));
    }
    if !found.is_empty() {
        out.push('\n');
    }
    out.push_str("| | |\n|---|---|\n");
    for (fact, value) in rehearsal.facts() {
        let _ = writeln!(out, "| {fact} | {} |", cell(&value));
    }
    out.push_str("\n| stage | steps | time |\n|---|--:|--:|\n");
    for row in stage_rows(rehearsal) {
        let _ =
            writeln!(out, "| {} |", row.iter().map(|it| cell(it)).collect::<Vec<_>>().join(" | "));
    }
    out
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ").replace('<', "&lt;")
}

pub(super) fn json(rehearsal: &Rehearsal, diagnostics: Value) -> Value {
    let report = &rehearsal.report;
    json!({
        "held": rehearsal.held(),
        "digest": rehearsal.digest.to_string(),
        "scratch": report.target,
        "diagnostics": diagnostics,
        "sources": rehearsal.sources.iter().map(|it| json!({
            "source": it.source, "files": it.read, "files_in_all": it.all,
            "bytes": it.bytes, "bytes_in_all": it.all_bytes,
        })).collect::<Vec<_>>(),
        "stages": report.stages.iter().map(|stage| json!({
            "stage": stage.stage, "steps": stage.steps, "steps_done": stage.steps_done,
            "elapsed_ms": stage.elapsed_ms,
        })).collect::<Vec<_>>(),
        "rows": report.tables.iter().map(|table| table.written).sum::<u64>(),
        "elapsed_ms": report.elapsed_ms,
        "estimate_ms": u64::try_from(rehearsal.estimate().as_millis()).unwrap_or(u64::MAX),
        "journal": report.journal,
        "kept": rehearsal.kept,
    })
}
