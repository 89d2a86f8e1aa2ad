//! What a component's statement needs of the others, each with the reason in plain words.

use diagnostics::Span;
use plan::model::ComponentKind as Kind;
use sql::create_table::{Form, PieceKind};
use sql::{AlterAction, Class};

use super::Lowering;
use super::index::Index;
use crate::item::{Item, Role};
use crate::resolve::Context;

pub(super) struct Edges<'a, 'b> {
    pub(super) cx: &'a Context<'a>,
    pub(super) lowering: &'a Lowering<'b>,
    pub(super) index: &'a Index,
    pub(super) at: usize,
    pub(super) found: Vec<(String, String, Span)>,
}

impl Edges<'_, '_> {
    fn item(&self) -> &Item {
        &self.lowering.resolved.items[self.at]
    }

    pub(super) fn infer(&mut self) {
        let item = self.item();
        let role = item.role;
        if item.change {
            self.own_component();
        }
        if role != Role::Extension && role != Role::Home {
            self.extensions();
        }
        match role {
            Role::Extension | Role::Setting => {}
            Role::Home => self.after_revokes(),
            Role::Type | Role::Sequence => self.names(&[What::Types, What::Calls]),
            Role::Function => {
                self.names(&[What::Types, What::Calls, What::Sequences, What::Relations]);
            }
            Role::Table => {
                self.names(&[What::Types, What::Calls, What::Sequences]);
                self.parents();
            }
            Role::TableChange | Role::SequenceChange => {
                self.names(&[What::Types, What::Calls, What::Sequences]);
                self.table();
                self.earlier_changes();
            }
            Role::Index | Role::PrimaryKey | Role::Constraint => {
                self.names(&[What::Types, What::Calls, What::Indexes]);
                self.rows_of_own_table();
            }
            Role::ForeignKey => {
                self.rows_of_own_table();
                self.referenced();
            }
            Role::LateChange => {
                self.rows_of_own_table();
                self.names(&[What::Indexes]);
                self.built_on_table();
                self.earlier_changes();
            }
            Role::View | Role::MaterializedView => {
                self.names(&[What::Types, What::Calls, What::Sequences, What::Relations]);
                self.keys_of_mentioned();
                if role == Role::MaterializedView && !self.item().change {
                    self.all_rows();
                }
            }
            Role::Trigger | Role::Policy | Role::RowSecurity => {
                self.names(&[What::Calls, What::Relations]);
                self.rows_of_own_table();
                self.earlier_changes();
            }
            Role::Grant | Role::Comment => {
                self.objects();
                self.after_revokes();
            }
        }
    }

    fn add(&mut self, on: usize, what: &str) {
        let (item, other) = (self.item(), &self.lowering.resolved.items[on]);
        if on == self.at || other.folded {
            return;
        }
        let reason = format!("{} needs {}{what}", subject(item), other.key.shown());
        self.found.push((other.id.clone(), reason, item.place));
    }

    fn add_all(&mut self, items: &[usize], what: &str) {
        for &on in items {
            self.add(on, what);
        }
    }

    fn own_component(&mut self) {
        let key = self.item().key.folded(self.cx.dialect);
        let own = self.index.made(&key);
        self.add_all(own.as_slice(), "");
    }

    /// They may give types, operators and functions to anything.
    fn extensions(&mut self) {
        let early =
            matches!(self.item().role, Role::Type | Role::Sequence | Role::Function | Role::Table);
        if early {
            self.add_all(&self.index.extensions, "");
        }
    }

    fn names(&mut self, kinds: &[What]) {
        let mentions = &self.lowering.owners.mentions[self.at];
        let index = self.index;
        let mut on = Vec::new();
        for kind in kinds {
            let (names, map) = match kind {
                What::Types => (&mentions.names, &index.types),
                What::Sequences => (&mentions.names, &index.sequences),
                What::Indexes => (&mentions.names, &index.indexes),
                What::Calls => (&mentions.calls, &index.functions),
                What::Relations => (&mentions.relations, &index.relations),
            };
            let keys = names.iter().filter_map(|name| map.get(&self.cx.dialect.key(name)));
            on.extend(keys.flatten().copied());
        }
        // An index named in its own statement, a column named like a type of its own: no edge.
        let own = self.item().key.name.clone();
        on.retain(|&at| self.lowering.resolved.items[at].key.name != own || self.is_relation(at));
        self.add_all(&on, "");
    }

    fn is_relation(&self, at: usize) -> bool {
        matches!(self.lowering.resolved.items[at].key.kind, Kind::Table | Kind::Function)
    }

    fn relation(&self, name: &str) -> Vec<usize> {
        self.index.relations.get(&self.cx.dialect.key(name)).cloned().unwrap_or_default()
    }

    fn table(&mut self) {
        let Some(table) = self.item().table.clone() else { return };
        let on = self.relation(&table);
        self.add_all(&on, "");
        let actions = match &self.item().statement.class {
            Class::AlterTable { actions, .. } => actions.clone(),
            _ => Vec::new(),
        };
        for action in actions {
            let other = match action {
                AlterAction::AttachPartition { partition, .. } => partition,
                AlterAction::Inherit { parent } => parent,
                _ => continue,
            };
            let on = self.relation(&other.name);
            self.add_all(&on, "");
        }
    }

    /// `PARTITION OF`, `INHERITS`, `LIKE`, `OF type`.
    fn parents(&mut self) {
        let Some(definition) = &self.item().definition else { return };
        let mut names: Vec<String> =
            definition.likes.iter().map(|(name, _)| name.name.clone()).collect();
        match &definition.form {
            Form::PartitionOf { parent } => names.push(parent.name.clone()),
            Form::AsQuery => {
                names.extend(self.lowering.owners.mentions[self.at].relations.iter().cloned());
            }
            Form::Columns | Form::OfType { .. } => {}
        }
        let options = definition.options.as_ref().map(|options| options.text.to_lowercase());
        if options.is_some_and(|options| options.contains("inherits")) {
            let own = &self.lowering.owners.mentions[self.at].names;
            names.extend(own.iter().filter(|name| **name != self.item().key.name).cloned());
        }
        for name in names {
            let on = self.relation(&name);
            self.add_all(&on, "");
        }
    }

    /// Changes of one table run in the order written.
    fn earlier_changes(&mut self) {
        let Some(table) = self.item().table.clone() else { return };
        let role = self.item().role;
        let items = &self.lowering.resolved.items;
        let mut before = self.index.on_table(&self.cx.dialect.key(&table)).iter().copied();
        let last = before.rfind(|&at| at < self.at && items[at].change && items[at].role == role);
        if let Some(last) = last.filter(|_| self.item().change) {
            let reason = format!("{} comes after what is written before it", subject(self.item()));
            self.found.push((items[last].id.clone(), reason, self.item().place));
        }
    }

    fn rows_of_own_table(&mut self) {
        let Some(table) = self.item().table.clone() else { return };
        self.rows_of(&table);
        let items = &self.lowering.resolved.items;
        let changes: Vec<usize> = self
            .index
            .on_table(&self.cx.dialect.key(&table))
            .iter()
            .copied()
            .filter(|&at| items[at].role == Role::TableChange)
            .collect();
        self.add_all(&changes, "");
    }

    /// The rows of a table, or the table where no rows come.
    fn rows_of(&mut self, table: &str) {
        let key = self.cx.dialect.key(table);
        let Some(ready) = self.lowering.rows(&key) else {
            let on = self.relation(table);
            self.add_all(&on, "");
            return;
        };
        let loaded = if ready.starts_with("verify-rows/") { " loaded" } else { "" };
        let reason = format!("{} needs table `{table}`{loaded}", subject(self.item()));
        self.found.push((ready.clone(), reason, self.item().place));
    }

    /// The referenced table's rows and the key that is referred to.
    fn referenced(&mut self) {
        let Some((table, columns)) =
            self.item().constraint.as_ref().and_then(|piece| piece.references.clone())
        else {
            return;
        };
        if table.schema.is_some() {
            return;
        }
        self.rows_of(&table.name);
        let items = &self.lowering.resolved.items;
        let keys: Vec<usize> = self
            .index
            .on_table(&self.cx.dialect.key(&table.name))
            .iter()
            .copied()
            .filter(|&at| is_key(&items[at], &columns))
            .collect();
        for key in keys {
            let other = &items[key];
            let what = match other.role {
                Role::PrimaryKey => format!("the primary key of `{}`", table.name),
                _ => other.key.shown(),
            };
            let reason = format!("{} needs {what}", subject(self.item()));
            self.found.push((other.id.clone(), reason, self.item().place));
        }
    }

    /// A view may group by a table's key, which the engine then remembers.
    fn keys_of_mentioned(&mut self) {
        let tables: Vec<String> =
            self.lowering.owners.mentions[self.at].relations.iter().cloned().collect();
        let items = &self.lowering.resolved.items;
        for table in tables {
            let keys: Vec<usize> = self
                .index
                .on_table(&self.cx.dialect.key(&table))
                .iter()
                .copied()
                .filter(|&at| {
                    items[at].role == Role::PrimaryKey || items[at].role == Role::TableChange
                })
                .collect();
            self.add_all(&keys, "");
        }
    }

    fn all_rows(&mut self) {
        let reason = format!("{} is filled when it is made", subject(self.item()));
        for ready in self.lowering.ready.values() {
            self.found.push((ready.clone(), reason.clone(), self.item().place));
        }
    }

    fn built_on_table(&mut self) {
        let Some(table) = self.item().table.clone() else { return };
        let items = &self.lowering.resolved.items;
        let built: Vec<usize> = self
            .index
            .on_table(&self.cx.dialect.key(&table))
            .iter()
            .copied()
            .filter(|&at| {
                matches!(
                    items[at].role,
                    Role::Index | Role::PrimaryKey | Role::Constraint | Role::ForeignKey
                )
            })
            .collect();
        self.add_all(&built, "");
    }

    /// What a grant or comment is on.
    fn objects(&mut self) {
        let objects = match &self.item().statement.class {
            Class::Grant { objects, .. } => objects.clone(),
            Class::Comment { object, .. } => vec![object.clone()],
            _ => return,
        };
        for object in objects {
            let name = self.cx.dialect.key(&object.name.name);
            let map = match object.word.as_str() {
                "sequence" => &self.index.sequences,
                "type" | "domain" => &self.index.types,
                "function" | "procedure" | "aggregate" | "routine" => &self.index.functions,
                "index" | "constraint" => &self.index.indexes,
                _ => &self.index.relations,
            };
            let mut on = map.get(&name).cloned().unwrap_or_default();
            if let Some(table) = &object.table {
                let items = &self.lowering.resolved.items;
                let there = self.index.on_table(&self.cx.dialect.key(&table.name)).iter().copied();
                on = there.filter(|&at| items[at].key.name == object.name.name).collect();
            }
            if matches!(object.word.as_str(), "extension" | "statistics") {
                let items = &self.lowering.resolved.items;
                on = (0..items.len())
                    .filter(|&at| !items[at].change && items[at].key.name == object.name.name)
                    .filter(|&at| matches!(items[at].role, Role::Extension | Role::Index))
                    .collect();
            }
            self.add_all(&on, "");
        }
        // A sequence of an identity column comes with its table's change.
        self.table_changes_for_sequences();
    }

    /// What is granted and taken away on one object happens in the order written.
    fn after_revokes(&mut self) {
        let items = &self.lowering.resolved.items;
        let Some((own, revokes)) = granted(&items[self.at]) else { return };
        let earlier = self.index.grants.iter().copied().take_while(|&at| at < self.at);
        let before: Vec<usize> = earlier
            .filter(|&at| {
                granted(&items[at]).is_some_and(|(objects, other)| {
                    (revokes || other) && objects.iter().any(|object| own.contains(object))
                })
            })
            .collect();
        for at in before {
            let reason = format!("{} comes after what is written before it", subject(self.item()));
            self.found.push((items[at].id.clone(), reason, self.item().place));
        }
    }

    fn table_changes_for_sequences(&mut self) {
        let Class::Grant { objects, .. } = &self.item().statement.class else { return };
        if !objects.iter().any(|object| object.word == "sequence") {
            return;
        }
        self.add_all(&self.index.numbered, "");
    }
}

#[derive(Clone, Copy)]
enum What {
    Types,
    Sequences,
    Indexes,
    Calls,
    Relations,
}

/// What a grant is on, and whether it takes away.
fn granted(item: &Item) -> Option<(&[sql::Object], bool)> {
    match &item.statement.class {
        Class::Grant { objects, revoke, .. } => Some((objects, *revoke)),
        _ => None,
    }
}

/// A key that a foreign key on these columns can refer to.
fn is_key(item: &Item, columns: &[String]) -> bool {
    match item.role {
        Role::PrimaryKey => true,
        Role::Constraint => item.constraint.as_ref().is_some_and(|piece| {
            piece.kind == PieceKind::Unique && (columns.is_empty() || same(&piece.columns, columns))
        }),
        Role::Index => matches!(item.statement.class, Class::CreateIndex { unique: true, .. }),
        _ => false,
    }
}

fn same(a: &[String], b: &[String]) -> bool {
    a.len() == b.len() && a.iter().all(|name| b.contains(name))
}

/// ``index `orders_customer_idx` ``, ``a change of table `orders` ``
fn subject(item: &Item) -> String {
    match (item.role, item.change) {
        (Role::ForeignKey, _) => format!("foreign key `{}`", item.key.name),
        (Role::PrimaryKey, _) => {
            format!("the primary key of `{}`", item.table.as_deref().unwrap_or_default())
        }
        (_, true) => format!("a change of {}", item.key.shown()),
        (_, false) => item.key.shown(),
    }
}
