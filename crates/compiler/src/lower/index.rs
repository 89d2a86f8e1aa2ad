//! Items by the names that others call them.

use std::collections::BTreeMap;

use plan::model::ComponentKind as Kind;

use super::Lowering;
use crate::resolve::Context;

/// Names as the engine folds them.
pub(super) struct Index {
    pub(super) relations: BTreeMap<String, Vec<usize>>,
    pub(super) sequences: BTreeMap<String, Vec<usize>>,
    pub(super) types: BTreeMap<String, Vec<usize>>,
    pub(super) functions: BTreeMap<String, Vec<usize>>,
    pub(super) indexes: BTreeMap<String, Vec<usize>>,
    /// By table: indexes, keys, other constraints, changes.
    on_table: BTreeMap<String, Vec<usize>>,
}

impl Index {
    pub(super) fn new(lowering: &Lowering<'_>, cx: &Context<'_>) -> Self {
        let mut index = Self {
            relations: BTreeMap::new(),
            sequences: BTreeMap::new(),
            types: BTreeMap::new(),
            functions: BTreeMap::new(),
            indexes: BTreeMap::new(),
            on_table: BTreeMap::new(),
        };
        for (at, item) in lowering.resolved.items.iter().enumerate() {
            if item.folded {
                continue;
            }
            // A collation is called by its name alone, without the word in its key.
            let own = item.statement.class.name().filter(|_| item.key.kind == Kind::Type);
            let name = own.map_or(item.key.name.as_str(), |own| own.name.as_str());
            let name = cx.dialect.key(name.split('(').next().unwrap_or("").trim());
            let map = match (item.key.kind, item.change) {
                (Kind::Table | Kind::View, false) => Some(&mut index.relations),
                (Kind::Sequence, false) => Some(&mut index.sequences),
                (Kind::Type, false) => Some(&mut index.types),
                (Kind::Function, false) => Some(&mut index.functions),
                (Kind::Index | Kind::Constraint, false) => Some(&mut index.indexes),
                _ => None,
            };
            if let Some(map) = map {
                map.entry(name).or_default().push(at);
            }
            if let Some(table) = &item.table {
                index.on_table.entry(cx.dialect.key(table)).or_default().push(at);
            }
        }
        index
    }

    pub(super) fn on_table(&self, table: &str) -> &[usize] {
        self.on_table.get(table).map_or(&[], Vec::as_slice)
    }
}
