//! `indexes:` as `CREATE INDEX`.

use diagnostics::{SourceText, Spanned};
use plan::model::{Component, Index};

use super::Known;
use crate::sqltext::SqlText;

pub(super) fn write(sql: &mut SqlText, component: &Component, index: &Index, known: &dyn Known) {
    sql.word(if index.unique { "CREATE UNIQUE INDEX " } else { "CREATE INDEX " });
    sql.name(&component.name).word(" ON ").name(&index.table);
    if let Some(method) = &index.method {
        sql.word(" USING ").name(method);
    }
    sql.word(" (");
    for (at, element) in index.columns.iter().enumerate() {
        sql.word(if at > 0 { ", " } else { "" });
        write_element(sql, &index.table.value, element, known);
    }
    sql.word(")");
    if !index.include.is_empty() {
        sql.word(" INCLUDE ").names(&index.include);
    }
    if let Some(predicate) = &index.predicate {
        sql.word(" WHERE ").piece(predicate);
    }
}

/// A column's exact name is quoted as a name; anything else is SQL as it stands.
fn write_element(sql: &mut SqlText, table: &str, element: &SourceText, known: &dyn Known) {
    if known.has_column(table, &element.text) {
        sql.name(&Spanned::new(element.text.clone(), element.span));
    } else {
        sql.piece(element);
    }
}
