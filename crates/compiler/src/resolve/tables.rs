//! The columns of each table, as far as SQL text tells.

use plan::model::ComponentKind;
use sql::create_table::Form;
use sql::{AlterAction, Class};

use super::{Context, Resolved};
use crate::item::{Item, Role, TableFacts, Tables};

/// Fills in the facts of all tables; called again when tables were added.
pub(super) fn collect(cx: &Context<'_>, resolved: &mut Resolved) {
    for (at, item) in resolved.items.iter().enumerate() {
        if item.role == Role::Table && !item.change {
            resolved.tables.insert(cx.key(&item.key.name), facts(at, item));
        }
    }
    for item in &resolved.items {
        let Class::AlterTable { name, actions, .. } = &item.statement.class else { continue };
        for action in actions {
            apply(cx, &mut resolved.tables, &cx.key(&name.name), action);
        }
    }
}

fn apply(cx: &Context<'_>, tables: &mut Tables, table: &str, action: &AlterAction) {
    match action {
        AlterAction::AddColumn { column, .. } => {
            if let Some(table) = tables.get_mut(table) {
                table.columns.push(column.clone());
            }
        }
        AlterAction::Inherit { .. } => {
            if let Some(table) = tables.get_mut(table) {
                table.open = true;
            }
        }
        AlterAction::AttachPartition { partition, .. } => {
            if let Some(partition) = tables.get_mut(&cx.key(&partition.name)) {
                partition.holds_rows = false;
            }
        }
        _ => {}
    }
}

fn facts(at: usize, item: &Item) -> TableFacts {
    let name = item.key.name.clone();
    let Some(definition) = &item.definition else {
        return TableFacts { item: at, name, columns: Vec::new(), open: true, holds_rows: false };
    };
    let foreign = matches!(item.statement.class, Class::CreateTable { foreign: true, .. });
    let partition = matches!(definition.form, Form::PartitionOf { .. });
    let options = definition.options.as_ref().map(|options| options.text.to_lowercase());
    let inherits = options.is_some_and(|options| options.contains("inherits"));
    debug_assert_eq!(item.key.kind, ComponentKind::Table);
    TableFacts {
        item: at,
        name,
        columns: definition.columns.iter().map(|column| column.name.clone()).collect(),
        open: definition.form != Form::Columns || !definition.likes.is_empty() || inherits,
        holds_rows: !foreign && !partition && definition.form != Form::AsQuery,
    }
}
