//! Tables and foreign tables with what PostgreSQL lets a definition say; then constraints and
//! indexes by themselves.
//!
//! A partition is written as a table of its own and attached, because its columns may stand in
//! another order than those of its parent.

use std::collections::{BTreeMap, BTreeSet};

use catalog::capture::Block;
use catalog::{Catalog, Kind, Object, ObjectKey, properties as p};

use super::columns::{self, Defaults};
use super::grants::comment;
use super::names::{children, own, paths, qualified, table_of};
use super::rank;
use crate::quote;

/// How a table is written where it needs a function that needs the table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Whole,
    /// Checks and defaults are said in a block of their own.
    Bare,
}

pub(super) struct Tables<'a> {
    catalog: &'a Catalog,
    /// `alter sequence … owned by …`, by the schema and name of the table.
    owned: BTreeMap<(String, String), Vec<String>>,
}

impl<'a> Tables<'a> {
    pub(super) fn of(catalog: &'a Catalog) -> Self {
        let mut owned = BTreeMap::<_, Vec<_>>::new();
        for (key, object) in catalog.of_kind(Kind::Sequence) {
            let path = object.get(p::OWNED_BY).and_then(|text| paths(text).into_iter().next());
            let Some([schema, table, column]) = path.as_deref() else { continue };
            let by = format!("{}.{}", qualified(schema, table), quote(column));
            let statement = format!("alter sequence {} owned by {by}", own(key));
            owned.entry((schema.clone(), table.clone())).or_default().push(statement);
        }
        Self { catalog, owned }
    }

    fn table(&self, schema: &str, name: &str) -> Option<(&'a ObjectKey, &'a Object)> {
        [Kind::Table, Kind::ForeignTable].into_iter().find_map(|kind| {
            let key = ObjectKey::new(kind, name).in_schema(schema);
            self.catalog.objects.get_key_value(&key)
        })
    }

    /// The table that a constraint or index is on.
    fn parent(&self, key: &ObjectKey) -> Option<&'a Object> {
        self.table(&key.schema, &key.parent).map(|(_, object)| object)
    }

    fn constraints(&self, table: &ObjectKey) -> Vec<(&'a ObjectKey, &'a Object)> {
        let mut found: Vec<_> = children(self.catalog, Kind::Constraint, table).collect();
        found.sort_by_key(|(key, object)| (order_of_type(object), &key.name));
        found
    }

    /// `create table` and what belongs to it.
    pub(super) fn create(&self, key: &ObjectKey, table: &Object, form: Form) -> Vec<String> {
        let mut text = format!("create {} {}", words(key, table), own(key));
        let typed = table.get(p::OF_TYPE);
        match typed {
            Some(of) => text += &format!(" of {of}"),
            None => text += &list(&self.elements(key, table, form)),
        }
        let partition = table.get(p::PARTITION_OF).is_some();
        for (clause, value) in [
            (" inherits (", table.get(p::INHERITS).filter(|_| !partition)),
            (" partition by ", table.get(p::PARTITION_BY)),
            (" server ", table.get(p::SERVER).map(quote).as_deref()),
            (" using ", table.get(p::ACCESS_METHOD)),
        ] {
            if let Some(value) = value {
                let end = if clause.ends_with('(') { ")" } else { "" };
                text += &format!("{clause}{value}{end}");
            }
        }
        if let Some(options) = table.get(p::OPTIONS) {
            text += &match key.kind {
                Kind::ForeignTable => format!(" options ({options})"),
                _ => format!(" with ({})", parameters(options)),
            };
        }
        if let Some(space) = table.get(p::TABLESPACE) {
            text += &format!(" tablespace {}", quote(space));
        }
        let mut statements = vec![text];
        statements.extend(self.alterations(key, table, typed.is_some()));
        statements.extend(self.inline(key, table, form).into_iter().flat_map(|(key, object)| {
            self.after_key(key, object).into_iter().chain(comment(key, object))
        }));
        statements
    }

    /// Columns and constraints in the parentheses of the definition.
    fn elements(&self, key: &ObjectKey, table: &Object, form: Form) -> Vec<String> {
        let defaults = if form == Form::Whole { Defaults::Here } else { Defaults::Later };
        let names = p::names_of(table.get(p::COLUMNS).unwrap_or_default());
        let columns = names.iter().filter_map(|name| {
            let column = columns::find(self.catalog, key, name)?;
            let here = column.get(p::INHERITED).is_none();
            here.then(|| columns::definition(key, name, column, defaults))
        });
        let inline = self.inline(key, table, form);
        let inline = inline.into_iter().map(|(key, object)| constraint(&key.name, object));
        let inherited = self.inherited_checks(key, table);
        columns.chain(inherited).chain(inline).collect()
    }

    /// Constraints within the definition. Not those whose index is attached to, or has attached,
    /// another one, and not those that the engine would then hold for validated.
    fn inline(
        &self,
        key: &ObjectKey,
        table: &Object,
        form: Form,
    ) -> Vec<(&'a ObjectKey, &'a Object)> {
        let partitioned =
            table.get(p::PARTITION_BY).is_some() || table.get(p::PARTITION_OF).is_some();
        let typed = table.get(p::OF_TYPE).is_some();
        let mut found = self.constraints(key);
        found.retain(|(_, object)| {
            let fits = match object.get(p::TYPE) {
                Some("check") => form == Form::Whole,
                Some("primary key" | "unique" | "exclude") => !partitioned,
                _ => false,
            };
            fits && !typed && object.get(p::VALIDATED).is_none()
        });
        found
    }

    /// A partition must have the checks of its parents before it is attached; from then on they are
    /// the parents' own.
    fn inherited_checks(&self, key: &ObjectKey, table: &Object) -> Vec<String> {
        let mut checks = Vec::new();
        let mut seen: BTreeSet<String> =
            self.constraints(key).iter().map(|(key, _)| key.name.clone()).collect();
        let mut above = table.get(p::PARTITION_OF).map(str::to_owned);
        while let Some((key, object)) = above.as_deref().and_then(|path| self.at_path(path)) {
            for (key, object) in self.constraints(key) {
                let definition = object.get(p::DEFINITION).unwrap_or_default();
                let check = object.get(p::TYPE) == Some("check");
                if check && !definition.ends_with("NO INHERIT") && seen.insert(key.name.clone()) {
                    checks.push(constraint(&key.name, object));
                }
            }
            above = object.get(p::PARTITION_OF).map(str::to_owned);
        }
        checks
    }

    fn at_path(&self, path: &str) -> Option<(&'a ObjectKey, &'a Object)> {
        match paths(path).first()?.as_slice() {
            [schema, name] => self.table(schema, name),
            [name] => self.table("", name),
            _ => None,
        }
    }

    /// What `ALTER TABLE` says after the definition.
    fn alterations(&self, key: &ObjectKey, table: &Object, typed: bool) -> Vec<String> {
        let only = format!("alter {} only {}", base_word(key), own(key));
        let mut statements = self.column_alterations(key, table, typed, &only);
        if let (Some(parent), Some(bound)) =
            (table.get(p::PARTITION_OF), table.get(p::PARTITION_BOUND))
        {
            statements
                .push(format!("alter table only {parent} attach partition {} {bound}", own(key)));
        }
        for (property, action) in [
            (p::ROW_SECURITY, "enable row level security"),
            (p::FORCE_ROW_SECURITY, "force row level security"),
        ] {
            statements.extend(table.get(property).map(|_| format!("{only} {action}")));
        }
        if let Some(identity @ ("full" | "nothing")) = table.get(p::REPLICA_IDENTITY) {
            statements.push(format!("{only} replica identity {identity}"));
        }
        let owned = self.owned.get(&(key.schema.clone(), key.name.clone()));
        statements.extend(owned.into_iter().flatten().cloned());
        statements
    }

    fn column_alterations(
        &self,
        key: &ObjectKey,
        table: &Object,
        typed: bool,
        only: &str,
    ) -> Vec<String> {
        let mut statements = Vec::new();
        let parents = paths(table.get(p::INHERITS).unwrap_or_default());
        for name in p::names_of(table.get(p::COLUMNS).unwrap_or_default()) {
            let Some(column) = columns::find(self.catalog, key, &name) else { continue };
            let actions = if typed || column.get(p::INHERITED).is_some() {
                let of_parent = parents.iter().find_map(|path| {
                    let (key, _) = self.table(path.first()?, path.get(1)?)?;
                    columns::find(self.catalog, key, &name)
                });
                columns::overrides(column, of_parent)
            } else {
                columns::settings(column)
            };
            let name = quote(&name);
            let alter = |action: String| format!("{only} alter column {name} {action}");
            statements.extend(actions.into_iter().map(alter));
        }
        statements
    }

    /// Checks and defaults of a [`Form::Bare`] table.
    pub(super) fn later(&self, key: &ObjectKey, table: &Object) -> Block {
        let only = format!("alter {} only {}", base_word(key), own(key));
        let mut block = Block::new(rank::LATER, key);
        block.notes.push("what a function that needs the table is needed for".to_owned());
        for name in p::names_of(table.get(p::COLUMNS).unwrap_or_default()) {
            let column = columns::find(self.catalog, key, &name);
            let local = column.filter(|column| column.get(p::INHERITED).is_none());
            if let Some(default) = local.and_then(|column| column.get(p::DEFAULT)) {
                let name = quote(&name);
                block = block.with(format!("{only} alter column {name} set default {default}"));
            }
        }
        for (key, object) in self.constraints(key) {
            let check = object.get(p::TYPE) == Some("check");
            if check && object.get(p::VALIDATED).is_none() {
                block = block.with(format!("{only} add {}", constraint(&key.name, object)));
                block.statements.extend(comment(key, object));
            }
        }
        block
    }

    /// Constraints that no definition takes.
    pub(super) fn constraint_blocks(&self, key: &ObjectKey, table: &Object) -> Vec<Block> {
        let inline = self.inline(key, table, Form::Whole);
        let inline: BTreeSet<_> = inline.into_iter().map(|(key, _)| key).collect();
        let apart = self.constraints(key).into_iter().filter(|(key, _)| !inline.contains(key));
        apart.map(|(found, object)| self.constraint(table, found, object)).collect()
    }

    fn constraint(&self, table: &Object, key: &ObjectKey, object: &Object) -> Block {
        let foreign = object.get(p::TYPE) == Some("foreign key");
        let rank = if foreign { rank::FOREIGN_KEY } else { rank::KEY };
        // A foreign key of a partitioned table cannot be put on it alone ("ALTER TABLE").
        let only = if foreign && table.get(p::PARTITION_BY).is_some() { "" } else { "only " };
        let add = constraint(&key.name, object);
        let mut block =
            Block::new(rank, key).with(format!("alter table {only}{} add {add}", table_of(key)));
        block.statements.extend(self.after_key(key, object));
        block.statements.extend(self.attach(key, object));
        block.statements.extend(comment(key, object));
        block
    }

    /// What is said about the index of a key.
    fn after_key(&self, key: &ObjectKey, object: &Object) -> Vec<String> {
        let index = qualified(&key.schema, &key.name);
        // The definition of an exclusion constraint holds its options.
        let options = object.get(p::OPTIONS).filter(|_| object.get(p::TYPE) != Some("exclude"));
        let options = options.map(|o| format!("alter index {index} set ({})", parameters(o)));
        options.into_iter().chain(self.after_index(key, object)).collect()
    }

    fn after_index(&self, key: &ObjectKey, object: &Object) -> Vec<String> {
        let (index, table) = (qualified(&key.schema, &key.name), table_of(key));
        let mut statements = Vec::new();
        if let Some(space) = object.get(p::TABLESPACE) {
            statements.push(format!("alter index {index} set tablespace {}", quote(space)));
        }
        if object.get(p::CLUSTERED).is_some() {
            statements.push(format!("alter table {table} cluster on {}", quote(&key.name)));
        }
        let identity = self.parent(key).and_then(|table| table.get(p::REPLICA_IDENTITY));
        if identity == Some(key.name.as_str()) {
            let name = quote(&key.name);
            statements
                .push(format!("alter table only {table} replica identity using index {name}"));
        }
        statements
    }

    /// The index of a partition joins that of its parent, which lies in the parent's schema.
    fn attach(&self, key: &ObjectKey, object: &Object) -> Option<String> {
        let above = object.get(p::PARTITION_OF)?;
        let table = self.parent(key).and_then(|table| table.get(p::PARTITION_OF))?;
        let (parent, _) = self.at_path(table)?;
        let (above, index) = (qualified(&parent.schema, above), qualified(&key.schema, &key.name));
        Some(format!("alter index {above} attach partition {index}"))
    }

    pub(super) fn index(&self, key: &ObjectKey, object: &Object) -> Block {
        let table = self.parent(key);
        let rank = if table.is_some() { rank::INDEX } else { rank::INDEX_OF_VIEW };
        let unique = if object.get(p::UNIQUE).is_some() { "unique " } else { "" };
        let partitioned = table.is_some_and(|table| table.get(p::PARTITION_BY).is_some());
        let only = if partitioned { "only " } else { "" };
        let definition = object.get(p::DEFINITION).unwrap_or_default();
        let mut block = Block::new(rank, key).with(format!(
            "create {unique}index {} on {only}{} {definition}",
            quote(&key.name),
            table_of(key)
        ));
        for column in object.get(p::STATISTICS).into_iter().flat_map(|text| text.split(", ")) {
            if let Some((number, target)) = column.split_once(' ') {
                let index = own(key);
                block = block.with(format!(
                    "alter index {index} alter column {number} set statistics {target}"
                ));
            }
        }
        block.statements.extend(self.after_index(key, object));
        block.statements.extend(self.attach(key, object));
        block.statements.extend(comment(key, object));
        if object.get(p::VALID).is_some() && !partitioned {
            block.notes.push("not valid in the captured database; built anew it is".to_owned());
        }
        block
    }
}

/// `constraint orders_pkey PRIMARY KEY (id)`
fn constraint(name: &str, object: &Object) -> String {
    format!("constraint {} {}", quote(name), object.get(p::DEFINITION).unwrap_or_default())
}

fn order_of_type(constraint: &Object) -> usize {
    let types = ["primary key", "unique", "exclude", "check", "foreign key"];
    let found = types.iter().position(|kind| constraint.get(p::TYPE) == Some(kind));
    found.unwrap_or(types.len())
}

fn words(key: &ObjectKey, table: &Object) -> String {
    let persistence = table.get(p::PERSISTENCE).map_or_else(String::new, |word| format!("{word} "));
    format!("{persistence}{}", base_word(key))
}

fn base_word(key: &ObjectKey) -> &'static str {
    key.kind.word()
}

/// One element a line.
pub(super) fn list(elements: &[String]) -> String {
    if elements.is_empty() {
        return " ()".to_owned();
    }
    format!(" (\n    {}\n)", elements.join(",\n    "))
}

/// Storage parameters as SQL takes them: a value that is neither a number nor a plain word is a
/// string.
pub(super) fn parameters(options: &str) -> String {
    let one = |option: &str| {
        let (name, value) = option.split_once('=').unwrap_or((option, "true"));
        let plain = value.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            || value.bytes().all(|b| b.is_ascii_digit());
        let value = if plain { value.to_owned() } else { sql::quote_literal(value) };
        format!("{name} = {value}")
    };
    options.split(", ").map(one).collect::<Vec<_>>().join(", ")
}
