//! Tables with their columns and constraints.

use catalog::properties as p;
use catalog::{Catalog, Kind, Object, ObjectKey, names};
use rusqlite::{Connection, Result};
use sql::create_table::{Column, Piece, PieceKind, TableDefinition};

use super::statement::{Text, normal_text};
use super::{ColumnRow, Columns, Entry};

pub(super) fn add(
    conn: &Connection,
    entry: &Entry,
    text: &Text,
    columns: &Columns,
    catalog: &mut Catalog,
) -> Result<()> {
    let columns = columns.get(&entry.name).map_or(&[][..], Vec::as_slice);
    let definition = text.table();
    catalog.insert(ObjectKey::new(Kind::Table, &entry.name), table(entry, columns));
    for row in columns {
        let parsed = definition.as_ref().and_then(|d| column_named(d, &row.name));
        let object = column(conn, entry, text, row, parsed)?;
        catalog.insert(ObjectKey::new(Kind::Column, &row.name).on(&entry.name), object);
    }
    if let Some(definition) = &definition {
        let mut constraints = Constraints { table: &entry.name, text, catalog };
        constraints.add_all(definition, |kind| kind != PieceKind::ForeignKey);
    }
    Ok(())
}

/// Once all tables with their primary keys are in the catalog.
pub(super) fn add_foreign_keys(entry: &Entry, text: &Text, catalog: &mut Catalog) {
    if let Some(definition) = text.table() {
        let mut constraints = Constraints { table: &entry.name, text, catalog };
        constraints.add_all(&definition, |kind| kind == PieceKind::ForeignKey);
    }
}

fn table(entry: &Entry, columns: &[ColumnRow]) -> Object {
    let names = columns.iter().map(|column| column.name.as_str());
    let object = Object::default().with(p::COLUMNS, p::list(names));
    let set = entry.options();
    if set.is_empty() { object } else { object.with(p::OPTIONS, set.join(", ")) }
}

fn column_named<'a>(definition: &'a TableDefinition, name: &str) -> Option<&'a Column> {
    definition.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
}

fn column(
    conn: &Connection,
    entry: &Entry,
    text: &Text,
    row: &ColumnRow,
    parsed: Option<&Column>,
) -> Result<Object> {
    let piece = |kind| parsed.and_then(|column| column.piece(kind));
    let generated = (row.hidden > 1).then(|| {
        let range = piece(PieceKind::Generated).and_then(|piece| piece.expression.as_ref());
        range.map_or_else(String::new, |range| text.range(range))
    });
    let kind = generated.is_some().then_some(if row.hidden == 3 { "stored" } else { "virtual" });
    // `NOT NULL ON CONFLICT REPLACE`
    let conflict = piece(PieceKind::NotNull).map(|piece| text.range(&piece.attributes));
    let conflict = conflict.filter(|text| !text.is_empty());
    let facts = [
        (p::DATA_TYPE, (!row.data_type.is_empty()).then(|| normal_text(&row.data_type))),
        (p::NOT_NULL, row.not_null.then(|| p::YES.to_owned())),
        (p::DEFAULT, row.default.as_deref().map(normal_text)),
        (p::GENERATED, generated),
        (p::GENERATED_KIND, kind.map(str::to_owned)),
        (p::COLLATION, collation(conn, entry, row)?),
        (p::OPTIONS, conflict.map(|text| format!("not null {text}"))),
    ];
    let known = facts.into_iter().filter_map(|(property, value)| Some((property, value?)));
    Ok(known.fold(Object::default(), |object, (property, value)| object.with(property, value)))
}

/// As SQLite says it, where it is not `BINARY`.
fn collation(conn: &Connection, entry: &Entry, row: &ColumnRow) -> Result<Option<String>> {
    let (_, collation, ..) =
        conn.column_metadata(Some("main"), entry.name.as_str(), row.name.as_str())?;
    let name = collation.map(|name| name.to_string_lossy().to_ascii_lowercase());
    Ok(name.filter(|name| name != "binary"))
}

struct Constraints<'a> {
    table: &'a str,
    text: &'a Text,
    catalog: &'a mut Catalog,
}

impl Constraints<'_> {
    fn add_all(&mut self, definition: &TableDefinition, wanted: impl Fn(PieceKind) -> bool) {
        let of_columns = definition.columns.iter().flat_map(|column| &column.pieces);
        for piece in of_columns.filter(|piece| wanted(piece.kind)) {
            self.add(piece, true);
        }
        for piece in definition.constraints.iter().filter(|piece| wanted(piece.kind)) {
            self.add(piece, false);
        }
    }

    fn add(&mut self, piece: &Piece, of_column: bool) {
        let (kind, label) = match piece.kind {
            PieceKind::PrimaryKey => ("primary key", "pkey"),
            PieceKind::Unique => ("unique", "key"),
            PieceKind::ForeignKey => ("foreign key", "fkey"),
            PieceKind::Check => ("check", "check"),
            _ => return,
        };
        let mut object = Object::default()
            .with(p::TYPE, kind)
            .with(p::DEFINITION, self.definition(piece, kind, of_column));
        // A check of a column is about that column only as far as its expression says so.
        if piece.kind != PieceKind::Check && !piece.columns.is_empty() {
            object = object.with(p::COLUMNS, p::list(piece.columns.iter().map(String::as_str)));
        }
        if let Some((referenced, _)) = &piece.references {
            object = object.with(p::REFERENCES, self.stored_name(&referenced.name));
        }
        let columns: Vec<_> = match piece.kind {
            PieceKind::PrimaryKey => Vec::new(),
            _ => piece.columns.iter().map(String::as_str).collect(),
        };
        let name = match &piece.name {
            Some(name) => name.clone(),
            None => names::choose(self.table, &columns, label, |name| self.taken(name)),
        };
        object.generated_name =
            piece.name.is_none() || names::is_generated(&name, self.table, &columns, label);
        self.catalog.insert(ObjectKey::new(Kind::Constraint, name).on(self.table), object);
    }

    fn taken(&self, name: &str) -> bool {
        self.catalog.get(&ObjectKey::new(Kind::Constraint, name).on(self.table)).is_some()
    }

    /// In the form of a table constraint, however it was written.
    fn definition(&self, piece: &Piece, kind: &str, of_column: bool) -> String {
        let columns = || {
            let names = piece.columns.iter().map(|name| name.to_ascii_lowercase());
            let names: Vec<_> = names.collect();
            p::list(names.iter().map(String::as_str))
        };
        let body = match piece.kind {
            PieceKind::ForeignKey => self.foreign_key(piece, &columns()),
            PieceKind::Check => self.text.range(&piece.body),
            _ if of_column => {
                let rest = self.text.range(&piece.body);
                format!("{kind} ({}){}", columns(), rest.strip_prefix(kind).unwrap_or(&rest))
            }
            _ => self.text.range(&piece.body),
        };
        body.trim_end().to_owned()
    }

    /// `references p` means the primary key of `p`; SQLite's default actions are left out.
    fn foreign_key(&self, piece: &Piece, columns: &str) -> String {
        let (table, named) = match &piece.references {
            Some((name, columns)) => (name.name.to_ascii_lowercase(), columns.clone()),
            None => (String::new(), Vec::new()),
        };
        let referenced = if named.is_empty() { self.primary_key(&table) } else { named };
        let referenced: Vec<_> = referenced.iter().map(|name| name.to_ascii_lowercase()).collect();
        let list = match referenced.is_empty() {
            true => String::new(),
            false => format!(" ({})", p::list(referenced.iter().map(String::as_str))),
        };
        let attributes = self.text.range(&piece.attributes);
        let table = p::list([table.as_str()]);
        format!("foreign key ({columns}) references {table}{list} {}", plain(&attributes))
    }

    /// The table as it is called where it was created.
    fn stored_name(&self, table: &str) -> String {
        let mut tables = self.catalog.of_kind(Kind::Table).map(|(key, _)| &key.name);
        tables.find(|name| name.eq_ignore_ascii_case(table)).map_or(table, |name| name).to_owned()
    }

    fn primary_key(&self, table: &str) -> Vec<String> {
        let is_key = |(key, object): &(&ObjectKey, &Object)| {
            key.parent.eq_ignore_ascii_case(table) && object.get(p::TYPE) == Some("primary key")
        };
        let found = self.catalog.of_kind(Kind::Constraint).find(is_key);
        let columns = found.and_then(|(_, object)| object.get(p::COLUMNS));
        columns.map(p::names_of).unwrap_or_default()
    }
}

/// Without what is the default anyway.
fn plain(attributes: &str) -> String {
    ["on delete no action", "on update no action", "match simple", "not deferrable"]
        .iter()
        .fold(attributes.to_owned(), |text, default| text.replace(default, ""))
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
