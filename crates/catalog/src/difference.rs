//! One difference of two catalogs, and how grave it is.

use std::fmt;

use diagnostics::plural;

use crate::properties as p;
use crate::scope::{COMMENT, OWNER};
use crate::{Kind, Object, ObjectKey};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Expected and not there.
    Missing,
    /// There and not expected.
    Extra,
    /// `None`: the property does not apply there.
    Changed { property: String, expected: Option<String>, actual: Option<String> },
}

/// What a difference can cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// Words and tuning: comments, owners, storage, statistics.
    Minor,
    /// Behaviour and speed: indexes, views, functions, triggers, defaults.
    Major,
    /// Data and access: tables, columns and their types, keys and checks, policies, grants.
    Critical,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    pub key: ObjectKey,
    pub change: Change,
    pub gravity: Gravity,
    /// How many objects went or came with it (a table's columns, constraints, grants, …); they are
    /// not reported by themselves.
    pub with: usize,
}

/// `index a_idx on a is missing`, `column a.b has data type integer instead of bigint`.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.key)?;
        match &self.change {
            Change::Missing => f.write_str("is missing")?,
            Change::Extra => f.write_str("is not expected")?,
            Change::Changed { property, expected: Some(expected), actual: Some(actual) } => {
                write!(f, "has {property} `{actual}` instead of `{expected}`")?;
            }
            Change::Changed { property, expected: Some(expected), actual: None } => {
                write!(f, "lacks {property} `{expected}`")?;
            }
            Change::Changed { property, expected: _, actual } => {
                let actual = actual.as_deref().unwrap_or_default();
                write!(f, "has {property} `{actual}`, which is not expected")?;
            }
        }
        if self.with > 0 {
            let verb = if self.with == 1 { "belongs" } else { "belong" };
            write!(f, ", with {} that {verb} to it", plural(self.with, "object"))?;
        }
        Ok(())
    }
}

/// The gravity of a whole object that is missing or extra.
pub(crate) fn of_object(key: &ObjectKey, object: &Object) -> Gravity {
    match key.kind {
        Kind::Table
        | Kind::ForeignTable
        | Kind::VirtualTable
        | Kind::Column
        | Kind::Constraint
        | Kind::Policy
        | Kind::Grant
        | Kind::DefaultPrivileges
        | Kind::Schema => Gravity::Critical,
        Kind::Index if object.get(p::UNIQUE).is_some() => Gravity::Critical,
        Kind::Statistics => Gravity::Minor,
        Kind::Database
        | Kind::Extension
        | Kind::Collation
        | Kind::Type
        | Kind::Domain
        | Kind::Sequence
        | Kind::Index
        | Kind::Function
        | Kind::View
        | Kind::MaterializedView
        | Kind::Rule
        | Kind::Trigger
        | Kind::EventTrigger
        | Kind::Cast
        | Kind::Publication
        | Kind::ForeignDataWrapper
        | Kind::ForeignServer
        | Kind::UserMapping
        | Kind::Opaque => Gravity::Major,
    }
}

/// The gravity of one property that differs.
pub(crate) fn of_property(key: &ObjectKey, expected: &Object, property: &str) -> Gravity {
    match property {
        COMMENT
        | OWNER
        | p::OPTIONS
        | p::STATISTICS
        | p::STORAGE
        | p::COMPRESSION
        | p::CLUSTERED
        | p::CACHE => Gravity::Minor,
        p::NOT_NULL
        | p::DATA_TYPE
        | p::IDENTITY
        | p::GENERATED
        | p::ROW_SECURITY
        | p::FORCE_ROW_SECURITY
        | p::VALID
        | p::VALIDATED
        | p::UNIQUE
        | p::PERSISTENCE => Gravity::Critical,
        p::DEFAULT | p::COLUMNS | p::COLLATION | p::REPLICA_IDENTITY => Gravity::Major,
        _ => of_object(key, expected),
    }
}
