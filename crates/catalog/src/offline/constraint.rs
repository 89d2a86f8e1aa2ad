//! Constraints in the words of `pg_get_constraintdef`.

use sql::create_table::{Piece, PieceKind};
use sql::{ConstraintKind, Dialect, Name, Statement, normal_text, quote_ident};

use super::builder::Builder;
use crate::properties as p;
use crate::{Catalog, Kind, Object, ObjectKey, names};

/// Adds a constraint to a table (or `NOT NULL` to its column).
pub(super) fn add(builder: &mut Builder, statement: &Statement, table: &Name, piece: &Piece) {
    let Some(kind) = kind(piece.kind) else { return };
    let taken = using_index(builder, statement, table, piece);
    let piece = taken.as_ref().unwrap_or(piece);
    if kind == ConstraintKind::NotNull {
        for column in &piece.columns {
            let key = builder.key_on(Kind::Column, table, column);
            builder.set(&key, p::NOT_NULL, Some(p::YES.to_owned()));
        }
        return;
    }
    let mut object = object(builder, statement, kind, piece);
    let columns: Vec<_> = piece.columns.iter().map(String::as_str).collect();
    let chosen = generated(builder, table, kind, &columns, statement, piece);
    let name = piece.name.clone().unwrap_or_else(|| chosen.clone());
    let label_columns = if kind == ConstraintKind::PrimaryKey { &[][..] } else { &columns[..] };
    object.generated_name =
        name == chosen || names::is_generated(&name, &table.name, label_columns, label(kind));
    if kind == ConstraintKind::PrimaryKey && builder.dialect == Dialect::Postgres {
        for column in &columns {
            let key = builder.key_on(Kind::Column, table, column);
            builder.set(&key, p::NOT_NULL, Some(p::YES.to_owned()));
        }
    }
    let key = builder.key_on(Kind::Constraint, table, &name);
    builder.catalog.insert(key, object);
}

/// `PRIMARY KEY USING INDEX i` makes the index the constraint's own, with its columns.
fn using_index(
    builder: &mut Builder,
    statement: &Statement,
    table: &Name,
    piece: &Piece,
) -> Option<Piece> {
    let mut cursor = statement.cursor_in(piece.attributes.clone());
    if cursor.is_phrase("using index tablespace") || !cursor.eat("using index") {
        return None;
    }
    let index = cursor.ident()?;
    let object = builder.catalog.objects.remove(&builder.key_on(Kind::Index, table, &index))?;
    let (_, elements) = object.get(p::DEFINITION)?.split_once('(')?;
    let (elements, _) = elements.split_once(')')?;
    let end = piece.attributes.end;
    let rest = cursor.rest_range();
    Some(Piece {
        name: Some(piece.name.clone().unwrap_or(index)),
        columns: p::names_of(elements),
        attributes: if rest.is_empty() { end..end } else { rest },
        ..piece.clone()
    })
}

fn kind(kind: PieceKind) -> Option<ConstraintKind> {
    Some(match kind {
        PieceKind::PrimaryKey => ConstraintKind::PrimaryKey,
        PieceKind::Unique => ConstraintKind::Unique,
        PieceKind::ForeignKey => ConstraintKind::ForeignKey,
        PieceKind::Check => ConstraintKind::Check,
        PieceKind::Exclude => ConstraintKind::Exclude,
        PieceKind::NotNull => ConstraintKind::NotNull,
        PieceKind::Null
        | PieceKind::Default
        | PieceKind::Identity
        | PieceKind::Generated
        | PieceKind::Collate
        | PieceKind::Other => return None,
    })
}

fn label(kind: ConstraintKind) -> &'static str {
    match kind {
        ConstraintKind::PrimaryKey => "pkey",
        ConstraintKind::Unique => "key",
        ConstraintKind::ForeignKey => "fkey",
        ConstraintKind::Check => "check",
        ConstraintKind::Exclude => "excl",
        ConstraintKind::NotNull => "not_null",
    }
}

/// The name PostgreSQL would choose. That of a check has the column it is about, if it is one.
fn generated(
    builder: &Builder,
    table: &Name,
    kind: ConstraintKind,
    columns: &[&str],
    statement: &Statement,
    piece: &Piece,
) -> String {
    let schema = builder.schema(table);
    let relation = |name: &str| {
        [Kind::Constraint, Kind::Index].iter().any(|kind| {
            builder.has(&ObjectKey::new(*kind, name).in_schema(schema.clone()).on(&*table.name))
        })
    };
    let one;
    let columns = match kind {
        ConstraintKind::PrimaryKey => &[][..],
        ConstraintKind::Check => {
            one = only_column(builder, table, statement, piece);
            one.as_slice()
        }
        _ => columns,
    };
    let columns: Vec<_> = columns.iter().map(AsRef::<str>::as_ref).collect();
    names::choose(&table.name, &columns, label(kind), relation)
}

/// The column that a check names, where it names just one of the table's.
fn only_column<'a>(
    builder: &Builder,
    table: &Name,
    statement: &'a Statement,
    piece: &Piece,
) -> Vec<&'a str> {
    let Some(expression) = piece.expression.clone() else { return Vec::new() };
    let cursor = statement.cursor_in(expression);
    let mut found: Vec<&str> = Vec::new();
    let mut cursor = cursor;
    while !cursor.at_end() {
        let written = cursor.written();
        let name = cursor.ident();
        cursor.at += usize::from(name.is_none());
        let column = name.filter(|name| builder.has(&builder.key_on(Kind::Column, table, name)));
        if column.is_some() && !found.contains(&written) {
            found.push(written);
        }
    }
    if found.len() == 1 { vec![found[0].trim_matches('"')] } else { Vec::new() }
}

fn object(builder: &Builder, statement: &Statement, kind: ConstraintKind, piece: &Piece) -> Object {
    let attributes = Attributes::of(statement, piece);
    let definition = definition(builder, statement, kind, piece, &attributes);
    let mut object = Object::default().with(p::TYPE, kind.word()).with(p::DEFINITION, definition);
    if !piece.columns.is_empty() && kind != ConstraintKind::Check {
        object = object.with(p::COLUMNS, p::list(piece.columns.iter().map(String::as_str)));
    }
    if let Some((table, _)) = &piece.references {
        object = object.with(p::REFERENCES, builder.written(table));
    }
    if attributes.not_valid {
        object = object.with(p::VALIDATED, p::NO);
    }
    match (attributes.deferrable, attributes.deferred) {
        (_, true) => object.with(p::DEFERRABLE, "deferrable initially deferred"),
        (true, false) => object.with(p::DEFERRABLE, "deferrable"),
        (false, false) => object,
    }
}

fn definition(
    builder: &Builder,
    statement: &Statement,
    kind: ConstraintKind,
    piece: &Piece,
    attributes: &Attributes,
) -> String {
    let list = |names: &[String]| {
        let names: Vec<_> = names.iter().map(|name| quote_ident(name, builder.dialect)).collect();
        names.join(", ")
    };
    let bytes = |range: std::ops::Range<usize>| &statement.text.text[range];
    let head = match kind {
        ConstraintKind::PrimaryKey => format!("PRIMARY KEY ({})", list(&piece.columns)),
        ConstraintKind::Unique => {
            let text = bytes(piece.body.start..piece.attributes.start).to_ascii_lowercase();
            let nulls = if text.contains("distinct") && text.contains("not") {
                " NULLS NOT DISTINCT"
            } else {
                ""
            };
            format!("UNIQUE{nulls} ({})", list(&piece.columns))
        }
        ConstraintKind::ForeignKey => {
            let (table, columns) = piece.references.clone().unwrap_or_default();
            let columns =
                if columns.is_empty() { String::new() } else { format!("({})", list(&columns)) };
            let table = builder.written(&table);
            format!("FOREIGN KEY ({}) REFERENCES {table}{columns}", list(&piece.columns))
        }
        ConstraintKind::Check => {
            let expression = piece.expression.clone().map_or("", bytes);
            format!("CHECK ({})", builder.expression(expression))
        }
        ConstraintKind::Exclude | ConstraintKind::NotNull => {
            normal_text(bytes(piece.body.start..piece.attributes.start), builder.dialect)
        }
    };
    format!("{head}{}", attributes.text)
}

/// What follows a constraint, in PostgreSQL's order and without what is the default.
struct Attributes {
    text: String,
    deferrable: bool,
    deferred: bool,
    not_valid: bool,
}

impl Attributes {
    fn of(statement: &Statement, piece: &Piece) -> Self {
        let mut cursor = statement.cursor_in(piece.attributes.clone());
        let (mut first, mut update, mut delete, mut rest) =
            (String::new(), String::new(), String::new(), String::new());
        let (mut deferrable, mut deferred, mut not_valid, mut no_inherit) =
            (false, false, false, false);
        while !cursor.at_end() {
            if cursor.eat("not deferrable") || cursor.eat("initially immediate") {
            } else if cursor.eat("deferrable") {
                deferrable = true;
            } else if cursor.eat("initially deferred") {
                (deferrable, deferred) = (true, true);
            } else if cursor.eat("not valid") {
                not_valid = true;
            } else if cursor.eat("no inherit") {
                no_inherit = true;
            } else if cursor.eat("on update") {
                update = action(&mut cursor, "UPDATE");
            } else if cursor.eat("on delete") {
                delete = action(&mut cursor, "DELETE");
            } else if cursor.eat("match simple") {
            } else if cursor.eat("match full") {
                first = " MATCH FULL".to_owned();
            } else {
                let from = cursor.at;
                cursor.step();
                rest.push(' ');
                rest.push_str(&sql::types::normal_text(cursor.sub(from..cursor.at)));
            }
        }
        let on = |on: bool, text: &'static str| if on { text } else { "" };
        let text = [
            &first,
            &update,
            &delete,
            &rest,
            on(no_inherit, " NO INHERIT"),
            on(deferrable, " DEFERRABLE"),
            on(deferred, " INITIALLY DEFERRED"),
            on(not_valid, " NOT VALID"),
        ]
        .concat();
        Self { text, deferrable, deferred, not_valid }
    }
}

fn action(cursor: &mut sql::Cursor<'_>, event: &str) -> String {
    let actions = ["set null", "set default", "no action", "cascade", "restrict"];
    let action = cursor.eat_any(&actions).unwrap_or("no action");
    let columns = cursor.parens().map(sql::types::normal_text);
    if action == "no action" {
        return String::new();
    }
    let columns = columns.map_or_else(String::new, |columns| format!(" ({columns})"));
    format!(" ON {event} {}{columns}", action.to_ascii_uppercase())
}

/// PostgreSQL names the key columns that `REFERENCES t` leaves out, once all keys are known.
pub(super) fn name_referenced_keys(catalog: &mut Catalog) {
    let mut keys = std::collections::BTreeMap::new();
    for (key, object) in &catalog.objects {
        let primary = key.kind == Kind::Constraint && object.get(p::TYPE) == Some("primary key");
        if let Some(columns) = object.get(p::COLUMNS).filter(|_| primary) {
            let dot = if key.schema.is_empty() { "" } else { "." };
            let table = quote_ident(&key.parent, Dialect::Postgres);
            keys.insert(format!("{}{dot}{table}", key.schema), columns.to_owned());
        }
    }
    for object in catalog.objects.values_mut() {
        let Some(table) = object.get(p::REFERENCES).map(str::to_owned) else { continue };
        let (Some(columns), Some(definition)) = (keys.get(&table), object.get(p::DEFINITION))
        else {
            continue;
        };
        let marker = format!(" REFERENCES {table}");
        if let Some(at) = definition.find(&marker).map(|at| at + marker.len())
            && !definition[at..].starts_with('(')
        {
            let named = format!("{}({columns}){}", &definition[..at], &definition[at..]);
            object.properties.insert(p::DEFINITION.to_owned(), named);
        }
    }
}
