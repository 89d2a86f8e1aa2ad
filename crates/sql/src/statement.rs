//! One statement with its tokens and class.

use std::ops::Range;

use diagnostics::{SourceText, Span};

use crate::cursor::{Cursor, range_of};
use crate::{Class, Dialect, Name, Token, TokenKind, classify, tokenize};

#[derive(Clone, Debug)]
pub struct Statement {
    pub dialect: Dialect,
    /// Without the semicolon and without the comments before it. `COPY … FROM stdin` includes its
    /// semicolon and data, up to and with `\.`.
    pub text: SourceText,
    /// The comments between the statement before and this one, as they stand.
    pub comments: Option<SourceText>,
    pub class: Class,
    /// Without white space and comments; ranges are bytes of `text`. Not of COPY data.
    pub tokens: Vec<Token>,
    /// The bytes of `text` that are COPY data, with the closing `\.`.
    pub data: Option<Range<usize>>,
}

impl Statement {
    /// A text that holds one statement; `split` finds the bounds.
    pub(crate) fn new(text: SourceText, dialect: Dialect, data: Option<Range<usize>>) -> Self {
        let command = data.as_ref().map_or(text.text.len(), |data| data.start);
        let mut tokens = tokenize(&text.text[..command], dialect);
        tokens.truncate(
            tokens.iter().rposition(|t| t.kind != TokenKind::Semicolon).map_or(0, |at| at + 1),
        );
        tokens.shrink_to_fit();
        let class = classify::classify(&mut Cursor::new(&text.text, &tokens, dialect));
        Self { dialect, text, comments: None, class, tokens, data }
    }

    /// The statement without some of its bytes (ranges ascending, not overlapping), each of them whole
    /// tokens or inside of one. Nothing is read again but the class.
    #[must_use]
    pub fn without(&self, ranges: &[Range<usize>]) -> Self {
        let text = self.text.without(ranges);
        let tokens = shifted(&self.tokens, ranges);
        let data = self.data.as_ref().map(|data| text.text.len() - data.len()..text.text.len());
        let class = classify::classify(&mut Cursor::new(&text.text, &tokens, self.dialect));
        let comments = self.comments.clone();
        Self { dialect: self.dialect, text, comments, class, tokens, data }
    }

    /// A `\restrict`, `\connect`, … line of a psql script.
    pub(crate) fn psql_meta(text: SourceText, dialect: Dialect) -> Self {
        let word = |c: char| c.is_whitespace();
        let command = text.text.trim_start_matches('\\').split(word).next().unwrap_or("");
        let class = Class::PsqlMeta { command: command.to_owned() };
        Self { dialect, text, comments: None, class, tokens: Vec::new(), data: None }
    }

    /// The token as written.
    pub fn written(&self, token: &Token) -> &str {
        &self.text.text[token.range.clone()]
    }

    /// The tokens inside a range of bytes, such as one action of ALTER TABLE.
    pub fn cursor_in(&self, range: Range<usize>) -> Cursor<'_> {
        let from = self.tokens.partition_point(|token| token.range.start < range.start);
        let to = self.tokens.partition_point(|token| token.range.start < range.end);
        self.cursor().sub(from..to.max(from))
    }

    /// The place of the name of what the statement is about; the whole statement where it has none.
    pub fn name_span(&self) -> Span {
        let Some(name) = self.class.name() else { return self.text.span };
        let found = match self.class {
            // `setval('orders_id_seq', 1)`
            Class::SetSequence { .. } => self.first(|token| token.kind == TokenKind::String),
            _ => self
                .find_name(name)
                .map(|tokens| range_of(&self.tokens[tokens]))
                .or_else(|| self.first(|token| self.written(token) == name.name)),
        };
        found.map_or(self.text.span, |range| self.text.span_of(range))
    }

    /// What kind of statement it is, as people say it: `CREATE UNIQUE INDEX`, `COMMENT ON COLUMN`.
    /// Of what this crate does not know, nothing.
    pub fn kind(&self) -> Option<String> {
        if matches!(self.class, Class::Other { .. }) {
            return None;
        }
        let name = self.class.name().and_then(|name| self.find_name(name));
        let end = name.map_or(self.tokens.len(), |tokens| tokens.start);
        let mut words: Vec<String> = Vec::new();
        for token in self.tokens[..end].iter().take_while(|token| token.kind == TokenKind::Word) {
            let word = self.written(token).to_ascii_uppercase();
            let is_comment = words.first().is_some_and(|first| first == "COMMENT");
            if word == "ON" && !is_comment {
                break;
            }
            if !["IF", "NOT", "EXISTS", "ONLY", "CONCURRENTLY"].contains(&word.as_str()) {
                words.push(word);
            }
        }
        words.truncate(4);
        Some(words.join(" "))
    }

    fn first(&self, wanted: impl Fn(&Token) -> bool) -> Option<Range<usize>> {
        let found = self.tokens.iter().find(|token| wanted(token));
        found.map(|token| token.range.clone())
    }

    /// The first path that spells the name, with its schema where it has one; a column's path goes
    /// on behind the table's name.
    fn find_name(&self, name: &Name) -> Option<Range<usize>> {
        let wanted: Vec<_> = name.schema.iter().chain([&name.name]).cloned().collect();
        let mut cursor = self.cursor();
        while !cursor.at_end() {
            let start = cursor.at;
            let path = cursor.path();
            if path.starts_with(&wanted) || path.ends_with(&wanted) {
                return Some(start..cursor.at);
            }
            cursor.at += usize::from(path.is_empty());
        }
        None
    }

    /// At its first token.
    pub fn cursor(&self) -> Cursor<'_> {
        Cursor::new(&self.text.text, &self.tokens, self.dialect)
    }
}

/// The tokens where they stand once the ranges are gone.
fn shifted(tokens: &[Token], mut ranges: &[Range<usize>]) -> Vec<Token> {
    let mut gone = 0;
    let mut out = Vec::with_capacity(tokens.len());
    for token in tokens {
        while let Some((first, rest)) = ranges.split_first()
            && first.end <= token.range.start
        {
            (gone, ranges) = (gone + first.len(), rest);
        }
        let now = |at: usize| {
            let near = ranges.iter().take_while(|range| range.start < at);
            at - gone - near.map(|range| range.end.min(at) - range.start).sum::<usize>()
        };
        let range = now(token.range.start)..now(token.range.end);
        if !range.is_empty() {
            out.push(Token { kind: token.kind, range });
        }
    }
    out
}
