//! Names as the engine stores them.

use std::fmt;

use crate::unquote;

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

    /// Whether a name as written, quoted or not, is this one.
    pub fn spells(self, written: &str, name: &str) -> bool {
        match written.as_bytes().first() {
            Some(b'"' | b'\'' | b'`' | b'[') => self.same(&unquote(written, self), name),
            _ if self == Dialect::Sqlite => written.eq_ignore_ascii_case(name),
            _ => {
                let folded = written.bytes().map(|byte| byte.to_ascii_lowercase());
                written.len() == name.len() && folded.eq(name.bytes())
            }
        }
    }

    /// Whether two names are the same to this engine.
    pub fn same(self, a: &str, b: &str) -> bool {
        match self {
            Dialect::Postgres => a == b,
            Dialect::Sqlite => a.eq_ignore_ascii_case(b),
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
