//! A compiled plan for a person: what it is, then every step with its SQL, locks and reasons.

use std::fmt::Write as _;

use compiler::{ExplainedStep, Explanation};
use ir::{CompiledPlan, Digest};

use crate::io::Terminal;
use crate::ui;
use crate::ui::style::{bold, dim};

pub(super) fn render(plan: &CompiledPlan, digest: &Digest, terminal: Terminal) -> String {
    let explanation = Explanation::of(plan);
    let mut out = head(plan, digest, terminal);
    let mut stage = "";
    for step in &explanation.steps {
        if step.stage != stage {
            let _ = writeln!(out, "\n{}", bold(&step.stage, terminal));
            stage = &step.stage;
        }
        out.push_str(&one_step(step, terminal));
    }
    out
}

fn head(plan: &CompiledPlan, digest: &Digest, terminal: Terminal) -> String {
    let mut out = format!("{}\n", bold(&plan.name, terminal));
    if let Some(description) = &plan.description {
        let _ = writeln!(out, "{description}");
    }
    let mut facts = vec![("digest", digest.to_string())];
    for source in &plan.sources {
        facts.push(("source", format!("{}: {}", source.name, source.paths.join(", "))));
    }
    facts.push(("target", ui::plan::target(&plan.target)));
    facts.push(("baseline", plan.baseline.file.clone()));
    facts.push(("builds", ui::plan::components(plan)));
    out.push_str(&ui::prose::facts(facts, terminal));
    out
}

fn one_step(step: &ExplainedStep, terminal: Terminal) -> String {
    let mut out = format!("{:4}  {}  {}\n", step.number, step.id, dim(&step.origin, terminal));
    let bar = if terminal.unicode { "│" } else { "|" };
    match &step.sql {
        // The SQL says more than "runs SQL".
        Some(sql) => {
            for line in sql.trim().lines() {
                let _ = writeln!(out, "      {bar} {line}");
            }
        }
        None => {
            let _ = writeln!(out, "      {}", step.what);
        }
    }
    for edge in &step.needs {
        let _ = writeln!(out, "      after {}: {}", edge.step, edge.reason);
    }
    for lock in &step.locks {
        let _ = writeln!(out, "      locks {lock}");
    }
    if !step.exposure.starts_with("nobody") {
        let _ = writeln!(out, "      seen by {}", step.exposure);
    }
    for hazard in &step.hazards {
        let _ = writeln!(out, "      hazard {hazard}");
    }
    out
}
