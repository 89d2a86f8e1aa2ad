//! The catalog while it is being built, with the lookups that statements need.

use std::cell::RefCell;
use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use sql::{Dialect, Name, Object as Named, Statement, normal_expression, normal_text, quote_ident};

use super::{Offline, constraint};
use crate::properties as p;
use crate::{Catalog, HOME_SCHEMA, Kind, Object, ObjectKey};

pub(super) struct Builder {
    pub(super) dialect: Dialect,
    pub(super) catalog: Catalog,
    opaque: Vec<usize>,
    /// SQLite: the name of each relation as it was created, by its name in lower case.
    spelled: BTreeMap<String, String>,
    /// Normal forms of expressions met before: defaults and checks of a schema repeat themselves.
    normal: RefCell<BTreeMap<String, String>>,
}

/// Kinds of relations, which share one namespace.
pub(super) const RELATIONS: [Kind; 5] =
    [Kind::Table, Kind::View, Kind::MaterializedView, Kind::ForeignTable, Kind::VirtualTable];

impl Builder {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            catalog: Catalog::default(),
            opaque: Vec::new(),
            spelled: BTreeMap::new(),
            normal: RefCell::default(),
        }
    }

    pub(super) fn finish(mut self) -> Offline {
        constraint::name_referenced_keys(&mut self.catalog);
        Offline { catalog: self.catalog, opaque: self.opaque }
    }

    /// Keeps a statement as its text.
    pub(super) fn opaque(&mut self, index: usize, statement: &Statement) {
        self.opaque.push(index);
        let text = normal_text(&statement.text.text, self.dialect);
        self.insert_opaque(text);
    }

    fn insert_opaque(&mut self, text: String) {
        let digest = Sha256::digest(text.as_bytes());
        let start: String = text.chars().take(60).collect();
        let name = if start.len() == text.len() {
            text.clone()
        } else {
            format!(
                "{start}… ({:02x}{:02x}{:02x}{:02x})",
                digest[0], digest[1], digest[2], digest[3]
            )
        };
        let object = Object::default().with(p::DEFINITION, text);
        self.catalog.insert(ObjectKey::new(Kind::Opaque, name), object);
    }

    /// The schema of a name as it is in keys: the home schema has none.
    pub(super) fn schema(&self, name: &Name) -> String {
        let home = sql::unquote(HOME_SCHEMA, Dialect::Postgres);
        match name.schema.as_deref() {
            None => String::new(),
            Some(schema) if schema == home => String::new(),
            Some(schema) if self.dialect == Dialect::Sqlite && is_main(schema) => String::new(),
            Some(schema) => schema.to_owned(),
        }
    }

    pub(super) fn key(&self, kind: Kind, name: &Name) -> ObjectKey {
        ObjectKey::new(kind, name.name.clone()).in_schema(self.schema(name))
    }

    /// The key of something that belongs to a relation.
    pub(super) fn key_on(&self, kind: Kind, table: &Name, name: &str) -> ObjectKey {
        ObjectKey::new(kind, name).in_schema(self.schema(table)).on(self.spelled(&table.name))
    }

    /// Records how a relation is spelled.
    pub(super) fn created(&mut self, name: &Name) {
        if self.dialect == Dialect::Sqlite {
            self.spelled.insert(name.name.to_ascii_lowercase(), name.name.clone());
        }
    }

    /// A relation's name as it was created; SQLite takes any case.
    pub(super) fn spelled(&self, name: &str) -> String {
        match self.dialect {
            Dialect::Postgres => name.to_owned(),
            Dialect::Sqlite => {
                self.spelled.get(&name.to_ascii_lowercase()).cloned().unwrap_or(name.to_owned())
            }
        }
    }

    /// The relation with this name, of whichever kind.
    pub(super) fn relation(&self, name: &Name) -> Option<ObjectKey> {
        let name = Name { name: self.spelled(&name.name), ..name.clone() };
        RELATIONS.iter().map(|kind| self.key(*kind, &name)).find(|key| self.has(key))
    }

    pub(super) fn has(&self, key: &ObjectKey) -> bool {
        self.catalog.objects.contains_key(key)
    }

    pub(super) fn object(&mut self, key: &ObjectKey) -> Option<&mut Object> {
        self.catalog.objects.get_mut(key)
    }

    /// Sets or (with `None`) takes away a property of an object that is there.
    pub(super) fn set(&mut self, key: &ObjectKey, property: &str, value: Option<String>) -> bool {
        let Some(object) = self.catalog.objects.get_mut(key) else { return false };
        match value {
            Some(value) => object.properties.insert(property.to_owned(), value),
            None => object.properties.remove(property),
        };
        true
    }

    pub(super) fn expression(&self, text: &str) -> String {
        if let Some(known) = self.normal.borrow().get(text) {
            return known.clone();
        }
        let normal = normal_expression(text, self.dialect);
        self.normal.borrow_mut().insert(text.to_owned(), normal.clone());
        normal
    }

    /// A name as it stands inside a definition.
    pub(super) fn written(&self, name: &Name) -> String {
        let schema = self.schema(name);
        let bare = quote_ident(&self.spelled(&name.name), self.dialect);
        if schema.is_empty() {
            bare
        } else {
            format!("{}.{bare}", quote_ident(&schema, self.dialect))
        }
    }

    /// Everything that belongs to a relation, by the keys' parent.
    pub(super) fn belonging(&self, schema: &str, parent: &str) -> Vec<ObjectKey> {
        let keys = self.catalog.objects.keys();
        keys.filter(|key| key.schema == schema && key.parent == parent).cloned().collect()
    }

    /// The key of an object that a statement names by its word.
    pub(super) fn named(&self, object: &Named) -> Option<ObjectKey> {
        let kind = match object.word.as_str() {
            "table" | "view" | "materialized view" | "foreign table" => {
                return self.relation(&object.name);
            }
            "column" => {
                let column = object.column.as_deref()?;
                return Some(self.key_on(Kind::Column, &object.name, column));
            }
            "constraint" | "trigger" | "policy" | "rule" => {
                let kind = match object.word.as_str() {
                    "constraint" => Kind::Constraint,
                    "trigger" => Kind::Trigger,
                    "policy" => Kind::Policy,
                    _ => Kind::Rule,
                };
                return Some(self.key_on(kind, object.table.as_ref()?, &object.name.name));
            }
            "index" => return self.index(&object.name),
            "function" | "procedure" | "aggregate" | "routine" => {
                return self.function(&object.name, object.arguments.as_deref());
            }
            "sequence" => Kind::Sequence,
            "type" => Kind::Type,
            "domain" => Kind::Domain,
            "schema" => Kind::Schema,
            "extension" => Kind::Extension,
            "collation" => Kind::Collation,
            "statistics" => Kind::Statistics,
            "event trigger" => Kind::EventTrigger,
            "publication" => Kind::Publication,
            "foreign data wrapper" => Kind::ForeignDataWrapper,
            "server" => Kind::ForeignServer,
            "cast" => Kind::Cast,
            _ => return None,
        };
        Some(self.key(kind, &object.name))
    }

    /// An index, or the constraint that has an index of this name.
    pub(super) fn index(&self, name: &Name) -> Option<ObjectKey> {
        let schema = self.schema(name);
        let same = |key: &&ObjectKey| {
            matches!(key.kind, Kind::Index | Kind::Constraint)
                && key.schema == schema
                && self.dialect.key(&key.name) == self.dialect.key(&name.name)
        };
        self.catalog.objects.keys().find(same).cloned()
    }

    /// A function by its name and, where given, its arguments.
    pub(super) fn function(&self, name: &Name, arguments: Option<&str>) -> Option<ObjectKey> {
        if let Some(arguments) = arguments {
            let name = Name { name: format!("{}({arguments})", name.name), ..name.clone() };
            return Some(self.key(Kind::Function, &name));
        }
        let (schema, start) = (self.schema(name), format!("{}(", name.name));
        let mut found = self.catalog.objects.keys().filter(|key| {
            key.kind == Kind::Function && key.schema == schema && key.name.starts_with(&start)
        });
        found.next().filter(|_| found.next().is_none()).cloned()
    }

    pub(super) fn set_owner(&mut self, object: &Named, role: &str) -> bool {
        let key = self.named(object);
        let Some(found) = key.and_then(|key| self.catalog.objects.get_mut(&key)) else {
            // The owner of what is no object here (a language, the home schema) is not compared.
            return true;
        };
        found.owner = Some(role.to_owned());
        true
    }

    /// Removes the object and what belongs to it; false where there is no such object.
    pub(super) fn drop_object(&mut self, object: &Named) -> bool {
        if ["database", "role", "user", "group", "tablespace"].contains(&object.word.as_str()) {
            return true;
        }
        let Some(key) = self.named(object) else { return false };
        if RELATIONS.contains(&key.kind) {
            for child in self.belonging(&key.schema, &key.name) {
                self.catalog.objects.remove(&child);
            }
        }
        // `DROP … IF EXISTS` of nothing is nothing.
        self.catalog.objects.remove(&key);
        true
    }
}

fn is_main(schema: &str) -> bool {
    schema.eq_ignore_ascii_case("main")
}
