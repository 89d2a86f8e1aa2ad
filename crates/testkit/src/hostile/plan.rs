//! The YAML plan: a model or a finding, every place inside of the file, one layout.

use catalog::offline::SyntaxNormaliser;
use compiler::{Explanation, Files};
use diagnostics::{Diagnostic, SourceId, Sources, has_errors, render};
use ir::CompiledPlan;
use plan::model::EngineKind;
use sql::Dialect;

/// Reading and laying out.
pub(super) fn judge(bytes: &[u8]) {
    let shown = String::from_utf8_lossy(bytes).into_owned();
    let mut sources = Sources::default();
    let id = sources.add("plan.yaml", plan::redact(&shown).into_owned());
    let (plan, findings) = plan::parse_bytes(id, bytes);
    assert!(plan.is_some() || has_errors(&findings), "neither a plan nor an error");
    judge_findings(&findings, &sources);
    if let Ok(text) = std::str::from_utf8(bytes) {
        judge_layout(id, text);
    }
}

/// Laid out again it is the same, and means the same: what is wrong with it is that, too.
fn judge_layout(id: SourceId, text: &str) {
    let Ok(laid_out) = plan::lay_out(id, text) else { return };
    assert_eq!(plan::lay_out(id, &laid_out).as_deref(), Ok(laid_out.as_str()), "laid out twice");
    let codes = |text: &str| {
        let (plan, findings) = plan::parse(id, text);
        let mut codes: Vec<_> = findings.iter().map(|finding| finding.code.id).collect();
        codes.sort_unstable();
        (plan.is_some(), codes)
    };
    assert_eq!(codes(text), codes(&laid_out), "the layout has other findings");
}

/// No file but the plan's own.
struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _path: &str) -> Result<String, String> {
        Err("there is no such file".to_owned())
    }
}

/// Compiling: a compiled plan exactly where nothing is wrong, the same each time, and one that reads
/// back as it is.
pub(super) fn judge_compiled(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut sources = Sources::default();
    let compiled = compile(&mut sources, text);
    judge_findings(&compiled.diagnostics, &sources);
    assert_eq!(
        compiled.plan.is_some(),
        !has_errors(&compiled.diagnostics),
        "a plan without errors"
    );
    let Some(plan) = compiled.plan else { return };
    let bytes = plan.to_bytes();
    assert_eq!(CompiledPlan::from_bytes(&bytes).as_ref(), Ok(&plan), "it reads back");
    let again = compile(&mut Sources::default(), text).plan;
    assert_eq!(again.map(|plan| plan.to_bytes()), Some(bytes), "the same text, another plan");
    assert!(!Explanation::of(&plan).digest.is_empty());
}

fn compile(sources: &mut Sources, text: &str) -> compiler::Compiled {
    let engine = plan::parse(SourceId(0), text).0.as_ref().and_then(compiler::engine_of);
    let dialect = match engine {
        Some(EngineKind::Sqlite) => Dialect::Sqlite,
        Some(EngineKind::Postgres) | None => Dialect::Postgres,
    };
    let reason = "no engine is asked".to_owned();
    let mut normaliser = SyntaxNormaliser { dialect, reason };
    compiler::compile_text(sources, "plan.yaml", text, &NoFiles, &mut normaliser)
}

fn judge_findings(findings: &[Diagnostic], sources: &Sources) {
    for finding in findings {
        assert!(!render(finding, sources).is_empty());
        assert!(!finding.labels.is_empty(), "a finding without a place: {finding:?}");
        for label in &finding.labels {
            let text = &sources.file(label.span.source).text;
            let range = label.span.range();
            assert!(text.get(range.clone()).is_some(), "{range:?} is no place in {finding:?}");
        }
    }
}
