//! `CREATE` statements as SQLite keeps them, in a form in which only meaning makes a difference.
//!
//! Tokens stand one space apart; words and names are in lower case, as SQLite ignores their case;
//! quotes stand only where a name needs them. Strings and numbers are as written.

use std::ops::Range;

use diagnostics::{SourceId, SourceText, Span};
use sql::{Dialect, Statement, Token, TokenKind, create_table, quote_ident, unquote};

pub(crate) struct Text {
    statement: Option<Statement>,
}

impl Text {
    pub(crate) fn of(sql: &str) -> Self {
        let text = SourceText::verbatim(sql, Span::new(SourceId(0), 0..sql.len()));
        let (statements, _) = sql::split(&text, Dialect::Sqlite);
        Self { statement: statements.into_iter().next() }
    }

    pub(crate) fn table(&self) -> Option<create_table::TableDefinition> {
        self.statement.as_ref().and_then(create_table::parse)
    }

    fn tokens(&self) -> &[Token] {
        self.statement.as_ref().map_or(&[], |statement| &statement.tokens)
    }

    fn is(&self, at: usize, word: &str) -> bool {
        let statement = self.statement.as_ref();
        let token = self.tokens().get(at).zip(statement);
        token.is_some_and(|(token, statement)| {
            token.kind == TokenKind::Word && statement.written(token).eq_ignore_ascii_case(word)
        })
    }

    /// The first token that is this word, outside of parentheses, from `from` on.
    fn find(&self, word: &str, from: usize) -> Option<usize> {
        let mut depth = 0;
        (0..self.tokens().len()).find(|&at| {
            match self.tokens()[at].kind {
                TokenKind::LParen => depth += 1,
                TokenKind::RParen => depth -= 1,
                _ => {}
            }
            depth == 0 && at >= from && self.is(at, word)
        })
    }

    fn from(&self, at: usize) -> String {
        self.written(self.tokens().get(at..).unwrap_or(&[]), true)
    }

    pub(crate) fn all(&self) -> String {
        self.from(0)
    }

    /// The tokens within these bytes.
    pub(crate) fn range(&self, range: &Range<usize>) -> String {
        let inside =
            |token: &&Token| range.start <= token.range.start && token.range.end <= range.end;
        let tokens: Vec<_> = self.tokens().iter().filter(inside).cloned().collect();
        self.written(&tokens, false)
    }

    /// `ASC` says nothing; it goes where an order of keys is meant.
    fn written(&self, tokens: &[Token], statement_text: bool) -> String {
        let Some(statement) = &self.statement else { return String::new() };
        let mut out = String::new();
        for token in tokens {
            let text = normal(statement.written(token), token.kind);
            if text == "asc" && !statement_text {
                continue;
            }
            let tight = out.is_empty()
                || matches!(token.kind, TokenKind::Comma | TokenKind::Period | TokenKind::RParen)
                || out.ends_with(['(', '.']);
            if !tight {
                out.push(' ');
            }
            out += &text;
        }
        out
    }

    /// After `CREATE … word name`, which may be qualified.
    fn name_end(&self, word: &str) -> usize {
        let at = self.find(word, 0).map_or(0, |at| at + 1);
        let at = if self.is(at, "if") { at + 3 } else { at };
        match self.tokens().get(at + 1).map(|token| token.kind) {
            Some(TokenKind::Period) => at + 3,
            _ => at + 1,
        }
    }

    /// A trigger from its timing on.
    pub(crate) fn after_name(&self, word: &str) -> String {
        self.from(self.name_end(word))
    }

    /// The query of a view; with the names of its columns before it, where they are given.
    pub(crate) fn view_query(&self) -> String {
        let end = self.name_end("view");
        self.from(if self.is(end, "as") { end + 1 } else { end })
    }

    /// `fts5 (body, tokenize = 'porter')`
    pub(crate) fn module(&self) -> String {
        self.find("using", 0).map_or_else(|| self.all(), |at| self.from(at + 1))
    }

    /// From the list of columns on.
    pub(crate) fn index_definition(&self) -> String {
        let on = self.find("on", 0).map_or(0, |at| at + 2);
        let Some(last) = self.tokens().last() else { return String::new() };
        let start = self.tokens().get(on).map_or(last.range.end, |token| token.range.start);
        self.range(&(start..last.range.end))
    }

    pub(crate) fn is_unique(&self) -> bool {
        self.is(1, "unique")
    }

    pub(crate) fn predicate(&self) -> Option<String> {
        self.find("where", 0).map(|at| self.from(at + 1))
    }
}

fn normal(written: &str, kind: TokenKind) -> String {
    match kind {
        TokenKind::Word => written.to_ascii_lowercase(),
        TokenKind::Quoted => {
            let name = unquote(written, Dialect::Sqlite);
            quote_ident(&Dialect::Sqlite.key(&name), Dialect::Sqlite)
        }
        _ => written.to_owned(),
    }
}

/// A piece of SQL that stands alone: a default, an expression. A string in double quotes, which
/// SQLite permits there, keeps its case.
pub(crate) fn normal_text(sql: &str) -> String {
    let tokens = sql::tokenize(sql, Dialect::Sqlite);
    match tokens.as_slice() {
        [one] if one.kind == TokenKind::Quoted => sql.trim().to_owned(),
        _ => {
            let words = tokens.iter().map(|token| normal(&sql[token.range.clone()], token.kind));
            words.collect::<Vec<_>>().join(" ")
        }
    }
}
