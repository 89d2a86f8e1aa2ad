//! Objects of a schema and their keys.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Kinds in the order in which they are shown and built. `Opaque` is whatever the catalog has no
/// better kind for: compared as text, never dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Database-wide facts: `user_version`, `application_id`.
    Database,
    Schema,
    Extension,
    Collation,
    Type,
    Domain,
    Sequence,
    Table,
    ForeignTable,
    VirtualTable,
    Column,
    Constraint,
    Index,
    Statistics,
    Function,
    View,
    MaterializedView,
    Rule,
    Trigger,
    EventTrigger,
    Policy,
    Cast,
    Publication,
    ForeignDataWrapper,
    ForeignServer,
    UserMapping,
    DefaultPrivileges,
    Grant,
    Opaque,
}

impl Kind {
    /// The word in messages.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Database => "database",
            Kind::Schema => "schema",
            Kind::Extension => "extension",
            Kind::Collation => "collation",
            Kind::Type => "type",
            Kind::Domain => "domain",
            Kind::Sequence => "sequence",
            Kind::Table => "table",
            Kind::ForeignTable => "foreign table",
            Kind::VirtualTable => "virtual table",
            Kind::Column => "column",
            Kind::Constraint => "constraint",
            Kind::Index => "index",
            Kind::Statistics => "statistics",
            Kind::Function => "function",
            Kind::View => "view",
            Kind::MaterializedView => "materialized view",
            Kind::Rule => "rule",
            Kind::Trigger => "trigger",
            Kind::EventTrigger => "event trigger",
            Kind::Policy => "policy",
            Kind::Cast => "cast",
            Kind::Publication => "publication",
            Kind::ForeignDataWrapper => "foreign data wrapper",
            Kind::ForeignServer => "server",
            Kind::UserMapping => "user mapping",
            Kind::DefaultPrivileges => "default privileges",
            Kind::Grant => "grant",
            Kind::Opaque => "object",
        }
    }
}

/// What identifies an object. Names are as the engine stores them (already folded, unquoted).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectKey {
    pub kind: Kind,
    /// Empty for the home schema of the comparison, for SQLite, and for objects outside schemas.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub schema: String,
    /// The table (or view) of a column, constraint, index, trigger, rule, policy; for a grant, the
    /// object it is on, as `kind name` (`table orders`, `column orders.total`, `schema`).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub parent: String,
    /// For functions with argument types: `total(integer, text)`; for a grant the role (`PUBLIC` for all).
    pub name: String,
}

impl ObjectKey {
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self { kind, schema: String::new(), parent: String::new(), name: name.into() }
    }

    #[must_use]
    pub fn on(mut self, parent: impl Into<String>) -> Self {
        self.parent = parent.into();
        self
    }

    #[must_use]
    pub fn in_schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = schema.into();
        self
    }
}

/// `index orders_total_idx on orders`, `column orders.total`, `grant on table orders to app`.
impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dot = if self.schema.is_empty() { "" } else { "." };
        let (word, schema, parent, name) =
            (self.kind.word(), &self.schema, &self.parent, &self.name);
        match self.kind {
            Kind::Grant => write!(f, "grant on {parent} to {name}"),
            Kind::Column => write!(f, "column {schema}{dot}{parent}.{name}"),
            _ if parent.is_empty() => write!(f, "{word} {schema}{dot}{name}"),
            _ => write!(f, "{word} {name} on {schema}{dot}{parent}"),
        }
    }
}

/// An object's facts. Property names are lower case with spaces (`data type`, `definition`,
/// `not null`, `default`, `on delete`); values are the engine's own normalised text. A fact that
/// does not apply is absent, never an empty string.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Its name was made by the engine, not by a person (`orders_pkey`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub generated_name: bool,
    /// Belongs to an extension; not compared by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
}

impl Object {
    #[must_use]
    pub fn with(mut self, property: &str, value: impl Into<String>) -> Self {
        self.properties.insert(property.to_owned(), value.into());
        self
    }

    pub fn get(&self, property: &str) -> Option<&str> {
        self.properties.get(property).map(String::as_str)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    pub objects: BTreeMap<ObjectKey, Object>,
}

impl Catalog {
    pub fn insert(&mut self, key: ObjectKey, object: Object) {
        self.objects.insert(key, object);
    }

    pub fn get(&self, key: &ObjectKey) -> Option<&Object> {
        self.objects.get(key)
    }

    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = (&ObjectKey, &Object)> {
        self.objects.iter().filter(move |(key, _)| key.kind == kind)
    }

    pub fn len(&self) -> usize {
        self.objects.len()
    }

    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}
