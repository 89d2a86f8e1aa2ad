//! `tables:` as `CREATE TABLE`, and the comment beside it.

use plan::model::{Component, Table};

use super::{Known, Written};
use crate::sqltext::SqlText;

pub(super) fn write(component: &Component, table: &Table, known: &dyn Known) -> Vec<Written> {
    let mut sql = SqlText::new(component.span, known.dialect());
    sql.word("CREATE TABLE ").name(&component.name).word(" (");
    for (at, column) in table.columns.iter().enumerate() {
        sql.word(if at > 0 { ",\n    " } else { "\n    " }).name(&column.name);
        sql.word(" ").piece(&column.definition);
    }
    if let Some(key) = &table.primary_key {
        sql.word(",\n    ").at(key.span, "PRIMARY KEY ").names(&key.value);
    }
    sql.word("\n)");
    if let Some(options) = &table.options {
        sql.word(" ").piece(options);
    }
    let mut written = vec![Written { sql: sql.done(), name: component.name.span }];
    if let Some(comment) = &table.comment {
        let mut sql = SqlText::new(component.span, known.dialect());
        sql.at(comment.span, "COMMENT ON TABLE ").name(&component.name).word(" IS ");
        sql.at(comment.span, &sql::quote_literal(&comment.value));
        written.push(Written { sql: sql.done(), name: comment.span });
    }
    written
}
