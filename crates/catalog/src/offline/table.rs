//! CREATE TABLE and its columns.

use sql::create_table::{self, Column, Form, PieceKind, TableDefinition};
use sql::{Class, Cursor, Dialect, Name, Persistence, Statement, normal_text, types};

use super::builder::Builder;
use super::{constraint, sequence};
use crate::properties as p;
use crate::{Kind, Object, ObjectKey};

pub(super) fn create(builder: &mut Builder, statement: &Statement) -> bool {
    let Class::CreateTable { name, persistence, foreign, .. } = &statement.class else {
        return false;
    };
    let Some(table) = create_table::parse(statement) else { return false };
    builder.created(name);
    let kind = if *foreign { Kind::ForeignTable } else { Kind::Table };
    let key = builder.key(kind, name);
    let mut object = persistence_of(*persistence);
    let understood = options(builder, statement, &table, &mut object);
    builder.catalog.insert(key.clone(), object);
    let inherited = inherited(builder, statement, &table, name);
    let own: Vec<_> = table.columns.iter().map(|column| column.name.clone()).collect();
    let all: Vec<_> = inherited
        .iter()
        .filter(|name| !own.contains(name))
        .chain(&own)
        .map(String::as_str)
        .collect();
    builder.set(&key, p::COLUMNS, (!all.is_empty()).then(|| p::list(all)));
    for column in &table.columns {
        add_column(builder, statement, name, column);
    }
    constraints(builder, statement, name, &table);
    understood && table.likes.is_empty() && table.form != Form::AsQuery
}

fn persistence_of(persistence: Persistence) -> Object {
    match persistence {
        Persistence::Permanent => Object::default(),
        Persistence::Temporary => Object::default().with(p::PERSISTENCE, "temporary"),
        Persistence::Unlogged => Object::default().with(p::PERSISTENCE, "unlogged"),
    }
}

/// Checks of columns come before those of the table, keys in the order written: the order decides
/// which of two generated names gets a number.
fn constraints(builder: &mut Builder, statement: &Statement, name: &Name, table: &TableDefinition) {
    let columns = table.columns.iter().flat_map(|column| &column.pieces);
    let mut pieces: Vec<_> = columns.chain(&table.constraints).collect();
    pieces.sort_by_key(|piece| piece.range.start);
    for piece in pieces {
        constraint::add(builder, statement, name, piece);
    }
}

/// Columns that come from parents, partitioned tables and `LIKE`, where those are known.
fn inherited(
    builder: &mut Builder,
    statement: &Statement,
    table: &TableDefinition,
    name: &Name,
) -> Vec<String> {
    let mut sources: Vec<_> = table
        .likes
        .iter()
        .map(|(like, range)| {
            let text = statement.text.text[range.clone()].to_ascii_lowercase();
            (like.clone(), text.contains("including all") || text.contains("including defaults"))
        })
        .collect();
    if let Form::PartitionOf { parent } = &table.form {
        sources.push((parent.clone(), true));
    }
    let key = builder.key(Kind::Table, name);
    let parents = builder.object(&key).and_then(|object| object.get(p::INHERITS).map(p::names_of));
    sources.extend(parents.into_iter().flatten().map(|parent| (Name::new(parent), true)));
    let mut columns = Vec::new();
    for (source, all) in sources {
        columns.extend(copy_columns(builder, &source, name, all));
    }
    columns
}

fn copy_columns(builder: &mut Builder, from: &Name, to: &Name, all: bool) -> Vec<String> {
    let Some(key) = builder.relation(from) else { return Vec::new() };
    let object = builder.catalog.objects.get(&key);
    let names = object.and_then(|object| object.get(p::COLUMNS)).map_or(Vec::new(), p::names_of);
    for name in &names {
        let Some(column) = builder.catalog.get(&builder.key_on(Kind::Column, from, name)) else {
            continue;
        };
        let mut column = Object { comment: None, owner: None, ..column.clone() };
        if !all {
            column
                .properties
                .retain(|name, _| [p::DATA_TYPE, p::NOT_NULL].contains(&name.as_str()));
        }
        let key = builder.key_on(Kind::Column, to, name);
        builder.catalog.insert(key, column);
    }
    names
}

/// Adds a column's object; constraints are added apart.
pub(super) fn add_column(
    builder: &mut Builder,
    statement: &Statement,
    table: &Name,
    column: &Column,
) {
    let key = builder.key_on(Kind::Column, table, &column.name);
    let before = builder.catalog.objects.remove(&key);
    let mut object = before.unwrap_or_default();
    if let Some(data_type) = &column.data_type {
        let text = &data_type.text;
        match builder.dialect {
            Dialect::Postgres => set_type(builder, &mut object, table, column, text),
            Dialect::Sqlite => {
                let written = text.split_whitespace().collect::<Vec<_>>().join(" ");
                object = object.with(p::DATA_TYPE, written);
            }
        }
    }
    for piece in &column.pieces {
        let text = piece.expression.clone().map_or("", |range| &statement.text.text[range]);
        match piece.kind {
            PieceKind::NotNull => object = object.with(p::NOT_NULL, p::YES),
            PieceKind::Default => object = with_default(builder, object, text),
            PieceKind::Generated => {
                let attributes = statement.text.text[piece.attributes.clone()].to_ascii_lowercase();
                let stored = if attributes.contains("stored") { "stored" } else { "virtual" };
                object = object
                    .with(p::GENERATED, builder.expression(text))
                    .with(p::GENERATED_KIND, stored);
            }
            PieceKind::Collate => {
                object = object.with(p::COLLATION, normal_text(text, builder.dialect));
            }
            PieceKind::Identity => {
                object = sequence::identity(statement, piece.body.clone(), object);
            }
            PieceKind::Other => {
                let text = &statement.text.text[piece.body.clone()];
                object = object.with(p::OPTIONS, normal_text(text, builder.dialect));
            }
            PieceKind::PrimaryKey
            | PieceKind::Unique
            | PieceKind::ForeignKey
            | PieceKind::Check
            | PieceKind::Exclude
            | PieceKind::Null => {}
        }
    }
    builder.catalog.insert(key, object);
}

/// `DEFAULT NULL` is no default.
pub(super) fn with_default(builder: &Builder, mut object: Object, text: &str) -> Object {
    let expression = builder.expression(text);
    if expression == "NULL" {
        object.properties.remove(p::DEFAULT);
        return object;
    }
    let number = expression.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    let number = number.filter(|text| is_numeric(&object) && text.parse::<f64>().is_ok());
    let expression = number.map_or(expression.clone(), str::to_owned);
    object.with(p::DEFAULT, expression)
}

/// A number in quotes is a number where the column's type says so.
fn is_numeric(column: &Object) -> bool {
    let types = ["smallint", "integer", "bigint", "numeric", "real", "double precision"];
    let data_type = column.get(p::DATA_TYPE).unwrap_or_default();
    types.iter().any(|name| data_type.starts_with(name))
}

/// `serial` is an integer with a sequence of its own, as `pg_dump` shows it.
fn set_type(builder: &mut Builder, object: &mut Object, table: &Name, column: &Column, text: &str) {
    let canonical = types::canonical_type(text);
    let integer = match canonical.as_str() {
        "serial" | "serial4" => "integer",
        "bigserial" | "serial8" => "bigint",
        "smallserial" | "serial2" => "smallint",
        _ => {
            *object = std::mem::take(object).with(p::DATA_TYPE, canonical);
            return;
        }
    };
    let name = crate::names::make(&table.name, Some(&column.name), "seq");
    let name = Name { schema: table.schema.clone(), name };
    let default = format!("nextval('{}')", builder.written(&name));
    *object = std::mem::take(object)
        .with(p::DATA_TYPE, integer)
        .with(p::NOT_NULL, p::YES)
        .with(p::DEFAULT, builder.expression(&default));
    let owner = p::list([table.name.as_str()]) + "." + &p::list([column.name.as_str()]);
    let sequence = sequence::defaults(integer).with(p::OWNED_BY, owner);
    let key = builder.key(Kind::Sequence, &name);
    builder.catalog.insert(key, sequence);
}

/// What follows the list; false where something is not understood.
fn options(
    builder: &Builder,
    statement: &Statement,
    table: &TableDefinition,
    object: &mut Object,
) -> bool {
    if let Form::PartitionOf { parent } = &table.form {
        *object = std::mem::take(object).with(p::PARTITION_OF, builder.written(parent));
    }
    let Some(options) = &table.options else { return true };
    let tokens = sql::tokenize(&options.text, statement.dialect);
    let mut cursor = Cursor::new(&options.text, &tokens, statement.dialect);
    let mut understood = true;
    let mut settings = Vec::new();
    while !cursor.at_end() {
        understood &= option(builder, &mut cursor, object, &mut settings);
    }
    settings.sort();
    if !settings.is_empty() {
        *object = std::mem::take(object).with(p::OPTIONS, settings.join(", "));
    }
    understood
}

fn option(
    builder: &Builder,
    cursor: &mut Cursor<'_>,
    object: &mut Object,
    settings: &mut Vec<String>,
) -> bool {
    let from = cursor.at;
    let mut set = |property: &str, value: String| {
        object.properties.insert(property.to_owned(), value);
    };
    if cursor.eat("inherits") {
        let parents = cursor.parens().map_or(Vec::new(), Cursor::comma_parts);
        let names = parents.into_iter().filter_map(|mut part| part.name());
        set(p::INHERITS, names.map(|name| builder.written(&name)).collect::<Vec<_>>().join(", "));
    } else if cursor.eat("partition by") {
        let start = cursor.at;
        cursor.find_any(&["with", "using", "tablespace", "on"]);
        let text = types::normal_text(cursor.sub(start..cursor.at));
        let (method, columns) = text.split_once('(').unwrap_or((&text, ""));
        set(p::PARTITION_BY, format!("{} ({columns}", method.trim().to_ascii_uppercase()));
    } else if cursor.is_phrase("for values") || cursor.is("default") {
        cursor.find_any(&["partition", "using", "tablespace"]);
        set(p::PARTITION_BOUND, types::normal_text(cursor.sub(from..cursor.at)));
    } else if cursor.eat("with") {
        let parts = cursor.parens().map_or(Vec::new(), Cursor::comma_parts);
        settings.extend(parts.into_iter().map(setting));
    } else if cursor.eat("without rowid") {
        settings.push("without rowid".to_owned());
    } else if cursor.eat("strict") {
        settings.push("strict".to_owned());
    } else if cursor.eat("using") {
        let method = cursor.ident().filter(|method| method != "heap");
        method.into_iter().for_each(|method| set(p::ACCESS_METHOD, method));
    } else if cursor.eat("server") {
        cursor.ident().into_iter().for_each(|server| set(p::SERVER, server));
    } else if cursor.eat("options") {
        let parts = cursor.parens().map_or(Vec::new(), Cursor::comma_parts);
        settings.extend(parts.into_iter().map(types::normal_text));
    } else if cursor.eat("without oids") || cursor.kind() == Some(sql::TokenKind::Comma) {
        cursor.at += usize::from(cursor.at == from);
    } else {
        cursor.step();
        return false;
    }
    true
}

/// `name=value` of a storage parameter; the quotes `pg_dump` puts around values go.
pub(super) fn setting(part: Cursor<'_>) -> String {
    types::normal_text(part).replace(" = ", "=").replace('\'', "")
}

/// Adds a column's name to the table's list.
pub(super) fn append_column(builder: &mut Builder, table: &ObjectKey, column: &str) {
    let names = builder.catalog.get(table).and_then(|object| object.get(p::COLUMNS));
    let mut names = names.map_or_else(Vec::new, p::names_of);
    names.push(column.to_owned());
    builder.set(table, p::COLUMNS, Some(p::list(names.iter().map(String::as_str))));
}
