//! CREATE TABLE taken apart on tokens, so that it works for every table an engine accepts.

mod constraints;
mod lift;

use std::ops::Range;

use diagnostics::{SourceText, Span};

use crate::cursor::Cursor;
use crate::{Class, Dialect, Name, Statement, TokenKind, types};

pub use lift::{Lifted, LiftedConstraint, lift};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDefinition {
    pub form: Form,
    /// In the order written. Of a partition or typed table: only those it says something about.
    pub columns: Vec<Column>,
    /// Constraints that stand on their own.
    pub constraints: Vec<Piece>,
    /// Tables of `LIKE`, each with the bytes of its element.
    pub likes: Vec<(Name, Range<usize>)>,
    /// What comes after the closing parenthesis: `PARTITION BY …`, `WITH (…)`, `STRICT`, and the
    /// bound of a partition. Of `AS query` all of it.
    pub options: Option<SourceText>,
    /// The bytes between the parentheses; `None` where the statement has no list.
    pub body: Option<Range<usize>>,
    /// The bytes of each element of the list, in order.
    pub(crate) elements: Vec<Range<usize>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// `CREATE TABLE t (…)`
    Columns,
    PartitionOf {
        parent: Name,
    },
    OfType {
        name: Name,
    },
    /// `CREATE TABLE t AS query`: the columns are the query's.
    AsQuery,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// As the engine stores it.
    pub name: String,
    pub name_span: Span,
    /// What follows the name: `text NOT NULL DEFAULT ''`. `None` where nothing does.
    pub definition: Option<SourceText>,
    /// The type as written, without `COLLATE`; SQLite permits none.
    pub data_type: Option<SourceText>,
    pub pieces: Vec<Piece>,
    /// The bytes of the whole element.
    pub range: Range<usize>,
}

impl Column {
    pub fn piece(&self, kind: PieceKind) -> Option<&Piece> {
        self.pieces.iter().find(|piece| piece.kind == kind)
    }

    /// The type in PostgreSQL's canonical form.
    pub fn canonical_type(&self) -> Option<String> {
        self.data_type.as_ref().map(|text| types::canonical_type(&text.text))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PieceKind {
    PrimaryKey,
    Unique,
    /// `REFERENCES` on a column or `FOREIGN KEY` of the table.
    ForeignKey,
    Check,
    Exclude,
    NotNull,
    Null,
    Default,
    /// `GENERATED … AS IDENTITY`
    Identity,
    /// `GENERATED ALWAYS AS (…)`, SQLite also `AS (…)`
    Generated,
    Collate,
    /// `STORAGE x`, `COMPRESSION x`, `OPTIONS (…)`, or anything not known.
    Other,
}

/// A constraint or property of a column, or a constraint of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub kind: PieceKind,
    /// Of `CONSTRAINT name`.
    pub name: Option<String>,
    /// All its bytes, `CONSTRAINT name` included.
    pub range: Range<usize>,
    /// The bytes after `CONSTRAINT name`.
    pub body: Range<usize>,
    /// The columns it is about; of a column's own constraint that column.
    pub columns: Vec<String>,
    /// Of a foreign key: the table and the columns named there.
    pub references: Option<(Name, Vec<String>)>,
    /// Bytes of the expression of `CHECK`, `DEFAULT`, `GENERATED`: without the outer parentheses
    /// of `CHECK (…)` and `AS (…)`. Of `COLLATE` the name.
    pub expression: Option<Range<usize>>,
    /// Bytes after what it says first: `ON DELETE …`, `DEFERRABLE`, `NOT VALID`, `NO INHERIT`,
    /// `STORED`, an identity's options. Empty range where there is nothing.
    pub attributes: Range<usize>,
}

/// `None` only for a statement that is no CREATE TABLE.
pub fn parse(statement: &Statement) -> Option<TableDefinition> {
    let Class::CreateTable { .. } = statement.class else { return None };
    let mut cursor = statement.cursor();
    cursor.find_any(&["table"]);
    cursor.eat("table");
    cursor.eat("if not exists");
    cursor.name()?;
    let form = form(&mut cursor);
    let list = if form == Form::AsQuery { None } else { cursor.parens() };
    let form = if list.is_some() && is_query(cursor) { Form::AsQuery } else { form };
    let rest = cursor.rest_range();
    let options = (!rest.is_empty()).then(|| statement.text.slice(rest));
    let mut table = TableDefinition {
        form,
        columns: Vec::new(),
        constraints: Vec::new(),
        likes: Vec::new(),
        options,
        body: None,
        elements: Vec::new(),
    };
    if let Some(list) = list {
        elements(statement, &mut table, list, cursor);
    }
    Some(table)
}

/// The constraint of `ADD [CONSTRAINT name] …`, from the range of that action.
pub fn added_constraint(statement: &Statement, action: Range<usize>) -> Option<Piece> {
    let mut cursor = statement.cursor_in(action);
    cursor.eat("add");
    constraints::starts_table_constraint(cursor).then(|| constraints::of_table(&mut cursor))
}

/// The column of `ADD [COLUMN] …`, from the range of that action.
pub fn added_column(statement: &Statement, action: Range<usize>) -> Option<Column> {
    let mut cursor = statement.cursor_in(action);
    cursor.eat("add");
    cursor.eat("column");
    cursor.eat("if not exists");
    column(statement, cursor.sub(cursor.at..cursor.tokens.len()))
}

/// Constraints and properties that follow a type, as in CREATE DOMAIN.
pub fn pieces_of(cursor: Cursor<'_>, subject: &str) -> Vec<Piece> {
    let mut cursor = cursor;
    constraints::of_column(&mut cursor, subject)
}

/// Whether a constraint or property begins here, where a type ends.
pub fn starts_piece(cursor: Cursor<'_>) -> bool {
    constraints::starts_piece(cursor)
}

fn form(cursor: &mut Cursor<'_>) -> Form {
    if cursor.eat("partition of") {
        return cursor.name().map_or(Form::Columns, |parent| Form::PartitionOf { parent });
    }
    if cursor.eat("of") {
        return cursor.name().map_or(Form::Columns, |name| Form::OfType { name });
    }
    let list = cursor.kind() == Some(TokenKind::LParen);
    if !list && is_query(*cursor) { Form::AsQuery } else { Form::Columns }
}

/// `AS SELECT`, perhaps after `USING method`, `WITH (…)`, `ON COMMIT …`, `TABLESPACE …`.
fn is_query(mut cursor: Cursor<'_>) -> bool {
    cursor.find_any(&["as"])
}

fn elements(
    statement: &Statement,
    table: &mut TableDefinition,
    list: Cursor<'_>,
    after: Cursor<'_>,
) {
    // From after the opening to before the closing parenthesis.
    let close = after.at.checked_sub(1).map_or(0, |at| after.tokens[at].range.start);
    let open = match list.tokens.first() {
        Some(first) => statement.text.text[..first.range.start].rfind('(').map_or(0, |at| at + 1),
        None => close,
    };
    table.body = Some(open..close.max(open));
    for part in list.comma_parts().into_iter().filter(|part| !part.at_end()) {
        table.elements.push(part.rest_range());
        element(statement, table, part);
    }
}

fn element(statement: &Statement, table: &mut TableDefinition, part: Cursor<'_>) {
    let mut cursor = part;
    let like = part.dialect == Dialect::Postgres && part.is("like");
    if like {
        cursor.eat("like");
        let range = part.rest_range();
        table.likes.extend(cursor.name().map(|name| (name, range)));
    } else if constraints::starts_table_constraint(part) {
        // SQLite lets the comma between table constraints be left out.
        while constraints::starts_table_constraint(cursor) {
            table.constraints.push(constraints::of_table(&mut cursor));
        }
    } else {
        table.columns.extend(column(statement, part));
    }
}

fn column(statement: &Statement, part: Cursor<'_>) -> Option<Column> {
    let mut cursor = part;
    let name_range = cursor.token()?.range.clone();
    let name = cursor.ident()?;
    let definition = cursor.rest_range();
    cursor.eat("with options");
    let from = cursor.at;
    while !cursor.at_end() && !constraints::starts_piece(cursor) {
        cursor.step();
    }
    let type_range = cursor.sub(from..cursor.at).rest_range();
    let text = |range: Range<usize>| (!range.is_empty()).then(|| statement.text.slice(range));
    Some(Column {
        pieces: constraints::of_column(&mut cursor, &name),
        name,
        name_span: statement.text.span_of(name_range),
        definition: text(definition),
        data_type: text(type_range),
        range: part.rest_range(),
    })
}
