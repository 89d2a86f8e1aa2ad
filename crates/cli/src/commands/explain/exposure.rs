//! Who sees what while each step runs; windows are marked, with what permits them.

use std::fmt::Write as _;

use compiler::{ExplainedStep, Explanation};
use diagnostics::{code, plural};
use ir::CompiledPlan;

use crate::io::Terminal;
use crate::ui::prose;
use crate::ui::style::{bold, dim, green, yellow};

/// What stands under a row begins here.
const INDENT: &str = "      ";
/// Columns that a sentence needs beside the steps; with less it stands below them.
const LEAST: usize = 30;

pub(super) fn render(plan: &CompiledPlan, terminal: Terminal) -> String {
    let explanation = Explanation::of(plan);
    let widest = explanation.steps.iter().map(|step| step.id.chars().count()).max().unwrap_or(0);
    let mut out = format!("{}\n{}", bold(&plan.name, terminal), summary(&explanation, terminal));
    let _ = writeln!(out, "\n{}", dim(&format!("   #  {:widest$}  seen by", "step"), terminal));
    for step in &explanation.steps {
        out.push_str(&row(step, widest, terminal));
    }
    out
}

fn summary(explanation: &Explanation, terminal: Terminal) -> String {
    let count = explanation.steps.iter().filter(|step| step.window).count();
    let text = match count {
        0 => green("no window: nobody sees anything before it is complete", terminal),
        _ => yellow(&format!("{}, permitted by a waiver each", plural(count, "window")), terminal),
    };
    text + "\n"
}

fn row(step: &ExplainedStep, widest: usize, terminal: Terminal) -> String {
    let head = format!("{:>4}  {:widest$}  ", step.number, step.id);
    let rest = " ".repeat(head.chars().count());
    let mut out = if terminal.stdout && rest.len() + LEAST > terminal.width {
        format!("{}\n{}", head.trim_end(), prose::below(&step.exposure, INDENT, terminal))
    } else {
        prose::hanging(&step.exposure, &head, &rest, terminal)
    };
    let windows = step.hazards.iter().filter(|hazard| hazard.starts_with(code::EXPOSES_DATA.id));
    for permitted in windows.filter_map(|hazard| hazard.rsplit_once(" (permitted by ")) {
        let by = format!("window, permitted by {}", permitted.1.trim_end_matches(')'));
        out.push_str(&yellow(&prose::below(&by, INDENT, terminal), terminal));
    }
    out
}
