//! ALTER.

use super::{first_words, grant, object};
use crate::cursor::Cursor;
use crate::{AlterAction, Class, ConstraintKind, Object};

pub(super) fn alter(cursor: &mut Cursor<'_>) -> Option<Class> {
    cursor.eat("alter");
    if cursor.eat("default privileges") {
        return grant::default_privileges(cursor);
    }
    let word = object::object_word(cursor)?;
    // `ALTER INDEX ALL IN TABLESPACE` names no object.
    if cursor.is_phrase("all in tablespace") {
        return None;
    }
    cursor.eat("if exists");
    let only = cursor.eat("only");
    let object = object::named(cursor, word)?;
    if cursor.written() == "*" {
        cursor.at += 1;
    }
    let rest = cursor.sub(cursor.at..cursor.tokens.len());
    match word {
        "table" | "foreign table" | "view" | "materialized view" => {
            let actions = actions(rest);
            Some(Class::AlterTable { name: object.name, only, actions })
        }
        "index" => Some(Class::AlterIndex { name: object.name, actions: actions(rest) }),
        "sequence" => Some(sequence(object, rest)),
        _ => Some(alter_other(object, rest)),
    }
}

fn actions(rest: Cursor<'_>) -> Vec<AlterAction> {
    rest.comma_parts().into_iter().map(action).collect()
}

fn alter_other(object: Object, rest: Cursor<'_>) -> Class {
    match action(rest) {
        AlterAction::OwnerTo { role } => Class::OwnerTo { object, role },
        action => Class::AlterOther { object, action },
    }
}

fn sequence(object: Object, rest: Cursor<'_>) -> Class {
    let mut cursor = rest;
    let owned_by = cursor.find_any(&["owned"]).then(|| {
        cursor.eat("owned by");
        if cursor.is("none") { Vec::new() } else { cursor.path() }
    });
    Class::AlterSequence { name: object.name, owned_by, actions: vec![action(rest)] }
}

fn action(part: Cursor<'_>) -> AlterAction {
    let mut cursor = part;
    let found = match cursor.written().to_ascii_lowercase().as_str() {
        "add" => add(&mut cursor),
        "alter" => alter_column(&mut cursor),
        "drop" => drop(&mut cursor),
        "attach" if cursor.eat("attach partition") => cursor
            .name()
            .map(|partition| AlterAction::AttachPartition { partition, range: part.rest_range() }),
        "validate" if cursor.eat("validate constraint") => {
            cursor.ident().map(|name| AlterAction::ValidateConstraint { name })
        }
        "owner" if cursor.eat("owner to") => {
            grant::role(&mut cursor).map(|role| AlterAction::OwnerTo { role })
        }
        "enable" | "disable" | "force" | "no" => switch(&mut cursor),
        "replica" => Some(AlterAction::ReplicaIdentity { range: part.rest_range() }),
        "cluster" if cursor.eat("cluster on") => {
            cursor.ident().map(|index| AlterAction::ClusterOn { index })
        }
        "inherit" if cursor.eat("inherit") => {
            cursor.name().map(|parent| AlterAction::Inherit { parent })
        }
        "set" if cursor.eat("set schema") => {
            cursor.ident().map(|schema| AlterAction::SetSchema { schema })
        }
        "rename" if cursor.eat("rename to") => {
            cursor.ident().map(|name| AlterAction::RenameTo { name })
        }
        _ => None,
    };
    found.unwrap_or_else(|| AlterAction::Other {
        words: first_words(part),
        range: part.rest_range(),
    })
}

fn add(cursor: &mut Cursor<'_>) -> Option<AlterAction> {
    let range = cursor.rest_range();
    cursor.eat("add");
    let name = if cursor.eat("constraint") { Some(cursor.ident()?) } else { None };
    if let Some(kind) = constraint_kind(*cursor) {
        return Some(AlterAction::AddConstraint { name, kind, range });
    }
    cursor.eat("column");
    cursor.eat("if not exists");
    let column = cursor.ident()?;
    // `ADD VALUE` and `ADD ATTRIBUTE` of a type are no columns.
    let other = ["value", "attribute", "table", "mapping"].contains(&column.as_str());
    (!other || cursor.at_end()).then_some(AlterAction::AddColumn { column, range })
}

/// The kind of the constraint that stands next, after its optional name.
fn constraint_kind(cursor: Cursor<'_>) -> Option<ConstraintKind> {
    let kinds = [
        ("primary key", ConstraintKind::PrimaryKey),
        ("unique", ConstraintKind::Unique),
        ("foreign key", ConstraintKind::ForeignKey),
        ("check", ConstraintKind::Check),
        ("exclude", ConstraintKind::Exclude),
        ("not null", ConstraintKind::NotNull),
    ];
    kinds.into_iter().find(|(words, _)| cursor.is_phrase(words)).map(|(_, kind)| kind)
}

fn alter_column(cursor: &mut Cursor<'_>) -> Option<AlterAction> {
    let range = cursor.rest_range();
    cursor.eat("alter");
    if cursor.is_phrase("constraint") {
        return None;
    }
    cursor.eat("column");
    let column = cursor.ident()?;
    Some(if cursor.is_phrase("set default") {
        AlterAction::SetDefault { column, range }
    } else if cursor.is_phrase("set not null") {
        AlterAction::SetNotNull { column }
    } else if cursor.is_phrase("add generated") {
        AlterAction::AddIdentity { column, range }
    } else {
        AlterAction::AlterColumn { column, range }
    })
}

fn drop(cursor: &mut Cursor<'_>) -> Option<AlterAction> {
    cursor.eat("drop");
    let constraint = cursor.eat("constraint");
    cursor.eat("column");
    cursor.eat("if exists");
    let name = cursor.ident()?;
    Some(if constraint {
        AlterAction::DropConstraint { name }
    } else {
        AlterAction::DropColumn { column: name }
    })
}

fn switch(cursor: &mut Cursor<'_>) -> Option<AlterAction> {
    let changes = ["enable always", "enable replica", "enable", "disable", "no force", "force"];
    let change = cursor.eat_any(&changes)?.to_owned();
    if cursor.eat("row level security") {
        return Some(AlterAction::RowSecurity { change });
    }
    let rule = cursor.eat_any(&["trigger", "rule"])? == "rule";
    cursor.ident().map(|name| AlterAction::Trigger { change, rule, name })
}
