//! SQL expressions of SQLite that PostgreSQL reads the same way, and no others.
//!
//! Comparisons of columns with each other and with literals, `and`, `or`, `not`, `is null`, `in`,
//! `between`, and a few functions that both engines have. Every comparison must be of one class of
//! values on both sides, because PostgreSQL refuses what SQLite coerces. Whatever else there is comes
//! back as the reason why a person must write it.

use sql::{Dialect, TokenKind, quote_ident, tokenize, unquote};

use crate::candidate::Candidate;

/// What an expression becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Translated {
    Sql(String),
    /// The target's types say it already: `active in (0, 1)` of a boolean.
    Implied,
}

/// A column as the expression may name it.
pub(crate) struct Known {
    pub(crate) name: String,
    pub(crate) candidate: Candidate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Number,
    Text,
    Bytes,
    Boolean,
    /// Compared with nothing here, only asked whether it is null.
    Other,
}

fn class(candidate: Candidate) -> Class {
    match candidate {
        Candidate::Boolean => Class::Boolean,
        Candidate::Text => Class::Text,
        Candidate::Bytea => Class::Bytes,
        _ if candidate.is_number() => Class::Number,
        _ => Class::Other,
    }
}

/// The columns that an expression names, as `column` knows them.
pub(crate) fn mentions(sql: &str, name: &str) -> bool {
    tokenize(sql, Dialect::Sqlite).iter().any(|token| {
        token.is_identifier()
            && unquote(&sql[token.range.clone()], Dialect::Sqlite).eq_ignore_ascii_case(name)
    })
}

/// # Errors
/// What PostgreSQL reads otherwise or not at all.
pub(crate) fn translate(
    sql: &str,
    column: &dyn Fn(&str) -> Option<Known>,
) -> Result<Translated, String> {
    let items = items(sql, column)?;
    is_asks_for_null(&items)?;
    let items = booleans(items)?;
    check(&items)?;
    if items.iter().all(|item| matches!(item, Item::True | Item::Open | Item::Close | Item::And)) {
        return Ok(Translated::Implied);
    }
    Ok(Translated::Sql(write(&items)))
}

#[derive(Clone, Debug, PartialEq)]
enum Item {
    Column(String, Class),
    Literal(String, Class),
    Function(&'static str, Class),
    /// A comparison or an arithmetic sign.
    Sign(String),
    /// `is`, `null`, `in`, `between`, `not`.
    Word(&'static str),
    And,
    Or,
    Open,
    Close,
    Comma,
    /// What holds of every value of the type.
    True,
}

const WORDS: [&str; 5] = ["is", "null", "in", "between", "not"];

fn items(sql: &str, column: &dyn Fn(&str) -> Option<Known>) -> Result<Vec<Item>, String> {
    let tokens = tokenize(sql, Dialect::Sqlite);
    let mut items = Vec::with_capacity(tokens.len());
    for (at, token) in tokens.iter().enumerate() {
        let written = &sql[token.range.clone()];
        let called = tokens.get(at + 1).is_some_and(|next| next.kind == TokenKind::LParen);
        let item = match token.kind {
            TokenKind::LParen => Item::Open,
            TokenKind::RParen => Item::Close,
            TokenKind::Comma => Item::Comma,
            TokenKind::Number if written.starts_with("0x") => return Err(unread(written)),
            TokenKind::Number => Item::Literal(written.to_owned(), Class::Number),
            TokenKind::String if written.starts_with('\'') => {
                Item::Literal(written.to_owned(), Class::Text)
            }
            TokenKind::Operator => sign(written)?,
            TokenKind::Word => match word(written, called) {
                Some(item) => item,
                None => name(written, column)?,
            },
            TokenKind::Quoted => name(written, column)?,
            _ => return Err(unread(written)),
        };
        items.push(item);
    }
    Ok(items)
}

fn unread(written: &str) -> String {
    format!("`{written}` is not read the same way by PostgreSQL")
}

fn sign(written: &str) -> Result<Item, String> {
    let sign = match written {
        "==" => "=",
        "!=" => "<>",
        "=" | "<>" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" => written,
        _ => return Err(unread(written)),
    };
    Ok(Item::Sign(sign.to_owned()))
}

fn word(written: &str, called: bool) -> Option<Item> {
    let lower = written.to_ascii_lowercase();
    match lower.as_str() {
        "and" => Some(Item::And),
        "or" => Some(Item::Or),
        "lower" if called => Some(Item::Function("lower", Class::Text)),
        "upper" if called => Some(Item::Function("upper", Class::Text)),
        "length" if called => Some(Item::Function("length", Class::Number)),
        "abs" if called => Some(Item::Function("abs", Class::Number)),
        word => WORDS.into_iter().find(|known| *known == word).map(Item::Word),
    }
}

fn name(written: &str, column: &dyn Fn(&str) -> Option<Known>) -> Result<Item, String> {
    let name = unquote(written, Dialect::Sqlite);
    let known = column(&name).ok_or_else(|| unread(written))?;
    let class = class(known.candidate);
    Ok(Item::Column(quote_ident(&known.name, Dialect::Postgres), class))
}

/// `active = 1` becomes `active`, `active <> 1` and `active = 0` become `not active`, and
/// `active in (0, 1)` says nothing.
fn booleans(items: Vec<Item>) -> Result<Vec<Item>, String> {
    let mut out = Vec::with_capacity(items.len());
    let mut rest = items.as_slice();
    while let Some((first, after)) = rest.split_first() {
        let Item::Column(name, Class::Boolean) = first else {
            out.push(first.clone());
            rest = after;
            continue;
        };
        let (replaced, taken) = boolean(name, after)
            .ok_or_else(|| format!("`{name}` becomes a boolean and is not compared as one"))?;
        out.extend(replaced);
        rest = &after[taken..];
    }
    Ok(out)
}

/// What stands for a boolean column and the items after it, and how many of these it takes.
fn boolean(name: &str, after: &[Item]) -> Option<(Vec<Item>, usize)> {
    let column = || Item::Column(name.to_owned(), Class::Boolean);
    let digit = |item: &Item| match item {
        Item::Literal(text, Class::Number) if text == "0" => Some(false),
        Item::Literal(text, Class::Number) if text == "1" => Some(true),
        _ => None,
    };
    match after {
        [Item::Word("is"), ..] | [] | [Item::And | Item::Or | Item::Close | Item::Comma, ..] => {
            Some((vec![column()], 0))
        }
        [Item::Sign(sign), value, ..] if sign == "=" || sign == "<>" => {
            let truth = digit(value)? == (sign == "=");
            let not = (!truth).then_some(Item::Word("not"));
            Some((not.into_iter().chain([column()]).collect(), 2))
        }
        [Item::Word("in"), Item::Open, a, Item::Comma, b, Item::Close, ..] => {
            let (a, b) = (digit(a)?, digit(b)?);
            (a != b).then(|| (vec![Item::True], 6))
        }
        _ => None,
    }
}

/// SQLite's `is` compares anything; PostgreSQL's only with null.
fn is_asks_for_null(items: &[Item]) -> Result<(), String> {
    for (at, item) in items.iter().enumerate() {
        let null = match (items.get(at + 1), items.get(at + 2)) {
            (Some(Item::Word("not")), next) | (next, _) => next == Some(&Item::Word("null")),
        };
        if *item == Item::Word("is") && !null {
            return Err(unread("is"));
        }
    }
    Ok(())
}

/// Every comparison is of one class; a number alone is no truth value.
fn check(items: &[Item]) -> Result<(), String> {
    let mut comparison = Comparison::default();
    let mut between = false;
    for item in items {
        match item {
            Item::And if between => between = false,
            Item::And | Item::Or => std::mem::take(&mut comparison).end()?,
            Item::Word(word) => {
                between |= *word == "between";
                comparison.asks |= *word != "not";
                comparison.null |= *word == "is";
            }
            Item::Sign(sign) => comparison.asks |= !["+", "-", "*"].contains(&sign.as_str()),
            Item::Column(_, class) | Item::Literal(_, class) => comparison.add(*class)?,
            Item::Function(name, class) => comparison.function(name, *class)?,
            Item::True => comparison.asks = true,
            Item::Open | Item::Close | Item::Comma => {}
        }
    }
    comparison.end()
}

#[derive(Default)]
struct Comparison {
    class: Option<Class>,
    /// The class that the next column must have, as the argument of a function.
    argument: Option<Class>,
    asks: bool,
    null: bool,
}

impl Comparison {
    fn add(&mut self, class: Class) -> Result<(), String> {
        if let Some(argument) = self.argument.take() {
            let fits = argument == class;
            return if fits { Ok(()) } else { Err("a function takes another type".to_owned()) };
        }
        match self.class {
            Some(other) if other != class => {
                Err("it compares values of different types".to_owned())
            }
            _ => {
                self.class = Some(class);
                Ok(())
            }
        }
    }

    fn function(&mut self, name: &str, class: Class) -> Result<(), String> {
        self.add(class)?;
        self.argument = Some(if name == "abs" { Class::Number } else { Class::Text });
        Ok(())
    }

    fn end(self) -> Result<(), String> {
        match self.class {
            Some(Class::Boolean) | None => Ok(()),
            _ if self.null => Ok(()),
            Some(Class::Other | Class::Bytes) => {
                Err("it compares a value whose type PostgreSQL reads otherwise".to_owned())
            }
            _ if self.asks => Ok(()),
            _ => Err("it takes a value for true or false".to_owned()),
        }
    }
}

fn write(items: &[Item]) -> String {
    let mut out = String::new();
    let mut tight = true;
    for item in items {
        let (text, before, after) = match item {
            Item::Column(text, _) | Item::Literal(text, _) | Item::Sign(text) => {
                (text.as_str(), true, true)
            }
            Item::Function(text, _) => (*text, true, false),
            Item::Word(text) => (*text, true, true),
            Item::And => ("and", true, true),
            Item::Or => ("or", true, true),
            Item::Open => ("(", true, false),
            Item::Close => (")", false, true),
            Item::Comma => (",", false, true),
            Item::True => ("true", true, true),
        };
        if before && !tight && !out.is_empty() {
            out.push(' ');
        }
        out.push_str(text);
        tight = !after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(name: &str) -> Option<Known> {
        let candidate = match name.to_ascii_lowercase().as_str() {
            "n" | "total" => Candidate::Bigint,
            "price" => Candidate::Numeric,
            "status" | "order" => Candidate::Text,
            "active" => Candidate::Boolean,
            "at" => Candidate::Timestamptz,
            _ => return None,
        };
        Some(Known { name: name.to_ascii_lowercase(), candidate })
    }

    #[test]
    fn what_both_engines_read_alike_is_translated() {
        let cases = [
            ("total >= 0", "total >= 0"),
            ("[Total]!=0 AND status IN ('a','b')", "total <> 0 and status in ('a', 'b')"),
            ("n BETWEEN 1 AND 5 or N is NULL", "n between 1 and 5 or n is null"),
            ("active = 1", "active"),
            ("active == 0 and total>0", "not active and total > 0"),
            ("NOT (active = 1)", "not (active)"),
            ("at IS NOT NULL", "at is not null"),
            ("\"order\" <> ''", "\"order\" <> ''"),
            ("length(status) > 0", "length(status) > 0"),
            ("lower(status) = 'x'", "lower(status) = 'x'"),
            ("price * 100 > n", "price * 100 > n"),
        ];
        for (sql, expected) in cases {
            assert_eq!(translate(sql, &known), Ok(Translated::Sql(expected.to_owned())), "{sql}");
        }
        assert_eq!(translate("(active IN (0,1))", &known), Ok(Translated::Implied));
    }

    #[test]
    fn what_they_read_otherwise_is_left_to_a_person() {
        let cases = [
            "status = 1",
            "n",
            "n and total > 1",
            "active = 2",
            "active + 1 > 1",
            "status like 'a%'",
            "typeof(n) = 'integer'",
            "unknown = 1",
            "at > 0",
            "json_valid(status)",
            "n = \"x\"",
            "length(n) > 1",
            "n = 0x10",
            "n is 1",
        ];
        for sql in cases {
            assert!(translate(sql, &known).is_err(), "{sql}");
        }
    }

    #[test]
    fn names_are_found_however_they_are_written() {
        assert!(mentions("[Total] > 0", "total") && mentions("\"x y\" = 1", "X Y"));
        assert!(!mentions("'total' = 1", "total"));
    }
}
