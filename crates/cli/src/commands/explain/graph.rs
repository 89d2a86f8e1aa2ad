//! The step graph for Graphviz and for Mermaid: stages as boxes, edges with their reasons.

use std::fmt::Write as _;

use ir::{CompiledPlan, Step};

pub(super) fn dot(plan: &CompiledPlan) -> String {
    let mut out =
        format!("digraph {} {{\n  rankdir=LR;\n  node [shape=box];\n", quoted(&plan.name));
    for (at, (stage, steps)) in by_stage(plan).into_iter().enumerate() {
        let _ = writeln!(out, "  subgraph cluster_{at} {{\n    label={};", quoted(stage));
        for step in steps {
            let _ = writeln!(out, "    {};", quoted(&step.id));
        }
        out.push_str("  }\n");
    }
    for step in &plan.steps {
        for edge in &step.needs {
            let (from, to, why) = (quoted(&edge.step), quoted(&step.id), quoted(&edge.reason));
            let _ = writeln!(out, "  {from} -> {to} [tooltip={why}];");
        }
    }
    out + "}\n"
}

/// DOT has only one escape inside a quoted string that matters here.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

pub(super) fn mermaid(plan: &CompiledPlan) -> String {
    let mut out = String::from("flowchart LR\n");
    for (at, (stage, steps)) in by_stage(plan).into_iter().enumerate() {
        let _ = writeln!(out, "  subgraph stage{at}[\"{}\"]", entities(stage));
        for step in steps {
            let _ = writeln!(out, "    {}[\"{}\"]", node(plan, &step.id), entities(&step.id));
        }
        out.push_str("  end\n");
    }
    for step in &plan.steps {
        for edge in &step.needs {
            let (from, to) = (node(plan, &edge.step), node(plan, &step.id));
            let _ = writeln!(out, "  {from} -->|\"{}\"| {to}", entities(&edge.reason));
        }
    }
    out
}

/// Mermaid's identifiers take no punctuation, so nodes are numbered by their place in the plan.
fn node(plan: &CompiledPlan, id: &str) -> String {
    let at = plan.steps.iter().position(|step| step.id == id);
    at.map_or_else(|| "unknown".to_owned(), |at| format!("s{}", at + 1))
}

/// Mermaid's own escapes inside quotes are HTML entities with `#` (its manual, "Special characters").
fn entities(text: &str) -> String {
    text.replace('#', "#35;").replace('"', "#quot;")
}

/// Stages in the order of their first steps.
pub(super) fn by_stage(plan: &CompiledPlan) -> Vec<(&str, Vec<&Step>)> {
    let mut stages: Vec<(&str, Vec<&Step>)> = Vec::new();
    for step in &plan.steps {
        match stages.iter_mut().find(|(name, _)| *name == step.stage) {
            Some((_, steps)) => steps.push(step),
            None => stages.push((&step.stage, vec![step])),
        }
    }
    stages
}
