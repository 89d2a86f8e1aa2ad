//! Grants, revoked defaults, comments and owners: what stands below an object in its block.

use std::collections::BTreeMap;

use catalog::{Catalog, Kind, Object, ObjectKey, properties as p};

use super::names::{column_path, function_parts, function_word, qualified, target};
use crate::quote;

/// Grants by what they are on: the schema, and `table orders` whether for the table or its columns.
pub(super) struct Grants<'a> {
    on: BTreeMap<(&'a str, String), Vec<Grant<'a>>>,
}

struct Grant<'a> {
    column: Option<&'a str>,
    key: &'a ObjectKey,
    object: &'a Object,
}

impl<'a> Grants<'a> {
    pub(super) fn of(catalog: &'a Catalog) -> Self {
        let mut on = BTreeMap::<_, Vec<_>>::new();
        for (key, object) in catalog.of_kind(Kind::Grant) {
            let path = key.parent.strip_prefix("column ");
            let path = path.and_then(|path| column_path(catalog, &key.schema, path));
            let (label, column) = match path {
                Some((table, column)) => (format!("table {table}"), Some(column)),
                None => (key.parent.clone(), None),
            };
            on.entry((key.schema.as_str(), label)).or_default().push(Grant { column, key, object });
        }
        Self { on }
    }

    /// Takes the grants out, as statements: `label` is `table orders`, `words` what `GRANT … ON`
    /// calls it.
    pub(super) fn take(&mut self, schema: &str, label: &str, words: &str) -> Vec<String> {
        let key = (schema, label.to_owned());
        let grants = self.on.iter().find(|(found, _)| (found.0, &found.1) == (key.0, &key.1));
        let Some(found) = grants.map(|(found, _)| found.clone()) else { return Vec::new() };
        let grants = self.on.remove(&found).unwrap_or_default();
        grants.iter().flat_map(|grant| grant.statements(words)).collect()
    }

    /// What no block took, because its object is not in the catalog: an extension's, for one.
    pub(super) fn rest(&mut self, catalog: &Catalog) -> Vec<(ObjectKey, Vec<String>)> {
        let rest = std::mem::take(&mut self.on);
        let statements = rest.into_iter().flat_map(|((schema, label), grants)| {
            let words = words_for(catalog, schema, &label);
            grants.into_iter().map(move |grant| (grant.key.clone(), grant.statements(&words)))
        });
        statements.collect()
    }
}

impl Grant<'_> {
    fn statements(&self, words: &str) -> Vec<String> {
        statements(self.object, &role(&self.key.name), self.column, |verb, list, way, role| {
            format!("{verb} {list} on {words} {way} {role}")
        })
    }
}

/// `PUBLIC` is a word, the owner is whoever loads the file, all others are names.
pub(super) fn role(name: &str) -> String {
    match name {
        "PUBLIC" => "public".to_owned(),
        "OWNER" => "current_user".to_owned(),
        _ => quote(name),
    }
}

/// One statement for what is granted, one for what may be granted on, one for what was revoked.
fn statements(
    object: &Object,
    role: &str,
    column: Option<&str>,
    write: impl Fn(&str, &str, &str, &str) -> String,
) -> Vec<String> {
    let list = |state: &str| {
        let with_state = object.properties.iter().filter(|(_, value)| value.as_str() == state);
        let names: Vec<String> = with_state
            .map(|(name, _)| match column {
                Some(column) => format!("{name} ({})", quote(column)),
                None => name.clone(),
            })
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let granted = list(p::GRANTED).map(|list| write("grant", &list, "to", role));
    let grantable = list(p::GRANTABLE)
        .map(|list| format!("{} with grant option", write("grant", &list, "to", role)));
    let revoked = list(p::REVOKED).map(|list| write("revoke", &list, "from", role));
    [revoked, granted, grantable].into_iter().flatten().collect()
}

/// `function total(integer)` in the words of `GRANT`.
fn words_for(catalog: &Catalog, schema: &str, label: &str) -> String {
    let Some((word, name)) = label.split_once(' ') else {
        return format!("{label} {}", quote(schema));
    };
    match word {
        "foreign" => format!(
            "foreign data wrapper {}",
            quote(name.strip_prefix("data wrapper ").unwrap_or(name))
        ),
        "server" => format!("foreign server {}", quote(name)),
        "language" => format!("language {}", quote(name)),
        "function" => {
            let key = ObjectKey::new(Kind::Function, name).in_schema(schema);
            let (bare, arguments) = function_parts(name);
            let word = function_word(catalog.get(&key));
            format!("{word} {}{arguments}", qualified(schema, bare))
        }
        _ => format!("{word} {}", qualified(schema, name)),
    }
}

/// Name `creator to grantee`, parent `tables`, perhaps a schema.
pub(super) fn default_privileges(key: &ObjectKey, object: &Object) -> Vec<String> {
    let (creator, grantee) = key.name.split_once(" to ").unwrap_or((&key.name, "PUBLIC"));
    let place = match key.schema.as_str() {
        "" => String::new(),
        schema => format!(" in schema {}", quote(schema)),
    };
    let head = format!("alter default privileges for role {}{place}", quote(creator));
    statements(object, &role(grantee), None, |verb, list, way, role| {
        format!("{head} {verb} {list} on {} {way} {role}", key.parent)
    })
}

pub(super) fn comment(key: &ObjectKey, object: &Object) -> Option<String> {
    let text = object.comment.as_ref()?;
    Some(format!("comment on {} is {}", target(key, object), sql::quote_literal(text)))
}

/// Where owners are wanted.
pub(super) fn owner(key: &ObjectKey, object: &Object) -> Option<String> {
    let owner = object.owner.as_ref()?;
    // The owner of these goes with their table, or they have none.
    let without = [Kind::Extension, Kind::Cast, Kind::Column, Kind::Constraint, Kind::Index];
    let owned = key.kind == Kind::Sequence && object.get(p::OWNED_BY).is_some();
    let words = target(key, object);
    (!without.contains(&key.kind) && !owned)
        .then(|| format!("alter {words} owner to {}", quote(owner)))
}
