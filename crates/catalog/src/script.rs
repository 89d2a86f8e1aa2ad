//! SQL text on its way to an engine that says what it means.

use serde::{Deserialize, Serialize};
use sql::Statement;

use crate::Catalog;

/// Which schema of the script stands for the schema under comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Home {
    /// Names of the home schema are unqualified in the script; the engine chooses where it lives,
    /// and the catalog has it as the empty schema name.
    Unqualified,
    /// The script is about a whole database; every name keeps its schema.
    Database,
}

/// How a statement writes the home schema itself (`GRANT USAGE ON SCHEMA "cutover home" TO app`):
/// in scripts with [`Home::Unqualified`] and in the steps of a compiled plan, whose schema has
/// another name while it is staged. The engine puts its own quoted name there with [`at_home`].
pub const HOME_SCHEMA: &str = "\"cutover home\"";

/// The statement where the home schema is called `quoted` (quoted as SQL needs it).
pub fn at_home(sql: &str, quoted: &str) -> String {
    sql.replace(HOME_SCHEMA, quoted)
}

/// Statements in the order of execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    pub home: Home,
    pub statements: Vec<ScriptStatement>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptStatement {
    pub sql: String,
    /// Roles that the statement names and that a scratch server must have; none are created elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
}

impl Script {
    /// Statements whose names of the home schema are unqualified.
    pub fn of<'a>(statements: impl IntoIterator<Item = &'a Statement>) -> Self {
        let statements = statements.into_iter().map(|statement| ScriptStatement {
            sql: statement.text.text.clone(),
            roles: sql::roles(statement),
        });
        Self { home: Home::Unqualified, statements: statements.collect() }
    }
}

/// A statement that the engine refused, by its index in the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementError {
    pub statement: usize,
    pub message: String,
    /// Byte offset in the statement, where the engine gives one.
    pub offset: Option<usize>,
    pub sqlstate: Option<String>,
}

/// Who normalised a catalog: shown with every comparison, because text of different majors is
/// never called equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// The engine itself: `PostgreSQL 15.18`, `SQLite 3.54.1`.
    Engine(String),
    /// Syntax alone, with the reason why no engine was asked.
    Syntax(String),
}

#[derive(Clone, Debug)]
pub struct Normalised {
    pub catalog: Catalog,
    pub errors: Vec<StatementError>,
    pub via: Via,
}

/// Turns DDL into a catalog. Implemented by the engines' scratch databases and by `offline`.
pub trait Normaliser {
    /// Applies the statements to an empty schema and reads it back. A refused statement is an
    /// entry in `errors`; the others are still applied.
    ///
    /// # Errors
    /// A sentence for the user where no scratch database can be had at all.
    fn normalise(&mut self, script: &Script) -> Result<Normalised, String>;

    /// The same of statements that were read already; errors have their indexes.
    ///
    /// # Errors
    /// As [`Normaliser::normalise`].
    fn normalise_read(&mut self, statements: &[&Statement]) -> Result<Normalised, String> {
        self.normalise(&Script::of(statements.iter().copied()))
    }

    /// [`Normaliser::normalise_read`] of two scripts that are about to be compared, each apart from
    /// the other: who can, works on both at once.
    ///
    /// # Errors
    /// As [`Normaliser::normalise`].
    fn normalise_both(&mut self, both: [&[&Statement]; 2]) -> Result<[Normalised; 2], String> {
        Ok([self.normalise_read(both[0])?, self.normalise_read(both[1])?])
    }
}
