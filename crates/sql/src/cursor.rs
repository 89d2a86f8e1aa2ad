//! A place among the tokens of a text, with the questions that taking it apart asks.

use std::ops::Range;

use crate::{Dialect, Name, Token, TokenKind, unquote};

/// Words are given in lower case and meet unquoted tokens of any case; phrases are words with one
/// space between them.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    pub(crate) text: &'a str,
    pub(crate) tokens: &'a [Token],
    pub(crate) dialect: Dialect,
    /// Index of the next token.
    pub at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str, tokens: &'a [Token], dialect: Dialect) -> Self {
        Self { text, tokens, dialect, at: 0 }
    }

    pub fn text(&self) -> &'a str {
        self.text
    }

    pub fn tokens(&self) -> &'a [Token] {
        self.tokens
    }

    pub fn at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub fn token(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    pub fn kind(&self) -> Option<TokenKind> {
        self.token().map(|token| token.kind)
    }

    pub fn kind_at(&self, ahead: usize) -> Option<TokenKind> {
        self.tokens.get(self.at + ahead).map(|token| token.kind)
    }

    fn text_at(&self, ahead: usize) -> &'a str {
        self.tokens.get(self.at + ahead).map_or("", |token| &self.text[token.range.clone()])
    }

    /// The next token as written; empty at the end.
    pub fn written(&self) -> &'a str {
        self.text_at(0)
    }

    pub fn is(&self, word: &str) -> bool {
        self.is_at(0, word)
    }

    pub fn is_at(&self, ahead: usize, word: &str) -> bool {
        self.kind_at(ahead) == Some(TokenKind::Word)
            && self.text_at(ahead).eq_ignore_ascii_case(word)
    }

    pub fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// Whether the words of the phrase come next.
    pub fn is_phrase(&self, phrase: &str) -> bool {
        self.begins(phrase)
            && phrase.split(' ').enumerate().all(|(ahead, word)| self.is_at(ahead, word))
    }

    /// Most phrases that are asked for begin with another letter than what stands there.
    fn begins(&self, phrase: &str) -> bool {
        let first = |text: &str| text.as_bytes().first().map(u8::to_ascii_lowercase);
        first(self.written()) == first(phrase)
    }

    pub fn eat(&mut self, phrase: &str) -> bool {
        let found = self.is_phrase(phrase);
        if found {
            self.at += phrase.split(' ').count();
        }
        found
    }

    pub fn eat_any<'w>(&mut self, phrases: &[&'w str]) -> Option<&'w str> {
        phrases.iter().find(|phrase| self.eat(phrase)).copied()
    }

    pub fn eat_kind(&mut self, kind: TokenKind) -> bool {
        let found = self.kind() == Some(kind);
        self.at += usize::from(found);
        found
    }

    /// Passes over tokens until one of the words stands next, outside parentheses.
    pub fn find_any(&mut self, words: &[&str]) -> bool {
        while !self.at_end() {
            if self.is_any(words) {
                return true;
            }
            self.step();
        }
        false
    }

    /// Passes over one token, or over a whole parenthesis.
    pub fn step(&mut self) {
        if self.kind() == Some(TokenKind::LParen) {
            self.parens();
        } else {
            self.at += 1;
        }
    }

    /// A parenthesis that stands next: the cursor on what is inside. Passes over all of it.
    pub fn parens(&mut self) -> Option<Cursor<'a>> {
        if self.kind() != Some(TokenKind::LParen) {
            return None;
        }
        let (start, mut depth) = (self.at + 1, 0_usize);
        while let Some(token) = self.token() {
            match token.kind {
                TokenKind::LParen => depth += 1,
                TokenKind::RParen => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Some(Cursor { tokens: &self.tokens[start..self.at - 1], at: 0, ..*self });
            }
        }
        Some(Cursor { tokens: &self.tokens[start..], at: 0, ..*self })
    }

    /// The parts between commas that stand outside parentheses and brackets.
    pub fn comma_parts(mut self) -> Vec<Cursor<'a>> {
        let (mut parts, mut from, mut brackets) = (Vec::new(), self.at, 0_usize);
        while let Some(kind) = self.kind() {
            match kind {
                TokenKind::LBracket => brackets += 1,
                TokenKind::RBracket => brackets = brackets.saturating_sub(1),
                TokenKind::Comma if brackets == 0 => {
                    parts.push(self.sub(from..self.at));
                    from = self.at + 1;
                }
                _ => {}
            }
            self.step();
        }
        if from < self.tokens.len() || !parts.is_empty() {
            parts.push(self.sub(from.min(self.tokens.len())..self.tokens.len()));
        }
        parts
    }

    /// The same text, only these tokens, as far as they are there.
    pub fn sub(&self, tokens: Range<usize>) -> Cursor<'a> {
        let end = tokens.end.min(self.tokens.len());
        let tokens = tokens.start.min(end)..end;
        Cursor { tokens: &self.tokens[tokens], at: 0, ..*self }
    }

    /// Bytes from the first to the last remaining token; empty at the end.
    pub fn rest_range(&self) -> Range<usize> {
        range_of(&self.tokens[self.at.min(self.tokens.len())..])
    }

    /// A name, quoted or not. SQLite also takes a string where a name stands.
    pub fn ident(&mut self) -> Option<String> {
        let token = self.token()?;
        let sqlite_string = self.dialect == Dialect::Sqlite && token.kind == TokenKind::String;
        if !token.is_identifier() && !sqlite_string {
            return None;
        }
        self.at += 1;
        Some(unquote(&self.text[token.range.clone()], self.dialect))
    }

    /// `a`, `a.b` or `a.b.c`: all parts.
    pub fn path(&mut self) -> Vec<String> {
        let mut parts: Vec<_> = self.ident().into_iter().collect();
        while !parts.is_empty() && self.kind() == Some(TokenKind::Period) {
            self.at += 1;
            match self.ident() {
                Some(part) => parts.push(part),
                None => break,
            }
        }
        parts
    }

    /// `name`, `schema.name` or `database.schema.name`.
    pub fn name(&mut self) -> Option<Name> {
        let mut path = self.path();
        let name = path.pop()?;
        Some(Name { schema: path.pop(), name })
    }

    /// The name of an operator: `schema.===`.
    pub fn operator(&mut self) -> Name {
        let schema = if self.kind_at(1) == Some(TokenKind::Period) { self.ident() } else { None };
        self.eat_kind(TokenKind::Period);
        let mut name = String::new();
        while !matches!(self.kind(), None | Some(TokenKind::LParen)) && !self.is("using") {
            name.push_str(self.written());
            self.at += 1;
        }
        Name { schema, name }
    }
}

pub(crate) fn range_of(tokens: &[Token]) -> Range<usize> {
    match (tokens.first(), tokens.last()) {
        (Some(first), Some(last)) => first.range.start..last.range.end,
        _ => 0..0,
    }
}
