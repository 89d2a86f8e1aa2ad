//! What a statement defines or does.

use std::ops::Range;

use crate::Name;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Persistence {
    Permanent,
    Temporary,
    Unlogged,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FunctionKind {
    Function,
    Procedure,
    Aggregate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TypeKind {
    Enum,
    Composite,
    Range,
    /// `CREATE TYPE x (input = …)`
    Base,
    /// `CREATE TYPE x`
    Shell,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConstraintKind {
    PrimaryKey,
    Unique,
    ForeignKey,
    Check,
    Exclude,
    NotNull,
}

impl ConstraintKind {
    /// The word in messages and in catalogs.
    pub fn word(self) -> &'static str {
        match self {
            ConstraintKind::PrimaryKey => "primary key",
            ConstraintKind::Unique => "unique",
            ConstraintKind::ForeignKey => "foreign key",
            ConstraintKind::Check => "check",
            ConstraintKind::Exclude => "exclude",
            ConstraintKind::NotNull => "not null",
        }
    }
}

/// One action of `ALTER TABLE`, `ALTER INDEX`, `ALTER VIEW`, …. `range` is the bytes of the whole
/// action in the statement's text; in `Other` the first words are kept in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlterAction {
    AddConstraint {
        name: Option<String>,
        kind: ConstraintKind,
        range: Range<usize>,
    },
    AddColumn {
        column: String,
        range: Range<usize>,
    },
    DropColumn {
        column: String,
    },
    DropConstraint {
        name: String,
    },
    SetDefault {
        column: String,
        range: Range<usize>,
    },
    SetNotNull {
        column: String,
    },
    /// `ALTER COLUMN c ADD GENERATED … AS IDENTITY`.
    AddIdentity {
        column: String,
        range: Range<usize>,
    },
    /// `ALTER COLUMN c TYPE t`, `SET STATISTICS`, `SET STORAGE`, …
    AlterColumn {
        column: String,
        range: Range<usize>,
    },
    AttachPartition {
        partition: Name,
        range: Range<usize>,
    },
    ValidateConstraint {
        name: String,
    },
    OwnerTo {
        role: String,
    },
    /// `ENABLE`, `FORCE`, `DISABLE`, `NO FORCE ROW LEVEL SECURITY`: the words before `ROW`.
    RowSecurity {
        change: String,
    },
    /// `ENABLE [ALWAYS | REPLICA]`, `DISABLE`: the words before `TRIGGER` or `RULE`.
    Trigger {
        change: String,
        rule: bool,
        name: String,
    },
    ReplicaIdentity {
        range: Range<usize>,
    },
    ClusterOn {
        index: String,
    },
    Inherit {
        parent: Name,
    },
    SetSchema {
        schema: String,
    },
    RenameTo {
        name: String,
    },
    Other {
        words: String,
        range: Range<usize>,
    },
}

/// An object that `COMMENT ON`, `GRANT`, `ALTER … OWNER TO` or `DROP` names.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// Lower case: `table`, `materialized view`, `column`, `function`.
    pub word: String,
    /// For a column, the table; for a cast `(a AS b)`; for `ALL TABLES IN SCHEMA s`, the schema
    /// with the word `all tables in schema`.
    pub name: Name,
    pub column: Option<String>,
    /// The table (or domain) of a constraint, trigger, policy or rule.
    pub table: Option<Name>,
    /// Argument types of a function, aggregate or operator: `integer, text`.
    pub arguments: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Privilege {
    /// Lower case: `select`, `all`.
    pub name: String,
    /// Empty: the whole object.
    pub columns: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Class {
    CreateTable {
        name: Name,
        persistence: Persistence,
        if_not_exists: bool,
        foreign: bool,
    },
    /// SQLite.
    CreateVirtualTable {
        name: Name,
    },
    CreateIndex {
        name: Option<Name>,
        table: Name,
        unique: bool,
        if_not_exists: bool,
        concurrently: bool,
        only: bool,
    },
    /// `ALTER TABLE`, also of a view, sequence or index, which PostgreSQL permits.
    AlterTable {
        name: Name,
        only: bool,
        actions: Vec<AlterAction>,
    },
    AlterIndex {
        name: Name,
        actions: Vec<AlterAction>,
    },
    CreateSequence {
        name: Name,
        persistence: Persistence,
    },
    /// `owned_by` is the column's path (`schema`, `table`, `column`), empty for `OWNED BY NONE`.
    AlterSequence {
        name: Name,
        owned_by: Option<Vec<String>>,
        actions: Vec<AlterAction>,
    },
    CreateView {
        name: Name,
        materialized: bool,
        temporary: bool,
    },
    /// `arguments`: the types that identify it, in canonical form: `integer, text`.
    CreateFunction {
        kind: FunctionKind,
        name: Name,
        arguments: String,
        or_replace: bool,
    },
    CreateTrigger {
        name: Name,
        table: Name,
    },
    CreateType {
        name: Name,
        kind: TypeKind,
    },
    CreateDomain {
        name: Name,
    },
    CreateExtension {
        name: Name,
    },
    CreatePolicy {
        name: Name,
        table: Name,
    },
    CreateRule {
        name: Name,
        table: Name,
    },
    CreateStatistics {
        name: Option<Name>,
    },
    CreateSchema {
        name: Name,
    },
    /// Everything else with `CREATE`; the word is lower case (`cast`, `operator class`).
    CreateOther {
        word: String,
        name: Name,
    },
    Grant {
        revoke: bool,
        /// `WITH GRANT OPTION`, `GRANT OPTION FOR`.
        grant_option: bool,
        privileges: Vec<Privilege>,
        objects: Vec<Object>,
        /// `PUBLIC` in upper case, others as the engine stores them.
        roles: Vec<String>,
    },
    /// `GRANT a TO b`: membership.
    GrantRole {
        revoke: bool,
        granted: Vec<String>,
        roles: Vec<String>,
    },
    AlterDefaultPrivileges {
        for_roles: Vec<String>,
        schemas: Vec<String>,
        revoke: bool,
        grant_option: bool,
        privileges: Vec<Privilege>,
        /// `tables`, `sequences`, `functions`, `types`, `schemas`.
        word: String,
        roles: Vec<String>,
    },
    /// `text` is the range of the literal in the statement, `None` for `IS NULL`.
    Comment {
        object: Object,
        text: Option<Range<usize>>,
    },
    /// `ALTER x OWNER TO role` for anything but tables, indexes and sequences.
    OwnerTo {
        object: Object,
        role: String,
    },
    /// Everything else with `ALTER`.
    AlterOther {
        object: Object,
        action: AlterAction,
    },
    /// `SET x …`, `SELECT pg_catalog.set_config('x', …)`, `PRAGMA x`.
    SetSetting {
        name: String,
    },
    /// `SELECT setval('x', …)`, as `pg_dump` writes it.
    SetSequence {
        sequence: Name,
    },
    Insert {
        table: Name,
    },
    Update {
        table: Name,
    },
    Delete {
        table: Name,
    },
    Copy {
        table: Option<Name>,
    },
    Select,
    /// `begin`, `commit`, `rollback`, `savepoint`, …
    Transaction {
        word: String,
    },
    Drop {
        objects: Vec<Object>,
    },
    /// A line of psql's own: `restrict`, `connect`.
    PsqlMeta {
        command: String,
    },
    /// The first words, in lower case.
    Other {
        words: String,
    },
}

impl Class {
    /// The name of what the statement defines, changes or fills.
    pub fn name(&self) -> Option<&Name> {
        match self {
            Class::CreateTable { name, .. }
            | Class::CreateVirtualTable { name }
            | Class::AlterTable { name, .. }
            | Class::AlterIndex { name, .. }
            | Class::CreateSequence { name, .. }
            | Class::AlterSequence { name, .. }
            | Class::CreateView { name, .. }
            | Class::CreateFunction { name, .. }
            | Class::CreateTrigger { name, .. }
            | Class::CreateType { name, .. }
            | Class::CreateDomain { name }
            | Class::CreateExtension { name }
            | Class::CreatePolicy { name, .. }
            | Class::CreateRule { name, .. }
            | Class::CreateSchema { name }
            | Class::CreateOther { name, .. }
            | Class::SetSequence { sequence: name }
            | Class::Insert { table: name }
            | Class::Update { table: name }
            | Class::Delete { table: name } => Some(name),
            Class::CreateIndex { name, .. } | Class::CreateStatistics { name } => name.as_ref(),
            Class::Copy { table } => table.as_ref(),
            Class::Comment { object, .. }
            | Class::OwnerTo { object, .. }
            | Class::AlterOther { object, .. } => Some(&object.name),
            Class::Grant { objects, .. } | Class::Drop { objects } => {
                objects.first().map(|object| &object.name)
            }
            Class::GrantRole { .. }
            | Class::AlterDefaultPrivileges { .. }
            | Class::SetSetting { .. }
            | Class::Select
            | Class::Transaction { .. }
            | Class::PsqlMeta { .. }
            | Class::Other { .. } => None,
        }
    }

    /// The table that an index, trigger, policy or rule is on.
    pub fn table(&self) -> Option<&Name> {
        match self {
            Class::CreateIndex { table, .. }
            | Class::CreateTrigger { table, .. }
            | Class::CreatePolicy { table, .. }
            | Class::CreateRule { table, .. } => Some(table),
            _ => None,
        }
    }
}
