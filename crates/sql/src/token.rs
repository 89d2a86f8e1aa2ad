//! Tokens with byte ranges, without white space and comments.
//!
//! Made from what the scanner finds, because every statement is read this way and `sqlparser`'s
//! tokenizer, which reads no text that it has a doubt about, allocates each word. That both find the
//! same tokens where both read a text is tested on all SQL there is (`tests/tokens.rs`).

use std::ops::Range;

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

/// All tokens of a text. A literal that is not closed is one to the end of the text, so that this
/// never fails.
pub fn tokenize(text: &str, dialect: Dialect) -> Vec<Token> {
    let mut tokenizer = Tokenizer {
        text: text.as_bytes(),
        dialect,
        scanner: Scanner::new(text, 0, dialect),
        // Few texts have more.
        tokens: Vec::with_capacity(text.len() / 4 + 1),
    };
    while let Some(item) = tokenizer.scanner.next() {
        match item {
            Ok((Item::Comment, _)) => {}
            Ok((item, range)) => tokenizer.item(item, range),
            Err(open) => {
                tokenizer.push(TokenKind::String, open.start..text.len());
                break;
            }
        }
    }
    tokenizer.tokens
}

struct Tokenizer<'a> {
    text: &'a [u8],
    dialect: Dialect,
    scanner: Scanner<'a>,
    tokens: Vec<Token>,
}

impl Tokenizer<'_> {
    fn item(&mut self, item: Item, range: Range<usize>) {
        let start = range.start;
        match item {
            Item::Word if self.is_prefix(&range) => self.prefixed(range),
            Item::Word => self.push(TokenKind::Word, range),
            Item::Literal => self.push(self.literal(start), range),
            Item::Symbol(byte) => {
                let (kind, end) = self.symbol(byte, start);
                if end > range.end {
                    self.scanner.seek(end);
                }
                self.push(kind, start..end);
            }
            Item::Comment => {}
        }
    }

    fn push(&mut self, kind: TokenKind, range: Range<usize>) {
        self.tokens.push(Token { kind, range });
    }

    fn literal(&self, start: usize) -> TokenKind {
        match self.text[start] {
            b'"' | b'`' | b'[' => TokenKind::Quoted,
            b'$' => TokenKind::Dollar,
            _ => TokenKind::String,
        }
    }

    /// `N'x'`, `B'x'`, `X'x'`, `U&'x'`: the string follows without a blank. (`E'x'` is one item.)
    fn is_prefix(&self, word: &Range<usize>) -> bool {
        let after = &self.text[word.end..];
        match self.text[word.clone()] {
            [b'n' | b'N' | b'x' | b'X'] => after.starts_with(b"'"),
            [b'b' | b'B'] => self.dialect == Dialect::Postgres && after.starts_with(b"'"),
            [b'u' | b'U'] => self.dialect == Dialect::Postgres && after.starts_with(b"&'"),
            _ => false,
        }
    }

    fn prefixed(&mut self, word: Range<usize>) {
        let quote = word.end + usize::from(self.text[word.end] == b'&');
        self.scanner.seek(quote);
        let end = match self.scanner.next() {
            Some(Ok((_, range))) => range.end,
            Some(Err(_)) | None => self.text.len(),
        };
        self.scanner.seek(end);
        self.push(TokenKind::String, word.start..end);
    }

    fn symbol(&self, byte: u8, at: usize) -> (TokenKind, usize) {
        let next = self.text.get(at + 1).copied();
        let one = |kind| (kind, at + 1);
        match byte {
            b'0'..=b'9' => (TokenKind::Number, self.number(at)),
            b'.' if next.is_some_and(|b| b.is_ascii_digit()) && !self.follows_name(at) => {
                (TokenKind::Number, self.number(at))
            }
            b'.' => one(TokenKind::Period),
            b'(' => one(TokenKind::LParen),
            b')' => one(TokenKind::RParen),
            b'[' => one(TokenKind::LBracket),
            b']' => one(TokenKind::RBracket),
            b',' => one(TokenKind::Comma),
            b';' => one(TokenKind::Semicolon),
            b':' if next == Some(b':') => (TokenKind::Cast, at + 2),
            b':' if next == Some(b'=') => (TokenKind::Operator, at + 2),
            b'$' => (TokenKind::Parameter, self.end_of(at + 1, |b| b.is_ascii_alphanumeric())),
            b'?' if self.dialect == Dialect::Sqlite => {
                (TokenKind::Parameter, self.end_of(at + 1, |b| b.is_ascii_digit()))
            }
            _ => (TokenKind::Operator, self.operator(at)),
        }
    }

    /// `a.1` is no number behind a name.
    fn follows_name(&self, at: usize) -> bool {
        self.tokens.last().is_some_and(|last| {
            last.range.end == at && (last.is_identifier() || last.kind == TokenKind::RBracket)
        })
    }

    fn end_of(&self, from: usize, part: impl Fn(&u8) -> bool) -> usize {
        from + self.text[from..].iter().take_while(|byte| part(byte)).count()
    }

    /// `12`, `1.5`, `.5`, `1e-3`, `0xff`, `1_000`.
    fn number(&self, start: usize) -> usize {
        let digits = |from| self.end_of(from, |b| b.is_ascii_digit() || *b == b'_');
        if self.text[start..].starts_with(b"0x") || self.text[start..].starts_with(b"0X") {
            return self.end_of(start + 2, |b| b.is_ascii_hexdigit() || *b == b'_');
        }
        let mut end = digits(start);
        // `1..10` is a range of two numbers.
        if self.text.get(end) == Some(&b'.') && self.text.get(end + 1) != Some(&b'.') {
            end = digits(end + 1);
        }
        let exponent = self.text.get(end).is_some_and(|b| b.eq_ignore_ascii_case(&b'e'));
        let sign = usize::from(matches!(self.text.get(end + 1), Some(b'+' | b'-')));
        let power = self.text.get(end + 1 + sign).is_some_and(u8::is_ascii_digit);
        if exponent && power { digits(end + 1 + sign) } else { end }
    }

    /// As many characters as make one operator. Source: PostgreSQL "Lexical Structure", 4.1.3: no
    /// comment begins inside of it, and one of several characters ends with a sign only where it has
    /// one of the characters that no SQL operator has.
    fn operator(&self, start: usize) -> usize {
        let is_part = |byte: &u8| b"+-*/<>=~!@#%^&|`?".contains(byte);
        let mut end = self.end_of(start, is_part).max(start + 1);
        let comment = self.text[start..end].windows(2).position(|two| matches!(two, b"--" | b"/*"));
        end = comment.map_or(end, |at| start + at.max(1));
        let unusual = |byte: &u8| b"~!@#%^&|`?".contains(byte);
        while end - start > 1
            && matches!(self.text[end - 1], b'+' | b'-')
            && !self.text[start..end].iter().any(unusual)
        {
            end -= 1;
        }
        end
    }
}
