//! Advice that the plan can waive.

use diagnostics::{Diagnostic, Span, code};
use plan::model::ComponentKind;
use sql::Class;
use sql::create_table::PieceKind;

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
    let bare = keys.into_iter().filter(|key| !is_covered(cx, resolved, key));
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
    let inside = resolved.items.iter().filter(|item| item.role == Role::Table && !item.broken);
    let inside = inside.flat_map(|item| {
        let pieces = item.definition.iter().flat_map(|definition| {
            definition
                .columns
                .iter()
                .flat_map(|column| &column.pieces)
                .chain(&definition.constraints)
        });
        let keys = pieces.filter(|piece| piece.kind == PieceKind::ForeignKey);
        keys.filter(|piece| !is_folded(resolved, piece.name.as_deref())).map(|piece| ForeignKey {
            name: piece.name.as_deref().unwrap_or("without a name"),
            table: &item.key.name,
            columns: &piece.columns,
            place: item.statement.text.span_of(piece.range.clone()),
        })
    });
    own.chain(inside).collect()
}

fn is_folded(resolved: &Resolved, name: Option<&str>) -> bool {
    resolved.items.iter().any(|item| item.folded && Some(item.key.name.as_str()) == name)
}

/// Some index or key of the table begins with the columns, in any order.
fn is_covered(cx: &Context<'_>, resolved: &Resolved, key: &ForeignKey<'_>) -> bool {
    let fold = |names: &[String]| -> Vec<String> {
        names.iter().map(|name| cx.dialect.key(name)).collect()
    };
    let wanted = fold(key.columns);
    let covers = |columns: &[String]| {
        let first = fold(columns).into_iter().take(wanted.len()).collect::<Vec<_>>();
        first.len() == wanted.len() && wanted.iter().all(|name| first.contains(name))
    };
    let on_table = |item: &&Item| {
        item.table.as_ref().is_some_and(|table| cx.dialect.key(table) == cx.dialect.key(key.table))
    };
    resolved.items.iter().filter(on_table).any(|item| match item.key.kind {
        ComponentKind::Index => {
            let partial = item
                .statement
                .tokens
                .iter()
                .any(|token| item.statement.written(token).eq_ignore_ascii_case("where"));
            let columns: Vec<String> =
                of_index(&item.statement).into_iter().map(|(name, _)| name).collect();
            matches!(item.statement.class, Class::CreateIndex { .. })
                && !partial
                && covers(&columns)
        }
        ComponentKind::Constraint => item.constraint.as_ref().is_some_and(|piece| {
            matches!(piece.kind, PieceKind::PrimaryKey | PieceKind::Unique)
                && covers(&piece.columns)
        }),
        ComponentKind::Table => item.definition.iter().any(|definition| {
            let pieces = definition.columns.iter().flat_map(|column| &column.pieces);
            pieces.chain(&definition.constraints).any(|piece| {
                matches!(piece.kind, PieceKind::PrimaryKey | PieceKind::Unique)
                    && covers(&piece.columns)
            })
        }),
        _ => false,
    })
}
