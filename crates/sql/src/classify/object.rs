//! Objects named by their word: `TABLE orders`, `COLUMN orders.total`, `TRIGGER t ON orders`.

use crate::cursor::Cursor;
use crate::{Name, Object, TokenKind, types};

/// The words of objects, the longer ones before their beginnings.
const WORDS: [&str; 47] = [
    "access method",
    "aggregate",
    "cast",
    "collation",
    "column",
    "constraint",
    "conversion",
    "database",
    "default privileges",
    "domain",
    "event trigger",
    "extension",
    "foreign data wrapper",
    "foreign server",
    "foreign table",
    "function",
    "group",
    "index",
    "large object",
    "materialized view",
    "operator class",
    "operator family",
    "operator",
    "parameter",
    "policy",
    "procedural language",
    "language",
    "procedure",
    "property graph",
    "publication",
    "role",
    "routine",
    "rule",
    "schema",
    "sequence",
    "server",
    "statistics",
    "subscription",
    "table",
    "tablespace",
    "text search configuration",
    "text search dictionary",
    "text search parser",
    "text search template",
    "transform",
    "trigger",
    "type",
];

/// `[FOREIGN] <word> [IF EXISTS] name …`; `view` and `user mapping` besides [`WORDS`].
pub(super) fn object(cursor: &mut Cursor<'_>) -> Option<Object> {
    let word = object_word(cursor)?;
    cursor.eat("concurrently");
    cursor.eat("if exists");
    named(cursor, word)
}

/// The word of an object, in lower case and in the form that catalogs use.
pub(super) fn object_word<'w>(cursor: &mut Cursor<'_>) -> Option<&'w str> {
    let word =
        cursor.eat_any(&["user mapping", "user", "view"]).or_else(|| cursor.eat_any(&WORDS))?;
    Some(match word {
        "procedural language" => "language",
        "foreign server" => "server",
        word => word,
    })
}

/// The name after the word, in the form that belongs to the kind of object.
pub(super) fn named(cursor: &mut Cursor<'_>, word: &str) -> Option<Object> {
    let mut object = Object { word: word.to_owned(), ..Object::default() };
    match word {
        "column" => column(cursor, &mut object)?,
        "constraint" | "trigger" | "policy" | "rule" => {
            object.name = Name::new(cursor.ident()?);
            if cursor.eat("on") {
                cursor.eat("domain");
                object.table = cursor.name();
            }
        }
        "function" | "procedure" | "routine" | "aggregate" => {
            object.name = cursor.name()?;
            object.arguments = cursor.parens().map(types::identity_arguments);
        }
        "operator" => {
            object.name = cursor.operator();
            object.arguments = cursor.parens().map(types::identity_arguments);
        }
        "operator class" | "operator family" => {
            object.name = cursor.name()?;
            if cursor.eat("using") {
                object.arguments = cursor.ident();
            }
        }
        "cast" => object.name = Name::new(types::normal_text(cursor.parens()?)),
        "transform" | "user mapping" => object.name = Name::new(for_name(cursor)?),
        "large object" => {
            object.name = Name::new(cursor.written());
            cursor.at += 1;
        }
        _ => object.name = cursor.name()?,
    }
    Some(object)
}

/// `[schema.]table.column`
fn column(cursor: &mut Cursor<'_>, object: &mut Object) -> Option<()> {
    let mut path = cursor.path();
    object.column = Some(path.pop()?);
    object.name = Name { name: path.pop()?, schema: path.pop() };
    Some(())
}

/// `FOR role SERVER server`, `FOR type LANGUAGE language`: `role server`.
pub(super) fn for_name(cursor: &mut Cursor<'_>) -> Option<String> {
    cursor.eat("for");
    let subject = cursor.name()?;
    cursor.at += usize::from(cursor.kind() == Some(TokenKind::Word));
    let place = cursor.ident()?;
    Some(format!("{subject} {place}"))
}
