//! From objects to blocks, and from blocks to their order.

use std::collections::{BTreeMap, BTreeSet};

use catalog::capture::{Block, arrange};
use catalog::{Catalog, Kind, Object, ObjectKey, properties as p};

use super::grants::{self, Grants, comment, owner};
use super::names::{function, function_parts, function_word, mentions, opaque_parts, own};
use super::tables::{Form, Tables};
use super::{Options, programs, rank, sequences, types, wide};
use crate::quote;

/// The blocks and the order in which an empty database takes them.
pub(super) fn arranged(catalog: &Catalog, options: &Options) -> (Vec<Block>, Vec<usize>) {
    let mut bare = BTreeSet::new();
    loop {
        let blocks = Builder::new(catalog, options, &bare).build();
        let order = arrange(&blocks, &needs(&blocks));
        // A table and a function that need each other: the table first, without what calls it.
        let tables = order.circular.iter().map(|at| &blocks[*at].key);
        let before = bare.len();
        bare.extend(tables.filter(|key| key.kind == Kind::Table).cloned());
        if bare.len() == before {
            return (blocks, order.order);
        }
    }
}

/// The notes of blocks that do not say all about their object.
pub(super) fn incomplete(blocks: &[Block]) -> Vec<String> {
    let said = |block: &&Block| !matches!(block.rank, rank::SHELL_TYPE | rank::LATER);
    let notes = blocks
        .iter()
        .filter(said)
        .flat_map(|block| block.notes.iter().map(|note| format!("{}: {note}", block.key)));
    notes.collect()
}

/// What each block needs: the blocks of the names that its statements mention.
fn needs(blocks: &[Block]) -> Vec<Vec<usize>> {
    let mut places = BTreeMap::<(String, String), Vec<usize>>::new();
    for (at, block) in blocks.iter().enumerate() {
        let makes = !matches!(block.rank, rank::SHELL_TYPE | rank::LATER);
        if let Some(name) = made(&block.key).filter(|_| makes) {
            places.entry((block.key.schema.clone(), name.to_owned())).or_default().push(at);
        }
    }
    let of_block = |block: &Block| {
        let mut found = BTreeSet::new();
        for statement in &block.statements {
            mentions(statement, &mut found);
        }
        if !block.key.parent.is_empty() {
            found.insert((block.key.schema.clone(), block.key.parent.clone()));
        }
        found.iter().filter_map(|name| places.get(name)).flatten().copied().collect()
    };
    blocks.iter().map(of_block).collect()
}

/// The name under which statements mention the object.
fn made(key: &ObjectKey) -> Option<&str> {
    Some(match key.kind {
        Kind::Function => function_parts(&key.name).0,
        Kind::Opaque => {
            let (word, rest) = opaque_parts(&key.name);
            match word {
                "operator" => function_parts(rest).0,
                _ => rest.rsplit_once(" using ").map_or(rest, |(name, _)| name),
            }
        }
        Kind::Collation
        | Kind::Type
        | Kind::Domain
        | Kind::Sequence
        | Kind::Table
        | Kind::ForeignTable
        | Kind::View
        | Kind::MaterializedView
        | Kind::Index
        // As the index that it has.
        | Kind::Constraint => &key.name,
        _ => return None,
    })
}

struct Builder<'a> {
    catalog: &'a Catalog,
    options: &'a Options,
    bare: &'a BTreeSet<ObjectKey>,
    tables: Tables<'a>,
    grants: Grants<'a>,
    blocks: Vec<Block>,
}

impl<'a> Builder<'a> {
    fn new(catalog: &'a Catalog, options: &'a Options, bare: &'a BTreeSet<ObjectKey>) -> Self {
        let (tables, grants) = (Tables::of(catalog), Grants::of(catalog));
        Self { catalog, options, bare, tables, grants, blocks: Vec::new() }
    }

    fn build(mut self) -> Vec<Block> {
        let catalog = self.catalog;
        let public = ObjectKey::new(Kind::Schema, "public");
        if self.options.schema.is_none() && catalog.get(&public).is_none() {
            let block = Block::new(rank::SCHEMA, &public).with("drop schema if exists public");
            self.blocks.push(block);
        }
        for (key, object) in &catalog.objects {
            // An extension's own objects come with it.
            if object.extension.is_none() {
                self.object(key, object);
            }
        }
        for (key, statements) in self.grants.rest(catalog) {
            let mut block = Block::new(rank::GRANT, &key);
            block.statements = statements;
            self.blocks.push(block);
        }
        self.blocks
    }

    fn object(&mut self, key: &'a ObjectKey, object: &'a Object) {
        let one = |rank, statement: String| Block::new(rank, key).with(statement);
        let many = |rank, statements| Block { statements, ..Block::new(rank, key) };
        let block = match key.kind {
            Kind::Schema => many(rank::SCHEMA, wide::schema(key, object)),
            Kind::Extension => many(rank::EXTENSION, self.extension(key, object)),
            Kind::Collation => one(rank::COLLATION, wide::collation(key, object)),
            Kind::Type => {
                self.blocks.extend(types::shell(key, object));
                one(rank::TYPE, types::create(key, object))
            }
            Kind::Domain => many(rank::TYPE, types::domain(key, object)),
            Kind::Sequence => one(rank::SEQUENCE, sequences::create(key, object)),
            Kind::Table | Kind::ForeignTable => self.table(key, object),
            Kind::Index => return self.blocks.push(self.tables.index(key, object)),
            Kind::Statistics => many(rank::STATISTICS, wide::statistics(key, object)),
            Kind::Function => one(rank::FUNCTION, programs::function(key, object)),
            Kind::View | Kind::MaterializedView => {
                many(rank::VIEW, programs::view(self.catalog, key, object))
            }
            Kind::Rule => many(rank::RULE, programs::rule(key, object)),
            Kind::Trigger => many(rank::TRIGGER, programs::trigger(key, object)),
            Kind::EventTrigger => many(rank::EVENT_TRIGGER, wide::event_trigger(key, object)),
            Kind::Policy => one(rank::POLICY, programs::policy(key, object)),
            Kind::Cast => one(rank::CAST, wide::cast(key, object)),
            Kind::Publication => one(rank::PUBLICATION, wide::publication(key, object)),
            Kind::ForeignDataWrapper => one(rank::FOREIGN_DATA_WRAPPER, wide::foreign(key, object)),
            Kind::ForeignServer => one(rank::SERVER, wide::foreign(key, object)),
            Kind::UserMapping => {
                wide::user_mapping(Block::new(rank::USER_MAPPING, key), key, object)
            }
            Kind::DefaultPrivileges => {
                many(rank::DEFAULT_PRIVILEGES, grants::default_privileges(key, object))
            }
            Kind::Opaque => wide::opaque(Block::new(rank::OPAQUE, key), key, object),
            // In the block of what they are on.
            Kind::Column | Kind::Constraint | Kind::Grant => return,
            // SQLite's alone.
            Kind::Database | Kind::VirtualTable => return,
        };
        let block = self.with_words(block, key, object);
        self.blocks.push(block);
    }

    fn extension(&self, key: &ObjectKey, object: &Object) -> Vec<String> {
        let schema = object.get(p::SCHEMA).unwrap_or_default();
        let made = self.catalog.get(&ObjectKey::new(Kind::Schema, schema)).is_some();
        let home = match (made || schema == "public", &self.options.schema) {
            (true, _) => wide::Home::Made,
            (false, Some(_)) if schema != "pg_catalog" => wide::Home::Foreign,
            (false, _) => wide::Home::Own,
        };
        wide::extension(key, object, home)
    }

    fn table(&mut self, key: &'a ObjectKey, object: &'a Object) -> Block {
        self.blocks.extend(self.tables.constraint_blocks(key, object));
        let form = if self.bare.contains(key) { Form::Bare } else { Form::Whole };
        if form == Form::Bare {
            self.blocks.push(self.tables.later(key, object));
        }
        let statements = self.tables.create(key, object, form);
        Block { statements, ..Block::new(rank::TABLE, key) }
    }

    /// Owner, comments and grants of the object and its columns.
    fn with_words(&mut self, mut block: Block, key: &'a ObjectKey, object: &'a Object) -> Block {
        block.statements.extend(owner(key, object).filter(|_| self.options.owners));
        block.statements.extend(comment(key, object));
        let relation = matches!(
            key.kind,
            Kind::Table | Kind::ForeignTable | Kind::View | Kind::MaterializedView | Kind::Type
        );
        if relation {
            let columns = programs::columns_of(self.catalog, key);
            block.statements.extend(columns.filter_map(|(key, object)| comment(key, object)));
        }
        if let Some((schema, label, words)) = granted(key, object) {
            block.statements.extend(self.grants.take(schema, &label, &words));
        }
        block
    }
}

/// How grants name the object: schema, `table orders`, and the words of `GRANT … ON`.
fn granted<'a>(key: &'a ObjectKey, object: &Object) -> Option<(&'a str, String, String)> {
    let ObjectKey { kind, schema, name, .. } = key;
    let (schema, label, words) = match kind {
        Kind::Schema => (name, "schema".to_owned(), format!("schema {}", quote(name))),
        Kind::Table | Kind::ForeignTable | Kind::View | Kind::MaterializedView => {
            (schema, format!("table {name}"), format!("table {}", own(key)))
        }
        Kind::Sequence => (schema, format!("sequence {name}"), format!("sequence {}", own(key))),
        Kind::Type | Kind::Domain => (schema, format!("type {name}"), format!("type {}", own(key))),
        Kind::Function => {
            let words = format!("{} {}", function_word(Some(object)), function(key));
            (schema, format!("function {name}"), words)
        }
        Kind::ForeignDataWrapper => {
            let words = format!("foreign data wrapper {}", quote(name));
            (schema, format!("foreign data wrapper {name}"), words)
        }
        Kind::ForeignServer => {
            (schema, format!("server {name}"), format!("foreign server {}", quote(name)))
        }
        _ => return None,
    };
    Some((schema, label, words))
}
