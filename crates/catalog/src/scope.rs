//! Which facts of a catalog count.

use crate::{Catalog, Kind, Object, ObjectKey};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Everything but grants, owners and comments.
    pub structure: bool,
    /// Grants and default privileges.
    pub grants: bool,
    pub owners: bool,
    pub comments: bool,
}

impl Default for Scope {
    /// Owners are off: they differ between servers, and a run sets them by its own rule.
    fn default() -> Self {
        Self { structure: true, grants: true, owners: false, comments: true }
    }
}

impl Scope {
    fn has(self, kind: Kind) -> bool {
        match kind {
            Kind::Grant | Kind::DefaultPrivileges => self.grants,
            _ => self.structure || self.owners || self.comments,
        }
    }

    /// The objects that count, in the order of their keys; an extension's own objects are the
    /// extension's business.
    pub(crate) fn objects(self, catalog: &Catalog) -> impl Iterator<Item = (&ObjectKey, &Object)> {
        let counts = move |key: &ObjectKey, object: &Object| {
            self.has(key.kind) && object.extension.is_none()
        };
        catalog.objects.iter().filter(move |(key, object)| counts(key, object))
    }

    /// The facts that count of one object: properties, then `comment` and `owner`.
    pub(crate) fn facts<'a>(
        self,
        key: &ObjectKey,
        object: &'a Object,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let grant = matches!(key.kind, Kind::Grant | Kind::DefaultPrivileges);
        let properties = object.properties.iter().filter(move |_| self.structure || grant);
        let comment = object.comment.as_deref().filter(|_| self.comments);
        let owner = object.owner.as_deref().filter(|_| self.owners);
        properties
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .chain(comment.map(|text| (COMMENT, text)))
            .chain(owner.map(|role| (OWNER, role)))
    }
}

/// How a comment is named among the facts.
pub const COMMENT: &str = "comment";
/// How an owner is named among the facts.
pub const OWNER: &str = "owner";
