//! Names that components use must be names of the plan.

use std::collections::BTreeSet;

use diagnostics::{Diagnostic, Span, code, did_you_mean};
use plan::model::ComponentKind as Kind;
use sql::Class;

use super::columns::{of_index, span_of_name};
use super::{Context, Resolved};
use crate::item::{Item, Role, TableFacts};

pub(super) fn check(cx: &mut Context<'_>, resolved: &mut Resolved) {
    let names = Names::new(cx, resolved);
    let mut broken = Vec::new();
    for (at, item) in resolved.items.iter().enumerate() {
        let before = cx.findings.len();
        check_item(cx, &names, resolved, item);
        broken.extend((cx.findings.len() > before).then_some(at));
    }
    for at in broken {
        resolved.items[at].broken = true;
    }
}

/// What names there are, by kind, as the engine folds them.
struct Names {
    relations: BTreeSet<String>,
    sequences: BTreeSet<String>,
    functions: BTreeSet<String>,
    types: BTreeSet<String>,
    indexes: BTreeSet<String>,
}

impl Names {
    fn new(cx: &Context<'_>, resolved: &Resolved) -> Self {
        let of = |kinds: &[Kind]| -> BTreeSet<String> {
            let items = resolved.items.iter().filter(|item| !item.change);
            let items = items.filter(|item| kinds.contains(&item.key.kind));
            items.map(|item| cx.key(item.key.bare())).collect()
        };
        Self {
            relations: of(&[Kind::Table, Kind::View]),
            sequences: of(&[Kind::Sequence]),
            functions: of(&[Kind::Function]),
            types: of(&[Kind::Type]),
            indexes: of(&[Kind::Index, Kind::Constraint]),
        }
    }
}

fn check_item(cx: &mut Context<'_>, names: &Names, resolved: &Resolved, item: &Item) {
    check_length(cx, item);
    match item.role {
        Role::Grant | Role::Comment => return check_objects(cx, names, resolved, item),
        Role::Index => {
            if let Some(facts) = table(cx, names, resolved, item) {
                for (column, span) in of_index(&item.statement) {
                    check_column(cx, facts, &column, || span);
                }
            }
        }
        Role::PrimaryKey | Role::Constraint | Role::ForeignKey => {
            let facts = table(cx, names, resolved, item);
            check_constraint(cx, resolved, item, facts);
        }
        Role::TableChange | Role::LateChange | Role::Trigger | Role::RowSecurity | Role::Policy => {
            let known =
                item.key.kind == Kind::Index && names.indexes.contains(&cx.key(&item.key.name));
            if !known {
                table(cx, names, resolved, item);
            }
        }
        Role::SequenceChange => {
            table(cx, names, resolved, item);
        }
        _ => {}
    }
    if item.role == Role::Table {
        check_own_references(cx, resolved, item);
    }
}

/// PostgreSQL cuts longer names without an error.
fn check_length(cx: &mut Context<'_>, item: &Item) {
    let name = item.key.bare();
    let nameless = matches!(item.key.kind, Kind::Grant | Kind::Comment) || item.change;
    if cx.is_postgres() && !nameless && name.len() > 63 {
        let message = format!("`{name}` is {} bytes long; PostgreSQL keeps 63", name.len());
        let finding = Diagnostic::new(&code::INVALID_NAME, message).label(item.place, "too long");
        // The plan's own reader has said so for names in YAML.
        if !cx.findings.iter().any(|other| other.span() == finding.span()) {
            cx.find(finding.help("choose a shorter name"));
        }
    }
}

/// The facts of the table that the item is on; a finding where there is neither table nor view.
fn table<'r>(
    cx: &mut Context<'_>,
    names: &Names,
    resolved: &'r Resolved,
    item: &Item,
) -> Option<&'r TableFacts> {
    let name = item.table.as_deref()?;
    let key = cx.key(name);
    if names.relations.contains(&key) {
        return resolved.tables.get(&key);
    }
    let place = span_of_name(&item.statement, name).unwrap_or(item.place);
    cx.find(unknown("table", name, place, &names.relations));
    None
}

pub(crate) fn unknown(word: &str, name: &str, place: Span, known: &BTreeSet<String>) -> Diagnostic {
    let finding =
        Diagnostic::new(&code::UNKNOWN_COMPONENT, format!("the plan has no {word} `{name}`"))
            .label(place, "named here");
    match did_you_mean(name, known.iter().map(String::as_str)) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help(format!("define the {word} under `components:`, or include its SQL")),
    }
}

/// `place` is looked for where the column is unknown.
fn check_column(
    cx: &mut Context<'_>,
    facts: &TableFacts,
    column: &str,
    place: impl FnOnce() -> Span,
) {
    if !is_known(cx, facts, column) {
        cx.findings.extend(unknown_column(cx, facts, column, place()));
    }
}

pub(crate) fn unknown_column(
    cx: &Context<'_>,
    facts: &TableFacts,
    column: &str,
    place: Span,
) -> Option<Diagnostic> {
    if is_known(cx, facts, column) {
        return None;
    }
    let message = format!("table `{}` has no column `{column}`", facts.name);
    let finding = Diagnostic::new(&code::UNKNOWN_COLUMN, message).label(place, "named here");
    let columns = facts.columns.iter().map(String::as_str);
    Some(match did_you_mean(column, columns) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help(format!("its columns are {}", facts.columns.join(", "))),
    })
}

fn is_known(cx: &Context<'_>, facts: &TableFacts, column: &str) -> bool {
    let system = ["ctid", "tableoid", "xmin", "rowid"];
    facts.has(column, cx.dialect) || system.iter().any(|name| name.eq_ignore_ascii_case(column))
}

fn check_constraint(
    cx: &mut Context<'_>,
    resolved: &Resolved,
    item: &Item,
    facts: Option<&TableFacts>,
) {
    let Some(piece) = &item.constraint else { return };
    let place = |name: &str| span_of_name(&item.statement, name).unwrap_or(item.place);
    // What a check is about is an expression; the engine reads those.
    if let Some(facts) = facts.filter(|_| piece.expression.is_none()) {
        for column in &piece.columns {
            check_column(cx, facts, column, || place(column));
        }
    }
    if let Some((table, columns)) = &piece.references {
        check_reference(cx, resolved, table, columns, &place);
    }
}

fn check_reference(
    cx: &mut Context<'_>,
    resolved: &Resolved,
    table: &sql::Name,
    columns: &[String],
    place: &dyn Fn(&str) -> Span,
) {
    // Another schema's table is the engine's to know.
    if table.schema.is_some() {
        return;
    }
    match resolved.tables.get(&cx.key(&table.name)) {
        Some(facts) => {
            for column in columns {
                check_column(cx, facts, column, || place(column));
            }
        }
        None => {
            let known = resolved.tables.values().map(|facts| facts.name.clone()).collect();
            cx.find(unknown("table", &table.name, place(&table.name), &known));
        }
    }
}

/// Foreign keys that stay in CREATE TABLE: on SQLite all of them.
fn check_own_references(cx: &mut Context<'_>, resolved: &Resolved, item: &Item) {
    let Some(definition) = &item.definition else { return };
    let own = definition.columns.iter().flat_map(|column| &column.pieces);
    let facts = resolved.tables.get(&cx.key(&item.key.name));
    let place = |name: &str| span_of_name(&item.statement, name).unwrap_or(item.place);
    for piece in own.chain(&definition.constraints) {
        if let Some((table, columns)) = &piece.references {
            check_reference(cx, resolved, table, columns, &place);
        }
        if let Some(facts) = facts.filter(|_| piece.expression.is_none()) {
            for column in &piece.columns {
                check_column(cx, facts, column, || place(column));
            }
        }
    }
}

fn check_objects(cx: &mut Context<'_>, names: &Names, resolved: &Resolved, item: &Item) {
    match &item.statement.class {
        Class::Grant { objects, privileges, .. } => {
            for object in objects {
                check_object(cx, names, item, object);
                let Some(facts) = resolved.tables.get(&cx.key(&object.name.name)) else { continue };
                for column in privileges.iter().flat_map(|privilege| &privilege.columns) {
                    let place = || span_of_name(&item.statement, column).unwrap_or(item.place);
                    check_column(cx, facts, column, place);
                }
            }
        }
        Class::Comment { object, .. } => {
            check_object(cx, names, item, object);
            let facts = resolved.tables.get(&cx.key(&object.name.name));
            if let (Some(facts), Some(column)) = (facts, &object.column) {
                let place = || span_of_name(&item.statement, column).unwrap_or(item.place);
                check_column(cx, facts, column, place);
            }
        }
        _ => {}
    }
}

fn check_object(cx: &mut Context<'_>, names: &Names, item: &Item, object: &sql::Object) {
    let (word, name) = (object.word.as_str(), &object.name.name);
    if object.name.schema.is_some() {
        return;
    }
    let (known, name) = match word {
        "table" | "column" | "view" | "materialized view" | "foreign table" => {
            (&names.relations, name)
        }
        "index" => (&names.indexes, name),
        "function" | "procedure" | "aggregate" | "routine" => (&names.functions, name),
        "type" | "domain" => (&names.types, name),
        // Identity and serial columns bring sequences that no statement names.
        "sequence" if made_by_column(cx, names, name) => return,
        "sequence" => (&names.sequences, name),
        "constraint" | "trigger" | "policy" | "rule" => match &object.table {
            Some(table) => (&names.relations, &table.name),
            None => return,
        },
        _ => return,
    };
    if !known.contains(&cx.key(name)) {
        let place = span_of_name(&item.statement, name).unwrap_or(item.place);
        let word = if word == "column" || object.table.is_some() { "table" } else { word };
        cx.find(unknown(word, name, place, known));
    }
}

fn made_by_column(cx: &Context<'_>, names: &Names, sequence: &str) -> bool {
    let sequence = cx.key(sequence);
    names.relations.iter().any(|table| {
        sequence.strip_prefix(table.as_str()).is_some_and(|rest| rest.starts_with('_'))
    })
}
