//! First tokens to a class. Each submodule reads one family of statements.

mod alter;
mod create;
mod grant;
mod object;

use crate::cursor::Cursor;
use crate::{Class, Dialect, Name, TokenKind, unquote_literal};

pub(crate) use grant::role as role_of;

/// The roles after `TO`, which stands next.
pub fn roles_after(cursor: &mut Cursor<'_>) -> Vec<String> {
    grant::roles(cursor, false)
}

pub(crate) fn classify(cursor: &mut Cursor<'_>) -> Class {
    let start = *cursor;
    let class = match cursor.written().to_ascii_lowercase().as_str() {
        "create" => create::create(cursor),
        "alter" => alter::alter(cursor),
        "grant" => grant::grant(cursor, false),
        "revoke" => grant::grant(cursor, true),
        "comment" => comment(cursor),
        "drop" => drop_objects(cursor),
        "set" | "reset" => set(cursor),
        "pragma" => setting(cursor, 1),
        "select" => select(cursor),
        "insert" | "replace" | "update" | "delete" | "copy" => change(cursor),
        "begin" | "start" | "commit" | "end" | "rollback" | "abort" | "savepoint" | "release" => {
            Some(Class::Transaction { word: cursor.written().to_ascii_lowercase() })
        }
        _ => None,
    };
    class.unwrap_or_else(|| Class::Other { words: first_words(start) })
}

/// Up to three leading words in lower case: `refresh materialized view`.
fn first_words(cursor: Cursor<'_>) -> String {
    let words = cursor.tokens[cursor.at..].iter().take_while(|t| t.kind == TokenKind::Word).take(3);
    let words: Vec<_> =
        words.map(|token| cursor.text[token.range.clone()].to_ascii_lowercase()).collect();
    words.join(" ")
}

fn comment(cursor: &mut Cursor<'_>) -> Option<Class> {
    if !cursor.eat("comment on") {
        return None;
    }
    let object = object::object(cursor)?;
    cursor.find_any(&["is"]);
    cursor.eat("is");
    let literal = matches!(cursor.kind(), Some(TokenKind::String | TokenKind::Dollar));
    let text = literal.then(|| cursor.rest_range());
    Some(Class::Comment { object, text })
}

fn drop_objects(cursor: &mut Cursor<'_>) -> Option<Class> {
    cursor.eat("drop");
    let first = object::object(cursor)?;
    let mut objects = vec![first];
    while cursor.eat_kind(TokenKind::Comma) {
        let word = objects[0].word.clone();
        match object::named(cursor, &word) {
            Some(object) => objects.push(object),
            None => break,
        }
    }
    Some(Class::Drop { objects })
}

fn set(cursor: &mut Cursor<'_>) -> Option<Class> {
    cursor.at += 1;
    if cursor.eat("constraints") {
        return None;
    }
    let transaction = cursor.eat_any(&["transaction", "session characteristics as transaction"]);
    if transaction.is_some() {
        return Some(Class::Transaction { word: "set transaction".to_owned() });
    }
    cursor.eat_any(&["session authorization", "session", "local"]);
    let name = cursor.path().join(".");
    Some(Class::SetSetting { name: name.to_ascii_lowercase() })
}

fn setting(cursor: &mut Cursor<'_>, skip: usize) -> Option<Class> {
    cursor.at += skip;
    let name = cursor.name()?.name;
    Some(Class::SetSetting { name: name.to_ascii_lowercase() })
}

/// `pg_dump` sets the search path and sequences with a `SELECT`.
fn select(cursor: &mut Cursor<'_>) -> Option<Class> {
    cursor.at += 1;
    let function = cursor.name().map(|name| name.name);
    let argument = cursor.parens().and_then(|inner| {
        unquote_literal(inner.written()).filter(|_| inner.kind() == Some(TokenKind::String))
    });
    Some(match (function.as_deref(), argument) {
        (Some("set_config"), Some(name)) => Class::SetSetting { name: name.to_ascii_lowercase() },
        (Some("setval"), Some(name)) if cursor.at_end() => {
            Class::SetSequence { sequence: name_in_text(&name, cursor.dialect) }
        }
        _ => Class::Select,
    })
}

/// A name inside a string, as `regclass` reads it.
pub(crate) fn name_in_text(text: &str, dialect: Dialect) -> Name {
    let tokens = crate::tokenize(text, dialect);
    Cursor::new(text, &tokens, dialect).name().unwrap_or_else(|| Name::new(text))
}

fn change(cursor: &mut Cursor<'_>) -> Option<Class> {
    let word = cursor.written().to_ascii_lowercase();
    cursor.at += 1;
    if cursor.eat("or") {
        cursor.at += 1;
    }
    cursor.eat_any(&["into", "from"]);
    cursor.eat("only");
    let table = cursor.name();
    Some(match (word.as_str(), table) {
        ("copy", table) => Class::Copy { table },
        ("update", Some(table)) => Class::Update { table },
        ("delete", Some(table)) => Class::Delete { table },
        (_, Some(table)) => Class::Insert { table },
        (_, None) => return None,
    })
}
