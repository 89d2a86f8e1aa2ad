//! Quoting of names and strings, both ways.

use std::sync::LazyLock;

use sqlparser::keywords::{
    ALL_KEYWORDS, ALL_KEYWORDS_INDEX, RESERVED_FOR_COLUMN_ALIAS, RESERVED_FOR_IDENTIFIER,
    RESERVED_FOR_TABLE_ALIAS,
};

use crate::Dialect;

/// A name as SQL: bare where it is plain lower case and no keyword could be meant, else in double
/// quotes, which both engines take. Every keyword of `sqlparser`'s reserved lists and of
/// `MORE_RESERVED` is quoted; a needless quote does no harm.
pub fn quote_ident(name: &str, _dialect: Dialect) -> String {
    let mut bytes = name.bytes();
    let plain = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_')
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if plain && !is_reserved(name) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Reserved in PostgreSQL or SQLite, but not in `sqlparser`'s lists of reserved words. Sources:
/// PostgreSQL "SQL Key Words", SQLite "SQLite Keywords".
const MORE_RESERVED: &str = "\
    add all alter analyse analyze and any array as asc asymmetric authorization \
    autoincrement between binary both case cast check collate collation column commit \
    concurrently constraint create current_catalog current_date current_role current_schema \
    current_time current_timestamp current_user default deferrable delete desc distinct do \
    drop else escape exists false for foreign freeze grant if ilike in index initially \
    insert is isnull leading like localtime localtimestamp not nothing notnull null only or \
    placing primary references session_user similar some symmetric system_user table then to \
    trailing transaction true unique update user values variadic";

static RESERVED: LazyLock<Vec<String>> = LazyLock::new(|| {
    let lists =
        [RESERVED_FOR_TABLE_ALIAS, RESERVED_FOR_COLUMN_ALIAS, RESERVED_FOR_IDENTIFIER].concat();
    let mut words: Vec<_> = std::iter::zip(ALL_KEYWORDS_INDEX, ALL_KEYWORDS)
        .filter(|(keyword, _)| lists.contains(keyword))
        .map(|(_, word)| word.to_ascii_lowercase())
        .chain(MORE_RESERVED.split(' ').map(str::to_owned))
        .collect();
    words.sort_unstable();
    words
});

/// Of a name in lower case.
fn is_reserved(name: &str) -> bool {
    RESERVED.binary_search_by(|word| word.as_str().cmp(name)).is_ok()
}

/// A string as a SQL literal that does not depend on `standard_conforming_strings`.
pub fn quote_literal(text: &str) -> String {
    let quoted = format!("'{}'", text.replace('\'', "''"));
    if text.contains('\\') { format!("E{}", quoted.replace('\\', "\\\\")) } else { quoted }
}

/// A name as written, without its quotes and folded as the engine folds it.
pub fn unquote(written: &str, dialect: Dialect) -> String {
    let inner = |quote: char, doubled: &str| {
        let inner = written.strip_prefix(quote)?.strip_suffix(quote)?;
        Some(inner.replace(doubled, &doubled[1..]))
    };
    let quoted = match written.as_bytes().first() {
        Some(b'"') => inner('"', "\"\""),
        Some(b'\'') => inner('\'', "''"),
        Some(b'`') if dialect == Dialect::Sqlite => inner('`', "``"),
        Some(b'[') if dialect == Dialect::Sqlite => {
            written.strip_prefix('[').and_then(|w| w.strip_suffix(']')).map(str::to_owned)
        }
        _ => None,
    };
    quoted.unwrap_or_else(|| dialect.fold(written))
}

/// The text of a string literal in any of its forms; the escapes of `E'…'` that stand for one
/// character are resolved, others (`\x41`, `A`) stay as they are.
pub fn unquote_literal(written: &str) -> Option<String> {
    if let Some(after) = written.strip_prefix('$') {
        let tag = after.find('$')? + 2;
        return written.get(tag..written.len().checked_sub(tag)?).map(str::to_owned);
    }
    let open = written.find('\'')?;
    let inner = written[open + 1..].strip_suffix('\'')?.replace("''", "'");
    if written.starts_with(['e', 'E']) { Some(unescape(&inner)) } else { Some(inner) }
}

fn unescape(text: &str) -> String {
    let (mut out, mut chars) = (String::with_capacity(text.len()), text.chars());
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, false) => out.push(c),
            (_, true) => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some(other @ ('\\' | '\'')) => out.push(other),
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_quoting() {
        let cases = [
            ("orders", "orders"),
            ("Orders", "\"Orders\""),
            ("select", "\"select\""),
            ("user", "\"user\""),
            ("a\"b", "\"a\"\"b\""),
            ("", "\"\""),
            ("1a", "\"1a\""),
            ("größe", "\"größe\""),
        ];
        for (name, quoted) in cases {
            assert_eq!(quote_ident(name, Dialect::Postgres), quoted);
            assert_eq!(unquote(quoted, Dialect::Postgres), name);
        }
    }

    #[test]
    fn names_are_unquoted_and_folded_per_engine() {
        assert_eq!(unquote("Orders", Dialect::Postgres), "orders");
        assert_eq!(unquote("Orders", Dialect::Sqlite), "Orders");
        assert_eq!(unquote("[a b]", Dialect::Sqlite), "a b");
        assert_eq!(unquote("`a``b`", Dialect::Sqlite), "a`b");
    }

    #[test]
    fn literals_go_both_ways() {
        assert_eq!(unquote_literal("'it''s'").as_deref(), Some("it's"));
        assert_eq!(unquote_literal("E'a\\nb\\'c'").as_deref(), Some("a\nb'c"));
        assert_eq!(unquote_literal("$x$a'b$x$").as_deref(), Some("a'b"));
        assert_eq!(quote_literal("it's \\"), "E'it''s \\\\'");
    }
}
