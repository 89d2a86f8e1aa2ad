//! GRANT, REVOKE and default privileges: one object per object and role. What an owner or PUBLIC
//! has without a grant is no object; where it is taken away there is one.

use sql::{Class, Name, Object as Named, Privilege, quote_ident};

use super::builder::{Builder, RELATIONS};
use crate::properties as p;
use crate::{Kind, Object, ObjectKey};

/// Whether everything granted was understood.
pub(super) fn apply(builder: &mut Builder, class: &Class) -> bool {
    let Class::Grant { revoke, grant_option, privileges, objects, roles } = class else {
        return false;
    };
    let mut understood = true;
    for object in objects {
        let targets = targets(builder, object);
        understood &= !targets.is_empty() || object.word.starts_with("all ");
        for (word, key) in targets {
            for role in roles {
                let owner = owner(builder, word, &key).as_ref() == Some(role);
                let change = Change { revoke: *revoke, grant_option: *grant_option, owner };
                change.apply(builder, word, &key, role, privileges);
            }
        }
    }
    understood
}

/// The owner, where the statements have said who it is.
fn owner(builder: &Builder, word: &str, on: &ObjectKey) -> Option<String> {
    let kinds: &[Kind] = match word {
        "table" => &RELATIONS,
        "sequence" => &[Kind::Sequence],
        "function" => &[Kind::Function],
        "type" => &[Kind::Type, Kind::Domain],
        "schema" => &[Kind::Schema],
        _ => &[],
    };
    let key = |kind: &Kind| ObjectKey { kind: *kind, ..on.clone() };
    kinds.iter().find_map(|kind| builder.catalog.get(&key(kind))?.owner.clone())
}

/// The word of the object and a key with its schema and, as parent, how a grant names it.
fn targets(builder: &Builder, object: &Named) -> Vec<(&'static str, ObjectKey)> {
    let words = [
        ("table", "table"),
        ("sequence", "sequence"),
        ("function", "function"),
        ("procedure", "function"),
        ("routine", "function"),
        ("type", "type"),
        ("domain", "type"),
        ("schema", "schema"),
        ("database", "database"),
        ("language", "language"),
        ("foreign data wrapper", "foreign data wrapper"),
        ("server", "server"),
        ("parameter", "parameter"),
        ("tablespace", "tablespace"),
    ];
    if object.word.starts_with("all ") {
        return all_in_schema(builder, object);
    }
    let Some((_, word)) = words.into_iter().find(|(from, _)| *from == object.word) else {
        return Vec::new();
    };
    let key = match word {
        "function" => builder.function(&object.name, object.arguments.as_deref()),
        // The home schema has no name of its own.
        "schema" => {
            let schema = Name { schema: Some(object.name.name.clone()), name: String::new() };
            Some(ObjectKey::new(Kind::Schema, builder.schema(&schema)))
        }
        _ => {
            let name = Name { name: builder.spelled(&object.name.name), ..object.name.clone() };
            Some(builder.key(Kind::Table, &name))
        }
    };
    key.into_iter().map(|key| (word, key)).collect()
}

/// `ALL TABLES IN SCHEMA s`: those that are there by then.
fn all_in_schema(builder: &Builder, object: &Named) -> Vec<(&'static str, ObjectKey)> {
    let (word, kinds): (_, &[Kind]) = if object.word.contains("tables") {
        ("table", &RELATIONS)
    } else if object.word.contains("sequences") {
        ("sequence", &[Kind::Sequence])
    } else {
        ("function", &[Kind::Function])
    };
    let schema = Name { schema: Some(object.name.name.clone()), name: String::new() };
    let schema = builder.schema(&schema);
    let keys = builder.catalog.objects.keys();
    keys.filter(|key| kinds.contains(&key.kind) && key.schema == schema)
        .map(|key| (word, key.clone()))
        .collect()
}

/// What `ALL` means for each kind of object (PostgreSQL "Privileges", table 5.2). `MAINTAIN` came
/// with PostgreSQL 17 and is left out, so that dumps of older servers mean the same.
fn all(word: &str) -> &'static [&'static str] {
    match word {
        "table" | "tables" => {
            &["select", "insert", "update", "delete", "truncate", "references", "trigger"]
        }
        "sequence" | "sequences" => &["select", "update", "usage"],
        "schema" | "schemas" => &["create", "usage"],
        "function" | "functions" | "routines" => &["execute"],
        "database" => &["create", "connect", "temporary"],
        "tablespace" => &["create"],
        "parameter" => &["set", "alter system"],
        _ => &["usage"],
    }
}

/// What PUBLIC has without any grant.
fn built_in(word: &str) -> &'static [&'static str] {
    match word {
        "function" | "functions" | "routines" => &["execute"],
        "type" | "types" | "language" => &["usage"],
        "database" => &["connect", "temporary"],
        _ => &[],
    }
}

#[derive(Clone, Copy)]
struct Change {
    revoke: bool,
    grant_option: bool,
    /// The role owns the object (or will, for default privileges) and so has everything anyway.
    owner: bool,
}

impl Change {
    fn apply(
        self,
        builder: &mut Builder,
        word: &str,
        on: &ObjectKey,
        role: &str,
        privileges: &[Privilege],
    ) {
        for privilege in privileges {
            let names = expand(word, &privilege.name);
            if privilege.columns.is_empty() {
                let parent = if word == "schema" && on.name.is_empty() {
                    word.to_owned()
                } else {
                    format!("{word} {}", on.name)
                };
                self.change(builder, word, role, grant_key(on, parent, role), &names);
            }
            for column in &privilege.columns {
                let parent = format!("column {}.{column}", on.name);
                self.change(builder, word, role, grant_key(on, parent, role), &names);
            }
        }
    }

    fn change(
        self,
        builder: &mut Builder,
        word: &str,
        role: &str,
        key: ObjectKey,
        names: &[String],
    ) {
        let mut object = builder.catalog.objects.remove(&key).unwrap_or_default();
        for name in names {
            self.one(word, role, &mut object, name);
        }
        if !object.properties.is_empty() {
            builder.catalog.insert(key, object);
        }
    }

    fn one(self, word: &str, role: &str, object: &mut Object, privilege: &str) {
        let built_in = self.owner || (role == "PUBLIC" && built_in(word).contains(&privilege));
        let value = match (self.revoke, self.grant_option) {
            (false, true) => Some(p::GRANTABLE),
            (false, false) if built_in => None,
            (false, false) if object.get(privilege) == Some(p::GRANTABLE) => return,
            (false, false) => Some(p::GRANTED),
            // Taking away the option keeps the privilege, where there is one.
            (true, true) => object.get(privilege).map(|_| p::GRANTED),
            (true, false) if built_in => Some(p::REVOKED),
            (true, false) => None,
        };
        match value {
            Some(value) => object.properties.insert(privilege.to_owned(), value.to_owned()),
            None => object.properties.remove(privilege),
        };
    }
}

fn grant_key(on: &ObjectKey, parent: String, role: &str) -> ObjectKey {
    ObjectKey::new(Kind::Grant, role).on(parent).in_schema(on.schema.clone())
}

fn expand(word: &str, privilege: &str) -> Vec<String> {
    match privilege {
        "all" => all(word).iter().map(|name| (*name).to_owned()).collect(),
        "temp" => vec!["temporary".to_owned()],
        other => vec![other.to_ascii_lowercase()],
    }
}

/// Default privileges: parent is the word, the name says who creates and who gets them.
pub(super) fn defaults(builder: &mut Builder, class: &Class) -> bool {
    let Class::AlterDefaultPrivileges {
        for_roles,
        schemas,
        revoke,
        grant_option,
        privileges,
        word,
        roles,
    } = class
    else {
        return false;
    };
    let current = ["CURRENT_USER".to_owned()];
    let creators = if for_roles.is_empty() { &current[..] } else { for_roles };
    let everywhere = [String::new()];
    let schemas: &[String] = if schemas.is_empty() { &everywhere } else { schemas };
    for schema in schemas {
        for creator in creators {
            for role in roles {
                let home = Name { schema: Some(schema.clone()), name: String::new() };
                let name = format!("{} to {role}", quote_ident(creator, builder.dialect));
                let key = ObjectKey::new(Kind::DefaultPrivileges, name)
                    .on(word.clone())
                    .in_schema(builder.schema(&home));
                let names =
                    privileges.iter().flat_map(|p| expand(word, &p.name)).collect::<Vec<_>>();
                let owner = creator == role;
                let change = Change { revoke: *revoke, grant_option: *grant_option, owner };
                change.change(builder, word, role, key, &names);
            }
        }
    }
    true
}
