//! Names as SQL, and the names that a text mentions.

use std::collections::BTreeSet;

use catalog::{Catalog, Kind, Object, ObjectKey, properties as p};
use sql::{Dialect, Token, TokenKind};

use crate::quote;

/// `schema.name`, each quoted where needed.
pub(super) fn qualified(schema: &str, name: &str) -> String {
    if schema.is_empty() { quote(name) } else { format!("{}.{}", quote(schema), quote(name)) }
}

/// The name of an object that lies in a schema.
pub(super) fn own(key: &ObjectKey) -> String {
    qualified(&key.schema, &key.name)
}

/// The table of a column, constraint, index, trigger, rule or policy.
pub(super) fn table_of(key: &ObjectKey) -> String {
    qualified(&key.schema, &key.parent)
}

/// `schema.name(argument, …)` of a function; the arguments are SQL as they stand.
pub(super) fn function(key: &ObjectKey) -> String {
    let (name, arguments) = function_parts(&key.name);
    format!("{}{arguments}", qualified(&key.schema, name))
}

/// `f` and `(integer)` of `f(integer)`. A function's name may itself hold parentheses, so the one
/// that closes last tells where its list opens.
pub(super) fn function_parts(name: &str) -> (&str, &str) {
    let (mut depth, mut quoted) = (0_i32, false);
    for (at, byte) in name.bytes().enumerate().rev() {
        match byte {
            b'"' => quoted = !quoted,
            b')' if !quoted => depth += 1,
            b'(' if !quoted => depth -= 1,
            _ => {}
        }
        if depth == 0 && byte == b'(' && !quoted {
            return name.split_at(at);
        }
    }
    (name, "")
}

/// The word for a function in `GRANT`, `COMMENT` and `ALTER`: an aggregate's own syntax for its
/// arguments is avoided by `ROUTINE`.
pub(super) fn function_word(object: Option<&Object>) -> &'static str {
    match object.and_then(|object| object.get(p::TYPE)) {
        Some("procedure") => "procedure",
        Some("aggregate") => "routine",
        _ => "function",
    }
}

/// What `COMMENT ON`, and but for the kinds below `ALTER … OWNER`, calls the object.
pub(super) fn target(key: &ObjectKey, object: &Object) -> String {
    let word = key.kind.word();
    match key.kind {
        Kind::Function => format!("{} {}", function_word(Some(object)), function(key)),
        Kind::Column => format!("column {}.{}", table_of(key), quote(&key.name)),
        Kind::Constraint | Kind::Trigger | Kind::Rule | Kind::Policy => {
            format!("{word} {} on {}", quote(&key.name), table_of(key))
        }
        Kind::Cast => format!("cast ({})", key.name),
        Kind::Opaque => opaque(key),
        Kind::Schema
        | Kind::Extension
        | Kind::EventTrigger
        | Kind::Publication
        | Kind::ForeignDataWrapper
        | Kind::ForeignServer => format!("{word} {}", quote(&key.name)),
        _ => format!("{word} {}", own(key)),
    }
}

/// The words that begin the name of an opaque object, and what follows them.
pub(super) fn opaque_parts(name: &str) -> (&'static str, &str) {
    const WORDS: [&str; 11] = [
        "operator class",
        "operator family",
        "operator",
        "conversion",
        "text search dictionary",
        "text search configuration",
        "text search template",
        "text search parser",
        "language",
        "access method",
        "transform for",
    ];
    let found = WORDS.iter().find_map(|word| {
        let rest = name.strip_prefix(word)?.strip_prefix(' ')?;
        Some((*word, rest))
    });
    found.unwrap_or(("", name))
}

fn opaque(key: &ObjectKey) -> String {
    let (word, rest) = opaque_parts(&key.name);
    match word {
        "operator" => {
            let (symbol, arguments) = function_parts(rest);
            format!("operator {}.{symbol}{arguments}", quote(&key.schema))
        }
        "operator class" | "operator family" => {
            let (name, method) = rest.rsplit_once(" using ").unwrap_or((rest, ""));
            format!("{word} {} using {}", qualified(&key.schema, name), quote(method))
        }
        "transform for" => format!("transform for {rest}"),
        _ => format!("{word} {}", qualified(&key.schema, rest)),
    }
}

/// The objects of a kind whose parent is this one.
pub(super) fn children<'a>(
    catalog: &'a Catalog,
    kind: Kind,
    parent: &ObjectKey,
) -> impl Iterator<Item = (&'a ObjectKey, &'a Object)> {
    let first = ObjectKey::new(kind, "").in_schema(&parent.schema).on(&parent.name);
    let (schema, name) = (parent.schema.clone(), parent.name.clone());
    catalog
        .objects
        .range(first..)
        .take_while(move |(key, _)| key.kind == kind && key.schema == schema && key.parent == name)
}

/// The parts of dotted names, each unquoted: `a."B c".d, e` gives `[a, B c, d]` and `[e]`.
pub(super) fn paths(text: &str) -> Vec<Vec<String>> {
    let (mut paths, mut dotted) = (Vec::<Vec<String>>::new(), false);
    for token in sql::tokenize(text, Dialect::Postgres) {
        let written = &text[token.range.clone()];
        if token.is_identifier() {
            let name = sql::unquote(written, Dialect::Postgres);
            match paths.last_mut().filter(|_| dotted) {
                Some(path) => path.push(name),
                None => paths.push(vec![name]),
            }
        }
        dotted = token.kind == TokenKind::Period;
    }
    paths
}

/// Every `schema.name` in the text. With the search path at the system catalog alone, PostgreSQL
/// writes each name of ours like this; a column after an alias looks the same, which does no harm.
pub(super) fn mentions(text: &str, into: &mut BTreeSet<(String, String)>) {
    let tokens = sql::tokenize(text, Dialect::Postgres);
    let written = |token: &Token| &text[token.range.clone()];
    let name = |token: &Token| sql::unquote(written(token), Dialect::Postgres);
    for (at, token) in tokens.iter().enumerate() {
        let next = |step: usize| tokens.get(at + step);
        if token.is_identifier() && next(1).is_some_and(|t| t.kind == TokenKind::Period) {
            let symbol: String = tokens[at + 2..]
                .iter()
                .take_while(|t| t.kind == TokenKind::Operator)
                .map(written)
                .collect();
            if !symbol.is_empty() {
                into.insert((name(token), symbol));
            } else if let Some(second) = next(2).filter(|t| t.is_identifier()) {
                into.insert((name(token), name(second)));
            }
        }
        // 'public.orders_id_seq'::regclass
        let cast = next(1).is_some_and(|t| t.kind == TokenKind::Cast)
            && next(2).is_some_and(|t| written(t).starts_with("reg"));
        if token.kind == TokenKind::String && cast {
            mentions(&sql::unquote_literal(written(token)).unwrap_or_default(), into);
        }
    }
}

/// The relation that a grant on a column is on, and the column: `a.b.c` may mean either column
/// `b.c` of `a` or column `c` of `a.b`, so the catalog is asked.
pub(super) fn column_path<'a>(
    catalog: &Catalog,
    schema: &str,
    path: &'a str,
) -> Option<(&'a str, &'a str)> {
    let splits = || path.match_indices('.').map(|(at, _)| (&path[..at], &path[at + 1..]));
    let has = |kind, parent: &str, name: &str| {
        let key = ObjectKey::new(kind, name).in_schema(schema).on(parent);
        catalog.get(&key).is_some()
    };
    let relation = |name: &str| {
        [Kind::Table, Kind::ForeignTable, Kind::View, Kind::MaterializedView]
            .iter()
            .any(|kind| has(*kind, "", name))
    };
    splits()
        .find(|(table, column)| has(Kind::Column, table, column))
        .or_else(|| splits().find(|(table, _)| relation(table)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_come_apart_at_their_own_parenthesis() {
        assert_eq!(function_parts("f(integer, text)"), ("f", "(integer, text)"));
        assert_eq!(function_parts("f(x)(integer)"), ("f(x)", "(integer)"));
        assert_eq!(function_parts("f(s.\"a)b\")"), ("f", "(s.\"a)b\")"));
    }

    #[test]
    fn names_in_text_are_found_and_strings_are_not() {
        let mut found = BTreeSet::new();
        let text = "select public.f(x) operator(public.@>) \"S p\".t, 'not.this', \
                    nextval('public.s'::regclass)";
        mentions(text, &mut found);
        let pairs: Vec<_> = found.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(pairs, [("S p", "t"), ("public", "@>"), ("public", "f"), ("public", "s")]);
        assert_eq!(paths("a.\"B c\".d, e"), [vec!["a", "B c", "d"], vec!["e"]]);
    }
}
