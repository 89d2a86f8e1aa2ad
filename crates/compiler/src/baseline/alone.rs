//! A schema file by itself, without a plan: what `cutover drift --baseline` compares with.

use diagnostics::{Diagnostic, SourceId, SourceText, Sources, Span, Spanned};
use ir::Origin;
use plan::model::{Baseline, BaselineFile, EngineKind, Plan, Settings};
use sql::Dialect;

use super::KnownGood;
use super::places::Places;
use crate::resolve::Context;
use crate::{Files, write};

/// What a schema file defines.
pub struct SchemaFile {
    pub baseline: ir::Baseline,
    /// The schemas of the file that stand for the one under comparison; empty where it qualifies
    /// no name.
    pub homes: Vec<String>,
}

/// Reads a schema file for an engine. `schema`: the schema of the file that is compared; default:
/// found in the file. Findings about the file as such point at `command`, the words that named it.
pub fn schema_file(
    sources: &mut Sources,
    files: &dyn Files,
    engine: EngineKind,
    path: &str,
    schema: Option<&str>,
) -> (Option<SchemaFile>, Vec<Diagnostic>) {
    let option = "--baseline ";
    let command = sources.add("command line", format!("{option}{path}"));
    let span = Span::new(command, option.len()..option.len() + path.len());
    let plan = plan_of(path, schema, span);
    let mut cx = Context {
        plan: &plan,
        engine,
        dialect: write::dialect_of(engine),
        schema: schema.unwrap_or_default().to_owned(),
        sources,
        files,
        findings: Vec::new(),
    };
    let found = super::statements(&mut cx).map(|known| {
        let KnownGood { file, baseline, statements, homes } = known;
        SchemaFile { baseline: super::lower(&cx, baseline, file, &statements), homes }
    });
    let mut findings = cx.findings;
    diagnostics::sort(&mut findings);
    (found.filter(|_| !diagnostics::has_errors(&findings)), findings)
}

/// A plan that has nothing but a baseline.
fn plan_of(path: &str, schema: Option<&str>, span: Span) -> Plan {
    let file = BaselineFile {
        path: Spanned::new(path.to_owned(), span),
        engine: None,
        schema: schema.map(|schema| Spanned::new(schema.to_owned(), span)),
    };
    Plan {
        span,
        name: Spanned::new("drift".to_owned(), span),
        description: None,
        sources: Vec::new(),
        target: None,
        baseline: Some(Baseline { span, files: vec![file], new: Vec::new() }),
        includes: Vec::new(),
        components: Vec::new(),
        stages: Vec::new(),
        loads: Vec::new(),
        checks: Vec::new(),
        invariants: Vec::new(),
        waivers: Vec::new(),
        retired: Vec::new(),
        settings: Settings::default(),
    }
}

/// Where each object of a compiled plan's baseline is defined.
pub struct BaselineLines<'a> {
    baseline: &'a ir::Baseline,
    /// Spans are in the statement with the number of the source.
    places: Places,
    dialect: Dialect,
}

impl<'a> BaselineLines<'a> {
    pub fn of(baseline: &'a ir::Baseline, engine: EngineKind) -> Self {
        let dialect = write::dialect_of(engine);
        let mut statements = Vec::new();
        for (number, statement) in (0_u32..).zip(&baseline.script.statements) {
            let span = Span::new(SourceId(number), 0..statement.sql.len());
            let text = SourceText::verbatim(statement.sql.clone(), span);
            statements.extend(sql::split(&text, dialect).0);
        }
        Self { baseline, places: Places::of(&statements), dialect }
    }

    /// The line that gives the property, else the object, else what it is on.
    pub fn find(&self, key: &catalog::ObjectKey, property: Option<&str>) -> Option<Origin> {
        let span = property
            .and_then(|property| self.places.property(key, property, self.dialect))
            .or_else(|| self.places.find(key, self.dialect))
            .or_else(|| self.places.parent(key, self.dialect))?;
        let at = span.source.0 as usize;
        let start = self.baseline.origins.get(at)?;
        let before = self.baseline.script.statements[at].sql.get(..span.start as usize)?;
        let lines = u32::try_from(before.matches('\n').count()).ok()?;
        // A qualifier taken out of the statement moves columns, never lines.
        let column = if lines == 0 { start.column } else { 1 };
        Some(Origin { file: start.file.clone(), line: start.line + lines, column })
    }
}
