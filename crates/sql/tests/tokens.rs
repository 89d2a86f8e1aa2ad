//! Our tokens are `sqlparser`'s, on all real SQL that it reads.

#![allow(clippy::print_stdout)] // The test says how much it read, or that it read nothing.

mod shared;

use std::ops::Range;

use shared::{dialect_of, sql_files};
use sql::{Class, Dialect, Statement, TokenKind, split, tokenize};
use sqlparser::dialect::{Dialect as Grammar, PostgreSqlDialect, SQLiteDialect};
use sqlparser::tokenizer::{Location, Token as Parsed, Tokenizer};

#[test]
fn tokens_are_those_of_sqlparser() {
    let (mut compared, mut tokens, mut different) = (0, 0, Vec::new());
    let files = ["data", "cases"].into_iter().flat_map(sql_files);
    for file in files {
        let dialect = dialect_of(&file.path);
        let all = split(&file.text, dialect).0.into_iter();
        for statement in all.filter(|one| !matches!(one.class, Class::PsqlMeta { .. })) {
            let Some(theirs) = theirs(command(&statement), dialect) else { continue };
            let ours = statement.tokens.iter().map(|token| (token.kind, token.range.clone()));
            let ours = joined(ours.collect());
            let at = ours.iter().zip(&theirs).position(|(ours, theirs)| ours != theirs);
            if ours != theirs {
                let at = at.unwrap_or(ours.len().min(theirs.len()));
                let (ours, theirs) = (ours.get(at), theirs.get(at));
                let text = &statement.text.text;
                different.push(format!("{ours:?} {theirs:?}: {}: {text}", file.path.display()));
            }
            (compared, tokens) = (compared + 1, tokens + ours.len());
        }
    }
    println!("{tokens} tokens of {compared} statements, {} otherwise", different.len());
    assert!(different.is_empty(), "{}", different.join("\n\n"));
}

/// Without the data of a COPY.
fn command(statement: &Statement) -> &str {
    let end = statement.data.as_ref().map_or(statement.text.text.len(), |data| data.start);
    statement.text.text[..end].trim_end().trim_end_matches(';')
}

type Found = Vec<(TokenKind, Range<usize>)>;

/// `None` where `sqlparser` reads no tokens, or reads `1.a` or `$x` its own way.
fn theirs(text: &str, dialect: Dialect) -> Option<Found> {
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
fn joined(tokens: Found) -> Found {
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

/// A text and its tokens.
type Case = (&'static str, Dialect, &'static [(TokenKind, &'static str)]);

/// The rules that `sqlparser` has otherwise, or not at all.
#[test]
fn tokens_follow_the_engines_rules() {
    use TokenKind::{Number, Operator, Parameter, Period, Quoted, String, Word};
    let cases: [Case; 10] = [
        ("a===b", Dialect::Postgres, &[(Word, "a"), (Operator, "==="), (Word, "b")]),
        (
            "a=-1",
            Dialect::Postgres,
            &[(Word, "a"), (Operator, "="), (Operator, "-"), (Number, "1")],
        ),
        ("a@-b", Dialect::Postgres, &[(Word, "a"), (Operator, "@-"), (Word, "b")]),
        ("a*--b", Dialect::Postgres, &[(Word, "a"), (Operator, "*")]),
        ("r._f", Dialect::Postgres, &[(Word, "r"), (Period, "."), (Word, "_f")]),
        ("1.5e-3+.5", Dialect::Postgres, &[(Number, "1.5e-3"), (Operator, "+"), (Number, ".5")]),
        ("U&'x' b'01'", Dialect::Postgres, &[(String, "U&'x'"), (String, "b'01'")]),
        ("$1", Dialect::Postgres, &[(Parameter, "$1")]),
        ("?1 x'ab'", Dialect::Sqlite, &[(Parameter, "?1"), (String, "x'ab'")]),
        ("[a b]`c`", Dialect::Sqlite, &[(Quoted, "[a b]"), (Quoted, "`c`")]),
    ];
    for (text, dialect, wanted) in cases {
        let found = tokenize(text, dialect);
        let found: Vec<_> =
            found.iter().map(|token| (token.kind, &text[token.range.clone()])).collect();
        assert_eq!(found, wanted, "{text}");
    }
}
