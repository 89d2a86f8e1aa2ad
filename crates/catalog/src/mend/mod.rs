//! The SQL that would take a difference away, for a person to read; nothing here runs it. It is
//! made of the engine's own definitions, so names of the home schema are unqualified: the
//! statements are for a session whose search path is that schema.
//!
//! No statement is better than a wrong one: what would rebuild data (the order of columns, a
//! partition's bound, another sort of table) has none.

mod change;
mod create;
mod names;
mod remove;

use std::collections::BTreeSet;

use sql::Dialect;

use crate::{Catalog, Change, Difference, Kind, Object, ObjectKey};

/// Both sides of a comparison.
#[derive(Clone, Copy, Debug)]
pub struct Mend<'a> {
    pub expected: &'a Catalog,
    pub actual: &'a Catalog,
    /// The live schema that the catalogs have as the empty name; empty for a whole database.
    pub home: &'a str,
    pub dialect: Dialect,
}

impl Mend<'_> {
    /// The statements of all differences, each once: what is missing in the order in which kinds are
    /// built, after what stands in its way is gone.
    pub fn all(&self, differences: &[Difference]) -> Vec<String> {
        let mut sorted: Vec<&Difference> = differences.iter().collect();
        sorted.sort_by_key(|it| (it.change != Change::Extra, it.key.kind));
        let mut seen = BTreeSet::new();
        let statements = sorted.into_iter().flat_map(|it| self.statements(it));
        statements.filter(|statement| seen.insert(statement.clone())).collect()
    }

    /// Statements without semicolons, in the order in which they run; empty where nothing simple
    /// mends the difference.
    pub fn statements(&self, difference: &Difference) -> Vec<String> {
        let key = &difference.key;
        match (&difference.change, self.dialect) {
            (Change::Missing, _) => self.missing(key),
            (Change::Extra, _) => self
                .actual
                .get(key)
                .map_or_else(Vec::new, |object| remove::object(self, key, object)),
            (Change::Changed { property, expected, actual }, Dialect::Postgres) => {
                let Some(object) = self.expected.get(key) else { return Vec::new() };
                change::property(
                    self,
                    key,
                    object,
                    property,
                    expected.as_deref(),
                    actual.as_deref(),
                )
            }
            (Change::Changed { .. }, Dialect::Sqlite) => self.again(key),
        }
    }

    /// The object and all that is reported with it.
    fn missing(&self, key: &ObjectKey) -> Vec<String> {
        let Some(object) = self.expected.get(key) else { return Vec::new() };
        let mut statements = create::object(self, key, object);
        if !statements.is_empty() {
            statements.extend(self.children(key));
        }
        statements
    }

    /// What hangs on a missing table, in an order that works; its columns are in it already.
    fn children(&self, parent: &ObjectKey) -> Vec<String> {
        let mut statements = Vec::new();
        let all = || self.expected.objects.iter().filter(|(key, _)| self.hangs_on(key, parent));
        // Foreign keys need the keys, a policy needs nothing, grants come last by the order of kinds.
        for foreign in [false, true] {
            for (key, object) in all() {
                if foreign == (object.get(crate::properties::TYPE) == Some("foreign key")) {
                    statements.extend(match key.kind {
                        Kind::Column => create::comment(key, object).into_iter().collect(),
                        _ => create::object(self, key, object),
                    });
                }
            }
        }
        statements
    }

    fn hangs_on(&self, key: &ObjectKey, parent: &ObjectKey) -> bool {
        if key.schema != parent.schema || key.parent.is_empty() {
            return false;
        }
        match key.kind {
            Kind::Grant => names::is_grant_on(key, parent),
            _ => {
                parent.parent.is_empty()
                    && names::is_relation(parent.kind)
                    && key.parent == parent.name
            }
        }
    }

    /// Drops and creates what is its definition.
    fn again(&self, key: &ObjectKey) -> Vec<String> {
        let (Some(expected), Some(actual)) = (self.expected.get(key), self.actual.get(key)) else {
            return Vec::new();
        };
        let created = create::object(self, key, expected);
        let mut statements = remove::object(self, key, actual);
        if created.is_empty()
            || statements.is_empty()
            || names::is_relation(key.kind) && key.kind != Kind::View
        {
            return Vec::new();
        }
        statements.extend(created);
        statements
    }

    fn definition(object: &Object) -> &str {
        object.get(crate::properties::DEFINITION).unwrap_or_default()
    }
}
