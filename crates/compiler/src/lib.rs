//! A plan to its compiled plan: text in, compiled plan and findings out.
//!
//! Pure: no clock, network, environment or hash order. Files come through [`Files`], schemas are
//! normalised by a [`catalog::Normaliser`]; the caller provides both. The same inputs give the same
//! bytes (L7), and all independent errors are reported in one go.

mod assemble;
mod baseline;
mod explain;
mod graph;
mod item;
mod lints;
mod lower;
mod mentions;
mod owners;
mod resolve;
pub mod review;
mod schemas;
mod sqltext;
mod stages;
mod waivers;
mod write;

use catalog::{Normaliser, Via};
use diagnostics::{Diagnostic, SourceId, Sources, Span, code};
use ir::{CompiledPlan, Origin};
use plan::model::{EngineKind, Plan, Target};

pub use baseline::{
    BaselineLines, Extent, Schema, SchemaFile, engine_of_sql, schema_file, schema_of_file,
    schemas_of_sql,
};
pub use explain::{ExplainedEdge, ExplainedStep, Explanation};
pub use schemas::{PlanSchemas, outline, schemas};

use resolve::Context;

/// How the compiler reads the files that a plan names.
pub trait Files {
    /// The text of a file; `path` is as written, relative to the folder of the plan.
    ///
    /// # Errors
    /// Why the file cannot be read, as the end of a sentence.
    fn read(&self, path: &str) -> Result<String, String>;

    /// Whether a link leads out of the folder tree of the plan; the path itself does not.
    fn leads_outside(&self, _path: &str) -> bool {
        false
    }
}

pub struct Inputs<'a> {
    /// Holds the plan's file; files that the plan names are added.
    pub sources: &'a mut Sources,
    pub plan: &'a Plan,
    pub plan_source: SourceId,
    pub files: &'a dyn Files,
    pub normaliser: &'a mut dyn Normaliser,
    /// `YYYY-MM-DD`; where it is given, expired waivers are findings. (A run judges them itself.)
    pub today: Option<&'a str>,
}

pub struct Compiled {
    /// `None` where there is an error.
    pub plan: Option<CompiledPlan>,
    /// In the order of their places.
    pub diagnostics: Vec<Diagnostic>,
    /// Who compared the schemas; `None` where it did not come to that.
    pub via: Option<Via>,
}

/// Reads a plan's text and compiles it.
pub fn compile_text(
    sources: &mut Sources,
    name: &str,
    text: &str,
    files: &dyn Files,
    normaliser: &mut dyn Normaliser,
) -> Compiled {
    let plan_source = sources.add(name, text);
    let (plan, mut findings) = plan::parse(plan_source, text);
    let Some(plan) = plan else {
        diagnostics::sort(&mut findings);
        return Compiled { plan: None, diagnostics: findings, via: None };
    };
    let inputs = Inputs { sources, plan: &plan, plan_source, files, normaliser, today: None };
    compile_with(inputs, findings)
}

/// Compiles a plan that was read without errors.
pub fn compile(inputs: Inputs<'_>) -> Compiled {
    compile_with(inputs, Vec::new())
}

/// Compiles a plan with the findings of reading it; with errors among them, to find more.
pub fn compile_with(inputs: Inputs<'_>, findings: Vec<Diagnostic>) -> Compiled {
    let Inputs { sources, plan, plan_source, files, normaliser, today } = inputs;
    let unread = diagnostics::has_errors(&findings);
    let Some(target) = &plan.target else {
        return without_target(plan, findings);
    };
    let engine = target.engine();
    let mut cx = Context {
        plan,
        engine,
        dialect: write::dialect_of(engine),
        schema: schema(plan, target),
        sources,
        files,
        findings,
    };
    let (built, via) = build(&mut cx, plan_source, normaliser, today);
    let mut findings = cx.findings;
    diagnostics::sort(&mut findings);
    let clean = !unread && !diagnostics::has_errors(&findings);
    Compiled { plan: built.filter(|_| clean), diagnostics: findings, via }
}

/// The reader has said what is wrong with the target, unless there is none.
fn without_target(plan: &Plan, mut findings: Vec<Diagnostic>) -> Compiled {
    if !diagnostics::has_errors(&findings) {
        findings.push(
            Diagnostic::new(&code::MISSING_KEY, "the plan has no target")
                .label(plan.name.span, "this plan")
                .help("add `target: { sqlite: out/name.sqlite }` or `target: { postgres: local }`"),
        );
    }
    diagnostics::sort(&mut findings);
    Compiled { plan: None, diagnostics: findings, via: None }
}

/// The schema that the plan owns: the target's, or the plan's name.
fn schema(plan: &Plan, target: &Target) -> String {
    match target {
        Target::Postgres(postgres) => {
            postgres.schema.as_ref().map_or(&plan.name.value, |schema| &schema.value).clone()
        }
        Target::Sqlite(_) => "main".to_owned(),
    }
}

fn build(
    cx: &mut Context<'_>,
    plan_source: SourceId,
    normaliser: &mut dyn Normaliser,
    today: Option<&str>,
) -> (Option<CompiledPlan>, Option<Via>) {
    let stages = stages::Stages::new(cx.plan, &mut cx.findings);
    let mut resolved = resolve::resolve(cx);
    let owners = owners::owners(cx, &resolved, &stages);
    let loads = lower::loads(cx, &resolved);
    let mut drafts = lower::lower(cx, &resolved, &stages, &owners, &loads);
    let mut waivers = waivers::Waivers::new(cx);
    waivers.judge_steps(cx, &mut drafts);
    let lints = lints::lints(cx, &resolved);
    waivers.judge(cx, lints);
    waivers.finish(cx, today);
    let order = assemble::order(cx, &stages, &mut drafts);
    for draft in drafts.iter().filter(|draft| order.circular.contains(&draft.id)) {
        if let Some(item) = draft.item {
            resolved.items[item].broken = true;
        }
    }
    let checked = baseline::check(cx, &mut resolved, &drafts, &order.order, normaliser);
    let Some(checked) = checked else { return (None, None) };
    let plan =
        assemble::plan(cx, plan_source, &resolved, &stages, drafts, &order.order, checked.baseline);
    (plan, Some(checked.via))
}

/// Where a span was written, for messages at run time.
fn origin(sources: &Sources, span: Span) -> Origin {
    let at = sources.position(span);
    Origin { file: sources.file(span.source).name.clone(), line: at.line, column: at.column }
}

/// The files that a compile of the plan may read, as written: its baselines and included files.
pub fn files_of(plan: &Plan) -> Vec<&str> {
    let baselines = plan.baseline.iter().flat_map(|baseline| &baseline.files);
    let baselines = baselines.map(|file| file.path.value.as_str());
    baselines.chain(plan.includes.iter().map(|include| include.path.value.as_str())).collect()
}

/// The engine of the target, for callers that choose a normaliser.
pub fn engine_of(plan: &Plan) -> Option<EngineKind> {
    plan.target.as_ref().map(Target::engine)
}
