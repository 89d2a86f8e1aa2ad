//! Constraints that are better built after the rows are in, taken out of CREATE TABLE.

use std::ops::Range;

use diagnostics::{SourceText, Span};

use super::{Piece, PieceKind, TableDefinition};
use crate::{ConstraintKind, Dialect, Name, Statement, quote_ident};

#[derive(Clone, Debug)]
pub struct Lifted {
    /// CREATE TABLE without the lifted constraints.
    pub table: SourceText,
    /// In the order written.
    pub constraints: Vec<LiftedConstraint>,
}

#[derive(Clone, Debug)]
pub struct LiftedConstraint {
    pub name: Option<String>,
    pub kind: ConstraintKind,
    pub columns: Vec<String>,
    /// What has to stand before `text` to make it a table constraint: `FOREIGN KEY (total) `,
    /// `PRIMARY KEY (id) `; empty for one that was a table constraint.
    pub prefix: String,
    /// The user's bytes without `CONSTRAINT name`.
    pub text: SourceText,
    /// Where it stands, `CONSTRAINT name` included.
    pub span: Span,
    pub referenced_table: Option<Name>,
    /// Columns of the referenced table; empty where the statement names none (its primary key).
    pub referenced_columns: Vec<String>,
}

impl LiftedConstraint {
    /// What goes after `ALTER TABLE t ADD [CONSTRAINT name]`.
    pub fn definition(&self) -> String {
        format!("{}{}", self.prefix, self.text.text).trim_end().to_owned()
    }
}

/// Takes primary keys, unique, foreign key and exclude constraints out. PostgreSQL sets the columns
/// of a primary key `NOT NULL` when the key is added, so nothing has to be put in their place.
/// (SQLite cannot add a constraint later: do not lift there.)
pub fn lift(statement: &Statement, table: &TableDefinition) -> Lifted {
    let text = &statement.text;
    let mut constraints = Vec::new();
    let mut cuts = Vec::new();
    for column in &table.columns {
        for piece in column.pieces.iter().filter(|piece| is_lifted(piece)) {
            constraints.push((piece.range.start, of_column(text, piece, statement.dialect)));
            cuts.push(with_space_before(&text.text, piece.range.clone()));
        }
    }
    let mut gone = Vec::new();
    for piece in table.constraints.iter().filter(|piece| is_lifted(piece)) {
        constraints.push((piece.range.start, lifted(text, piece, String::new(), &piece.body)));
        gone.push(piece.range.clone());
    }
    cuts.extend(without_elements(table, &gone));
    cuts.sort_by_key(|cut| cut.start);
    constraints.sort_by_key(|(at, _)| *at);
    let constraints = constraints.into_iter().map(|(_, constraint)| constraint).collect();
    Lifted { table: text.without(&cuts), constraints }
}

fn lifted_kind(kind: PieceKind) -> Option<ConstraintKind> {
    Some(match kind {
        PieceKind::PrimaryKey => ConstraintKind::PrimaryKey,
        PieceKind::Unique => ConstraintKind::Unique,
        PieceKind::ForeignKey => ConstraintKind::ForeignKey,
        PieceKind::Exclude => ConstraintKind::Exclude,
        PieceKind::Check
        | PieceKind::NotNull
        | PieceKind::Null
        | PieceKind::Default
        | PieceKind::Identity
        | PieceKind::Generated
        | PieceKind::Collate
        | PieceKind::Other => return None,
    })
}

fn is_lifted(piece: &Piece) -> bool {
    lifted_kind(piece.kind).is_some()
}

/// A column's own constraint says its column by its place; as a table constraint it has to name it.
fn of_column(text: &SourceText, piece: &Piece, dialect: Dialect) -> LiftedConstraint {
    let column = piece.columns.first().map_or("", String::as_str);
    let column = quote_ident(column, dialect);
    if piece.kind == PieceKind::ForeignKey {
        return lifted(text, piece, format!("FOREIGN KEY ({column}) "), &piece.body);
    }
    let head = text.text[piece.body.start..piece.attributes.start].trim_end();
    lifted(text, piece, format!("{head} ({column}) "), &piece.attributes)
}

fn lifted(
    text: &SourceText,
    piece: &Piece,
    prefix: String,
    kept: &Range<usize>,
) -> LiftedConstraint {
    let (referenced_table, referenced_columns) = match &piece.references {
        Some((table, columns)) => (Some(table.clone()), columns.clone()),
        None => (None, Vec::new()),
    };
    LiftedConstraint {
        name: piece.name.clone(),
        kind: lifted_kind(piece.kind).unwrap_or(ConstraintKind::Check),
        columns: piece.columns.clone(),
        prefix,
        text: text.slice(kept.clone()),
        span: text.span_of(piece.range.clone()),
        referenced_table,
        referenced_columns,
    }
}

/// Not with a line break before it, which may end a comment.
fn with_space_before(text: &str, range: Range<usize>) -> Range<usize> {
    text[..range.start].trim_end_matches([' ', '\t']).len()..range.end
}

/// What to cut so that whole elements go and the commas stay right: an element that others follow
/// goes up to the next one; the last ones go from the end of the last that stays.
fn without_elements(table: &TableDefinition, gone: &[Range<usize>]) -> Vec<Range<usize>> {
    let all = &table.elements;
    let stays = |element: &Range<usize>| !gone.iter().any(|gone| gone.start == element.start);
    let Some(last) = all.iter().rposition(stays) else {
        let whole = all.first().zip(all.last()).map(|(first, last)| first.start..last.end);
        return whole.into_iter().collect();
    };
    let mut cuts: Vec<_> = all[..last]
        .iter()
        .zip(&all[1..])
        .filter(|(element, _)| !stays(element))
        .map(|(element, next)| element.start..next.start)
        .collect();
    if let Some(end) = all[last + 1..].last() {
        cuts.push(all[last].end..end.end);
    }
    cuts
}
