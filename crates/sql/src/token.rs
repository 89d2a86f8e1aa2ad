//! `sqlparser`'s tokens with byte ranges, without white space and comments.

use std::ops::Range;

use sqlparser::dialect::{Dialect as Grammar, PostgreSqlDialect, SQLiteDialect};
use sqlparser::tokenizer::{Location, Token as Parsed, TokenWithSpan, Tokenizer};

use crate::Dialect;
use crate::scan::{Item, Scanner};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// An unquoted name or keyword.
    Word,
    /// `"x"`; SQLite also `` `x` `` and `[x]`.
    Quoted,
    /// `'x'` and its forms `E'x'`, `N'x'`, `B'x'`, `X'x'`, `U&'x'`.
    String,
    /// `$$x$$`
    Dollar,
    Number,
    /// `$1`, `?`
    Parameter,
    LParen,
    RParen,
    LBracket,
    RBracket,
    Comma,
    Period,
    Semicolon,
    /// `::`
    Cast,
    Operator,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: TokenKind,
    /// Bytes of the text that was tokenized.
    pub range: Range<usize>,
}

impl Token {
    /// A name, quoted or not. (SQLite takes a string where it expects a name; see `Cursor::ident`.)
    pub fn is_identifier(&self) -> bool {
        matches!(self.kind, TokenKind::Word | TokenKind::Quoted)
    }
}

/// All tokens of a text. What `sqlparser` cannot read (`(row)._field`, a broken escape) becomes the
/// token that stands there byte by byte, so that this never fails.
pub fn tokenize(text: &str, dialect: Dialect) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(text.len() / 6);
    let mut from = 0;
    while from < text.len() {
        match tokenize_some(text, from, dialect, &mut tokens) {
            None => break,
            Some(next) => from = next,
        }
    }
    tokens
}

/// Tokenizes from `from`; where `sqlparser` stops, steps over one item and says where to go on.
fn tokenize_some(text: &str, from: usize, dialect: Dialect, out: &mut Vec<Token>) -> Option<usize> {
    let grammar: &dyn Grammar = match dialect {
        Dialect::Postgres => &PostgreSqlDialect {},
        Dialect::Sqlite => &SQLiteDialect {},
    };
    let mut parsed = Vec::new();
    let done = Tokenizer::new(grammar, &text[from..])
        .with_unescape(false)
        .tokenize_with_location_into_buf(&mut parsed);
    let mut offsets = Offsets { text, at: from, here: Location::new(1, 1) };
    let mut end = from;
    for TokenWithSpan { token, span } in parsed {
        let start = offsets.of(span.start);
        end = offsets.of(span.end);
        if let Some(kind) = kind(&token) {
            out.push(Token { kind, range: start..end });
        }
    }
    done.err().map(|_| step_over(text, end, dialect, out))
}

fn step_over(text: &str, from: usize, dialect: Dialect, out: &mut Vec<Token>) -> usize {
    let (kind, range) = match Scanner::new(text, from, dialect).next() {
        None => return text.len(),
        Some(Err(open)) => (TokenKind::String, open.start..text.len()),
        Some(Ok((Item::Comment, range))) => return range.end,
        Some(Ok((Item::Word, range))) => (TokenKind::Word, range),
        Some(Ok((Item::Literal, range))) => (TokenKind::String, range),
        Some(Ok((Item::Symbol(b'.'), range))) => (TokenKind::Period, range),
        Some(Ok((Item::Symbol(_), range))) => (TokenKind::Operator, range),
    };
    let end = range.end;
    out.push(Token { kind, range });
    end
}

/// Turns `sqlparser`'s lines and columns (in characters, from 1) into bytes, going forward only.
struct Offsets<'a> {
    text: &'a str,
    at: usize,
    here: Location,
}

impl Offsets<'_> {
    fn of(&mut self, wanted: Location) -> usize {
        let mut rest = self.text[self.at..].chars();
        while (self.here.line, self.here.column) < (wanted.line, wanted.column) {
            match rest.next() {
                None => break,
                Some('\n') => self.here = Location::new(self.here.line + 1, 1),
                Some(_) => self.here.column += 1,
            }
        }
        self.at = self.text.len() - rest.as_str().len();
        self.at
    }
}

fn kind(token: &Parsed) -> Option<TokenKind> {
    Some(match token {
        Parsed::EOF | Parsed::Whitespace(_) => return None,
        Parsed::Word(word) if word.quote_style.is_some() => TokenKind::Quoted,
        Parsed::Word(_) => TokenKind::Word,
        Parsed::Number(..) => TokenKind::Number,
        Parsed::DollarQuotedString(_) => TokenKind::Dollar,
        Parsed::DoubleQuotedString(_) => TokenKind::Quoted,
        Parsed::SingleQuotedString(_)
        | Parsed::NationalStringLiteral(_)
        | Parsed::EscapedStringLiteral(_)
        | Parsed::UnicodeStringLiteral(_)
        | Parsed::HexStringLiteral(_)
        | Parsed::SingleQuotedByteStringLiteral(_) => TokenKind::String,
        Parsed::Placeholder(_) => TokenKind::Parameter,
        Parsed::LParen => TokenKind::LParen,
        Parsed::RParen => TokenKind::RParen,
        Parsed::LBracket => TokenKind::LBracket,
        Parsed::RBracket => TokenKind::RBracket,
        Parsed::Comma => TokenKind::Comma,
        Parsed::Period => TokenKind::Period,
        Parsed::SemiColon => TokenKind::Semicolon,
        Parsed::DoubleColon => TokenKind::Cast,
        _ => TokenKind::Operator,
    })
}
