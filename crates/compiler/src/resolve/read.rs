//! SQL files: read, split, freed of the schema that stands for the target's.

use std::collections::BTreeMap;
use std::path::{Component as Part, Path};

use diagnostics::{Diagnostic, SourceText, Span, Spanned, code, plural};
use sql::{Class, Statement};

use super::classify::{self, Fate};
use super::{Context, Draft, rewrite};

/// Statements of a file with the place of each name in it.
pub(crate) struct SqlFile {
    pub(crate) statements: Vec<Statement>,
    /// The schemas of the file that stand for the target's.
    pub(crate) homes: Vec<String>,
}

/// All included files for the target's engine, in the order written; whether that is all of them.
pub(super) fn included(cx: &mut Context<'_>) -> (Vec<Draft>, bool) {
    let plan = cx.plan;
    let mut drafts = Vec::new();
    let mut all = true;
    for include in &plan.includes {
        if include.engine.as_ref().is_some_and(|engine| engine.value != cx.engine) {
            continue;
        }
        if is_outside(&include.path.value) || cx.files.leads_outside(&include.path.value) {
            cx.find(outside(&include.path));
            all = false;
            continue;
        }
        let Some(file) = read(cx, &include.path, include.schema.as_ref()) else {
            all = false;
            continue;
        };
        note_passed_over(cx, &include.path, &file.statements);
        for statement in file.statements {
            let place = statement.name_span();
            if let Some(finding) = not_in_sqlite(cx, &statement, place) {
                cx.find(finding);
                continue;
            }
            let statement = rewrite::plain_index(rewrite::at_home(statement, &file.homes));
            let single = rewrite::single_actions(statement).into_iter();
            drafts.extend(single.map(|statement| {
                let place = name_place(&statement);
                Draft { statement, place, broken: false }
            }));
        }
    }
    (drafts, all)
}

/// Of a constraint its own name, of everything else the name of what is made.
fn name_place(statement: &Statement) -> Span {
    let wanted = match &statement.class {
        Class::AlterTable { actions, .. } => match actions.first() {
            Some(sql::AlterAction::AddConstraint { name, .. }) => name.clone(),
            _ => None,
        },
        _ => None,
    };
    let found = wanted.and_then(|name| super::columns::span_of_name(statement, &name));
    found.unwrap_or_else(|| statement.name_span())
}

/// Reads and splits a file of which all must be in one schema. What is wrong with it is a finding.
pub(crate) fn read(
    cx: &mut Context<'_>,
    path: &Spanned<String>,
    schema: Option<&Spanned<String>>,
) -> Option<SqlFile> {
    let statements = split(cx, path)?;
    Some(in_one_schema(cx, statements, schema))
}

/// What lies elsewhere is reported, once per schema.
pub(crate) fn in_one_schema(
    cx: &mut Context<'_>,
    statements: Vec<Statement>,
    schema: Option<&Spanned<String>>,
) -> SqlFile {
    let homes = homes(cx, &statements, schema);
    let statements = statements.into_iter().filter(|one| is_in(one, &homes)).collect();
    SqlFile { statements, homes }
}

/// The statements of a file.
pub(crate) fn split(cx: &mut Context<'_>, path: &Spanned<String>) -> Option<Vec<Statement>> {
    let text = match cx.files.read(&path.value) {
        Ok(text) => text,
        Err(why) => {
            cx.find(
                Diagnostic::new(
                    &code::FILE_UNREADABLE,
                    format!("`{}` cannot be read: {why}", path.value),
                )
                .label(path.span, "named here")
                .help("paths are relative to the folder of the plan"),
            );
            return None;
        }
    };
    let id = cx.sources.add(path.value.clone(), text.clone());
    let span = Span::new(id, 0..text.len());
    let (statements, findings) = sql::split(&SourceText::verbatim(text, span), cx.dialect);
    cx.findings.extend(findings);
    Some(statements)
}

/// The part of a file that is about one schema; the rest is left out, and a note says so.
pub(crate) fn part(
    cx: &mut Context<'_>,
    path: &Spanned<String>,
    statements: Vec<Statement>,
    schema: &str,
) -> SqlFile {
    let homes = vec![schema.to_owned()];
    let (inside, others): (Vec<_>, Vec<_>) =
        statements.into_iter().partition(|one| is_in(one, &homes));
    if let Some(first) = others.first() {
        let mut schemas: Vec<String> = others.iter().flat_map(named_schemas).collect();
        schemas.retain(|other| other != schema);
        schemas.sort();
        schemas.dedup();
        let schemas: Vec<String> = schemas.iter().map(|other| format!("`{other}`")).collect();
        let message = format!("{} not compared", count_is(others.len(), "statement"));
        cx.find(
            Diagnostic::new(&code::PASSED_OVER, message)
                .label(first.name_span(), format!("about schema {}", schemas.join(", ")))
                .label(path.span, format!("compared in schema `{schema}` alone")),
        );
    }
    SqlFile { statements: inside, homes }
}

fn is_in(statement: &Statement, homes: &[String]) -> bool {
    named_schemas(statement).iter().all(|schema| homes.contains(schema))
}

/// The schemas of what the statements make, in the order in which they come.
pub(crate) fn schemas(statements: &[Statement]) -> Vec<(String, Span)> {
    let mut places: BTreeMap<String, Span> = BTreeMap::new();
    for statement in statements {
        for schema in named_schemas(statement) {
            places.entry(schema).or_insert_with(|| statement.name_span());
        }
    }
    let mut found: Vec<(String, Span)> = places.into_iter().collect();
    found.sort_by_key(|(_, span)| *span);
    found
}

/// Schemas of what the statement makes or changes, and those that it grants on.
fn named_schemas(statement: &Statement) -> Vec<String> {
    let mut schemas = match makes_something(statement) {
        true => sql::qualifiers(statement),
        false => Vec::new(),
    };
    if let Class::Grant { objects, .. } = &statement.class {
        let on_schema = objects.iter().filter(|object| object.word == "schema");
        schemas.extend(on_schema.map(|object| object.name.name.clone()));
    }
    schemas
}

/// The schema that the file's objects are in. A second one is a finding, because a plan owns one.
fn homes(
    cx: &mut Context<'_>,
    statements: &[Statement],
    given: Option<&Spanned<String>>,
) -> Vec<String> {
    let mut homes: Vec<String> = given.map(|given| given.value.clone()).into_iter().collect();
    for (schema, span) in schemas(statements) {
        if homes.contains(&schema) {
            continue;
        }
        match homes.first() {
            None => homes.push(schema),
            Some(home) => cx.find(foreign_schema(&schema, home, span)),
        }
    }
    // A file that leaves names unqualified may still say the target's schema here and there.
    if !cx.schema.is_empty() && !homes.contains(&cx.schema) {
        homes.push(cx.schema.clone());
    }
    homes
}

fn makes_something(statement: &Statement) -> bool {
    match &statement.class {
        Class::CreateExtension { .. } | Class::CreateSchema { .. } | Class::SetSequence { .. } => {
            false
        }
        // The comment on an extension or a schema says nothing about where objects live.
        Class::Comment { object, .. } => !["extension", "schema"].contains(&object.word.as_str()),
        _ => matches!(classify::fate(statement), Fate::Component(..) | Fate::Change(..)),
    }
}

fn foreign_schema(schema: &str, home: &str, span: Span) -> Diagnostic {
    Diagnostic::new(
        &code::FOREIGN_SCHEMA,
        format!("schema `{schema}` is not the one that the plan owns"),
    )
    .label(span, format!("the other objects of this file are in `{home}`"))
    .help(
        "a plan owns one schema; give the other its own plan, or name the right one with `schema:`",
    )
}

/// Included files must travel with the plan's folder, so that a review sees them.
fn is_outside(path: &str) -> bool {
    let path = Path::new(path);
    let mut depth = 0_i32;
    for part in path.components() {
        depth += match part {
            Part::Normal(_) => 1,
            Part::ParentDir => -1,
            Part::CurDir => 0,
            Part::RootDir | Part::Prefix(_) => return true,
        };
        if depth < 0 {
            return true;
        }
    }
    false
}

fn outside(path: &Spanned<String>) -> Diagnostic {
    Diagnostic::new(
        &code::FILE_OUTSIDE,
        format!("`{}` lies outside the folder of the plan", path.value),
    )
    .label(path.span, "included here")
    .help("move the file beside the plan, so that both are reviewed together")
}

fn note_passed_over(cx: &mut Context<'_>, path: &Spanned<String>, statements: &[Statement]) {
    let owners =
        statements.iter().filter(|statement| matches!(classify::fate(statement), Fate::Owner));
    let owners: Vec<&Statement> = owners.collect();
    if let Some(first) = owners.first() {
        let message = format!("{} not used", count_is(owners.len(), "`OWNER TO` statement"));
        cx.find(
            Diagnostic::new(&code::PASSED_OVER, message)
                .label(first.text.span, "the first of them")
                .label(path.span, "included here")
                .note("everything the plan builds belongs to the target's `owner`"),
        );
    }
    for statement in statements {
        if let Class::CreateIndex { concurrently: true, .. } = statement.class {
            cx.find(
                Diagnostic::new(&code::PASSED_OVER, "`CONCURRENTLY` is not used")
                    .label(statement.name_span(), "built on the staged table, which nobody reads")
                    .note("the live table is not locked while the index is built"),
            );
        }
    }
}

fn count_is(count: usize, noun: &str) -> String {
    format!("{} {}", plural(count, noun), if count == 1 { "is" } else { "are" })
}

fn not_in_sqlite(cx: &Context<'_>, statement: &Statement, place: Span) -> Option<Diagnostic> {
    if cx.is_postgres() {
        return None;
    }
    use crate::item::Role;
    let what = match classify::fate(statement) {
        Fate::Component(_, Role::PrimaryKey | Role::Constraint | Role::ForeignKey) => {
            "constraints that are added later"
        }
        Fate::Component(_, Role::Table | Role::Index | Role::View | Role::Trigger) => return None,
        Fate::Component(_, Role::Extension) => "extensions of a schema",
        Fate::Component(_, Role::Type) => "types",
        Fate::Component(_, Role::Sequence) => "sequences",
        Fate::Component(_, Role::Function) => "functions in a schema",
        Fate::Component(_, Role::MaterializedView) => "materialized views",
        Fate::Component(_, Role::Policy) => "policies",
        Fate::Component(_, Role::Grant | Role::Home) => "grants",
        Fate::Component(_, Role::Comment) => "comments",
        _ => return None,
    };
    let finding = super::wrong_engine(what, place);
    Some(
        finding
            .help("include the file with `engine: postgres`, or move the statement to one that is"),
    )
}

/// Enough of a statement to know it by.
fn first_line(statement: &Statement) -> Span {
    let end = statement.text.text.find('\n').unwrap_or(statement.text.text.len());
    statement.text.span_of(0..end)
}

/// One finding per table, however many statements fill it.
pub(super) fn refuse_data(cx: &mut Context<'_>, statements: &[Statement]) {
    let mut by_table: BTreeMap<String, Vec<&Statement>> = BTreeMap::new();
    for statement in statements {
        let table = statement.class.name().map(ToString::to_string).unwrap_or_default();
        by_table.entry(table).or_default().push(statement);
    }
    for statements in by_table.into_values() {
        let Some(first) = statements.first() else { continue };
        let finding =
            unsupported(first, "load rows with `sources` and `load`, or own SQL of a stage");
        let more = statements.len() - 1;
        cx.find(match more {
            0 => finding,
            _ => finding.note(format!("and {} of its kind", plural(more, "more statement"))),
        });
    }
}

pub(crate) fn unsupported(statement: &Statement, help: &str) -> Diagnostic {
    let words: Vec<&str> = statement.text.text.split_whitespace().take(3).collect();
    Diagnostic::new(
        &code::UNSUPPORTED_STATEMENT,
        format!("`{} …` makes no component of a schema", words.join(" ")),
    )
    .label(first_line(statement), "among components")
    .help(help)
}
