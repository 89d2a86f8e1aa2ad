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

impl Mentions {
    /// Those of names that somebody will ask for: a statement has dozens of others.
    pub(crate) fn of(mut self, is_known: impl Fn(&str) -> bool) -> Self {
        for names in [&mut self.relations, &mut self.calls, &mut self.names] {
            names.retain(|name| is_known(name));
        }
        self
    }
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
    for body in bodies(statement) {
        let tokens = tokenize(&body, statement.dialect);
        if is_sql(statement) {
            scan(&body, &tokens, statement.dialect, &mut found);
        }
        found.names.extend(drawn_from(&body, &tokens));
    }
    found
}

/// Sequences that a body draws from: a column's default may call it as soon as rows are loaded.
fn drawn_from(body: &str, tokens: &[Token]) -> Vec<String> {
    let written = |token: &Token| &body[token.range.clone()];
    let calls = tokens.windows(3).filter(|call| {
        call[1].kind == TokenKind::LParen
            && call[2].kind == TokenKind::String
            && written(&call[0]).eq_ignore_ascii_case("nextval")
    });
    let names = calls.filter_map(|call| unquote_literal(written(&call[2])));
    names.map(|name| unquote(name.rsplit('.').next().unwrap_or(&name), Dialect::Postgres)).collect()
}

/// The server reads bodies in the language SQL when it makes the function.
fn is_sql(statement: &Statement) -> bool {
    let words: Vec<String> =
        statement.tokens.iter().map(|token| statement.written(token).to_lowercase()).collect();
    words.windows(2).any(|pair| pair[0] == "language" && pair[1].trim_matches('\'') == "sql")
}

fn bodies(statement: &Statement) -> Vec<String> {
    let Class::CreateFunction { .. } = statement.class else { return Vec::new() };
    let tokens = statement.tokens.iter();
    let bodies = tokens.filter(|token| matches!(token.kind, TokenKind::Dollar | TokenKind::String));
    bodies.filter_map(|token| unquote_literal(statement.written(token))).collect()
}

fn scan(text: &str, tokens: &[Token], dialect: Dialect, found: &mut Mentions) {
    let mut scan = Scan { text, tokens, dialect, lists: Vec::new(), in_list: false, found };
    for at in 0..tokens.len() {
        scan.token(at);
    }
}

struct Scan<'a> {
    text: &'a str,
    tokens: &'a [Token],
    dialect: Dialect,
    /// Per open parenthesis: whether a list of relations was being read outside of it.
    lists: Vec<bool>,
    in_list: bool,
    found: &'a mut Mentions,
}

impl Scan<'_> {
    fn token(&mut self, at: usize) {
        let word = self.word(at);
        match self.tokens[at].kind {
            TokenKind::LParen => self.lists.push(self.in_list),
            TokenKind::RParen => self.in_list = self.lists.pop().unwrap_or(false),
            TokenKind::Word if is_any(word, &ENDS_LIST) => self.in_list = false,
            TokenKind::Word if is_any(word, &BEFORE_RELATION) => self.in_list = true,
            TokenKind::Word | TokenKind::Quoted if !self.follows_period(at) => self.name(at),
            _ => {}
        }
    }

    fn word(&self, at: usize) -> &str {
        &self.text[self.tokens[at].range.clone()]
    }

    fn follows_period(&self, at: usize) -> bool {
        at > 0 && self.tokens[at - 1].kind == TokenKind::Period
    }

    fn kind(&self, at: usize) -> Option<TokenKind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    fn name(&mut self, at: usize) {
        let unquoted = |token: &Token| unquote(&self.text[token.range.clone()], self.dialect);
        let name = unquoted(&self.tokens[at]);
        if self.kind(at + 1) == Some(TokenKind::LParen) {
            self.found.calls.insert(name.clone());
        }
        let before = if at > 0 { self.word(at - 1) } else { "" };
        let listed = self.in_list && [",", "("].contains(&before);
        if !listed && !is_any(before, &BEFORE_RELATION) {
            return;
        }
        let after_on = before.eq_ignore_ascii_case("on");
        self.found.relations.insert(name);
        // `from shop.orders` in a body, whose schema is not taken out.
        let qualified = self.kind(at + 1) == Some(TokenKind::Period) && !after_on;
        let second = self.tokens.get(at + 2).filter(|_| qualified).map(unquoted);
        self.found.relations.extend(second);
    }
}

fn is_any(word: &str, words: &[&str]) -> bool {
    words.iter().any(|one| one.eq_ignore_ascii_case(word))
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
    fn sequences_are_found_in_bodies_of_every_language() {
        for body in [
            "language sql as $$ select nextval('s') $$",
            "language plpgsql as 'begin return nextval(''a.s''); end'",
        ] {
            let sql = format!("create function f() returns bigint {body}");
            let text = SourceText::verbatim(&sql, Span::new(SourceId(0), 0..sql.len()));
            let (statements, _) = sql::split(&text, Dialect::Postgres);
            assert!(mentions(&statements[0]).names.contains("s"), "{body}");
        }
    }

    #[test]
    fn bodies_in_sql_are_read() {
        let (relations, calls) =
            of("create function f(x int) returns int language sql as $$ select g(x) from t $$");
        assert!(relations.contains(&"t".to_owned()));
        assert!(calls.contains(&"g".to_owned()));
        let (relations, _) = of(
            "create function f() returns int language plpgsql as $$ begin select 1 from t; end $$",
        );
        assert!(!relations.contains(&"t".to_owned()));
    }
}
