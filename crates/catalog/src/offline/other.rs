//! Views, types, policies, comments and the rest.

use std::ops::Range;

use sql::create_table::{self, PieceKind};
use sql::{
    Cursor, Name, Object as Named, Statement, TokenKind, TypeKind, normal_text, quote_literal,
    types, unquote_literal,
};

use super::builder::Builder;
use crate::properties as p;
use crate::{Kind, Object, names};

/// An object that is only there or not.
pub(super) fn plain(builder: &mut Builder, kind: Kind, name: &Name) -> bool {
    // PostgreSQL creates this extension in every database, and dumps leave it out.
    if kind == Kind::Extension && name.name == "plpgsql" {
        return true;
    }
    let key = builder.key(kind, name);
    builder.catalog.insert(key, Object::default());
    true
}

/// What follows the first of the words, normalised; the words themselves where `with` is set.
fn text_from(statement: &Statement, words: &[&str], with: bool) -> String {
    let mut cursor = statement.cursor();
    if cursor.find_any(words) && !with {
        cursor.at += 1;
    }
    types::normal_text(cursor)
}

pub(super) fn virtual_table(builder: &mut Builder, statement: &Statement, name: &Name) -> bool {
    builder.created(name);
    let object = Object::default().with(p::DEFINITION, text_from(statement, &["using"], false));
    let key = builder.key(Kind::VirtualTable, name);
    builder.catalog.insert(key, object);
    true
}

pub(super) fn view(
    builder: &mut Builder,
    statement: &Statement,
    name: &Name,
    materialized: bool,
) -> bool {
    builder.created(name);
    let mut cursor = statement.cursor();
    cursor.find_any(&["view"]);
    cursor.eat("view");
    cursor.eat("if not exists");
    cursor.name();
    let mut object = Object::default();
    if let Some(columns) = cursor.parens() {
        let names = columns.comma_parts().into_iter().filter_map(|mut part| part.ident());
        let names: Vec<_> = names.collect();
        object = object.with(p::COLUMNS, p::list(names.iter().map(String::as_str)));
    }
    if cursor.eat("with")
        && let Some(options) = cursor.parens()
    {
        let mut all: Vec<_> =
            options.comma_parts().into_iter().map(super::table::setting).collect();
        all.sort();
        object = object.with(p::OPTIONS, all.join(", "));
    }
    cursor.find_any(&["as"]);
    cursor.eat("as");
    let query = types::normal_text(cursor);
    // Whether it is filled at first is no part of its definition.
    let query = [" with data", " with no data"]
        .iter()
        .find_map(|with| query.strip_suffix(with))
        .unwrap_or(&query);
    let kind = if materialized { Kind::MaterializedView } else { Kind::View };
    let key = builder.key(kind, name);
    builder.catalog.insert(key, object.with(p::DEFINITION, query));
    true
}

/// A rule: its definition from `ON` on.
pub(super) fn on_table(
    builder: &mut Builder,
    statement: &Statement,
    kind: Kind,
    name: &Name,
    table: &Name,
) -> bool {
    let object = Object::default().with(p::DEFINITION, text_from(statement, &["on"], true));
    let key = builder.key_on(kind, table, &name.name);
    builder.catalog.insert(key, object);
    true
}

pub(super) fn policy(
    builder: &mut Builder,
    statement: &Statement,
    name: &Name,
    table: &Name,
) -> bool {
    let mut cursor = statement.cursor();
    let mut object = Object::default();
    let mut roles = vec!["PUBLIC".to_owned()];
    cursor.find_any(&["on"]);
    while !cursor.at_end() {
        if cursor.eat("as restrictive") {
            object = object.with(p::TYPE, "restrictive");
        } else if cursor.eat("for") {
            let command = cursor.written().to_ascii_lowercase();
            if command != "all" {
                object = object.with(p::COMMAND, command);
            }
            cursor.at += 1;
        } else if cursor.is("to") {
            roles = sql::roles_after(&mut cursor);
        } else if cursor.eat("using") {
            let inner = cursor.parens().map_or(0..0, |inner| inner.rest_range());
            let text = builder.expression(&statement.text.text[inner]);
            object = object.with(p::USING, text);
        } else if cursor.eat("with check") {
            let inner = cursor.parens().map_or(0..0, |inner| inner.rest_range());
            let text = builder.expression(&statement.text.text[inner]);
            object = object.with(p::WITH_CHECK, text);
        } else {
            cursor.step();
        }
    }
    roles.sort();
    object = object.with(p::ROLES, roles.join(", "));
    let key = builder.key_on(Kind::Policy, table, &name.name);
    builder.catalog.insert(key, object);
    true
}

pub(super) fn create_type(
    builder: &mut Builder,
    statement: &Statement,
    name: &Name,
    kind: TypeKind,
) -> bool {
    let mut cursor = statement.cursor();
    cursor.eat("create type");
    cursor.name();
    cursor.eat_any(&["as enum", "as range", "as"]);
    let list = cursor.parens();
    let parts = list.map_or_else(Vec::new, Cursor::comma_parts);
    let object = match kind {
        TypeKind::Enum => {
            let label = |part: &Cursor<'_>| {
                quote_literal(&unquote_literal(part.written()).unwrap_or_default())
            };
            let labels: Vec<_> = parts.iter().map(label).collect();
            Object::default().with(p::TYPE, "enum").with(p::LABELS, labels.join(", "))
        }
        TypeKind::Composite => {
            let attributes: Vec<_> = parts.into_iter().map(attribute).collect();
            Object::default().with(p::TYPE, "composite").with(p::ATTRIBUTES, attributes.join(", "))
        }
        TypeKind::Range | TypeKind::Base => {
            let word = if kind == TypeKind::Range { "range" } else { "base" };
            let mut options: Vec<_> = parts.into_iter().map(types::normal_text).collect();
            options.sort();
            Object::default().with(p::TYPE, word).with(p::DEFINITION, options.join(", "))
        }
        TypeKind::Shell => Object::default().with(p::TYPE, "shell"),
    };
    let key = builder.key(Kind::Type, name);
    builder.catalog.insert(key, object);
    true
}

fn attribute(mut part: Cursor<'_>) -> String {
    let name = part.ident().unwrap_or_default();
    let from = part.at;
    part.find_any(&["collate"]);
    let data_type = types::canonical(part.sub(from..part.at));
    let collation = types::normal_text(part);
    format!("{} {data_type} {collation}", p::list([&*name])).trim_end().to_owned()
}

pub(super) fn domain(builder: &mut Builder, statement: &Statement, name: &Name) -> bool {
    let mut cursor = statement.cursor();
    cursor.eat("create domain");
    cursor.name();
    cursor.eat("as");
    let from = cursor.at;
    while !cursor.at_end() && !create_table::starts_piece(cursor) {
        cursor.step();
    }
    let data_type = types::canonical(cursor.sub(from..cursor.at));
    let mut object = Object::default().with(p::DATA_TYPE, data_type);
    for piece in create_table::pieces_of(cursor, &name.name) {
        let text = piece.expression.clone().map_or("", |range| &statement.text.text[range]);
        object = match piece.kind {
            PieceKind::NotNull => object.with(p::NOT_NULL, p::YES),
            PieceKind::Default => super::table::with_default(builder, object, text),
            PieceKind::Collate => object.with(p::COLLATION, normal_text(text, builder.dialect)),
            PieceKind::Check => {
                let taken = |check: &str| object.get(&p::domain_check(check)).is_some();
                let chosen = names::choose(&name.name, &[], "check", taken);
                let check = p::domain_check(&piece.name.unwrap_or(chosen));
                let text = format!("CHECK ({})", builder.expression(text));
                object.with(&check, text)
            }
            _ => object,
        };
    }
    let key = builder.key(Kind::Domain, name);
    builder.catalog.insert(key, object);
    true
}

pub(super) fn statistics(builder: &mut Builder, statement: &Statement, name: &Name) -> bool {
    let mut cursor = statement.cursor();
    cursor.eat("create statistics");
    cursor.eat("if not exists");
    cursor.name();
    let object = Object::default().with(p::DEFINITION, types::normal_text(cursor));
    let key = builder.key(Kind::Statistics, name);
    builder.catalog.insert(key, object);
    true
}

/// Objects that have a kind but no parts of interest; false for the rest.
pub(super) fn create_other(
    builder: &mut Builder,
    statement: &Statement,
    word: &str,
    name: &Name,
) -> bool {
    let kind = match word {
        "cast" => Kind::Cast,
        "collation" => Kind::Collation,
        "event trigger" => Kind::EventTrigger,
        "publication" => Kind::Publication,
        "foreign data wrapper" => Kind::ForeignDataWrapper,
        "server" => Kind::ForeignServer,
        "user mapping" => Kind::UserMapping,
        // Of the whole server: no part of any schema.
        "database" | "role" | "user" | "group" | "tablespace" => return true,
        _ => return false,
    };
    let text = normal_text(&statement.text.text, builder.dialect);
    let text = text.replace(" execute procedure ", " execute function ");
    let key = builder.key(kind, name);
    builder.catalog.insert(key, Object::default().with(p::DEFINITION, text));
    true
}

pub(super) fn comment(
    builder: &mut Builder,
    statement: &Statement,
    object: &Named,
    text: Option<Range<usize>>,
) -> bool {
    let text = text.map(|range| {
        let written = &statement.text.text[range];
        unquote_literal(written).unwrap_or_else(|| written.to_owned())
    });
    // An extension brings its own comment, which dumps repeat.
    if object.word == "extension" {
        return true;
    }
    let Some(key) = builder.named(object) else { return false };
    // A comment on the index of a constraint is a comment of that constraint, and so on: what is
    // commented need not be an object by itself. It is then kept as text.
    let Some(found) = builder.object(&key) else { return false };
    found.comment = text;
    true
}

/// `PRAGMA user_version = 3`; other settings are no part of a schema.
pub(super) fn setting(builder: &mut Builder, statement: &Statement, name: &str) -> bool {
    let property = match name {
        "user_version" => p::USER_VERSION,
        "application_id" => p::APPLICATION_ID,
        _ => return true,
    };
    let number = statement.tokens.iter().rfind(|token| token.kind == TokenKind::Number);
    let Some(value) = number.map(|token| statement.written(token).to_owned()) else { return true };
    let key = crate::ObjectKey::new(Kind::Database, "");
    let mut object = builder.catalog.objects.remove(&key).unwrap_or_default();
    if value != "0" {
        object = object.with(property, value);
    }
    if !object.properties.is_empty() {
        builder.catalog.insert(key, object);
    }
    true
}
