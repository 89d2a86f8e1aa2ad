//! A compiled plan in a few words.

use std::collections::BTreeMap;

use diagnostics::plural;
use ir::{CompiledPlan, Server, Target};

/// `4 tables, 3 indexes`.
pub(crate) fn components(plan: &CompiledPlan) -> String {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for component in &plan.components {
        *kinds.entry(&component.kind).or_default() += 1;
    }
    let mut counted: Vec<_> = kinds.into_iter().collect();
    counted.sort_by_key(|(kind, count)| (std::cmp::Reverse(*count), *kind));
    let parts: Vec<String> = counted.into_iter().map(|(kind, n)| plural(n, kind)).collect();
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

/// The target in one phrase; URLs of a plan hold no passwords.
pub(crate) fn target(target: &Target) -> String {
    match target {
        Target::Sqlite(sqlite) => format!("SQLite file {}", sqlite.path),
        Target::Postgres(postgres) => {
            let server = match &postgres.server {
                Server::Local => "a private local server".to_owned(),
                Server::Env(name) => format!("the URL in ${name}"),
                Server::File(path) => format!("the URL in {path}"),
                Server::Url(url) => plan::redact(url).into_owned(),
            };
            format!("PostgreSQL, schema {}, at {server}", postgres.schema)
        }
    }
}
