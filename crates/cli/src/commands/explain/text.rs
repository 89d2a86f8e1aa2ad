//! A compiled plan for a person: what it is, then a table with a row for every step, and under each
//! row its SQL and its reasons. Columns that would be empty are left out; where the table is wider than
//! the terminal, its cells become lines.

use std::fmt::Write as _;

use compiler::{ExplainedStep, Explanation};
use ir::{CompiledPlan, Digest};

use super::measured::Measured;
use crate::io::Terminal;
use crate::ui;
use crate::ui::figures::{count, duration};
use crate::ui::style::{bold, dim};

/// What stands under a row begins here.
const INDENT: &str = "      ";

pub(super) fn render(
    plan: &CompiledPlan,
    digest: &Digest,
    measured: &Measured,
    terminal: Terminal,
) -> String {
    let explanation = Explanation::of(plan);
    let table = Table::of(&explanation, measured, terminal);
    let mut out = head(plan, digest, &explanation, measured, terminal);
    out.push_str(&table.header(terminal));
    let mut stage = "";
    for (at, step) in explanation.steps.iter().enumerate() {
        if step.stage != stage {
            let _ = writeln!(out, "\n{}", bold(&step.stage, terminal));
            stage = &step.stage;
        }
        out.push_str(&table.row(at, terminal));
        out.push_str(&below(step, terminal));
    }
    out
}

fn head(
    plan: &CompiledPlan,
    digest: &Digest,
    explanation: &Explanation,
    measured: &Measured,
    terminal: Terminal,
) -> String {
    let mut out = format!("{}\n", bold(&plan.name, terminal));
    if let Some(description) = &plan.description {
        out.push_str(&ui::prose::sentence(description, terminal));
    }
    let mut facts = vec![("digest", digest.to_string())];
    for source in &plan.sources {
        facts.push(("source", format!("{}: {}", source.name, source.paths.join(", "))));
    }
    facts.push(("target", ui::plan::target(&plan.target)));
    facts.push(("baseline", plan.baseline.file.clone()));
    facts.push(("builds", ui::plan::components(plan)));
    facts.push(("strategy", explanation.strategy.clone()));
    facts.extend(measured.of().map(|run| ("measured", run)));
    out.push_str(&ui::prose::facts(facts, terminal));
    out
}

/// The cells of all steps, in the columns that are not empty.
struct Table {
    titles: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    widths: Vec<usize>,
    /// The cells fit beside each other.
    wide: bool,
}

const TITLES: [&str; 8] =
    ["#", "step", "lock", "blocks", "transaction", "rows", "time", "written at"];

impl Table {
    fn of(explanation: &Explanation, measured: &Measured, terminal: Terminal) -> Table {
        let all: Vec<[String; 8]> =
            explanation.steps.iter().map(|step| cells(step, measured)).collect();
        let used: Vec<usize> =
            (0..TITLES.len()).filter(|&at| all.iter().any(|row| !row[at].is_empty())).collect();
        let titles: Vec<&'static str> = used.iter().map(|&at| TITLES[at]).collect();
        let pick = |row: &[String; 8]| used.iter().map(|&at| row[at].clone()).collect();
        let rows: Vec<Vec<String>> = all.iter().map(pick).collect();
        let width = |at: usize| {
            let cells = rows.iter().map(|row| row[at].chars().count());
            cells.chain([titles[at].len()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..titles.len()).map(width).collect();
        let total: usize = widths.iter().map(|width| width + 2).sum();
        let wide = !terminal.stdout || total <= terminal.width;
        Table { titles, rows, widths, wide }
    }

    fn header(&self, terminal: Terminal) -> String {
        if !self.wide {
            return String::new();
        }
        let titles: Vec<String> = self.titles.iter().map(|title| (*title).to_owned()).collect();
        format!("\n{}\n", dim(self.line(&titles).trim_end(), terminal))
    }

    fn row(&self, at: usize, terminal: Terminal) -> String {
        let row = &self.rows[at];
        if self.wide {
            return self.line(row).trim_end().to_owned() + "\n";
        }
        let mut out = format!("{:>4}  {}\n", row[0], row[1]);
        for (title, cell) in self.titles.iter().zip(row).skip(2).filter(|(_, it)| !it.is_empty()) {
            let _ = writeln!(out, "{INDENT}{} {cell}", dim(title, terminal));
        }
        out
    }

    /// Numbers to the right, words to the left.
    fn line(&self, cells: &[String]) -> String {
        let mut line = String::new();
        for ((cell, width), title) in cells.iter().zip(&self.widths).zip(&self.titles) {
            let _ = match *title {
                "#" => write!(line, "{cell:>4}"),
                "rows" | "time" => write!(line, "  {cell:>width$}"),
                _ => write!(line, "  {cell:width$}"),
            };
        }
        line
    }
}

fn cells(step: &ExplainedStep, measured: &Measured) -> [String; 8] {
    let found = measured.step(&step.id);
    let blocks = if step.blocks == "nothing" { "" } else { &step.blocks };
    [
        step.number.to_string(),
        step.id.clone(),
        modes(step),
        blocks.to_owned(),
        step.transaction.clone(),
        found.rows.map(count).unwrap_or_default(),
        found.elapsed.map(duration).unwrap_or_default(),
        step.origin.clone(),
    ]
}

/// The lock modes alone: the SQL below names the tables.
fn modes(step: &ExplainedStep) -> String {
    let modes = step.locks.iter().filter_map(|lock| lock.rsplit_once(": "));
    let mut modes: Vec<&str> = modes.map(|(_, mode)| mode).collect();
    modes.sort_unstable();
    modes.dedup();
    modes.join(", ")
}

fn below(step: &ExplainedStep, terminal: Terminal) -> String {
    let mut out = String::new();
    let bar = if terminal.unicode { "│" } else { "|" };
    match &step.sql {
        // The SQL says more than "runs SQL".
        Some(sql) => {
            for line in sql.trim().lines() {
                let _ = writeln!(out, "{INDENT}{bar} {line}");
            }
        }
        None => out.push_str(&ui::prose::below(&step.what, INDENT, terminal)),
    }
    let edges = step.needs.iter().map(|edge| format!("after {}: {}", edge.step, edge.reason));
    let details = step.details.iter().cloned();
    let seen = (!step.exposure.starts_with("nobody")).then(|| format!("seen by {}", step.exposure));
    let hazards = step.hazards.iter().map(|hazard| format!("hazard {hazard}"));
    for line in details.chain(edges).chain(seen).chain(hazards) {
        out.push_str(&ui::prose::below(&line, INDENT, terminal));
    }
    out
}
