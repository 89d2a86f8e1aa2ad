//! What one text makes of a schema: the script for a normaliser, and the way back from an object to
//! the line and the statement that make it. For `cutover diff`, which compares two of them.

use catalog::{Home, ObjectKey, Script, StatementError, at_home};
use diagnostics::{Diagnostic, Sources, Span};
use ir::Origin;
use sql::{Dialect, Statement};

use super::places::{Makers, Places};
use super::script;
use crate::origin;

/// The schema that a plan builds, that its baseline holds, or that a SQL file holds.
pub struct Schema {
    statements: Vec<Statement>,
    places: Places,
    makers: Makers,
    dialect: Dialect,
    /// How the schema is called where its statements are shown.
    name: String,
    home: Home,
}

impl Schema {
    pub(crate) fn new(
        statements: Vec<Statement>,
        dialect: Dialect,
        name: &str,
        home: Home,
    ) -> Self {
        Self {
            places: Places::of(&statements),
            makers: Makers::of(&statements),
            statements,
            dialect,
            name: name.to_owned(),
            home,
        }
    }

    pub fn script(&self) -> Script {
        Script { home: self.home.clone(), ..Script::of(&self.statements) }
    }

    /// What an engine refused of [`Schema::script`], each at its place. What only follows from an
    /// earlier refusal is left out.
    pub fn refusals(&self, errors: &[StatementError]) -> Vec<Diagnostic> {
        script::refusals(&self.statements, errors).0
    }

    /// The line that gives the property, else the object, else the table it is on. `sources` are
    /// those that the schema was read into.
    pub fn place(
        &self,
        sources: &Sources,
        key: &ObjectKey,
        property: Option<&str>,
    ) -> Option<Origin> {
        let span = property
            .and_then(|property| self.places.property(key, property, self.dialect))
            .or_else(|| self.places.find(key, self.dialect))
            .or_else(|| self.places.parent(key, self.dialect))?;
        Some(origin(sources, span))
    }

    /// Where the object is made; `None` for what these statements do not make.
    pub fn span(&self, key: &ObjectKey) -> Option<Span> {
        self.places.find(key, self.dialect)
    }

    /// Every object with its place. Names are as the engine folds them.
    pub fn objects(&self) -> impl Iterator<Item = (ObjectKey, Span)> {
        self.places.iter()
    }

    /// The statement that makes the object, without its semicolon; `None` for what is only a part of
    /// another object's statement, such as a column.
    pub fn statement(&self, key: &ObjectKey) -> Option<String> {
        let statement = &self.statements[self.makers.find(key, self.dialect)?];
        Some(at_home(&statement.text.text, &sql::quote_ident(&self.name, self.dialect)))
    }
}
