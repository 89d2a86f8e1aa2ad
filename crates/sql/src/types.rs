//! Names of types in the form PostgreSQL shows them, and normalised text of tokens.

use crate::cursor::Cursor;
use crate::{Dialect, TokenKind, quote_ident, unquote, unquote_literal};

/// Aliases and the names that `format_type` shows. Source: PostgreSQL "Data Types", table 8.1.
const ALIASES: [(&str, &str); 22] = [
    ("bool", "boolean"),
    ("bpchar", "character"),
    ("char", "character"),
    ("char varying", "character varying"),
    ("dec", "numeric"),
    ("decimal", "numeric"),
    ("float", "double precision"),
    ("float4", "real"),
    ("float8", "double precision"),
    ("int", "integer"),
    ("int2", "smallint"),
    ("int4", "integer"),
    ("int8", "bigint"),
    ("national char", "character"),
    ("national character", "character"),
    ("national character varying", "character varying"),
    ("nchar", "character"),
    ("time", "time without time zone"),
    ("timestamp", "timestamp without time zone"),
    ("timestamptz", "timestamp with time zone"),
    ("timetz", "time with time zone"),
    ("varchar", "character varying"),
];

/// Types of more than one word, the longer ones first.
const PHRASES: [&str; 9] = [
    "national character varying",
    "national character",
    "national char",
    "double precision",
    "character varying",
    "char varying",
    "bit varying",
    "timestamp",
    "time",
];

/// A type as `format_type` shows it: `character varying(20)`, `timestamp(3) with time zone`,
/// `integer[]`. Reads all tokens of the cursor.
pub fn canonical(mut cursor: Cursor<'_>) -> String {
    cursor.eat_any(&["setof", "table"]);
    let mut name = type_name(&mut cursor);
    let modifier = cursor.parens().map(normal_text);
    let zone = cursor.eat_any(&["with time zone", "without time zone"]);
    name = zone.map_or(name.clone(), |zone| format!("{name} {zone}"));
    let known = ALIASES.binary_search_by(|(alias, _)| alias.cmp(&name.as_str()));
    let name = known.map_or(name, |at| ALIASES[at].1.to_owned());
    let mut out = with_modifier(name, modifier);
    while cursor.eat_kind(TokenKind::LBracket) {
        cursor.eat_kind(TokenKind::Number);
        cursor.eat_kind(TokenKind::RBracket);
        out = format!("{}[]", out.trim_end_matches("[]"));
    }
    if cursor.eat("array") && !out.ends_with("[]") {
        out.push_str("[]");
    }
    out
}

fn type_name(cursor: &mut Cursor<'_>) -> String {
    if let Some(phrase) = cursor.eat_any(&PHRASES) {
        return phrase.to_owned();
    }
    let path = cursor.path();
    let path: Vec<_> = match path.as_slice() {
        [schema, name] if schema == "pg_catalog" => vec![name.clone()],
        _ => path,
    };
    if let [name] = path.as_slice()
        && ALIASES.binary_search_by(|(alias, _)| alias.cmp(&name.as_str())).is_ok()
    {
        return name.clone();
    }
    let quoted: Vec<_> = path.iter().map(|part| type_ident(part)).collect();
    quoted.join(".")
}

/// Type names are not quoted for being keywords, as they mostly are (`interval`, `date`).
fn type_ident(name: &str) -> String {
    let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if plain { name.to_owned() } else { quote_ident(name, Dialect::Postgres) }
}

/// `timestamp(3) with time zone`, but `character varying(20)`: the modifier goes after the first
/// word of the time types. `character` alone means `character(1)`, `float(24)` means `real`.
fn with_modifier(name: String, modifier: Option<String>) -> String {
    let Some(modifier) = modifier else {
        return if name == "character" { "character(1)".to_owned() } else { name };
    };
    match name.split_once(' ') {
        Some((first, rest)) if rest.ends_with("time zone") => format!("{first}({modifier}) {rest}"),
        _ if name == "double precision" => match modifier.parse::<u32>() {
            Ok(..=24) => "real".to_owned(),
            _ => name,
        },
        _ if name == "numeric" && !modifier.contains(',') => format!("{name}({modifier},0)"),
        _ => format!("{name}({})", modifier.replace(", ", ",")),
    }
}

/// The canonical form of a type given as text.
pub fn canonical_type(text: &str) -> String {
    let tokens = crate::tokenize(text, Dialect::Postgres);
    canonical(Cursor::new(text, &tokens, Dialect::Postgres))
}

/// The types that identify a function, of the text between its parentheses: without names, modes,
/// defaults and `OUT` arguments.
pub fn identity_arguments(inner: Cursor<'_>) -> String {
    if inner.written() == "*" {
        return "*".to_owned();
    }
    let types: Vec<_> = inner.comma_parts().into_iter().filter_map(argument_type).collect();
    types.join(", ")
}

fn argument_type(mut part: Cursor<'_>) -> Option<String> {
    // An ordered-set aggregate's `ORDER BY` separates its direct from its aggregated arguments.
    part.eat("order by");
    let variadic = match part.eat_any(&["inout", "in", "out", "variadic"]) {
        Some("out") => return None,
        mode => mode == Some("variadic"),
    };
    let mut end = part;
    while !end.at_end() && !end.is("default") && !matches!(end.written(), "=" | ":=") {
        end.step();
    }
    let mut part = part.sub(part.at..end.at);
    if has_name(part) {
        part.at += 1;
        part = part.sub(part.at..part.tokens.len());
    }
    let name = canonical(part);
    (!name.is_empty()).then(|| if variadic { format!("VARIADIC {name}") } else { name })
}

/// `total integer` has a name, `double precision`, `a.b`, `text[]`, `numeric(5)` have none.
fn has_name(part: Cursor<'_>) -> bool {
    let second = part.tokens.get(part.at + 1).is_some_and(|token| token.is_identifier());
    let of_type = part.is_at(1, "with") || part.is_at(1, "without") || part.is_at(1, "array");
    second
        && !of_type
        && !PHRASES.iter().any(|phrase| part.is_phrase(phrase) && phrase.contains(' '))
}

/// Tokens in one line: unquoted names and keywords folded, names quoted only where needed, one
/// space between words, none around brackets.
pub fn normal_text(cursor: Cursor<'_>) -> String {
    let mut out = String::new();
    let (mut previous, mut end) = (None, 0);
    for token in &cursor.tokens[cursor.at.min(cursor.tokens.len())..] {
        let written = &cursor.text[token.range.clone()];
        // `sqlparser` reads `===` as two tokens.
        let one_operator = end == token.range.start && token.kind == TokenKind::Operator;
        let apart = previous.is_some_and(|before| {
            needs_space(before, token.kind) && !(one_operator && before == TokenKind::Operator)
        });
        out.push_str(if apart { " " } else { "" });
        end = token.range.end;
        match token.kind {
            TokenKind::Word => {
                let word = written.to_ascii_lowercase();
                let path = previous == Some(TokenKind::Period);
                out.push_str(if path { &word } else { safe_alias(&word) });
            }
            TokenKind::Dollar => {
                let body = unquote_literal(written).unwrap_or_default();
                let quote = dollar_quote(&body);
                out.extend([&quote, &body, &quote].map(String::as_str));
            }
            TokenKind::Quoted => {
                out.push_str(&quote_ident(&unquote(written, cursor.dialect), cursor.dialect));
            }
            _ => out.push_str(written),
        }
        previous = Some(token.kind);
    }
    out
}

/// The shortest of `$$`, `$q$`, `$qq$`, … that cannot end inside of the body.
fn dollar_quote(body: &str) -> String {
    let mut quote = "$$".to_owned();
    while body.contains(&quote) || body.ends_with(&quote[..quote.len() - 1]) {
        quote.insert(1, 'q');
    }
    quote
}

/// Type aliases that can hardly be anything else, also where nothing says that a type stands there.
fn safe_alias(word: &str) -> &str {
    match word {
        "bool" => "boolean",
        "int" | "int4" => "integer",
        "int2" => "smallint",
        "int8" => "bigint",
        "varchar" => "character varying",
        "float8" => "double precision",
        "timestamptz" => "timestamp with time zone",
        "decimal" => "numeric",
        word => word,
    }
}

fn needs_space(before: TokenKind, next: TokenKind) -> bool {
    use TokenKind::{Cast, Comma, LBracket, LParen, Operator, Period, RBracket, RParen};
    match (before, next) {
        // `1 .x` is a number and a point, `1.x` another number.
        (TokenKind::Number, Period) => true,
        (Period | Cast | LParen | LBracket, _) | (_, Period | Cast | Comma) => false,
        (_, RParen | RBracket) => false,
        (Operator | Comma, _) => true,
        (_, LParen | LBracket) => false,
        _ => true,
    }
}
