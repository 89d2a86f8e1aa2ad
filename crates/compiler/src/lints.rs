//! Advice that the plan can waive.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use diagnostics::{Diagnostic, Span, code};
use plan::model::ComponentKind;
use sql::create_table::{Piece, PieceKind};
use sql::{Class, Dialect, Statement};

use crate::item::{Item, Role};
use crate::resolve::{Context, Resolved, of_index};
use crate::waivers::Waivable;

pub(crate) fn lints(cx: &Context<'_>, resolved: &Resolved) -> Vec<Waivable> {
    foreign_keys_without_index(cx, resolved)
}

struct ForeignKey<'a> {
    name: &'a str,
    table: &'a str,
    columns: &'a [String],
    place: Span,
}

/// Deleting from the referenced table looks up the referencing rows, one scan per deleted row.
fn foreign_keys_without_index(cx: &Context<'_>, resolved: &Resolved) -> Vec<Waivable> {
    let keys = foreign_keys(resolved);
    let covered = Covered::of(cx.dialect, resolved);
    let bare = keys.into_iter().filter(|key| !covered.has(key));
    bare.map(|key| {
        let columns = key.columns.join(", ");
        let message =
            format!("foreign key `{}` has no index on `{}` ({columns})", key.name, key.table);
        Waivable {
            code: &code::FOREIGN_KEY_WITHOUT_INDEX,
            finding: Diagnostic::new(&code::FOREIGN_KEY_WITHOUT_INDEX, message)
                .label(key.place, "deleting what it refers to scans the whole table")
                .help(format!(
                    "add an index on {columns}, or waive `{}` on `{}`",
                    code::FOREIGN_KEY_WITHOUT_INDEX.name,
                    key.name
                )),
            subjects: vec![key.name.to_owned(), key.table.to_owned()],
        }
    })
    .collect()
}

fn foreign_keys(resolved: &Resolved) -> Vec<ForeignKey<'_>> {
    let own = resolved.items.iter().filter(|item| item.role == Role::ForeignKey && !item.broken);
    let own = own.filter_map(|item| {
        let (piece, table) = (item.constraint.as_ref()?, item.table.as_deref()?);
        Some(ForeignKey { name: &item.key.name, table, columns: &piece.columns, place: item.place })
    });
    // On SQLite they stay in CREATE TABLE; those from YAML are in the list above.
    let folded = resolved.items.iter().filter(|item| item.folded);
    let folded: BTreeSet<&str> = folded.map(|item| item.key.name.as_str()).collect();
    let is_own = |piece: &&Piece| {
        let name = piece.name.as_deref();
        piece.kind == PieceKind::ForeignKey && !name.is_some_and(|name| folded.contains(name))
    };
    let tables = resolved.items.iter().filter(|item| item.role == Role::Table && !item.broken);
    let inside = tables.flat_map(|item| {
        pieces(item).filter(is_own).map(|piece| ForeignKey {
            name: piece.name.as_deref().unwrap_or("without a name"),
            table: &item.key.name,
            columns: &piece.columns,
            place: item.statement.text.span_of(piece.range.clone()),
        })
    });
    own.chain(inside).collect()
}

/// What stands inside a CREATE TABLE.
fn pieces(item: &Item) -> impl Iterator<Item = &Piece> {
    item.definition.iter().flat_map(|definition| {
        let columns = definition.columns.iter().flat_map(|column| &column.pieces);
        columns.chain(&definition.constraints)
    })
}

/// Per table (folded name): the columns of each of its indexes and keys.
struct Covered<'a> {
    dialect: Dialect,
    columns: BTreeMap<String, Vec<Vec<Cow<'a, str>>>>,
}

impl<'a> Covered<'a> {
    fn of(dialect: Dialect, resolved: &'a Resolved) -> Self {
        let mut columns = BTreeMap::<String, Vec<Vec<Cow<'a, str>>>>::new();
        for item in &resolved.items {
            let Some(table) = &item.table else { continue };
            let found = indexed(item);
            if !found.is_empty() {
                columns.entry(dialect.key(table)).or_default().extend(found);
            }
        }
        Self { dialect, columns }
    }

    /// Some index or key of the table begins with the columns, in any order.
    fn has(&self, key: &ForeignKey<'_>) -> bool {
        let all = self.columns.get(&self.dialect.key(key.table));
        let count = key.columns.len();
        all.into_iter().flatten().filter_map(|columns| columns.get(..count)).any(|first| {
            let is_first = |name: &String| first.iter().any(|one| self.dialect.same(one, name));
            key.columns.iter().all(is_first)
        })
    }
}

/// The columns of an index, or of each key of a constraint or table.
fn indexed(item: &Item) -> Vec<Vec<Cow<'_, str>>> {
    match item.key.kind {
        ComponentKind::Index => of_whole_index(&item.statement).into_iter().collect(),
        ComponentKind::Constraint => {
            item.constraint.as_deref().into_iter().filter_map(of_key).collect()
        }
        ComponentKind::Table => pieces(item).filter_map(of_key).collect(),
        _ => Vec::new(),
    }
}

fn of_key(piece: &Piece) -> Option<Vec<Cow<'_, str>>> {
    let key = matches!(piece.kind, PieceKind::PrimaryKey | PieceKind::Unique);
    key.then(|| piece.columns.iter().map(|name| Cow::from(name.as_str())).collect())
}

/// A partial index finds only some of the rows.
fn of_whole_index(statement: &Statement) -> Option<Vec<Cow<'_, str>>> {
    let is_where = |token| statement.written(token).eq_ignore_ascii_case("where");
    let index = matches!(statement.class, Class::CreateIndex { .. });
    let whole = index && !statement.tokens.iter().any(is_where);
    whole.then(|| of_index(statement).into_iter().map(|(name, _)| Cow::from(name)).collect())
}
