//! The schemas of a plan by themselves, for a review: nothing is compared and nothing judged but what
//! keeps a schema from being known.

use diagnostics::{Diagnostic, Sources};
use plan::model::{EngineKind, Plan};

use crate::resolve::{self, Context};
use crate::review::Window;
use crate::{Files, Schema, assemble, baseline, lower, owners, stages, without_target, write};

pub struct PlanSchemas {
    pub engine: EngineKind,
    /// How the target's schema is called.
    pub schema: String,
    /// What the plan builds.
    pub built: Schema,
    /// What its baseline holds; `None` where it names none.
    pub baseline: Option<Schema>,
    /// Where somebody sees what is not complete, waived or not.
    pub windows: Vec<Window>,
}

/// Reads a plan's text and finds its schemas. The plan is there wherever it could be decoded.
pub fn schemas(
    sources: &mut Sources,
    name: &str,
    text: &str,
    files: &dyn Files,
) -> (Option<PlanSchemas>, Option<Plan>, Vec<Diagnostic>) {
    let (found, plan, findings) = read(sources, name, text, files);
    (found.filter(|_| !diagnostics::has_errors(&findings)), plan, findings)
}

/// The plan and its schemas as far as they can be known, for an editor: what is broken is left out.
pub fn outline(
    sources: &mut Sources,
    name: &str,
    text: &str,
    files: &dyn Files,
) -> Option<(PlanSchemas, Plan)> {
    let (found, plan, _) = read(sources, name, text, files);
    found.zip(plan)
}

fn read(
    sources: &mut Sources,
    name: &str,
    text: &str,
    files: &dyn Files,
) -> (Option<PlanSchemas>, Option<Plan>, Vec<Diagnostic>) {
    let source = sources.add(name, text);
    let (plan, mut findings) = plan::parse(source, text);
    let found = match &plan {
        Some(plan) if plan.target.is_none() => {
            findings = without_target(plan, findings).diagnostics;
            None
        }
        Some(plan) => of_plan(sources, plan, files, &mut findings),
        None => None,
    };
    diagnostics::sort(&mut findings);
    (found, plan, findings)
}

fn of_plan(
    sources: &mut Sources,
    plan: &Plan,
    files: &dyn Files,
    findings: &mut Vec<Diagnostic>,
) -> Option<PlanSchemas> {
    let target = plan.target.as_ref()?;
    let engine = target.engine();
    let mut cx = Context {
        plan,
        engine,
        dialect: write::dialect_of(engine),
        schema: crate::schema(plan, target),
        sources,
        files,
        findings: std::mem::take(findings),
    };
    let resolved = resolve::resolve(&mut cx);
    // How rows get in and who owns which step decides nothing about the schema.
    let kept = cx.findings.len();
    let stages = stages::Stages::new(plan, &mut cx.findings);
    let owners = owners::owners(&mut cx, &resolved, &stages);
    let loads = lower::loads(&mut cx, &resolved);
    let mut drafts = lower::lower(&mut cx, &resolved, &stages, &owners, &loads);
    cx.findings.truncate(kept);
    let windows = drafts.iter().flat_map(lower::Draft::windows).collect();
    let order = assemble::order(&mut cx, &stages, &mut drafts);
    let (built, baseline) = baseline::schemas(&mut cx, &resolved, &drafts, &order.order);
    let schema = cx.schema.clone();
    *findings = cx.findings;
    Some(PlanSchemas { engine, schema, built, baseline, windows })
}
