//! Constraints and properties of columns, constraints of tables.

use std::ops::Range;

use super::{Piece, PieceKind};
use crate::cursor::{Cursor, range_of};
use crate::{Dialect, Name, TokenKind};

/// Words that begin a constraint or property after the type of a column.
const STARTS: [&str; 14] = [
    "constraint",
    "primary",
    "unique",
    "references",
    "check",
    "not",
    "null",
    "default",
    "generated",
    "collate",
    "storage",
    "compression",
    "options",
    "as",
];

pub(super) fn starts_piece(cursor: Cursor<'_>) -> bool {
    match cursor.written().to_ascii_lowercase().as_str() {
        // SQLite's types are any words; these three begin nothing there.
        "storage" | "compression" | "options" => cursor.dialect == Dialect::Postgres,
        _ => cursor.is_any(&STARTS),
    }
}

pub(super) fn starts_table_constraint(mut cursor: Cursor<'_>) -> bool {
    if cursor.eat("constraint") && cursor.ident().is_none() {
        return false;
    }
    let exclude = cursor.is("exclude")
        && (cursor.is_at(1, "using") || cursor.kind_at(1) == Some(TokenKind::LParen));
    let list = |words| {
        let mut after = cursor;
        after.eat(words)
    };
    exclude || ["primary key", "foreign key", "unique", "check", "not null"].into_iter().any(list)
}

/// What is being collected of a piece.
struct Draft {
    kind: PieceKind,
    columns: Vec<String>,
    references: Option<(Name, Vec<String>)>,
    expression: Option<Range<usize>>,
    /// Token at which the attributes begin.
    attributes: usize,
}

pub(super) fn of_table(cursor: &mut Cursor<'_>) -> Piece {
    let start = cursor.at;
    let name = constraint_name(cursor);
    let body = cursor.at;
    let mut draft = table_head(cursor);
    draft.attributes = cursor.at;
    while !cursor.at_end() && !starts_table_constraint(*cursor) {
        cursor.step();
    }
    finish(cursor, draft, name, start, body)
}

fn constraint_name(cursor: &mut Cursor<'_>) -> Option<String> {
    if cursor.eat("constraint") { cursor.ident() } else { None }
}

fn draft(kind: PieceKind) -> Draft {
    Draft { kind, columns: Vec::new(), references: None, expression: None, attributes: 0 }
}

fn table_head(cursor: &mut Cursor<'_>) -> Draft {
    if cursor.eat("primary key") {
        with_columns(cursor, PieceKind::PrimaryKey)
    } else if cursor.eat("unique") {
        cursor.eat_any(&["nulls not distinct", "nulls distinct"]);
        with_columns(cursor, PieceKind::Unique)
    } else if cursor.eat("foreign key") {
        let columns = columns(cursor);
        cursor.eat("references");
        Draft { columns, references: references(cursor), ..draft(PieceKind::ForeignKey) }
    } else if cursor.eat("check") {
        Draft { expression: parenthesis(cursor), ..draft(PieceKind::Check) }
    } else if cursor.eat("not null") {
        let columns = cursor.ident().into_iter().collect();
        Draft { columns, ..draft(PieceKind::NotNull) }
    } else {
        cursor.eat("exclude");
        if cursor.eat("using") {
            cursor.ident();
        }
        with_columns(cursor, PieceKind::Exclude)
    }
}

fn with_columns(cursor: &mut Cursor<'_>, kind: PieceKind) -> Draft {
    Draft { columns: columns(cursor), ..draft(kind) }
}

/// The names that begin the elements of a parenthesis (`(a, b DESC)`, `(room WITH =)`); elements
/// that are expressions have none.
fn columns(cursor: &mut Cursor<'_>) -> Vec<String> {
    let parts = cursor.parens().map_or_else(Vec::new, Cursor::comma_parts);
    let name = |mut part: Cursor<'_>| {
        let name = part.ident()?;
        let call = matches!(part.kind(), Some(TokenKind::LParen | TokenKind::Period));
        (!call).then_some(name)
    };
    parts.into_iter().filter_map(name).collect()
}

fn references(cursor: &mut Cursor<'_>) -> Option<(Name, Vec<String>)> {
    let table = cursor.name()?;
    Some((table, columns(cursor)))
}

/// The bytes between the parentheses that stand next.
fn parenthesis(cursor: &mut Cursor<'_>) -> Option<Range<usize>> {
    cursor.parens().map(|inner| inner.rest_range())
}

pub(super) fn of_column(cursor: &mut Cursor<'_>, column: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    while !cursor.at_end() {
        let start = cursor.at;
        let name = constraint_name(cursor);
        let body = cursor.at;
        let mut draft = column_head(cursor);
        draft.columns = vec![column.to_owned()];
        draft.attributes = cursor.at;
        attributes(cursor, draft.kind);
        // A `CONSTRAINT name` that nothing follows, which SQLite permits.
        cursor.at += usize::from(cursor.at == start);
        pieces.push(finish(cursor, draft, name, start, body));
    }
    pieces
}

fn column_head(cursor: &mut Cursor<'_>) -> Draft {
    let word = cursor.written().to_ascii_lowercase();
    match word.as_str() {
        "primary" if cursor.eat("primary key") => draft(PieceKind::PrimaryKey),
        "unique" if cursor.eat("unique") => {
            cursor.eat_any(&["nulls not distinct", "nulls distinct"]);
            draft(PieceKind::Unique)
        }
        "references" if cursor.eat("references") => {
            Draft { references: references(cursor), ..draft(PieceKind::ForeignKey) }
        }
        "check" if cursor.eat("check") => {
            Draft { expression: parenthesis(cursor), ..draft(PieceKind::Check) }
        }
        "not" if cursor.eat("not null") => draft(PieceKind::NotNull),
        "null" if cursor.eat("null") => draft(PieceKind::Null),
        "default" if cursor.eat("default") => {
            Draft { expression: Some(default(cursor)), ..draft(PieceKind::Default) }
        }
        "generated" if cursor.eat("generated") => generated(cursor),
        "as" => generated(cursor),
        "collate" if cursor.eat("collate") => {
            let from = cursor.at;
            cursor.path();
            let name = range_of(&cursor.tokens[from..cursor.at]);
            Draft { expression: Some(name), ..draft(PieceKind::Collate) }
        }
        _ => other(cursor),
    }
}

fn other(cursor: &mut Cursor<'_>) -> Draft {
    cursor.at += usize::from(!cursor.at_end());
    while !cursor.at_end() && !starts_piece(*cursor) {
        cursor.step();
    }
    draft(PieceKind::Other)
}

/// The expression of `DEFAULT` reaches to the next word that begins something (PostgreSQL's
/// `b_expr` has neither `NOT` nor `COLLATE` outside parentheses). Its first token always belongs to
/// it (`DEFAULT NULL`), as does all between `CASE` and `END` and between brackets.
fn default(cursor: &mut Cursor<'_>) -> Range<usize> {
    let (from, mut open) = (cursor.at, 0_usize);
    while !cursor.at_end() {
        let ends = starts_piece(*cursor) || is_attribute(*cursor);
        if cursor.at > from && open == 0 && ends {
            break;
        }
        if cursor.is("case") || cursor.kind() == Some(TokenKind::LBracket) {
            open += 1;
        } else if cursor.is("end") || cursor.kind() == Some(TokenKind::RBracket) {
            open = open.saturating_sub(1);
        }
        cursor.step();
    }
    range_of(&cursor.tokens[from..cursor.at])
}

/// After `GENERATED`: `ALWAYS AS IDENTITY (…)`, `BY DEFAULT AS IDENTITY`, `ALWAYS AS (…) STORED`.
fn generated(cursor: &mut Cursor<'_>) -> Draft {
    cursor.eat_any(&["always", "by default"]);
    cursor.eat("as");
    if cursor.eat("identity") {
        return draft(PieceKind::Identity);
    }
    Draft { expression: parenthesis(cursor), ..draft(PieceKind::Generated) }
}

/// Attributes of any constraint, longer ones first.
const ATTRIBUTES: [&str; 14] = [
    "not deferrable",
    "deferrable",
    "initially deferred",
    "initially immediate",
    "not valid",
    "not enforced",
    "enforced",
    "no inherit",
    "match full",
    "match partial",
    "match simple",
    "on delete",
    "on update",
    "on conflict",
];

fn is_attribute(cursor: Cursor<'_>) -> bool {
    ATTRIBUTES.iter().any(|phrase| cursor.is_phrase(phrase))
}

fn attributes(cursor: &mut Cursor<'_>, kind: PieceKind) {
    loop {
        let before = cursor.at;
        match cursor.eat_any(&ATTRIBUTES) {
            Some("on delete" | "on update") => action(cursor),
            Some("on conflict") => cursor.at += 1,
            Some(_) => {}
            None => own_attribute(cursor, kind),
        }
        cursor.at = cursor.at.min(cursor.tokens.len());
        if cursor.at == before {
            return;
        }
    }
}

/// Attributes of some kinds only.
fn own_attribute(cursor: &mut Cursor<'_>, kind: PieceKind) {
    match kind {
        PieceKind::PrimaryKey | PieceKind::Unique => {
            if cursor.eat_any(&["with", "include"]).is_some() {
                cursor.parens();
            } else if cursor.eat("using index tablespace") {
                cursor.ident();
            } else {
                cursor.eat_any(&["asc", "desc", "autoincrement"]);
            }
        }
        PieceKind::Identity => {
            cursor.parens();
        }
        PieceKind::Generated => {
            cursor.eat_any(&["stored", "virtual"]);
        }
        _ => {}
    }
}

/// `SET NULL [(columns)]`, `NO ACTION`, `CASCADE`, …
fn action(cursor: &mut Cursor<'_>) {
    let actions = ["set null", "set default", "no action", "cascade", "restrict"];
    if cursor.eat_any(&actions).is_some_and(|action| action.starts_with("set")) {
        cursor.parens();
    }
}

fn finish(
    cursor: &Cursor<'_>,
    draft: Draft,
    name: Option<String>,
    start: usize,
    body: usize,
) -> Piece {
    let bytes = |from: usize| {
        let range = range_of(&cursor.tokens[from.min(cursor.at)..cursor.at]);
        let end = cursor.tokens[..cursor.at].last().map_or(0, |token| token.range.end);
        if range.is_empty() { end..end } else { range }
    };
    Piece {
        kind: draft.kind,
        name,
        range: bytes(start),
        body: bytes(body),
        columns: draft.columns,
        references: draft.references,
        expression: draft.expression,
        attributes: bytes(draft.attributes),
    }
}
