//! `comments:` as `COMMENT ON`.

use diagnostics::Spanned;
use plan::model::Comment;

use super::Known;
use crate::sqltext::SqlText;

/// Kinds of two words; every other kind is the first word.
const TWO_WORDS: [&str; 4] =
    ["materialized view ", "foreign table ", "event trigger ", "access method "];

pub(super) fn write(sql: &mut SqlText, comment: &Comment, known: &dyn Known) {
    let object = &comment.object;
    let (word, name) = split_kind(&object.value);
    sql.word("COMMENT ON ").at(object.span, &word.to_uppercase()).word(" ");
    let part = |text: &str| Spanned::new(text.trim().to_owned(), object.span);
    match (word.as_str(), name) {
        // Quotes or argument types: the person wrote SQL.
        (_, name) if name.contains(['"', '(']) => {
            sql.at(object.span, name);
        }
        ("schema", "") => {
            sql.name(&part(known.schema()));
        }
        ("column", name) => match name.rsplit_once('.') {
            Some((table, column)) => {
                sql.name(&part(table)).word(".").name(&part(column));
            }
            None => {
                sql.name(&part(name));
            }
        },
        (_, name) => match name.split_once(" on ") {
            Some((name, table)) => {
                sql.name(&part(name)).word(" ON ").name(&part(table));
            }
            None => {
                sql.name(&part(name));
            }
        },
    }
    sql.word(" IS ").at(comment.text.span, &sql::quote_literal(&comment.text.value));
}

/// `materialized view x` gives `("materialized view", "x")`.
pub(crate) fn split_kind(object: &str) -> (String, &str) {
    let object = object.trim();
    let lower = object.to_lowercase();
    let two = TWO_WORDS.iter().find(|word| lower.starts_with(**word)).map(|word| word.len());
    let end = two.or_else(|| lower.find(' ')).unwrap_or(object.len());
    let word = lower.get(..end).unwrap_or(&lower).trim().to_owned();
    (word, object.get(end..).unwrap_or("").trim())
}
