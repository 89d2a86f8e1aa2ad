//! Schema qualifiers: which there are, and the statement without one of them.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::cursor::Cursor;
use crate::{Class, Name, Statement, TokenKind, tokenize, unquote};

/// Schemas by which the created or changed objects are qualified, sorted.
pub fn qualifiers(statement: &Statement) -> Vec<String> {
    let named = |name: Option<&Name>| name.and_then(|name| name.schema.clone());
    let mut schemas = BTreeSet::new();
    schemas.extend(named(statement.class.name()));
    schemas.extend(named(statement.class.table()));
    if let Class::Grant { objects, .. } | Class::Drop { objects } = &statement.class {
        schemas.extend(objects.iter().filter_map(|object| object.name.schema.clone()));
    }
    if let Class::Comment { object, .. } = &statement.class {
        schemas.extend(named(object.table.as_ref()));
    }
    schemas.into_iter().collect()
}

/// The statement without each `schema.` that qualifies a name, also inside strings that are read as
/// `regclass`; every other byte stays. A schema that is named as such (`ON SCHEMA s`) has no dot
/// after it and stays. Dollar-quoted bodies, other strings and comments are not touched.
///
/// A table or alias that has the name of the schema cannot always be told apart: `s.x` is taken as
/// column `x` of it only where `s` is declared as an alias (`AS s`, or `FROM t s`) in the statement.
pub fn without_schema(statement: &Statement, schema: &str) -> Statement {
    if aliases(statement).contains(schema) {
        return statement.clone();
    }
    let touching = touching(statement, schema);
    if !touching.is_empty() {
        let text = statement.text.parted(&touching);
        let data =
            statement.data.as_ref().map(|data| text.text.len() - data.len()..text.text.len());
        let parted = Statement::new(text, statement.dialect, data);
        return without_schema(
            &Statement { comments: statement.comments.clone(), ..parted },
            schema,
        );
    }
    let literals = regclass_literals(statement);
    let mut ranges = Vec::new();
    for (at, token) in statement.tokens.iter().enumerate() {
        if token.is_identifier() {
            ranges.extend(qualifier(statement.cursor(), at, schema));
        } else if literals.binary_search(&at).is_ok() {
            let inside = in_literal(statement.written(token), schema, statement);
            ranges.extend(inside.map(|r| token.range.start + r.start..token.range.start + r.end));
        }
    }
    if ranges.is_empty() { statement.clone() } else { statement.without(&ranges) }
}

/// Where a qualifier stands against the token before it (`from"s"."t"`), which would grow into the
/// name behind the qualifier.
fn touching(statement: &Statement, schema: &str) -> Vec<usize> {
    let joins = |kind| matches!(kind, TokenKind::String | TokenKind::Number | TokenKind::Parameter);
    let pairs = statement.tokens.windows(2).enumerate();
    let against = pairs.filter(|(at, pair)| {
        pair[0].range.end == pair[1].range.start
            && (pair[0].is_identifier() || joins(pair[0].kind))
            && qualifier(statement.cursor(), at + 1, schema).is_some()
    });
    against.map(|(_, pair)| pair[1].range.start).collect()
}

/// The bytes of `schema.` where token `at` is the schema and qualifies what follows.
fn qualifier(cursor: Cursor<'_>, at: usize, schema: &str) -> Option<Range<usize>> {
    let (token, dot, after) =
        (&cursor.tokens[at], cursor.tokens.get(at + 1)?, cursor.tokens.get(at + 2)?);
    let starts = at == 0 || cursor.tokens[at - 1].kind != TokenKind::Period;
    let qualifies = dot.kind == TokenKind::Period
        && (after.is_identifier() || after.kind == TokenKind::Operator);
    let spells = || cursor.dialect.spells(&cursor.text[token.range.clone()], schema);
    (starts && qualifies && spells()).then_some(token.range.start..after.range.start)
}

/// Names that the statement declares as aliases with `AS`.
fn aliases(statement: &Statement) -> BTreeSet<String> {
    let cursor = statement.cursor();
    let query = matches!(
        statement.class,
        Class::CreateView { .. } | Class::CreateRule { .. } | Class::Select | Class::Insert { .. }
    );
    let declared = |pair: &[crate::Token]| {
        let word = &cursor.text[pair[0].range.clone()];
        let is_as = pair[0].kind == TokenKind::Word && word.eq_ignore_ascii_case("as");
        (is_as && pair[1].is_identifier())
            .then(|| unquote(&cursor.text[pair[1].range.clone()], cursor.dialect))
    };
    if query { cursor.tokens.windows(2).filter_map(declared).collect() } else { BTreeSet::new() }
}

/// Indexes of the string tokens that PostgreSQL reads as names of relations or functions:
/// `'x'::regclass`, `regclass 'x'`, `regclass('x')`, `nextval('x')` and its companions.
pub(crate) fn regclass_literals(statement: &Statement) -> Vec<usize> {
    let tokens = &statement.tokens;
    (0..tokens.len())
        .filter(|&at| tokens[at].kind == TokenKind::String && is_regclass(statement.cursor(), at))
        .collect()
}

const READERS: [&str; 5] = ["regclass", "nextval", "currval", "setval", "to_regclass"];
const CASTS: [&str; 4] = ["regclass", "regtype", "regproc", "regprocedure"];

fn is_regclass(cursor: Cursor<'_>, at: usize) -> bool {
    let word = |at: Option<usize>, words: &[&str]| {
        at.is_some_and(|at| Cursor { at, ..cursor }.is_any(words))
    };
    let kind = |at: Option<usize>| at.and_then(|at| cursor.tokens.get(at)).map(|token| token.kind);
    let mut cast = at + 1;
    // `('x'::text)::regclass`, as PostgreSQL shows what was written as `nextval('x'::text)`.
    if kind(Some(cast)) == Some(TokenKind::Cast) && word(Some(cast + 1), &["text"]) {
        cast += 2 + usize::from(kind(Some(cast + 2)) == Some(TokenKind::RParen));
    }
    let cast_to = kind(Some(cast)) == Some(TokenKind::Cast)
        && (word(Some(cast + 1), &CASTS) || word(Some(cast + 3), &CASTS));
    let typed = word(at.checked_sub(1), &CASTS);
    let called =
        kind(at.checked_sub(1)) == Some(TokenKind::LParen) && word(at.checked_sub(2), &READERS);
    cast_to || typed || called
}

/// The bytes of `schema.` in a string literal.
fn in_literal(written: &str, schema: &str, statement: &Statement) -> Option<Range<usize>> {
    let open = written.find('\'')? + 1;
    let inner = written.get(open..written.len() - 1)?;
    let tokens = tokenize(inner, statement.dialect);
    let found = qualifier(Cursor::new(inner, &tokens, statement.dialect), 0, schema);
    found.filter(|_| tokens.len() >= 3).map(|range| open + range.start..open + range.end)
}
