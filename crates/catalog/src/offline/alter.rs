//! ALTER TABLE, VIEW and INDEX.

use std::ops::Range;

use sql::create_table;
use sql::{AlterAction, Name, Statement, types};

use super::builder::Builder;
use super::{constraint, index, sequence, table};
use crate::properties as p;
use crate::{Kind, ObjectKey};

/// Whether all actions were understood.
pub(super) fn relation(
    builder: &mut Builder,
    statement: &Statement,
    name: &Name,
    actions: &[AlterAction],
) -> bool {
    let sequence = builder.key(Kind::Sequence, name);
    let sequence = builder.has(&sequence).then_some(sequence);
    let key = builder.relation(name).or(sequence).or_else(|| builder.index(name));
    let Some(key) = key else { return false };
    let name = Name { name: builder.spelled(&name.name), ..name.clone() };
    // Every action is applied, also after one that is not understood.
    let results: Vec<_> =
        actions.iter().map(|action| apply(builder, statement, &key, &name, action)).collect();
    results.into_iter().all(|understood| understood)
}

fn apply(
    builder: &mut Builder,
    statement: &Statement,
    key: &ObjectKey,
    name: &Name,
    action: &AlterAction,
) -> bool {
    let column = |builder: &Builder, column: &str| builder.key_on(Kind::Column, name, column);
    let text = |range: &Range<usize>| &statement.text.text[range.clone()];
    match action {
        AlterAction::AddConstraint { range, .. } => {
            match create_table::added_constraint(statement, range.clone()) {
                Some(piece) => constraint::add(builder, statement, name, &piece),
                None => return false,
            }
            true
        }
        AlterAction::AddColumn { range, .. } => add_column(builder, statement, key, name, range),
        AlterAction::DropColumn { column } => drop_column(builder, key, column),
        AlterAction::DropConstraint { name: constraint } => {
            let constraint = builder.key_on(Kind::Constraint, name, constraint);
            builder.catalog.objects.remove(&constraint);
            true
        }
        AlterAction::SetDefault { column: at, range } => {
            let key = column(builder, at);
            let Some(object) = builder.catalog.objects.remove(&key) else { return false };
            let mut cursor = statement.cursor_in(range.clone());
            cursor.find_any(&["default"]);
            cursor.eat("default");
            let expression = &statement.text.text[cursor.rest_range()];
            let object = table::with_default(builder, object, expression);
            builder.catalog.insert(key, object);
            true
        }
        AlterAction::SetNotNull { column: at } => {
            let key = column(builder, at);
            builder.set(&key, p::NOT_NULL, Some(p::YES.to_owned()))
        }
        AlterAction::AddIdentity { column: at, range } => {
            let key = column(builder, at);
            let Some(object) = builder.catalog.objects.remove(&key) else { return false };
            let object = sequence::identity(statement, range.clone(), object);
            builder.catalog.insert(key, object);
            true
        }
        AlterAction::AlterColumn { column: at, range } => {
            let key = column(builder, at);
            alter_column(builder, statement, &key, range)
        }
        AlterAction::AttachPartition { partition, range } => match key.kind {
            Kind::Index | Kind::Constraint => index::attach(builder, name, partition),
            _ => attach(builder, statement, name, partition, range),
        },
        AlterAction::ValidateConstraint { name: constraint } => {
            let key = builder.key_on(Kind::Constraint, name, constraint);
            validate(builder, &key)
        }
        AlterAction::OwnerTo { role } => {
            if let Some(object) = builder.object(key) {
                object.owner = Some(role.clone());
            }
            true
        }
        AlterAction::RowSecurity { change } => {
            let on = matches!(change.as_str(), "enable" | "force").then(|| p::YES.to_owned());
            let force = change.ends_with("force");
            builder.set(key, if force { p::FORCE_ROW_SECURITY } else { p::ROW_SECURITY }, on)
        }
        AlterAction::Trigger { change, rule, name: trigger } => {
            let kind = if *rule { Kind::Rule } else { Kind::Trigger };
            let key = builder.key_on(kind, name, trigger);
            let enabled = match change.as_str() {
                "enable" => None,
                "disable" => Some("disabled".to_owned()),
                other => Some(other.trim_start_matches("enable ").to_owned()),
            };
            builder.set(&key, p::ENABLED, enabled)
        }
        AlterAction::ReplicaIdentity { range } => {
            let value = types::normal_text(statement.cursor_in(range.clone()));
            let value = value.trim_start_matches("replica identity ");
            let value = value.trim_start_matches("using index ");
            builder.set(key, p::REPLICA_IDENTITY, (value != "default").then(|| value.to_owned()))
        }
        AlterAction::ClusterOn { index } => {
            let index = Name { schema: name.schema.clone(), name: index.clone() };
            match builder.index(&index) {
                Some(key) => builder.set(&key, p::CLUSTERED, Some(p::YES.to_owned())),
                None => false,
            }
        }
        AlterAction::Inherit { parent } => {
            let parent = builder.written(parent);
            builder.set(key, p::INHERITS, Some(parent))
        }
        AlterAction::Other { range, .. }
            if text(range).to_ascii_lowercase().starts_with("set (") =>
        {
            let mut cursor = statement.cursor_in(range.clone());
            cursor.eat("set");
            let parts = cursor.parens().map_or_else(Vec::new, sql::Cursor::comma_parts);
            let mut settings: Vec<_> = parts.into_iter().map(table::setting).collect();
            settings.sort();
            builder.set(key, p::OPTIONS, Some(settings.join(", ")))
        }
        AlterAction::SetSchema { .. }
        | AlterAction::RenameTo { .. }
        | AlterAction::Other { .. } => false,
    }
}

fn add_column(
    builder: &mut Builder,
    statement: &Statement,
    key: &ObjectKey,
    name: &Name,
    range: &Range<usize>,
) -> bool {
    let Some(column) = create_table::added_column(statement, range.clone()) else { return false };
    table::append_column(builder, key, &column.name);
    table::add_column(builder, statement, name, &column);
    for piece in &column.pieces {
        constraint::add(builder, statement, name, piece);
    }
    true
}

/// The column goes with the constraints and indexes that are about it.
fn drop_column(builder: &mut Builder, key: &ObjectKey, column: &str) -> bool {
    let mut names = builder
        .catalog
        .get(key)
        .and_then(|object| object.get(p::COLUMNS))
        .map_or_else(Vec::new, p::names_of);
    names.retain(|name| builder.dialect.key(name) != builder.dialect.key(column));
    builder.set(key, p::COLUMNS, Some(p::list(names.iter().map(String::as_str))));
    for child in builder.belonging(&key.schema, &key.name) {
        let object = builder.catalog.get(&child);
        let about = object.and_then(|object| object.get(p::COLUMNS)).is_some_and(|columns| {
            child.kind == Kind::Constraint && p::names_of(columns).iter().any(|name| name == column)
        });
        if about || (child.kind == Kind::Column && child.name == column) {
            builder.catalog.objects.remove(&child);
        }
    }
    true
}

/// `TYPE t`, `DROP DEFAULT`, `DROP NOT NULL`, `SET STATISTICS n`, `SET STORAGE x`, …
fn alter_column(
    builder: &mut Builder,
    statement: &Statement,
    key: &ObjectKey,
    range: &Range<usize>,
) -> bool {
    let mut cursor = statement.cursor_in(range.clone());
    cursor.eat("alter");
    cursor.eat("column");
    cursor.ident();
    let last = |cursor: &sql::Cursor<'_>| {
        Some(types::normal_text(cursor.sub(cursor.at..cursor.tokens().len())))
    };
    if cursor.eat_any(&["type", "set data type"]).is_some() {
        let from = cursor.at;
        cursor.find_any(&["using", "collate"]);
        let data_type = types::canonical(cursor.sub(from..cursor.at));
        return builder.set(key, p::DATA_TYPE, Some(data_type));
    }
    let (property, value) = if cursor.eat("drop default") {
        (p::DEFAULT, None)
    } else if cursor.eat("drop not null") {
        (p::NOT_NULL, None)
    } else if cursor.eat("drop identity") {
        (p::IDENTITY, None)
    } else if cursor.eat("drop expression") {
        (p::GENERATED, None)
    } else if cursor.eat("set statistics") {
        (p::STATISTICS, last(&cursor).filter(|value| value != "-1" && value != "- 1"))
    } else if cursor.eat("set storage") {
        (p::STORAGE, last(&cursor))
    } else if cursor.eat("set compression") {
        (p::COMPRESSION, last(&cursor))
    } else if cursor.is("set") && cursor.kind_at(1) == Some(sql::TokenKind::LParen) {
        cursor.eat("set");
        (p::OPTIONS, last(&cursor))
    } else {
        return false;
    };
    builder.set(key, property, value)
}

/// A dump writes a partition as a table and attaches it.
fn attach(
    builder: &mut Builder,
    statement: &Statement,
    parent: &Name,
    partition: &Name,
    range: &Range<usize>,
) -> bool {
    let Some(key) = builder.relation(partition) else { return false };
    let mut cursor = statement.cursor_in(range.clone());
    cursor.eat("attach partition");
    cursor.name();
    let bound = types::normal_text(cursor.sub(cursor.at..cursor.tokens().len()));
    let parent = builder.written(parent);
    builder.set(&key, p::PARTITION_OF, Some(parent));
    builder.set(&key, p::PARTITION_BOUND, Some(bound))
}

fn validate(builder: &mut Builder, key: &ObjectKey) -> bool {
    let definition = builder.catalog.get(key).and_then(|object| object.get(p::DEFINITION));
    let Some(definition) = definition else { return false };
    let valid = definition.trim_end_matches(" NOT VALID").to_owned();
    builder.set(key, p::VALIDATED, None);
    builder.set(key, p::DEFINITION, Some(valid))
}
