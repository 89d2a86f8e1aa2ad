//! Tokens against themselves and against `sqlparser`'s.

use std::ops::Range;

use sql::{Dialect, TokenKind, tokenize};
use sqlparser::dialect::{Dialect as Grammar, PostgreSqlDialect, SQLiteDialect};
use sqlparser::tokenizer::{Location, Token as Parsed, Tokenizer};

/// Kind and bytes of each token.
pub type Found = Vec<(TokenKind, Range<usize>)>;

/// Tokens stand in order, on whole characters, and nothing between them is a token.
pub(super) fn judge_tokens(text: &str, dialect: Dialect) {
    let mut end = 0;
    for token in tokenize(text, dialect) {
        let gap = text.get(end..token.range.start).expect("tokens in order, on whole characters");
        assert_eq!(tokenize(gap, dialect), [], "between the tokens of {text:?}");
        assert!(text.get(token.range.clone()).is_some_and(|token| !token.is_empty()));
        end = token.range.end;
    }
}

/// Where both read a text by the same rules they find the same.
pub(super) fn of_both(text: &str, dialect: Dialect) {
    if !same_rules(text) {
        return;
    }
    let Some(theirs) = of_sqlparser(text, dialect) else { return };
    let ours = tokenize(text, dialect).into_iter().map(|token| (token.kind, token.range));
    assert_eq!(joined(ours.collect()), theirs, "{text:?} in {dialect:?}");
}

/// Of these characters both make the same tokens, as far as `sqlparser` reads them at all. It knows
/// no nested comments of its own in SQLite, takes `1.a` and `$x` its own way, and splits operators
/// by a list, and `b"x"` is a string to it, to PostgreSQL a word and a name; `tests/tokens.rs` of `sql`
/// has the engines' rules for those.
fn same_rules(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b" \n\t_'\"(),;=<>".contains(&byte);
    let quoted_bytes = |pair: &[u8]| matches!(pair, [b'b' | b'B', b'"']);
    text.bytes().all(plain) && !text.as_bytes().windows(2).any(quoted_bytes)
}

/// `sqlparser`'s tokens with neighbouring operators as one; `None` where it reads no tokens.
pub fn of_sqlparser(text: &str, dialect: Dialect) -> Option<Found> {
    let grammar: &dyn Grammar = match dialect {
        Dialect::Postgres => &PostgreSqlDialect {},
        Dialect::Sqlite => &SQLiteDialect {},
    };
    let parsed =
        Tokenizer::new(grammar, text).with_unescape(false).tokenize_with_location().ok()?;
    let mut place = Place { text, at: 0, here: Location::new(1, 1) };
    let tokens = parsed.into_iter().filter_map(|token| {
        let range = place.of(token.span.start)..place.of(token.span.end);
        kind(&token.token).map(|kind| (kind, range))
    });
    Some(joined(tokens.collect()))
}

/// Lines and columns (in characters, from 1) as bytes, going forward only.
struct Place<'a> {
    text: &'a str,
    at: usize,
    here: Location,
}

impl Place<'_> {
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

/// Where one operator ends and the next begins only the server knows.
pub fn joined(tokens: Found) -> Found {
    let mut out = Found::new();
    for (kind, range) in tokens {
        match out.last_mut() {
            Some((TokenKind::Operator, last))
                if kind == TokenKind::Operator && last.end == range.start =>
            {
                last.end = range.end;
            }
            _ => out.push((kind, range)),
        }
    }
    out
}
