//! Sequences, of their own and of identity columns.

use catalog::{Object, ObjectKey, properties as p};

use super::names::own;

pub(super) fn create(key: &ObjectKey, object: &Object) -> String {
    let data_type = object.get(p::DATA_TYPE).unwrap_or("bigint");
    let words = match object.get(p::PERSISTENCE) {
        Some(persistence) => format!("create {persistence} sequence"),
        None => "create sequence".to_owned(),
    };
    let mut parts = vec![format!("{words} {}", own(key))];
    parts.extend((data_type != "bigint").then(|| format!("as {data_type}")));
    let value = |property| object.get(property).unwrap_or_default().to_owned();
    let settings = Settings {
        start: value(p::START),
        increment: value(p::INCREMENT),
        min: value(p::MIN),
        max: value(p::MAX),
        cache: value(p::CACHE),
        cycle: object.get(p::CYCLE).is_some(),
    };
    parts.extend(settings.clauses(data_type));
    parts.join(" ")
}

/// From `start 1 increment 1 min 1 max 2147483647 cache 1 cycle`.
pub(super) fn identity_clauses(text: &str, data_type: &str) -> Vec<String> {
    let words: Vec<&str> = text.split(' ').collect();
    let after = |name: &str| {
        let at = words.iter().position(|word| *word == name);
        at.and_then(|at| words.get(at + 1)).copied().unwrap_or_default().to_owned()
    };
    let settings = Settings {
        start: after("start"),
        increment: after("increment"),
        min: after("min"),
        max: after("max"),
        cache: after("cache"),
        cycle: words.contains(&"cycle"),
    };
    settings.clauses(data_type)
}

struct Settings {
    start: String,
    increment: String,
    min: String,
    max: String,
    cache: String,
    cycle: bool,
}

impl Settings {
    /// Clauses for what is not PostgreSQL's default ("CREATE SEQUENCE").
    fn clauses(&self, data_type: &str) -> Vec<String> {
        let (lowest, highest) = match data_type {
            "smallint" => ("-32768", "32767"),
            "integer" => ("-2147483648", "2147483647"),
            _ => ("-9223372036854775808", "9223372036854775807"),
        };
        let down = self.increment.starts_with('-');
        let (min, max) = if down { (lowest, "-1") } else { ("1", highest) };
        let start = if down { &self.max } else { &self.min };
        let clauses = [
            ("start with", &self.start, start.as_str()),
            ("increment by", &self.increment, "1"),
            ("minvalue", &self.min, min),
            ("maxvalue", &self.max, max),
            ("cache", &self.cache, "1"),
        ];
        let unusual = clauses
            .iter()
            .filter(|(_, value, usual)| value.as_str() != *usual && !value.is_empty())
            .map(|(words, value, _)| format!("{words} {value}"));
        unusual.chain(self.cycle.then(|| "cycle".to_owned())).collect()
    }
}
