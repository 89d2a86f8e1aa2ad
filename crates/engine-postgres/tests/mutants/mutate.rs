//! Changes, each with the one object that it is about.

use std::collections::BTreeSet;

use catalog::{Catalog, Change, Difference, Kind, Object, ObjectKey, properties as p};
use sql::{Dialect, quote_ident};

pub(crate) struct Mutant {
    pub(crate) class: &'static str,
    pub(crate) sql: String,
    key: ObjectKey,
    /// The property that changes; `None` where the object goes.
    property: Option<&'static str>,
    /// Other objects may go with it.
    cascades: bool,
}

impl Mutant {
    /// Exactly the object, and with it only what depends on it.
    pub(crate) fn is_named(&self, base: &Catalog, found: &[Difference]) -> bool {
        let is_it = |difference: &&Difference| {
            difference.key == self.key
                && match (&difference.change, self.property) {
                    (Change::Changed { property, .. }, Some(expected)) => property == expected,
                    (Change::Missing | Change::Extra, None) => true,
                    _ => false,
                }
        };
        let named = found.iter().filter(is_it).count() == 1;
        named && (found.len() == 1 || self.cascades && self.explains(base, found))
    }

    /// Whether each difference is about an object that says the name of another one that is
    /// reported, or lies on the same table.
    fn explains(&self, base: &Catalog, found: &[Difference]) -> bool {
        let mut names = BTreeSet::from([self.key.name.as_str()]);
        // A foreign key names the table whose key, or unique index, it needs.
        let unique = base.get(&self.key).is_some_and(|object| object.get(p::UNIQUE).is_some());
        if self.key.kind == Kind::Constraint || unique {
            names.insert(self.key.parent.as_str());
        }
        let mut open: Vec<&Difference> = found.iter().filter(|it| it.key != self.key).collect();
        loop {
            let before = open.len();
            open.retain(|difference| {
                let related = self.relates(base, &difference.key, &names);
                if related {
                    names.insert(difference.key.name.split('(').next().unwrap_or_default());
                }
                !related
            });
            if open.is_empty() || open.len() == before {
                return open.is_empty();
            }
        }
    }

    fn relates(&self, base: &Catalog, key: &ObjectKey, names: &BTreeSet<&str>) -> bool {
        let on_table = [&key.parent, &key.name].contains(&&self.key.parent);
        let on_named = names.iter().any(|name| key.parent.contains(name));
        let says = |object: &Object| {
            object.properties.values().any(|value| names.iter().any(|name| value.contains(name)))
        };
        on_table || on_named || base.get(key).is_some_and(says)
    }
}

fn quote(name: &str) -> String {
    quote_ident(name, Dialect::Postgres)
}

fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", quote(schema), quote(name))
}

/// All mutants of the classes below, in the order of the objects.
pub(crate) fn all(catalog: &Catalog) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    for (key, object) in &catalog.objects {
        let mut add = |class, sql: String, property, cascades| {
            mutants.push(Mutant { class, sql, key: key.clone(), property, cascades });
        };
        let table = qualified(&key.schema, &key.parent);
        let own = qualified(&key.schema, &key.name);
        let name = quote(&key.name);
        let plain = is_plain(catalog, key);
        match key.kind {
            // The one of the partitioned table carries its partitions' along.
            Kind::Index if object.get(p::PARTITION_OF).is_none() => {
                add("index dropped", format!("drop index {own} cascade"), None, true);
                if object.get(p::METHOD) == Some("btree") && plain {
                    let sql = format!("alter index {own} set (fillfactor = 61)");
                    add("index altered", sql, Some(p::DEFINITION), false);
                }
            }
            Kind::Constraint if object.get(p::PARTITION_OF).is_none() => {
                let sql = format!("alter table {table} drop constraint {name} cascade");
                add("constraint dropped", sql, None, true);
                let deferrable = object.get(p::DEFERRABLE).is_some();
                if object.get(p::TYPE) == Some("foreign key") && !deferrable && plain {
                    let sql = format!("alter table {table} alter constraint {name} deferrable");
                    add("constraint altered", sql, Some(p::DEFINITION), false);
                }
            }
            Kind::Column => column(catalog, key, object, &mut add),
            Kind::Trigger => {
                add("trigger dropped", format!("drop trigger {name} on {table}"), None, false);
                if object.get(p::ENABLED).is_none() {
                    let sql = format!("alter table {table} disable trigger {name}");
                    add("trigger disabled", sql, Some(p::ENABLED), false);
                }
            }
            Kind::Policy => {
                add("policy dropped", format!("drop policy {name} on {table}"), None, false);
                if object.get(p::USING).is_some() {
                    let sql = format!("alter policy {name} on {table} using (1 = 2)");
                    add("policy altered", sql, Some(p::USING), false);
                }
                let sql = format!("alter policy {name} on {table} to pg_monitor");
                add("policy for others", sql, Some(p::ROLES), false);
            }
            Kind::Sequence => {
                let sql = format!("alter sequence {own} cache 77");
                add("sequence cache", sql, Some(p::CACHE), false);
                if object.get(p::CYCLE).is_none() {
                    let sql = format!("alter sequence {own} cycle");
                    add("sequence cycle", sql, Some(p::CYCLE), false);
                }
                let sql = format!("alter sequence {own} increment by 13");
                add("sequence increment", sql, Some(p::INCREMENT), false);
            }
            Kind::Table => {
                if object.comment.is_none() {
                    let sql = format!("comment on table {own} is 'mutant'");
                    add("comment", sql, Some(catalog::COMMENT), false);
                }
                let sql = format!("alter table {own} force row level security");
                if object.get(p::FORCE_ROW_SECURITY).is_none() {
                    add("row security forced", sql, Some(p::FORCE_ROW_SECURITY), false);
                }
            }
            Kind::Grant => grant(catalog, key, object, &mut add),
            _ => {}
        }
    }
    mutants
}

/// A table that neither has nor is a partition, child or parent, so that nothing recurses.
fn is_plain(catalog: &Catalog, key: &ObjectKey) -> bool {
    let table = ObjectKey::new(Kind::Table, &key.parent).in_schema(&key.schema);
    let named = |object: &Object| {
        [p::INHERITS, p::PARTITION_OF]
            .iter()
            .any(|name| object.get(name).is_some_and(|text| text.contains(&key.parent)))
    };
    let parent = catalog.of_kind(Kind::Table).any(|(_, object)| named(object));
    !parent
        && catalog.get(&table).is_some_and(|table| {
            [p::PARTITION_BY, p::PARTITION_OF, p::INHERITS, p::OF_TYPE]
                .iter()
                .all(|name| table.get(name).is_none())
        })
}

type Add<'a> = dyn FnMut(&'static str, String, Option<&'static str>, bool) + 'a;

fn column(catalog: &Catalog, key: &ObjectKey, object: &Object, add: &mut Add<'_>) {
    if !is_plain(catalog, key) {
        return;
    }
    let head = format!("alter table {}", qualified(&key.schema, &key.parent));
    let name = quote(&key.name);
    add("column dropped", format!("{head} drop column {name} cascade"), None, true);
    let statistics = format!("{head} alter column {name} set statistics 333");
    add("column statistics", statistics, Some(p::STATISTICS), false);
    match object.get(p::NOT_NULL) {
        Some(_) => {
            let sql = format!("{head} alter column {name} drop not null");
            add("column not null dropped", sql, Some(p::NOT_NULL), false);
        }
        None => {
            let sql = format!("{head} alter column {name} set not null");
            add("column not null set", sql, Some(p::NOT_NULL), false);
        }
    }
    if object.get(p::DEFAULT).is_some() {
        let sql = format!("{head} alter column {name} drop default");
        add("default dropped", sql, Some(p::DEFAULT), false);
        // Null by default in so many words means the same already.
        if object.get(p::DEFAULT).is_some_and(|default| !default.starts_with("NULL")) {
            let sql = format!("{head} alter column {name} set default null");
            add("default set to null", sql, Some(p::DEFAULT), false);
        }
    }
    if object.get(p::IDENTITY).is_some() {
        let sql = format!("{head} alter column {name} set cache 55");
        add("identity cache", sql, Some(p::IDENTITY_SEQUENCE), false);
    }
}

fn grant(catalog: &Catalog, key: &ObjectKey, object: &Object, add: &mut Add<'_>) {
    let Some((words, column)) = granted_on(catalog, key) else { return };
    let role = match key.name.as_str() {
        "PUBLIC" => "public".to_owned(),
        "OWNER" => "current_user".to_owned(),
        name => quote(name),
    };
    let column = column.map_or_else(String::new, |column| format!(" ({})", quote(column)));
    for (privilege, state) in &object.properties {
        let sql = match state.as_str() {
            p::REVOKED => format!("grant {privilege}{column} on {words} to {role}"),
            _ => format!("revoke {privilege}{column} on {words} from {role} cascade"),
        };
        let alone = object.properties.len() == 1;
        let property = if alone { None } else { Some(leak(privilege)) };
        // A privilege on a table stands for all its columns, and goes with theirs.
        add("grant", sql, property, column.is_empty());
    }
}

/// Names of privileges are few.
fn leak(name: &str) -> &'static str {
    let known = [
        "select",
        "insert",
        "update",
        "delete",
        "truncate",
        "references",
        "trigger",
        "usage",
        "execute",
        "create",
        "connect",
        "temporary",
    ];
    known.into_iter().find(|known| *known == name).unwrap_or("other")
}

fn granted_on<'a>(catalog: &Catalog, key: &'a ObjectKey) -> Option<(String, Option<&'a str>)> {
    if key.parent == "schema" {
        return Some((format!("schema {}", quote(&key.schema)), None));
    }
    let (word, name) = key.parent.split_once(' ')?;
    match word {
        "table" | "sequence" | "type" => {
            Some((format!("{word} {}", qualified(&key.schema, name)), None))
        }
        "function" => {
            let (bare, arguments) = name.split_once('(')?;
            Some((format!("routine {}({arguments}", qualified(&key.schema, bare)), None))
        }
        "column" => {
            let splits = name.match_indices('.').map(|(at, _)| (&name[..at], &name[at + 1..]));
            let mut known = splits.filter(|(table, _)| {
                catalog.objects.keys().any(|found| {
                    found.name == *table && found.schema == key.schema && found.parent.is_empty()
                })
            });
            let (table, column) = known.next()?;
            Some((format!("table {}", qualified(&key.schema, table)), Some(column)))
        }
        _ => None,
    }
}
