//! The schema: tables with their keys from the pragmas, what pragmas do not say from the `CREATE`
//! statements that SQLite keeps.

use std::collections::BTreeMap;

use proposal::evidence::{
    Check, Column, Database, Default, Element, ElementKey, ForeignKey, Generated, Index, Other,
    Table, Unique,
};
use rusqlite::{Connection, Result};
use sql::create_table::{Column as Parsed, Piece, PieceKind, TableDefinition};
use sql::{Cursor, Dialect, tokenize};

use crate::introspect::{ColumnRow, Entry, Text, columns, entries};

pub(super) fn read(conn: &Connection) -> Result<Database> {
    let all = entries(conn)?;
    let columns = columns(conn)?;
    let mut database = Database::default();
    for entry in &all {
        match entry.kind.as_str() {
            "table" => database.tables.push(table(conn, entry, &columns[&entry.name])?),
            "view" => database.others.push(other("view", entry)),
            "trigger" => database.others.push(other("trigger", entry)),
            "virtual" => database.others.push(other("virtual table", entry)),
            _ => {}
        }
    }
    for entry in all.iter().filter(|entry| entry.kind == "index") {
        let owner = |table: &&mut Table| table.name.eq_ignore_ascii_case(&entry.table);
        if let Some(table) = database.tables.iter_mut().find(owner) {
            let index = index(conn, entry)?;
            table.indexes.push(index);
        }
    }
    Ok(database)
}

fn other(kind: &'static str, entry: &Entry) -> Other {
    Other { kind, name: entry.name.clone(), sql: entry.sql.clone() }
}

fn table(conn: &Connection, entry: &Entry, rows: &[ColumnRow]) -> Result<Table> {
    let text = Text::of(&entry.sql);
    let definition = text.table();
    let pieces = Pieces { sql: &entry.sql, definition: definition.as_ref() };
    let columns: Result<Vec<_>> =
        rows.iter().map(|row| column(conn, entry, &pieces, row)).collect();
    let (primary_key, rowid) = primary_key(conn, entry, rows)?;
    Ok(Table {
        name: entry.name.clone(),
        sql: entry.sql.clone(),
        rows: 0,
        columns: columns?,
        primary_key,
        rowid,
        uniques: pieces.uniques(),
        foreign_keys: pieces.foreign_keys(),
        checks: pieces.checks(),
        indexes: Vec::new(),
    })
}

fn column(
    conn: &Connection,
    entry: &Entry,
    pieces: &Pieces<'_>,
    row: &ColumnRow,
) -> Result<Column> {
    let (_, collation, ..) =
        conn.column_metadata(Some("main"), entry.name.as_str(), row.name.as_str())?;
    let collation = collation.map(|name| name.to_string_lossy().to_ascii_lowercase());
    let generated = (row.hidden > 1)
        .then(|| Generated { expression: pieces.generated(&row.name), stored: row.hidden == 3 });
    Ok(Column {
        name: row.name.clone(),
        declared: row.data_type.clone(),
        not_null: row.not_null,
        default: row.default.as_ref().filter(|_| generated.is_none()).map(|sql| Default {
            sql: sql.clone(),
            value: None,
            fits: Vec::new(),
        }),
        generated,
        collation: collation.filter(|name| name != "binary"),
        values: proposal::evidence::Values::default(),
    })
}

/// The columns of the key, and the one among them that is the rowid ("ROWIDs and the INTEGER PRIMARY
/// KEY"): alone, of exactly the type INTEGER, in a table that has rowids.
fn primary_key(
    conn: &Connection,
    entry: &Entry,
    rows: &[ColumnRow],
) -> Result<(Vec<String>, Option<String>)> {
    let sql = "SELECT name FROM pragma_table_xinfo(?1) WHERE pk > 0 ORDER BY pk";
    let mut statement = conn.prepare(sql)?;
    let names = statement.query_map([&entry.name], |row| row.get::<_, String>(0))?;
    let names: Vec<String> = names.collect::<Result<_>>()?;
    let [only] = names.as_slice() else { return Ok((names, None)) };
    let integer =
        rows.iter().any(|row| row.name == *only && row.data_type.eq_ignore_ascii_case("integer"));
    // `INTEGER PRIMARY KEY DESC` is none either, and has an index of its own.
    let own_index = "SELECT EXISTS (SELECT 1 FROM pragma_index_list(?1) WHERE origin = 'pk')";
    let indexed: bool = conn.query_row(own_index, [&entry.name], |row| row.get(0))?;
    let rowid = (integer && !indexed && !entry.without_rowid()).then(|| only.clone());
    Ok((names, rowid))
}

/// What a `CREATE TABLE` says beyond the pragmas.
struct Pieces<'a> {
    sql: &'a str,
    definition: Option<&'a TableDefinition>,
}

impl Pieces<'_> {
    fn of(&self, kind: PieceKind) -> impl Iterator<Item = &Piece> {
        let definition = self.definition.into_iter();
        definition
            .flat_map(|d| d.columns.iter().flat_map(|column| &column.pieces).chain(&d.constraints))
            .filter(move |piece| piece.kind == kind)
    }

    fn written(&self, range: &std::ops::Range<usize>) -> String {
        self.sql.get(range.clone()).unwrap_or_default().to_owned()
    }

    fn generated(&self, column: &str) -> String {
        let named = |parsed: &&Parsed| parsed.name.eq_ignore_ascii_case(column);
        let parsed = self.definition.and_then(|d| d.columns.iter().find(named));
        let piece = parsed.and_then(|parsed| parsed.piece(PieceKind::Generated));
        let range = piece.and_then(|piece| piece.expression.as_ref());
        range.map_or_else(String::new, |range| self.written(range))
    }

    fn uniques(&self) -> Vec<Unique> {
        let unique =
            |piece: &Piece| Unique { name: piece.name.clone(), columns: piece.columns.clone() };
        let mut all: Vec<Unique> = Vec::new();
        for found in self.of(PieceKind::Unique).map(unique) {
            if !all.iter().any(|known| known.columns == found.columns) {
                all.push(found);
            }
        }
        all
    }

    fn checks(&self) -> Vec<Check> {
        let check = |piece: &Piece| {
            let expression = self.written(piece.expression.as_ref()?);
            Some(Check { name: piece.name.clone(), expression })
        };
        self.of(PieceKind::Check).filter_map(check).collect()
    }

    fn foreign_keys(&self) -> Vec<ForeignKey> {
        self.of(PieceKind::ForeignKey).filter_map(|piece| self.foreign_key(piece)).collect()
    }

    fn foreign_key(&self, piece: &Piece) -> Option<ForeignKey> {
        let (table, referenced) = piece.references.clone()?;
        let attributes = self.written(&piece.attributes).to_ascii_lowercase();
        let attributes: Vec<&str> = attributes.split_whitespace().collect();
        let attributes = attributes.join(" ");
        let action = |event: &str| {
            let after = attributes.split_once(&format!("on {event} "))?.1;
            let actions = ["cascade", "restrict", "set null", "set default"];
            actions.into_iter().find(|action| after.starts_with(action)).map(str::to_owned)
        };
        Some(ForeignKey {
            name: piece.name.clone(),
            columns: piece.columns.clone(),
            table: table.name,
            referenced,
            on_delete: action("delete"),
            on_update: action("update"),
            deferrable: attributes.contains("deferrable initially deferred")
                && !attributes.contains("not deferrable"),
            orphans: 0,
        })
    }
}

fn index(conn: &Connection, entry: &Entry) -> Result<Index> {
    let text = Text::of(&entry.sql);
    let written = elements(&entry.sql);
    let sql =
        "SELECT name, \"desc\", coll FROM pragma_index_xinfo(?1) WHERE key = 1 ORDER BY seqno";
    let mut statement = conn.prepare(sql)?;
    let rows = statement.query_map([&entry.name], |row| {
        Ok((row.get::<_, Option<String>>(0)?, row.get(1)?, row.get::<_, String>(2)?))
    })?;
    let rows: Vec<_> = rows.collect::<Result<_>>()?;
    let elements = rows.into_iter().enumerate().map(|(at, (name, descending, collation))| {
        let expression = || written.get(at).cloned().unwrap_or_default();
        let key = name.map_or_else(|| ElementKey::Expression(expression()), ElementKey::Column);
        let collation = collation.to_ascii_lowercase();
        Element { key, descending, collation: (collation != "binary").then_some(collation) }
    });
    Ok(Index {
        name: entry.name.clone(),
        sql: entry.sql.clone(),
        unique: text.is_unique(),
        elements: elements.collect(),
        predicate: predicate(&entry.sql),
    })
}

/// The elements of an index as they are written.
fn elements(sql: &str) -> Vec<String> {
    let tokens = tokenize(sql, Dialect::Sqlite);
    let mut cursor = Cursor::new(sql, &tokens, Dialect::Sqlite);
    cursor.find_any(&["on"]);
    cursor.eat("on");
    cursor.name();
    let parts = cursor.parens().map(|list| list.comma_parts()).unwrap_or_default();
    parts.iter().map(rest).collect()
}

fn predicate(sql: &str) -> Option<String> {
    let tokens = tokenize(sql, Dialect::Sqlite);
    let mut cursor = Cursor::new(sql, &tokens, Dialect::Sqlite);
    let found = cursor.find_any(&["where"]) && cursor.eat("where");
    found.then(|| rest(&cursor))
}

/// What stands from here to the end, as written.
fn rest(cursor: &Cursor<'_>) -> String {
    cursor.text().get(cursor.rest_range()).unwrap_or_default().to_owned()
}

/// Rows that refer to none, by table and foreign key. SQLite numbers the keys of a table from the
/// last one written.
pub(super) fn count_orphans(conn: &Connection, database: &mut Database) -> Result<()> {
    for table in database.tables.iter_mut().filter(|table| !table.foreign_keys.is_empty()) {
        let keys = table.foreign_keys.len();
        let mut found: BTreeMap<usize, u64> = BTreeMap::new();
        let sql = "SELECT fkid, count(*) FROM pragma_foreign_key_check(?1) GROUP BY fkid";
        let mut statement = conn.prepare(sql)?;
        // A key that refers to no table or no unique columns is no error of the data.
        let Ok(mut rows) = statement.query([&table.name]) else { continue };
        while let Ok(Some(row)) = rows.next() {
            found.insert(usize::from(row.get::<_, u16>(0)?), u64::from(row.get::<_, u32>(1)?));
        }
        for (id, orphans) in found {
            if let Some(key) =
                keys.checked_sub(id + 1).and_then(|at| table.foreign_keys.get_mut(at))
            {
                key.orphans = orphans;
            }
        }
    }
    Ok(())
}
