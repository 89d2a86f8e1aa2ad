//! What a statement refers to by its position: relations in `FROM`, functions that are called.
//!
//! Names alone would do for most statements, but a column called like a view or a function must
//! not make a circle out of nothing.

use std::collections::BTreeSet;

use sql::{Class, Dialect, Statement, Token, TokenKind, tokenize, unquote, unquote_literal};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mentions {
    /// Names that stand where a relation stands, unqualified ones only.
    pub(crate) relations: BTreeSet<String>,
    /// Names that are called.
    pub(crate) calls: BTreeSet<String>,
    /// Every unqualified name, keywords included.
    pub(crate) names: BTreeSet<String>,
}

/// Words after which a relation's name stands.
const BEFORE_RELATION: [&str; 10] =
    ["from", "join", "into", "update", "only", "table", "references", "on", "setof", "returns"];
/// Words that end a list of relations.
const ENDS_LIST: [&str; 10] = [
    "select",
    "where",
    "group",
    "order",
    "having",
    "set",
    "returning",
    "limit",
    "window",
    "values",
];

pub(crate) fn mentions(statement: &Statement) -> Mentions {
    let mut found = Mentions::default();
    scan(&statement.text.text, &statement.tokens, statement.dialect, &mut found);
    found.names = sql::identifiers(statement)
        .into_iter()
        .filter(|name| name.schema.is_none())
        .map(|name| name.name)
        .collect();
    // A table's row type as an argument.
    if let Class::CreateFunction { arguments, .. } = &statement.class {
        let types = tokenize(arguments, statement.dialect);
        let types = types.iter().filter(|token| token.is_identifier());
        let name = |token: &Token| unquote(&arguments[token.range.clone()], statement.dialect);
        found.relations.extend(types.map(name));
    }
    for body in sql_bodies(statement) {
        let tokens = tokenize(&body, statement.dialect);
        scan(&body, &tokens, statement.dialect, &mut found);
    }
    found
}

/// Bodies of functions in the language SQL: the server reads them when it makes the function.
fn sql_bodies(statement: &Statement) -> Vec<String> {
    let Class::CreateFunction { .. } = statement.class else { return Vec::new() };
    let words: Vec<String> =
        statement.tokens.iter().map(|token| statement.written(token).to_lowercase()).collect();
    let is_sql =
        words.windows(2).any(|pair| pair[0] == "language" && pair[1].trim_matches('\'') == "sql");
    let bodies = statement
        .tokens
        .iter()
        .filter(|token| is_sql && matches!(token.kind, TokenKind::Dollar | TokenKind::String));
    bodies.filter_map(|token| unquote_literal(statement.written(token))).collect()
}

fn scan(text: &str, tokens: &[Token], dialect: Dialect, found: &mut Mentions) {
    // Per open parenthesis: whether a list of relations is being read.
    let mut lists = vec![false];
    let mut before = String::new();
    for (at, token) in tokens.iter().enumerate() {
        let written = &text[token.range.clone()];
        let in_list = lists.last().copied().unwrap_or(false);
        match token.kind {
            TokenKind::LParen => lists.push(in_list),
            TokenKind::RParen => {
                if lists.len() > 1 {
                    lists.pop();
                }
            }
            TokenKind::Word | TokenKind::Quoted => {
                let word = written.to_lowercase();
                let keyword = token.kind == TokenKind::Word;
                if keyword && ENDS_LIST.contains(&word.as_str()) {
                    set(&mut lists, false);
                } else if keyword && BEFORE_RELATION.contains(&word.as_str()) {
                    set(&mut lists, true);
                } else if at == 0 || tokens[at - 1].kind != TokenKind::Period {
                    let name = unquote(written, dialect);
                    let next = tokens.get(at + 1).map(|next| next.kind);
                    if next == Some(TokenKind::LParen) {
                        found.calls.insert(name.clone());
                    }
                    let stands = BEFORE_RELATION.contains(&before.as_str())
                        || in_list && [",", "("].contains(&before.as_str());
                    if stands {
                        found.relations.insert(name);
                        // `from shop.orders` in a body, whose schema is not taken out.
                        let path = next == Some(TokenKind::Period) && before != "on";
                        let qualified = tokens.get(at + 2).filter(|_| path);
                        found.relations.extend(
                            qualified.map(|token| unquote(&text[token.range.clone()], dialect)),
                        );
                    }
                }
            }
            _ => {}
        }
        before = written.to_lowercase();
    }
}

fn set(lists: &mut [bool], value: bool) {
    if let Some(last) = lists.last_mut() {
        *last = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use diagnostics::{SourceId, SourceText, Span};

    fn of(sql: &str) -> (Vec<String>, Vec<String>) {
        let text = SourceText::verbatim(sql, Span::new(SourceId(0), 0..sql.len()));
        let (statements, _) = sql::split(&text, Dialect::Postgres);
        let found = mentions(&statements[0]);
        (found.relations.into_iter().collect(), found.calls.into_iter().collect())
    }

    #[test]
    fn columns_are_no_relations() {
        let (relations, _) =
            of("create view v as select a.total, customers from orders a, (items) \
                                 join lines l on l.id = a.id where stock > 1");
        assert_eq!(relations, ["items", "l", "lines", "orders"]);
    }

    #[test]
    fn bodies_in_sql_are_read() {
        let (relations, calls) =
            of("create function f(x int) returns int language sql as $$ select g(x) from t $$");
        assert_eq!(relations, ["t"]);
        assert!(calls.contains(&"g".to_owned()));
        let (relations, _) = of(
            "create function f() returns int language plpgsql as $$ begin select 1 from t; end $$",
        );
        assert!(relations.is_empty());
    }
}
