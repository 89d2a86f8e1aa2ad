//! The difference of two schemas as a reviewer reads it: one entry per object, grouped by the table
//! it is on, with what changed, both places and the statements that make it.

mod losses;
mod permissions;
mod words;

use catalog::{Catalog, Change, Difference, Gravity, Kind, ObjectKey};
use diagnostics::Sources;
use ir::Origin;

use crate::Schema;

pub use losses::{Loss, judge_losses};
pub use permissions::{Permission, Permits, Subject, Turn, Window, permissions};
pub use words::{change_in_words, summary};

/// One side of the comparison; a live database has no text.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    pub catalog: &'a Catalog,
    pub text: Option<(&'a Schema, &'a Sources)>,
}

/// In the order in which a reviewer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    Removed,
    Changed,
    Added,
}

impl Sort {
    pub const ALL: [Sort; 3] = [Sort::Removed, Sort::Changed, Sort::Added];

    pub fn word(self) -> &'static str {
        match self {
            Sort::Removed => "removed",
            Sort::Changed => "changed",
            Sort::Added => "added",
        }
    }
}

/// A property of an object that differs; `None`: it does not apply on that side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropertyChange {
    pub property: String,
    pub from: Option<String>,
    pub to: Option<String>,
    pub gravity: Gravity,
}

/// One object that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The table, or whatever else a reader looks for it under; the object itself where it is on
    /// nothing.
    pub group: ObjectKey,
    pub key: ObjectKey,
    pub sort: Sort,
    /// The gravest of its changes.
    pub gravity: Gravity,
    /// Of a changed object, sorted by property.
    pub changes: Vec<PropertyChange>,
    /// How many objects went or came with it.
    pub with: usize,
    /// What an added or removed object is, in a few words.
    pub summary: Option<String>,
    pub from: Option<Origin>,
    pub to: Option<Origin>,
    /// The statements that make it, where it has its own.
    pub from_sql: Option<String>,
    pub to_sql: Option<String>,
}

/// The differences (from `from`, which was expected, to `to`), grouped and sorted.
pub fn entries(differences: &[Difference], from: Side<'_>, to: Side<'_>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for difference in differences {
        let change = property_change(difference);
        let same = entries
            .last_mut()
            .filter(|last| last.sort == Sort::Changed && last.key == difference.key);
        match (same, change) {
            (Some(last), Some(change)) => {
                last.gravity = last.gravity.max(change.gravity);
                last.changes.push(change);
            }
            (_, change) => entries.push(entry(difference, change, from, to)),
        }
    }
    entries.sort_by(|a, b| (&a.group, a.sort, &a.key).cmp(&(&b.group, b.sort, &b.key)));
    entries
}

fn entry(
    difference: &Difference,
    change: Option<PropertyChange>,
    from: Side<'_>,
    to: Side<'_>,
) -> Entry {
    let key = &difference.key;
    let (sort, side) = match &difference.change {
        Change::Missing => (Sort::Removed, Some(from)),
        Change::Extra => (Sort::Added, Some(to)),
        Change::Changed { .. } => (Sort::Changed, None),
    };
    let property = change.as_ref().map(|change| change.property.clone());
    let there = |side: Side<'_>, without| {
        let text = side.text.filter(|_| sort != without);
        let place = text.and_then(|(s, sources)| s.place(sources, key, property.as_deref()));
        (place, text.and_then(|(s, _)| s.statement(key)))
    };
    let ((from_place, from_sql), (to_place, to_sql)) =
        (there(from, Sort::Added), there(to, Sort::Removed));
    Entry {
        group: group(key, [from.catalog, to.catalog]),
        key: key.clone(),
        sort,
        gravity: difference.gravity,
        changes: change.into_iter().collect(),
        with: difference.with,
        summary: side.and_then(|side| summary(key, side.catalog.get(key)?)),
        from: from_place,
        to: to_place,
        from_sql,
        to_sql,
    }
}

fn property_change(difference: &Difference) -> Option<PropertyChange> {
    match &difference.change {
        Change::Changed { property, expected, actual } => Some(PropertyChange {
            property: property.clone(),
            from: expected.clone(),
            to: actual.clone(),
            gravity: difference.gravity,
        }),
        Change::Missing | Change::Extra => None,
    }
}

/// Relations share one namespace; what is on one is found under it.
const RELATIONS: [Kind; 5] =
    [Kind::Table, Kind::ForeignTable, Kind::VirtualTable, Kind::View, Kind::MaterializedView];

fn group(key: &ObjectKey, catalogs: [&Catalog; 2]) -> ObjectKey {
    let relation = |name: &str| {
        let of = |kind| ObjectKey::new(kind, name).in_schema(key.schema.clone());
        let there = |key: &ObjectKey| catalogs.iter().any(|catalog| catalog.get(key).is_some());
        RELATIONS.into_iter().map(of).find(there).unwrap_or_else(|| of(Kind::Table))
    };
    match key.kind {
        Kind::Grant => match key.parent.split_once(' ') {
            Some(("table", name)) => relation(name),
            Some(("column", name)) => relation(name.rsplit_once('.').map_or(name, |(t, _)| t)),
            Some(("sequence", name)) => ObjectKey::new(Kind::Sequence, name),
            Some(("function", name)) => ObjectKey::new(Kind::Function, name),
            Some(("type", name)) => ObjectKey::new(Kind::Type, name),
            _ => ObjectKey::new(Kind::Schema, ""),
        },
        Kind::DefaultPrivileges | Kind::UserMapping => key.clone(),
        _ if key.parent.is_empty() => key.clone(),
        _ => relation(&key.parent),
    }
}

#[cfg(test)]
mod tests;
