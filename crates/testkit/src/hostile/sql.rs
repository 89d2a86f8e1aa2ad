//! SQL text: split, tokenized, classified and taken apart, in both dialects.

use std::ops::Range;

use diagnostics::{SourceId, SourceText, Span};
use sql::{Class, Dialect, Statement, Token, TokenKind, create_table, split, tokenize};

use super::tokens::{judge_tokens, of_both};

pub(super) fn judge(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        judge_tokens(text, dialect);
        of_both(text, dialect);
        judge_text(text, dialect);
        judge_quotes(text, dialect);
    }
}

fn whole(text: &str) -> SourceText {
    SourceText::verbatim(text.to_owned(), Span::new(SourceId(0), 0..text.len()))
}

fn judge_text(text: &str, dialect: Dialect) {
    let (statements, findings) = split(&whole(text), dialect);
    for finding in &findings {
        let place = finding.labels.first().expect("a finding has a place").span.range();
        assert!(text.get(place).is_some(), "no place: {finding:?}");
    }
    let mut end = 0;
    for statement in &statements {
        let range = statement.text.span.range();
        assert!(range.start >= end, "statements overlap at {range:?}");
        assert_eq!(text.get(range.clone()), Some(statement.text.text.as_str()));
        end = range.end;
        judge_statement(statement);
    }
    if findings.is_empty() {
        nothing_is_lost(text, &statements, dialect);
    }
}

/// Between statements there is nothing but white space, comments and semicolons.
fn nothing_is_lost(text: &str, statements: &[Statement], dialect: Dialect) {
    let text = text.strip_prefix('\u{feff}').map_or(text, |_| text);
    let mut at = if text.starts_with('\u{feff}') { 3 } else { 0 };
    for range in statements.iter().map(|statement| statement.text.span.range()) {
        nothing_in(&text[at..range.start], dialect);
        at = range.end;
    }
    nothing_in(&text[at..], dialect);
}

fn nothing_in(gap: &str, dialect: Dialect) {
    let lost = |token: &Token| token.kind != TokenKind::Semicolon;
    let lost = tokenize(gap, dialect).into_iter().find(lost);
    assert!(lost.is_none(), "{lost:?} of {gap:?} is in no statement");
}

fn judge_statement(statement: &Statement) {
    let text = &statement.text.text;
    let name = statement.name_span().range();
    let place = statement.text.span.range();
    assert!(place.start <= name.start && name.end <= place.end, "{name:?} in {place:?}");
    again(statement);
    sql::identifiers(statement);
    sql::roles(statement);
    for schema in sql::qualifiers(statement) {
        let without = sql::without_schema(statement, &schema);
        assert!(without.text.text.len() <= text.len());
        judge_cut(&without);
    }
    if let Some(table) = create_table::parse(statement) {
        let lifted = create_table::lift(statement, &table);
        assert!(lifted.table.text.len() <= text.len());
        for constraint in &lifted.constraints {
            assert!(!constraint.definition().is_empty());
            inside(constraint.span.range(), &place);
        }
        table.columns.iter().for_each(|column| inside(column.name_span.range(), &place));
    }
}

fn inside(range: Range<usize>, place: &Range<usize>) {
    assert!(place.start <= range.start && range.end <= place.end, "{range:?} is not in {place:?}");
}

/// One statement alone is that statement.
fn again(statement: &Statement) {
    if statement.data.is_some() || matches!(statement.class, Class::PsqlMeta { .. }) {
        return;
    }
    let (again, findings) = split(&whole(&statement.text.text), statement.dialect);
    assert!(findings.is_empty(), "{findings:?} in {:?}", statement.text.text);
    let [one] = again.as_slice() else {
        panic!("{} statements in {:?}", again.len(), statement.text.text);
    };
    assert_eq!(one.tokens, statement.tokens, "{:?}", statement.text.text);
    assert_eq!(one.class, statement.class, "{:?}", statement.text.text);
}

/// Tokens of a text that something was cut out of are those of the text.
fn judge_cut(statement: &Statement) {
    if statement.data.is_none() {
        let tokens = tokenize(&statement.text.text, statement.dialect);
        assert_eq!(tokens, statement.tokens, "{:?}", statement.text.text);
    }
}

fn judge_quotes(text: &str, dialect: Dialect) {
    assert_eq!(sql::unquote(&sql::quote_ident(text, dialect), dialect), text);
    assert_eq!(sql::unquote_literal(&sql::quote_literal(text)).as_deref(), Some(text));
    sql::normal_text(text, dialect);
    sql::normal_expression(text, dialect);
    sql::types::canonical_type(text);
}
