//! Objects and changes in a few words, each one line.

use catalog::properties as p;
use catalog::{Kind, Object, ObjectKey};

/// What an object is, beside its name: `bigint, not null`, `USING btree (total)`.
pub fn summary(key: &ObjectKey, object: &Object) -> Option<String> {
    let text = match key.kind {
        Kind::Column => column(object),
        Kind::Table => columns(object)?,
        Kind::Grant | Kind::DefaultPrivileges => privileges(object),
        Kind::Type => object.get(p::LABELS).or(object.get(p::ATTRIBUTES))?.to_owned(),
        Kind::Policy => facts(object, &[p::COMMAND, p::ROLES, p::USING, p::WITH_CHECK]),
        Kind::Sequence => facts(object, &[p::START, p::INCREMENT, p::OWNED_BY]),
        _ => object.get(p::DEFINITION).or(object.get(p::DATA_TYPE))?.to_owned(),
    };
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!line.is_empty()).then_some(line)
}

fn column(object: &Object) -> String {
    let mut parts: Vec<String> = object.get(p::DATA_TYPE).map(str::to_owned).into_iter().collect();
    if object.get(p::NOT_NULL).is_some() {
        parts.push("not null".to_owned());
    }
    let named = [
        (p::DEFAULT, "default "),
        (p::IDENTITY, "identity "),
        (p::GENERATED, "generated as "),
        (p::COLLATION, "collation "),
    ];
    for (property, word) in named {
        parts.extend(object.get(property).map(|value| format!("{word}{value}")));
    }
    parts.join(", ")
}

/// `id, email, …`
fn columns(object: &Object) -> Option<String> {
    const SHOWN: usize = 8;
    let names = p::names_of(object.get(p::COLUMNS)?);
    let shown = p::list(names.iter().take(SHOWN).map(String::as_str));
    let rest = names.len().saturating_sub(SHOWN);
    Some(if rest == 0 { shown } else { format!("{shown} and {rest} more") })
}

fn privileges(object: &Object) -> String {
    let word = |(name, value): (&String, &String)| match value.as_str() {
        p::GRANTABLE => format!("{name} with grant option"),
        p::REVOKED => format!("{name} taken away"),
        _ => name.clone(),
    };
    object.properties.iter().map(word).collect::<Vec<_>>().join(", ")
}

fn facts(object: &Object, names: &[&str]) -> String {
    let fact = |name: &&str| object.get(name).map(|value| format!("{name} {value}"));
    names.iter().filter_map(fact).collect::<Vec<_>>().join(", ")
}

/// A change of a property as the end of a sentence about its object; `quote` sets values off.
pub fn change_in_words(
    property: &str,
    from: Option<&str>,
    to: Option<&str>,
    quote: impl Fn(&str) -> String,
) -> String {
    let flag = |value| matches!(value, p::YES | p::GRANTED | p::REVOKED);
    match (from, to) {
        (Some(from), None) if flag(from) => format!("no longer {}", flagged(property, from)),
        (None, Some(to)) if flag(to) => format!("now {}", flagged(property, to)),
        (None, Some(p::GRANTABLE)) => format!("now {property} with grant option"),
        (Some(from), None) => format!("no longer {property} {}", quote(from)),
        (None, Some(to)) => format!("now {property} {}", quote(to)),
        (from, to) => format!(
            "{property} {} → {}",
            quote(from.unwrap_or_default()),
            quote(to.unwrap_or_default())
        ),
    }
}

fn flagged(property: &str, value: &str) -> String {
    if value == p::REVOKED { format!("without {property}") } else { property.to_owned() }
}
