//! The schema that the plan builds, held against the known-good one.

mod alone;
mod places;
mod report;
mod schema;
pub(crate) mod script;

use catalog::{Change, DiffOptions, Home, Normalised, Normaliser, Script, Via, diff};
use diagnostics::{Diagnostic, Span, Spanned, code};
use plan::model::{Baseline, BaselineFile, EngineKind};
use sql::{Class, Statement, TokenKind};

use crate::lower::Draft;
use crate::resolve::classify::Fate;
use crate::resolve::read::SqlFile;
use crate::resolve::{Context, Resolved, classify, read, rewrite, unsupported};

pub use alone::{
    BaselineLines, SchemaFile, engine_of_sql, schema_file, schema_of_file, schemas_of_sql,
};
pub use schema::Schema;

pub(crate) struct Checked {
    pub(crate) baseline: ir::Baseline,
    pub(crate) via: Via,
}

/// Compares; every difference is a finding. `None` where there is no baseline or nobody who could
/// compare, which are findings too.
pub(crate) fn check(
    cx: &mut Context<'_>,
    resolved: &mut Resolved,
    drafts: &[Draft],
    order: &[usize],
    normaliser: &mut dyn Normaliser,
) -> Option<Checked> {
    let known_good = statements(cx, Extent::OneSchema);
    let own = script::of_plan(resolved, drafts, order);
    let Some(KnownGood { file, baseline, statements, .. }) = known_good else {
        script::apply_plan(cx, resolved, drafts, &own, normaliser);
        return None;
    };
    let [built, expected] = script::apply(cx, resolved, drafts, &own, &statements, normaliser)?;
    compare(cx, resolved, baseline, file, &statements, (&expected, &built));
    Some(Checked {
        baseline: lower(cx, baseline, file, &statements, Home::Unqualified),
        via: expected.normalised.via,
    })
}

/// What the plan builds and what its baseline holds, without a comparison of the two.
pub(crate) fn schemas(
    cx: &mut Context<'_>,
    resolved: &Resolved,
    drafts: &[Draft],
    order: &[usize],
) -> (Schema, Option<Schema>) {
    let own = script::of_plan(resolved, drafts, order);
    let items = own.iter().filter_map(|&draft| drafts[draft].item);
    let built = items.map(|item| resolved.items[item].statement.clone()).collect();
    let known = cx.plan.baseline.is_some().then(|| statements(cx, Extent::OneSchema)).flatten();
    let schema = |statements| Schema::new(statements, cx.dialect, &cx.schema, Home::Unqualified);
    (schema(built), known.map(|known| schema(known.statements)))
}

/// The statements of the baseline for the target's engine that make or change components.
struct KnownGood<'p> {
    file: &'p BaselineFile,
    baseline: &'p Baseline,
    statements: Vec<Statement>,
    /// The schemas of the file that stand for the target's.
    homes: Vec<String>,
    home: Home,
}

fn statements<'p>(cx: &mut Context<'p>, extent: Extent) -> Option<KnownGood<'p>> {
    let plan = cx.plan;
    let Some(baseline) = &plan.baseline else {
        cx.find(
            Diagnostic::new(&code::BASELINE_NONE, "the plan names no baseline")
                .label(plan.name.span, "this plan")
                .help(
                    "name the known-good schema with `baseline: schema.sql`, such as \
                     `pg_dump --schema-only` or `sqlite3 … .schema` writes",
                ),
        );
        return None;
    };
    let file = file_for(cx, baseline)?;
    let all = read::split(cx, &file.path)?;
    if let Some(finding) = other_engine(cx, &file.path, &all) {
        cx.find(finding);
        return None;
    }
    let schemas = read::schemas(&all);
    let (home, read) = match chosen(cx, file, &schemas) {
        _ if extent.is_whole(file, &schemas) => {
            (Home::Database, SqlFile { statements: all, homes: Vec::new() })
        }
        Some(schema) => (Home::Unqualified, read::part(cx, &file.path, all, &schema)),
        None => (Home::Unqualified, read::in_one_schema(cx, all, None)),
    };
    let mut kept = Vec::new();
    for statement in read.statements {
        match classify::fate(&statement) {
            _ if home == Home::Database && is_of_database(&statement) => kept.push(statement),
            // The engine finds a name; a plan must give one, because a step is called by it.
            _ if is_nameless(&statement) => {
                kept.push(rewrite::plain_index(rewrite::at_home(statement, &read.homes)));
            }
            Fate::PassOver | Fate::Owner | Fate::Data => {}
            Fate::Refuse(_) => {
                let help = "a baseline holds definitions; take the statement out";
                cx.find(unsupported(&statement, help));
            }
            Fate::Component(..) | Fate::Change(..) => {
                kept.push(rewrite::plain_index(rewrite::at_home(statement, &read.homes)));
            }
        }
    }
    if kept.is_empty() {
        let message = format!("the baseline `{}` defines no component", file.path.value);
        cx.find(
            Diagnostic::new(&code::BASELINE_EMPTY, message)
                .label(file.path.span, "named here")
                .help("write the schema that the target must have into it"),
        );
        return None;
    }
    Some(KnownGood { file, baseline, statements: kept, homes: read.homes, home })
}

/// How much of a file of several schemas is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// One schema: the one that is named, the target's, or the only one there is.
    OneSchema,
    /// All schemas where there are several and none is named: a database.
    AsFound,
    /// A database.
    Whole,
}

impl Extent {
    fn is_whole(self, file: &BaselineFile, schemas: &[(String, Span)]) -> bool {
        match self {
            Extent::OneSchema => false,
            Extent::AsFound => file.schema.is_none() && schemas.len() > 1,
            Extent::Whole => true,
        }
    }
}

/// The schema of the file that is compared, where the rest is left out.
fn chosen(cx: &Context<'_>, file: &BaselineFile, schemas: &[(String, Span)]) -> Option<String> {
    if let Some(given) = &file.schema {
        return Some(given.value.clone());
    }
    let own = schemas.iter().any(|(schema, _)| *schema == cx.schema);
    (own && schemas.len() > 1).then(|| cx.schema.clone())
}

fn is_nameless(statement: &Statement) -> bool {
    matches!(
        statement.class,
        Class::CreateIndex { name: None, .. } | Class::CreateStatistics { name: None }
    )
}

/// What a database has and no schema: schemas, but for the one that is always there, and kinds that
/// lie in none.
fn is_of_database(statement: &Statement) -> bool {
    let lies_in_none =
        |word: &str| ["publication", "event trigger", "access method"].contains(&word);
    match &statement.class {
        Class::CreateSchema { name } => name.name != "public",
        Class::CreateOther { word, .. } => lies_in_none(word),
        Class::AlterOther { object, .. } => lies_in_none(&object.word),
        _ => false,
    }
}

fn file_for<'p>(cx: &mut Context<'p>, baseline: &'p Baseline) -> Option<&'p BaselineFile> {
    let fits = |file: &&BaselineFile| file.engine.is_none_or(|engine| engine == cx.engine);
    let found = baseline.files.iter().find(fits);
    if found.is_none() && !baseline.files.is_empty() {
        let name = cx.engine.name();
        cx.find(
            Diagnostic::new(&code::BASELINE_NONE, format!("the plan names no baseline for {name}"))
                .label(baseline.span, "only for another engine")
                .help(format!("add `{name}: schema.sql` to it")),
        );
    }
    found
}

/// Words and statements that one engine has and the other has not.
fn other_engine(
    cx: &Context<'_>,
    path: &Spanned<String>,
    statements: &[Statement],
) -> Option<Diagnostic> {
    let sign = |statement: &Statement| match cx.engine {
        EngineKind::Sqlite => is_postgres(statement),
        EngineKind::Postgres => is_sqlite(statement),
    };
    let found = statements.iter().find(|statement| sign(statement))?;
    let other = match cx.engine {
        EngineKind::Sqlite => "PostgreSQL",
        EngineKind::Postgres => "SQLite",
    };
    let message = format!("the baseline `{}` is written for {other}", path.value);
    Some(
        Diagnostic::new(&code::BASELINE_OTHER_ENGINE, message)
            .label(path.span, format!("the target is {}", cx.engine.name()))
            .label(found.text.span, format!("only {other} has this"))
            .help(format!(
                "name a baseline for it: `baseline: {{ {}: schema.sql }}`",
                cx.engine.name()
            )),
    )
}

fn is_postgres(statement: &Statement) -> bool {
    matches!(
        statement.class,
        Class::CreateExtension { .. }
            | Class::CreateSequence { .. }
            | Class::AlterSequence { .. }
            | Class::CreateFunction { .. }
            | Class::CreateType { .. }
            | Class::CreateDomain { .. }
            | Class::CreatePolicy { .. }
            | Class::CreateSchema { .. }
            | Class::Grant { .. }
            | Class::Comment { .. }
            | Class::CreateView { materialized: true, .. }
    ) || matches!(&statement.class, Class::AlterTable { only: true, .. })
        || matches!(&statement.class, Class::SetSetting { .. } if !starts_with(statement, "pragma"))
}

fn is_sqlite(statement: &Statement) -> bool {
    let has = |word: &str| {
        statement.tokens.iter().any(|token| {
            token.kind == TokenKind::Word && statement.written(token).eq_ignore_ascii_case(word)
        })
    };
    matches!(statement.class, Class::CreateVirtualTable { .. })
        || starts_with(statement, "pragma")
        || matches!(statement.class, Class::CreateTable { .. })
            && (has("autoincrement") || has("without") && has("rowid"))
}

fn starts_with(statement: &Statement, word: &str) -> bool {
    statement
        .tokens
        .first()
        .is_some_and(|token| statement.written(token).eq_ignore_ascii_case(word))
}

fn compare(
    cx: &mut Context<'_>,
    resolved: &Resolved,
    baseline: &Baseline,
    file: &BaselineFile,
    statements: &[Statement],
    (expected, built): (&script::Applied, &script::Applied),
) {
    let mut differences =
        diff(&expected.normalised.catalog, &built.normalised.catalog, &DiffOptions::default());
    if resolved.is_partial {
        differences.retain(|difference| difference.change != Change::Missing);
    }
    let syntax = [&expected.normalised, &built.normalised].into_iter().find_map(reason);
    if let Some(reason) = &syntax {
        cx.find(
            Diagnostic::new(
                &code::COMPARED_BY_SYNTAX,
                format!("the schemas were compared by syntax, because {reason}"),
            )
            .label(file.path.span, "compared with this baseline")
            .note("the run compares them again, on the target's own server, before it starts"),
        );
    }
    if differences.is_empty() && baseline.new.is_empty() {
        return;
    }
    let report = report::Report::new(cx, resolved, file, statements, syntax.is_some());
    let skip = expected.broken.union(&built.broken).cloned().collect();
    report.differences(cx, baseline, &differences, &skip);
}

fn reason(normalised: &Normalised) -> Option<String> {
    match &normalised.via {
        Via::Syntax(reason) => Some(reason.clone()),
        Via::Engine(_) => None,
    }
}

fn lower(
    cx: &Context<'_>,
    baseline: &Baseline,
    file: &BaselineFile,
    statements: &[Statement],
    home: Home,
) -> ir::Baseline {
    let new = baseline.new.iter().map(|name| ir::NewComponent {
        kind: name.value.kind.map(|kind| kind.word().to_owned()),
        name: name.value.name.clone(),
    });
    let mut new: Vec<ir::NewComponent> = new.collect();
    new.sort();
    let origins = statements.iter().map(|statement| crate::origin(cx.sources, statement.text.span));
    ir::Baseline {
        file: file.path.value.clone(),
        origins: origins.collect(),
        script: Script { home, ..Script::of(statements) },
        new,
    }
}
