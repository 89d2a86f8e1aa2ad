//! A schema file by itself, without a plan: what `cutover drift --baseline` compares with.

use catalog::StatementError;
use diagnostics::{Diagnostic, SourceId, SourceText, Sources, Span, Spanned};
use ir::Origin;
use plan::model::{Backup, Baseline, BaselineFile, EngineKind, Plan, Settings};
use sql::{Dialect, Statement};

use super::places::Places;
use super::schema::Schema;
use super::{Extent, KnownGood, script};
use crate::resolve::{Context, read};
use crate::{Files, write};

/// What a schema file defines.
pub struct SchemaFile {
    pub baseline: ir::Baseline,
    /// The schemas of the file that stand for the one under comparison; empty where it qualifies
    /// no name.
    pub homes: Vec<String>,
    pub schema: Schema,
}

/// Reads a schema file for an engine. `schema`: the schema of the file that is compared; default:
/// found in the file, and all of them where there are several. Findings about the file as such point at the words that named it.
pub fn schema_file(
    sources: &mut Sources,
    files: &dyn Files,
    engine: EngineKind,
    path: &str,
    schema: Option<&str>,
) -> (Option<SchemaFile>, Vec<Diagnostic>) {
    let named = ("--baseline ", path, schema);
    read_file(sources, files, engine, named, Extent::AsFound, |cx, known| {
        let KnownGood { file, baseline, statements, homes, home } = known;
        let lowered = super::lower(cx, baseline, file, &statements, home.clone());
        let name = schema.or(homes.first().map(String::as_str));
        let name = name.unwrap_or_else(|| default_schema(engine)).to_owned();
        SchemaFile {
            baseline: lowered,
            homes,
            schema: Schema::new(statements, cx.dialect, &name, home),
        }
    })
}

/// [`schema_file`] for a comparison of two; also says which schema of the file it is about.
pub fn schema_of_file(
    sources: &mut Sources,
    files: &dyn Files,
    engine: EngineKind,
    path: &str,
    schema: Option<&str>,
    extent: Extent,
) -> (Option<(Schema, Option<String>)>, Vec<Diagnostic>) {
    read_file(sources, files, engine, ("diff ", path, schema), extent, |cx, known| {
        let home = schema.map(str::to_owned).or_else(|| known.homes.into_iter().next());
        let name = home.as_deref().unwrap_or_else(|| default_schema(engine));
        (Schema::new(known.statements, cx.dialect, name, known.home), home)
    })
}

/// The schemas in which a SQL text makes something.
pub fn schemas_of_sql(text: &str, engine: EngineKind) -> Vec<String> {
    let span = Span::new(SourceId(0), 0..text.len());
    let (statements, _) = sql::split(&SourceText::verbatim(text, span), write::dialect_of(engine));
    read::schemas(&statements).into_iter().map(|(schema, _)| schema).collect()
}

/// Where unqualified names are.
fn default_schema(engine: EngineKind) -> &'static str {
    match engine {
        EngineKind::Postgres => "public",
        EngineKind::Sqlite => "main",
    }
}

/// The engine for which a SQL text is written, where words in it say so.
pub fn engine_of_sql(text: &str) -> Option<EngineKind> {
    let has = |dialect, sign: fn(&Statement) -> bool| {
        let span = Span::new(SourceId(0), 0..text.len());
        let (statements, _) = sql::split(&SourceText::verbatim(text, span), dialect);
        statements.iter().any(sign)
    };
    if has(Dialect::Postgres, super::is_postgres) {
        Some(EngineKind::Postgres)
    } else if has(Dialect::Sqlite, super::is_sqlite) {
        Some(EngineKind::Sqlite)
    } else {
        None
    }
}

/// A file named by `words`: the option or command before it.
fn read_file<T>(
    sources: &mut Sources,
    files: &dyn Files,
    engine: EngineKind,
    (words, path, schema): (&str, &str, Option<&str>),
    extent: Extent,
    make: impl FnOnce(&Context<'_>, KnownGood<'_>) -> T,
) -> (Option<T>, Vec<Diagnostic>) {
    let command = sources.add("command line", format!("{words}{path}"));
    let span = Span::new(command, words.len()..words.len() + path.len());
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
    let found = super::statements(&mut cx, extent).map(|known| make(&cx, known));
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
        backup: Backup::default(),
    }
}

/// Where each object of a compiled plan's baseline is defined.
pub struct BaselineLines<'a> {
    baseline: &'a ir::Baseline,
    statements: Vec<Statement>,
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
        Self { baseline, places: Places::of(&statements), statements, dialect }
    }

    /// What an engine refused of the baseline's script, each with the place where it was written.
    /// What only follows from an earlier refusal is left out.
    pub fn refusals(&self, errors: &[StatementError]) -> Vec<Diagnostic> {
        let (findings, _) = script::refusals(&self.statements, errors);
        let placed = findings.into_iter().map(|finding| {
            let origin = finding.span().and_then(|span| self.origin(span));
            let told = Diagnostic::new(finding.code, finding.message);
            match origin {
                Some(origin) => told.note(format!("written at {origin}")),
                None => told,
            }
        });
        placed.collect()
    }

    /// The line that gives the property, else the object, else what it is on.
    pub fn find(&self, key: &catalog::ObjectKey, property: Option<&str>) -> Option<Origin> {
        let span = property
            .and_then(|property| self.places.property(key, property, self.dialect))
            .or_else(|| self.places.find(key, self.dialect))
            .or_else(|| self.places.parent(key, self.dialect))?;
        self.origin(span)
    }

    /// Where a place in a statement of the script was written.
    fn origin(&self, span: Span) -> Option<Origin> {
        let at = span.source.0 as usize;
        let start = self.baseline.origins.get(at)?;
        let before = self.baseline.script.statements[at].sql.get(..span.start as usize)?;
        let lines = u32::try_from(before.matches('\n').count()).ok()?;
        // A qualifier taken out of the statement moves columns, never lines.
        let column = if lines == 0 { start.column } else { 1 };
        Some(Origin { file: start.file.clone(), line: start.line + lines, column })
    }
}
