//! Our tokens are `sqlparser`'s, on all real SQL that it reads.

#![allow(clippy::print_stdout)] // The test says how much it read, or that it read nothing.

mod shared;

use shared::{dialect_of, sql_files};
use sql::{Class, Dialect, Statement, TokenKind, split, tokenize};
use testkit::hostile::{joined, of_sqlparser};

#[test]
fn tokens_are_those_of_sqlparser() {
    let (mut compared, mut tokens, mut different) = (0, 0, Vec::new());
    let files = ["data", "cases"].into_iter().flat_map(sql_files);
    for file in files {
        let dialect = dialect_of(&file.path);
        let all = split(&file.text, dialect).0.into_iter();
        for statement in all.filter(|one| !matches!(one.class, Class::PsqlMeta { .. })) {
            let Some(theirs) = of_sqlparser(command(&statement), dialect) else { continue };
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
