//! Names as the engine stores them.

use std::fmt;

/// Whose rules of quoting, folding and splitting apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    Postgres,
    Sqlite,
}

impl Dialect {
    /// An unquoted name as the engine stores it. PostgreSQL folds ASCII letters only in UTF-8
    /// databases (`downcase_identifier`); SQLite keeps what was written.
    pub fn fold(self, name: &str) -> String {
        match self {
            Dialect::Postgres => name.to_ascii_lowercase(),
            Dialect::Sqlite => name.to_owned(),
        }
    }

    /// The form in which two names of this engine are equal or not: SQLite ignores the case of
    /// ASCII letters, also in quoted names.
    pub fn key(self, name: &str) -> String {
        match self {
            Dialect::Postgres => name.to_owned(),
            Dialect::Sqlite => name.to_ascii_lowercase(),
        }
    }
}

/// A name with the schema it was written with, both unquoted and folded.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    pub schema: Option<String>,
    pub name: String,
}

impl Name {
    pub fn new(name: impl Into<String>) -> Self {
        Self { schema: None, name: name.into() }
    }

    /// Whether both are the same name to the engine, where `home` is the schema that an
    /// unqualified name is looked up in.
    pub fn same(&self, other: &Name, home: &str, dialect: Dialect) -> bool {
        let schema = |name: &Name| dialect.key(name.schema.as_deref().unwrap_or(home));
        schema(self) == schema(other) && dialect.key(&self.name) == dialect.key(&other.name)
    }
}

/// `schema.name`, unquoted: for messages.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}
