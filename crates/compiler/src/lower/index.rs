//! Items by the names that others call them, so that no item is looked for among all.

use std::collections::BTreeMap;

use plan::model::ComponentKind as Kind;
use sql::create_table::{Form, PieceKind};
use sql::{Class, Dialect};

use crate::item::{Item, Key, Role};
use crate::resolve::Resolved;

/// Names as the engine folds them.
#[derive(Default)]
pub(super) struct Index {
    pub(super) relations: BTreeMap<String, Vec<usize>>,
    pub(super) sequences: BTreeMap<String, Vec<usize>>,
    pub(super) types: BTreeMap<String, Vec<usize>>,
    pub(super) functions: BTreeMap<String, Vec<usize>>,
    pub(super) indexes: BTreeMap<String, Vec<usize>>,
    pub(super) extensions: Vec<usize>,
    pub(super) grants: Vec<usize>,
    /// What brings a sequence along: tables with an identity, changes of tables.
    pub(super) numbered: Vec<usize>,
    /// By table: indexes, keys, other constraints, changes.
    on_table: BTreeMap<String, Vec<usize>>,
    /// By the table that they are partitions of.
    partitions: BTreeMap<String, Vec<usize>>,
    /// What makes a component.
    made: BTreeMap<Key, usize>,
}

impl Index {
    pub(super) fn new(resolved: &Resolved, dialect: Dialect) -> Self {
        let mut index = Self::default();
        for (at, item) in resolved.items.iter().enumerate() {
            if !item.change {
                index.made.entry(item.key.folded(dialect)).or_insert(at);
            }
            if !item.folded {
                index.add(at, item, dialect);
            }
        }
        index
    }

    fn add(&mut self, at: usize, item: &Item, dialect: Dialect) {
        if let Some(map) = self.map_of(item) {
            map.entry(dialect.key(item.called())).or_default().push(at);
        }
        if let Some(table) = &item.table {
            self.on_table.entry(dialect.key(table)).or_default().push(at);
        }
        if let Some(Form::PartitionOf { parent }) = item.definition.as_ref().map(|it| &it.form) {
            self.partitions.entry(dialect.key(&parent.name)).or_default().push(at);
        }
        if item.role == Role::Extension && !item.change {
            self.extensions.push(at);
        }
        if let Class::Grant { .. } = item.statement.class {
            self.grants.push(at);
        }
        if item.role == Role::TableChange || has_identity(item) {
            self.numbered.push(at);
        }
    }

    fn map_of(&mut self, item: &Item) -> Option<&mut BTreeMap<String, Vec<usize>>> {
        match (item.key.kind, item.change) {
            (Kind::Table | Kind::View, false) => Some(&mut self.relations),
            (Kind::Sequence, false) => Some(&mut self.sequences),
            (Kind::Type, false) => Some(&mut self.types),
            (Kind::Function, false) => Some(&mut self.functions),
            (Kind::Index | Kind::Constraint, false) => Some(&mut self.indexes),
            _ => None,
        }
    }

    pub(super) fn on_table(&self, table: &str) -> &[usize] {
        self.on_table.get(table).map_or(&[], Vec::as_slice)
    }

    pub(super) fn partitions_of(&self, table: &str) -> &[usize] {
        self.partitions.get(table).map_or(&[], Vec::as_slice)
    }

    /// The item that makes the component; the key is folded.
    pub(super) fn made(&self, key: &Key) -> Option<usize> {
        self.made.get(key).copied()
    }
}

fn has_identity(item: &Item) -> bool {
    item.definition.as_ref().is_some_and(|table| {
        table.columns.iter().any(|column| column.piece(PieceKind::Identity).is_some())
    })
}
