//! Which of several objects belong to which other: a table's columns, constraints and grants.

use std::collections::BTreeMap;

use crate::properties::OWNED_BY;
use crate::{Kind, Object, ObjectKey};

/// The parent of each object among the same objects, by index.
pub(crate) struct Family {
    parents: Vec<Option<usize>>,
    children: Vec<usize>,
}

/// Relations share one namespace, so any kind of them may be a parent by its name.
const RELATIONS: [Kind; 5] =
    [Kind::Table, Kind::ForeignTable, Kind::VirtualTable, Kind::View, Kind::MaterializedView];

impl Family {
    pub(crate) fn of(objects: &[(&ObjectKey, &Object)]) -> Self {
        let places: BTreeMap<String, usize> = objects
            .iter()
            .enumerate()
            .filter_map(|(at, (key, _))| Some((label(key)?, at)))
            .collect();
        let mut family =
            Self { parents: Vec::with_capacity(objects.len()), children: vec![0; objects.len()] };
        for (key, object) in objects {
            let labels = parent_labels(key, object);
            let above = |at: &&usize| depth(objects[**at].0.kind) < depth(key.kind);
            let parent = labels.iter().find_map(|label| places.get(label).filter(above));
            family.parents.push(parent.copied());
        }
        for at in 0..objects.len() {
            if let Some(root) = family.root(at) {
                family.children[root] += 1;
            }
        }
        family
    }

    pub(crate) fn has_parent(&self, at: usize) -> bool {
        self.parents[at].is_some()
    }

    /// All that belong to it, also through others.
    pub(crate) fn children(&self, at: usize) -> usize {
        self.children[at]
    }

    /// Ends, because a parent is always less deep than its child.
    fn root(&self, at: usize) -> Option<usize> {
        let mut root = self.parents[at]?;
        while let Some(next) = self.parents[root] {
            root = next;
        }
        Some(root)
    }
}

/// Grants lie below columns, those below tables, those below schemas.
fn depth(kind: Kind) -> u8 {
    match kind {
        Kind::Schema => 0,
        Kind::Function | Kind::Type | Kind::Domain => 1,
        kind if RELATIONS.contains(&kind) => 1,
        Kind::Column | Kind::Sequence => 2,
        _ => 3,
    }
}

/// How others refer to an object that can have some: `table s.t`, `column s.t.c`.
fn label(key: &ObjectKey) -> Option<String> {
    let ObjectKey { kind, schema, parent, name } = key;
    Some(match kind {
        kind if RELATIONS.contains(kind) => format!("table\0{schema}\0{name}"),
        Kind::Column => format!("column\0{schema}\0{parent}.{name}"),
        Kind::Sequence => format!("sequence\0{schema}\0{name}"),
        Kind::Function => format!("function\0{schema}\0{name}"),
        Kind::Type | Kind::Domain => format!("type\0{schema}\0{name}"),
        Kind::Schema => format!("schema\0\0{name}"),
        _ => return None,
    })
}

/// What an object belongs to, nearest first.
fn parent_labels(key: &ObjectKey, object: &Object) -> Vec<String> {
    let ObjectKey { kind, schema, parent, name: _ } = key;
    let mut labels = Vec::new();
    match kind {
        Kind::Grant => {
            if let Some((word, on)) = parent.split_once(' ') {
                let schema = if word == "schema" { "" } else { schema };
                labels.push(format!("{word}\0{schema}\0{on}"));
                let table = on.rsplit_once('.').map_or(on, |(table, _)| table);
                labels.extend((word == "column").then(|| format!("table\0{schema}\0{table}")));
            }
        }
        Kind::Sequence => {
            let table = object.get(OWNED_BY).and_then(|owner| owner.rsplit_once('.'));
            labels.extend(table.map(|(table, _)| format!("table\0{schema}\0{table}")));
        }
        _ if !parent.is_empty() => labels.push(format!("table\0{schema}\0{parent}")),
        _ => {}
    }
    if !schema.is_empty() {
        labels.push(format!("schema\0\0{schema}"));
    }
    labels
}
