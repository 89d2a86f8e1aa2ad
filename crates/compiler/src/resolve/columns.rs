//! Tables and columns that a statement speaks of, with their places.

use catalog::names;
use diagnostics::Span;
use plan::model::ComponentKind;
use sql::create_table::{Piece, PieceKind};
use sql::{AlterAction, Class, Statement, TokenKind, unquote};

use super::{Context, Resolved};
use crate::item::{Key, Role};

/// The parts of `ALTER TABLE … ADD <constraint>`.
pub(crate) fn constraint(statement: &Statement) -> Option<Piece> {
    let Class::AlterTable { actions, .. } = &statement.class else { return None };
    let [AlterAction::AddConstraint { range, .. }] = actions.as_slice() else { return None };
    sql::create_table::added_constraint(statement, range.clone())
}

/// The names of indexes are taken on every table.
const ANY_TABLE: &str = "";

/// Where an item takes its name: on its table or, of an index, on all; the name as the engine folds
/// it.
pub(super) fn taken_by(cx: &Context<'_>, key: &Key, role: Role) -> Option<(String, String)> {
    match role {
        Role::Index => Some((ANY_TABLE.to_owned(), cx.key(&key.name))),
        _ if key.table.is_empty() => None,
        _ => Some((key.table.clone(), cx.key(&key.name))),
    }
}

/// The name that PostgreSQL will make, so that the component can be shown and compared by it.
pub(super) fn generated_name(
    cx: &Context<'_>,
    resolved: &Resolved,
    table: &str,
    constraint: Option<&Piece>,
) -> String {
    let taken = |name: &str| {
        let with = |table: &str| resolved.names.contains(&(table.to_owned(), cx.key(name)));
        with(table) || with(ANY_TABLE)
    };
    let Some(constraint) = constraint else { return names::choose(table, &[], "check", taken) };
    let columns: Vec<&str> = constraint.columns.iter().map(String::as_str).collect();
    match constraint.kind {
        PieceKind::PrimaryKey => names::choose(table, &[], "pkey", taken),
        PieceKind::Unique => names::choose(table, &columns, "key", taken),
        PieceKind::ForeignKey => names::choose(table, &columns, "fkey", taken),
        PieceKind::Exclude => names::choose(table, &columns, "excl", taken),
        _ => names::choose(table, &columns, "check", taken),
    }
}

/// The table (or view) that an item is on.
pub(super) fn table_of(statement: &Statement, key: &Key, role: Role) -> Option<String> {
    match (&statement.class, role) {
        (Class::AlterTable { name, .. }, _) => Some(name.name.clone()),
        (Class::AlterSequence { owned_by: Some(path), .. }, _) => {
            path.len().checked_sub(2).and_then(|at| path.get(at)).cloned()
        }
        (Class::CreateStatistics { .. }, _) => relation_after(statement, "from"),
        (class, _) => {
            let on = class.table().map(|table| table.name.clone());
            let own = key.kind == ComponentKind::Table;
            on.or_else(|| own.then(|| key.name.clone()))
                .or_else(|| (!key.table.is_empty()).then(|| key.table.clone()))
        }
    }
}

fn relation_after(statement: &Statement, word: &str) -> Option<String> {
    let at = statement
        .tokens
        .iter()
        .rposition(|token| statement.written(token).eq_ignore_ascii_case(word))?;
    let token = statement.tokens.get(at + 1)?;
    Some(unquote(statement.written(token), statement.dialect))
}

/// The first place where the statement writes this name.
pub(crate) fn span_of_name(statement: &Statement, name: &str) -> Option<Span> {
    let spells = |token: &&sql::Token| {
        token.is_identifier() && statement.dialect.spells(statement.written(token), name)
    };
    let found = statement.tokens.iter().find(spells)?;
    Some(statement.text.span_of(found.range.clone()))
}

/// Columns that an index names as such, with their places. Expressions are the engine's business.
pub(crate) fn of_index(statement: &Statement) -> Vec<(String, Span)> {
    let tokens = &statement.tokens;
    let word = |at: usize| statement.written(&tokens[at]).to_lowercase();
    let on = (0..tokens.len()).find(|&at| tokens[at].kind == TokenKind::Word && word(at) == "on");
    let mut columns = Vec::new();
    let (mut depth, mut starts) = (0_usize, false);
    for at in on.unwrap_or(tokens.len())..tokens.len() {
        match tokens[at].kind {
            TokenKind::LParen => {
                depth += 1;
                starts = depth == 1;
                continue;
            }
            TokenKind::RParen => depth = depth.saturating_sub(1),
            TokenKind::Comma => {
                starts = depth == 1;
                continue;
            }
            TokenKind::Word if depth == 0 && ["where", "with"].contains(&word(at).as_str()) => {
                break;
            }
            _ if starts && tokens[at].is_identifier() && is_alone(tokens, at) => {
                let range = tokens[at].range.clone();
                let name = unquote(&statement.text.text[range.clone()], statement.dialect);
                columns.push((name, statement.text.span_of(range)));
            }
            _ => {}
        }
        starts = false;
    }
    columns
}

/// Neither a call, nor a path, nor the start of an expression.
fn is_alone(tokens: &[sql::Token], at: usize) -> bool {
    tokens.get(at + 1).is_none_or(|next| {
        next.is_identifier() || matches!(next.kind, TokenKind::Comma | TokenKind::RParen)
    })
}
