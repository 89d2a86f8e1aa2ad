//! Sequences and identity columns.

use std::ops::Range;

use sql::{AlterAction, Cursor, Name, Statement, TokenKind, types};

use super::builder::Builder;
use crate::properties as p;
use crate::{Kind, Object};

/// A sequence with all defaults of its type.
pub(super) fn defaults(data_type: &str) -> Object {
    Object::default()
        .with(p::DATA_TYPE, data_type)
        .with(p::START, "1")
        .with(p::INCREMENT, "1")
        .with(p::MIN, "1")
        .with(p::MAX, highest(data_type))
        .with(p::CACHE, "1")
}

fn highest(data_type: &str) -> &'static str {
    match data_type {
        "smallint" => "32767",
        "integer" => "2147483647",
        _ => "9223372036854775807",
    }
}

fn lowest(data_type: &str) -> &'static str {
    match data_type {
        "smallint" => "-32768",
        "integer" => "-2147483648",
        _ => "-9223372036854775808",
    }
}

/// What the options say; defaults depend on the type and the direction.
#[derive(Default)]
struct Options {
    data_type: Option<String>,
    start: Option<String>,
    increment: Option<String>,
    min: Option<String>,
    max: Option<String>,
    cache: Option<String>,
    cycle: bool,
    owned_by: Option<Vec<String>>,
}

impl Options {
    fn of(mut cursor: Cursor<'_>) -> Self {
        let mut options = Self::default();
        while !cursor.at_end() {
            if cursor.eat("as") {
                let from = cursor.at;
                cursor.step();
                options.data_type = Some(types::canonical(cursor.sub(from..cursor.at)));
            } else if cursor.eat_any(&["start with", "start"]).is_some() {
                options.start = number(&mut cursor);
            } else if cursor.eat_any(&["increment by", "increment"]).is_some() {
                options.increment = number(&mut cursor);
            } else if cursor.eat("minvalue") {
                options.min = number(&mut cursor);
            } else if cursor.eat("maxvalue") {
                options.max = number(&mut cursor);
            } else if cursor.eat("cache") {
                options.cache = number(&mut cursor);
            } else if cursor.eat("cycle") {
                options.cycle = true;
            } else if cursor.eat("owned by") {
                options.owned_by =
                    Some(if cursor.eat("none") { Vec::new() } else { cursor.path() });
            } else if cursor.eat_any(&["no minvalue", "no maxvalue", "no cycle"]).is_none() {
                cursor.step();
            }
        }
        options
    }

    fn object(self, default_type: &str) -> Object {
        let data_type = self.data_type.unwrap_or_else(|| default_type.to_owned());
        let increment = self.increment.unwrap_or_else(|| "1".to_owned());
        let down = increment.starts_with('-');
        let (low, high) =
            if down { (lowest(&data_type), "-1") } else { ("1", highest(&data_type)) };
        let min = self.min.unwrap_or_else(|| low.to_owned());
        let max = self.max.unwrap_or_else(|| high.to_owned());
        let first = if down { max.clone() } else { min.clone() };
        let mut object = Object::default()
            .with(p::DATA_TYPE, data_type)
            .with(p::START, self.start.unwrap_or(first))
            .with(p::INCREMENT, increment)
            .with(p::MIN, min)
            .with(p::MAX, max)
            .with(p::CACHE, self.cache.unwrap_or_else(|| "1".to_owned()));
        if self.cycle {
            object = object.with(p::CYCLE, p::YES);
        }
        object
    }
}

fn number(cursor: &mut Cursor<'_>) -> Option<String> {
    let minus = cursor.written() == "-";
    cursor.at += usize::from(minus || cursor.written() == "+");
    let digits = cursor.written().to_owned();
    let found = cursor.eat_kind(TokenKind::Number);
    found.then(|| if minus { format!("-{digits}") } else { digits })
}

pub(super) fn create(builder: &mut Builder, statement: &Statement, name: &Name) -> bool {
    let mut cursor = statement.cursor();
    cursor.find_any(&["sequence"]);
    cursor.eat("sequence");
    cursor.eat("if not exists");
    cursor.name();
    let options = Options::of(cursor);
    let owner = options.owned_by.clone();
    let key = builder.key(Kind::Sequence, name);
    builder.catalog.insert(key, options.object("bigint"));
    set_owner_column(builder, name, owner.as_deref());
    true
}

/// `table.column`, quoted where needed; the schema is the sequence's own.
fn set_owner_column(builder: &mut Builder, name: &Name, path: Option<&[String]>) {
    let Some(path) = path else { return };
    let key = builder.key(Kind::Sequence, name);
    let value = match path {
        [.., table, column] => Some(format!("{}.{}", p::list([&**table]), p::list([&**column]))),
        _ => None,
    };
    builder.set(&key, p::OWNED_BY, value);
}

pub(super) fn alter(
    builder: &mut Builder,
    statement: &Statement,
    name: &Name,
    owned_by: Option<&[String]>,
    actions: &[AlterAction],
) -> bool {
    let key = builder.key(Kind::Sequence, name);
    if !builder.has(&key) {
        return false;
    }
    set_owner_column(builder, name, owned_by);
    match actions {
        [AlterAction::OwnerTo { role }] => {
            if let Some(object) = builder.object(&key) {
                object.owner = Some(role.clone());
            }
            true
        }
        [AlterAction::Other { words, .. }] if words.starts_with("restart") => true,
        [AlterAction::Other { range, .. }] if owned_by.is_none() => {
            let options = Options::of(statement.cursor_in(range.clone()));
            change(builder, &key, options);
            true
        }
        _ => owned_by.is_some(),
    }
}

fn change(builder: &mut Builder, key: &crate::ObjectKey, options: Options) {
    let values = [
        (p::DATA_TYPE, options.data_type),
        (p::START, options.start),
        (p::INCREMENT, options.increment),
        (p::MIN, options.min),
        (p::MAX, options.max),
        (p::CACHE, options.cache),
        (p::CYCLE, options.cycle.then(|| p::YES.to_owned())),
    ];
    for (property, value) in values {
        if value.is_some() {
            builder.set(key, property, value);
        }
    }
}

/// The properties of `GENERATED { ALWAYS | BY DEFAULT } AS IDENTITY [(options)]`.
pub(super) fn identity(statement: &Statement, range: Range<usize>, object: Object) -> Object {
    let mut cursor = statement.cursor_in(range);
    let mut always = false;
    while !cursor.at_end() && cursor.kind() != Some(TokenKind::LParen) {
        always |= cursor.is("always");
        cursor.at += 1;
    }
    let options = cursor.parens().map(Options::of).unwrap_or_default();
    let default_type = object.get(p::DATA_TYPE).unwrap_or("bigint").to_owned();
    let sequence = options.object(&default_type);
    let part =
        |property: &str| format!("{property} {}", sequence.get(property).unwrap_or_default());
    let mut text: Vec<_> =
        [p::START, p::INCREMENT, p::MIN, p::MAX, p::CACHE].iter().map(|name| part(name)).collect();
    text.extend(sequence.get(p::CYCLE).map(|_| "cycle".to_owned()));
    object
        .with(p::IDENTITY, if always { "always" } else { "by default" })
        .with(p::IDENTITY_SEQUENCE, text.join(" "))
        .with(p::NOT_NULL, p::YES)
}
