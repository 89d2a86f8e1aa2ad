//! What a statement is to a plan: a component, a change of one, something to pass over, or nothing
//! that a plan can hold.

use plan::model::ComponentKind as Kind;
use sql::{AlterAction, Class, ConstraintKind, Dialect, Statement};

use crate::item::{Key, Role};

pub(crate) enum Fate {
    Component(Key, Role),
    Change(Key, Role),
    /// Settings, transactions, psql's own lines, the home schema: the run has its own.
    PassOver,
    /// `OWNER TO`: the owner is the target's.
    Owner,
    /// Rows: part of a dump, no part of a schema.
    Data,
    /// With what to do instead.
    Refuse(&'static str),
}

/// Kinds of `CREATE` that belong to a database or a server, not to a schema.
const OUTSIDE_SCHEMAS: [&str; 8] = [
    "database",
    "role",
    "user",
    "tablespace",
    "publication",
    "subscription",
    "event trigger",
    "access method",
];

/// `ALTER TABLE` with several actions must have been taken apart before.
pub(crate) fn fate(statement: &Statement) -> Fate {
    let named = |kind, name: &sql::Name| Key::new(kind, name.name.clone());
    match &statement.class {
        Class::CreateTable { name, .. } | Class::CreateVirtualTable { name } => {
            Fate::Component(named(Kind::Table, name), Role::Table)
        }
        Class::CreateIndex { name: Some(name), .. }
        | Class::CreateStatistics { name: Some(name) } => {
            Fate::Component(named(Kind::Index, name), Role::Index)
        }
        Class::CreateIndex { name: None, .. } | Class::CreateStatistics { name: None } => {
            Fate::Refuse("give it a name, so that it can be compared and waived by it")
        }
        Class::CreateSequence { name, .. } => {
            Fate::Component(named(Kind::Sequence, name), Role::Sequence)
        }
        Class::CreateView { name, materialized, .. } => {
            let role = if *materialized { Role::MaterializedView } else { Role::View };
            Fate::Component(named(Kind::View, name), role)
        }
        Class::CreateFunction { name, arguments, .. } => {
            let key = Key::new(Kind::Function, format!("{}({arguments})", name.name));
            Fate::Component(key, Role::Function)
        }
        Class::CreateType { name, .. } | Class::CreateDomain { name } => {
            Fate::Component(named(Kind::Type, name), Role::Type)
        }
        Class::CreateExtension { name } => {
            Fate::Component(named(Kind::Extension, name), Role::Extension)
        }
        Class::CreateTrigger { name, table } | Class::CreateRule { name, table } => {
            Fate::Component(named(Kind::Trigger, name).on(&table.name), Role::Trigger)
        }
        Class::CreatePolicy { name, table } => {
            Fate::Component(named(Kind::Policy, name).on(&table.name), Role::Policy)
        }
        Class::CreateOther { word, .. } if OUTSIDE_SCHEMAS.contains(&word.as_str()) => {
            Fate::Refuse("it lies outside the schema that a plan owns; make it before the run")
        }
        Class::CreateOther { word, name } => {
            Fate::Component(Key::new(Kind::Type, format!("{word} {}", name.name)), Role::Type)
        }
        Class::AlterTable { name, actions, .. } => table_change(&name.name, actions),
        Class::AlterIndex { name, actions } => {
            owner_or(actions, named(Kind::Index, name), Role::LateChange)
        }
        Class::AlterSequence { name, owned_by: None, actions } => {
            owner_or(actions, named(Kind::Sequence, name), Role::SequenceChange)
        }
        Class::AlterSequence { name, .. } => {
            Fate::Change(named(Kind::Sequence, name), Role::SequenceChange)
        }
        Class::Grant { .. } => grant(statement),
        Class::AlterDefaultPrivileges { .. } => {
            Fate::Component(Key::new(Kind::Grant, short(statement)), Role::Home)
        }
        Class::Comment { object, .. } => {
            let role = if object.word == "schema" { Role::Home } else { Role::Comment };
            Fate::Component(Key::new(Kind::Comment, shown(object)), role)
        }
        Class::OwnerTo { .. } => Fate::Owner,
        Class::AlterOther { action: AlterAction::OwnerTo { .. }, .. } => Fate::Owner,
        Class::AlterOther { object, .. } => other_change(object),
        Class::SetSetting { name } if is_of_the_file(statement, name) => {
            Fate::Component(Key::new(Kind::Comment, format!("pragma {name}")), Role::Setting)
        }
        Class::CreateSchema { .. }
        | Class::SetSetting { .. }
        | Class::Transaction { .. }
        | Class::PsqlMeta { .. } => Fate::PassOver,
        Class::Insert { .. }
        | Class::Copy { .. }
        | Class::SetSequence { .. }
        | Class::Update { .. }
        | Class::Delete { .. } => Fate::Data,
        Class::GrantRole { .. } => {
            Fate::Refuse("roles are not part of a schema; grant them before")
        }
        Class::Drop { .. } => Fate::Refuse("a plan says what there is in the end; take it out"),
        Class::Select | Class::Other { .. } => {
            Fate::Refuse("move it to a stage of its own (`stages: { name: { sql: … } }`)")
        }
    }
}

/// Numbers that SQLite stores in the file for the application; other settings are the run's own.
fn is_of_the_file(statement: &Statement, name: &str) -> bool {
    statement.dialect == Dialect::Sqlite && ["user_version", "application_id"].contains(&name)
}

fn table_change(table: &str, actions: &[AlterAction]) -> Fate {
    let change = |role| Fate::Change(Key::new(Kind::Table, table), role);
    match actions.first() {
        Some(AlterAction::AddConstraint { name, kind, .. }) => {
            let role = match kind {
                ConstraintKind::PrimaryKey => Role::PrimaryKey,
                ConstraintKind::ForeignKey => Role::ForeignKey,
                ConstraintKind::Unique | ConstraintKind::Check | ConstraintKind::Exclude => {
                    Role::Constraint
                }
                ConstraintKind::NotNull => return change(Role::TableChange),
            };
            let name = name.clone().unwrap_or_default();
            Fate::Component(Key::new(Kind::Constraint, name).on(table), role)
        }
        Some(
            AlterAction::AddColumn { .. }
            | AlterAction::SetDefault { .. }
            | AlterAction::SetNotNull { .. }
            | AlterAction::AddIdentity { .. }
            | AlterAction::AlterColumn { .. }
            | AlterAction::AttachPartition { .. }
            | AlterAction::Inherit { .. }
            | AlterAction::Other { .. },
        ) => change(Role::TableChange),
        Some(
            AlterAction::ValidateConstraint { .. }
            | AlterAction::ReplicaIdentity { .. }
            | AlterAction::ClusterOn { .. },
        ) => change(Role::LateChange),
        Some(AlterAction::Trigger { name, .. }) => {
            Fate::Change(Key::new(Kind::Trigger, name).on(table), Role::Trigger)
        }
        Some(AlterAction::RowSecurity { .. }) => change(Role::RowSecurity),
        Some(AlterAction::OwnerTo { .. }) => Fate::Owner,
        Some(
            AlterAction::DropColumn { .. }
            | AlterAction::DropConstraint { .. }
            | AlterAction::SetSchema { .. }
            | AlterAction::RenameTo { .. },
        ) => Fate::Refuse("write the definition as it is in the end"),
        None => Fate::Refuse("write the definition as it is in the end"),
    }
}

fn owner_or(actions: &[AlterAction], key: Key, role: Role) -> Fate {
    let owner = |action: &AlterAction| matches!(action, AlterAction::OwnerTo { .. });
    if !actions.is_empty() && actions.iter().all(owner) {
        Fate::Owner
    } else {
        Fate::Change(key, role)
    }
}

/// On the home schema, or on everything in it, the schema itself has to be there.
fn grant(statement: &Statement) -> Fate {
    let Class::Grant { objects, roles, privileges, .. } = &statement.class else {
        return Fate::PassOver;
    };
    let home = |word: &str| word == "schema" || word.starts_with("all ");
    let at_home = objects.iter().any(|object| home(&object.word));
    let names = |names: Vec<String>| names.join(", ");
    let key = format!(
        "{} on {} to {}",
        names(privileges.iter().map(privilege_name).collect()),
        names(objects.iter().map(object_name).collect()),
        names(roles.clone()),
    );
    let role = if at_home { Role::Home } else { Role::Grant };
    let verb =
        if matches!(statement.class, Class::Grant { revoke: true, .. }) { "revoke " } else { "" };
    Fate::Component(Key::new(Kind::Grant, format!("{verb}{key}")), role)
}

/// `select`, `update (name, email)`
fn privilege_name(privilege: &sql::Privilege) -> String {
    match privilege.columns.as_slice() {
        [] => privilege.name.clone(),
        columns => format!("{} ({})", privilege.name, columns.join(", ")),
    }
}

/// The home schema has another name while it is staged; it is just the schema.
fn object_name(object: &sql::Object) -> String {
    match object.word.as_str() {
        "schema" => "schema".to_owned(),
        word if word.starts_with("all ") => word.to_owned(),
        _ => object.name.name.clone(),
    }
}

/// `column orders.total`, `trigger orders_touch on orders`.
pub(crate) fn shown(object: &sql::Object) -> String {
    if object.word == "schema" {
        return object.word.clone();
    }
    let mut out = format!("{} {}", object.word, object.name.name);
    if let Some(column) = &object.column {
        out.push_str(&format!(".{column}"));
    }
    if let Some(arguments) = &object.arguments {
        out.push_str(&format!("({arguments})"));
    }
    if let Some(table) = &object.table {
        out.push_str(&format!(" on {}", table.name));
    }
    out
}

fn other_change(object: &sql::Object) -> Fate {
    let name = object.name.name.clone();
    let on = |key: Key| match &object.table {
        Some(table) => key.on(&table.name),
        None => key,
    };
    match object.word.as_str() {
        "type" | "domain" => Fate::Change(Key::new(Kind::Type, name), Role::Type),
        "function" | "procedure" | "aggregate" | "routine" => {
            let arguments = object.arguments.clone().unwrap_or_default();
            Fate::Change(Key::new(Kind::Function, format!("{name}({arguments})")), Role::Function)
        }
        "view" => Fate::Change(Key::new(Kind::View, name), Role::View),
        "materialized view" => Fate::Change(Key::new(Kind::View, name), Role::MaterializedView),
        "trigger" | "rule" => Fate::Change(on(Key::new(Kind::Trigger, name)), Role::Trigger),
        "policy" => Fate::Change(on(Key::new(Kind::Policy, name)), Role::Policy),
        "extension" => Fate::Change(Key::new(Kind::Extension, name), Role::Extension),
        "statistics" => Fate::Change(Key::new(Kind::Index, name), Role::LateChange),
        _ => Fate::Refuse("a plan cannot hold it; run it before the migration"),
    }
}

/// The statement on one line, for things that have no name.
pub(crate) fn short(statement: &Statement) -> String {
    statement.text.text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The start of a step's id.
pub(crate) fn verb(role: Role, change: bool) -> &'static str {
    match (role, change) {
        (Role::Extension, false) => "create-extension",
        (Role::Type, false) => "create-type",
        (Role::Setting, _) => "set",
        (Role::Sequence, _) => "create-sequence",
        (Role::Function, false) => "create-function",
        (Role::Table, _) => "create-table",
        (Role::TableChange, _) => "change-table",
        (Role::SequenceChange, _) => "change-sequence",
        (Role::PrimaryKey, _) => "add-primary-key",
        (Role::Constraint, _) => "add-constraint",
        (Role::ForeignKey, _) => "add-foreign-key",
        (Role::Index, _) => "create-index",
        (Role::LateChange, _) => "finish",
        (Role::View | Role::MaterializedView, false) => "create-view",
        (Role::Trigger, false) => "create-trigger",
        (Role::RowSecurity, _) => "row-security",
        (Role::Policy, false) => "create-policy",
        (Role::Grant, _) => "grant",
        (Role::Comment, _) => "comment",
        (Role::Home, _) => "schema",
        (Role::Extension, true) => "change-extension",
        (Role::Type, true) => "change-type",
        (Role::Function, true) => "change-function",
        (Role::View | Role::MaterializedView, true) => "change-view",
        (Role::Trigger, true) => "change-trigger",
        (Role::Policy, true) => "change-policy",
    }
}

/// `orders`, `orders.orders_total_check`; two things of one id get a number elsewhere.
pub(crate) fn id(key: &Key, role: Role, change: bool) -> String {
    let verb = verb(role, change);
    match (role, key.table.is_empty()) {
        (Role::PrimaryKey, false) => format!("{verb}/{}", key.table),
        (_, false) => format!("{verb}/{}.{}", key.table, key.name),
        (_, true) => format!("{verb}/{}", key.name),
    }
}
