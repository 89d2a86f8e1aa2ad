//! Windows: moments in which somebody sees what a run builds before it is complete, or outside of the
//! target. What is built stands in a private schema until the promote, so a window can only be opened by
//! the plan's own SQL, or by a policy that holds nobody back.

use std::collections::BTreeSet;

use diagnostics::{Span, code};
use ir::Hazard;
use plan::model::ComponentKind;
use sql::{AlterAction, Class, Statement};

use super::{FoundHazard, Lowering};
use crate::item::{Item, Role};

/// PostgreSQL's functions that carry what they are given out of the database ("Server File Access",
/// `NOTIFY`, the manuals of `dblink` and `adminpack`).
const CARRIERS: [&str; 8] = [
    "pg_notify",
    "lo_export",
    "pg_file_write",
    "pg_file_sync",
    "dblink",
    "dblink_exec",
    "dblink_send_query",
    "pg_logical_emit_message",
];

/// The window that a statement of a stage's own SQL opens.
pub(super) fn of_own_sql(
    statement: &Statement,
    stage: &str,
    tables: &[String],
    place: Span,
) -> Option<FoundHazard> {
    let message = at_once(statement).or_else(|| carried_out(statement, tables))?;
    let mut subjects = vec![stage.to_owned()];
    subjects.extend(tables.iter().cloned());
    Some(found(message, subjects, place))
}

/// What holds from the end of the statement on, for the live database too.
fn at_once(statement: &Statement) -> Option<String> {
    match &statement.class {
        Class::GrantRole { revoke: false, granted, roles } => Some(format!(
            "{}: the membership in {} holds at once, before the promote",
            roles.join(", "),
            granted.join(", ")
        )),
        Class::AlterDefaultPrivileges { revoke: false, word, roles, .. } => Some(format!(
            "{}: every one of the {word} that are made from now on, by whatever program, before the \
             promote",
            roles.join(", ")
        )),
        Class::Grant { revoke: false, objects, roles, .. } => {
            // On a staged table a grant opens nothing: nobody may use its schema.
            let live: Vec<&str> = objects
                .iter()
                .map(|object| object.word.as_str())
                .filter(|word| LIVE_AT_ONCE.contains(word))
                .collect();
            (!live.is_empty()).then(|| {
                format!(
                    "{}: the grant on the {} holds at once, before the promote",
                    roles.join(", "),
                    live.join(", ")
                )
            })
        }
        _ => None,
    }
}

/// What a grant can be on that is no part of the staging schema.
const LIVE_AT_ONCE: [&str; 11] = [
    "schema",
    "database",
    "tablespace",
    "language",
    "foreign server",
    "foreign data wrapper",
    "parameter",
    "large object",
    "all tables in schema",
    "all sequences in schema",
    "all functions in schema",
];

/// Rows that leave the target.
fn carried_out(statement: &Statement, tables: &[String]) -> Option<String> {
    let of = if tables.is_empty() { String::new() } else { format!(" of {}", tables.join(", ")) };
    match &statement.class {
        Class::Copy { .. } if copies_out(statement) => {
            Some(format!("whoever may read what `COPY` writes: rows{of} before the promote"))
        }
        Class::Other { words } if words.starts_with("notify") => {
            Some("whoever listens: the payload of the notification".to_owned())
        }
        _ => {
            let names: BTreeSet<String> =
                sql::identifiers(statement).into_iter().map(|name| name.name).collect();
            let carrier = CARRIERS.iter().find(|carrier| names.contains(**carrier))?;
            Some(format!("whoever is at the other end of `{carrier}`: what it is given{of}"))
        }
    }
}

/// `COPY t TO …` and `COPY (query) TO …`: the first of the two words outside of parentheses decides.
fn copies_out(statement: &Statement) -> bool {
    let mut depth = 0_usize;
    for token in &statement.tokens {
        match statement.written(token) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            word if depth == 0 && word.eq_ignore_ascii_case("to") => return true,
            word if depth == 0 && word.eq_ignore_ascii_case("from") => return false,
            _ => {}
        }
    }
    false
}

impl Lowering<'_> {
    /// Policies on tables whose row security is off: from the promote on they hold nobody back.
    pub(super) fn policies_without_effect(&self) -> Vec<FoundHazard> {
        let items = || self.resolved.items.iter().filter(|item| !item.broken);
        let guarded: BTreeSet<&str> = items()
            .filter(|item| item.role == Role::RowSecurity && turns_on(item))
            .filter_map(|item| item.table.as_deref())
            .collect();
        let policies = items().filter(|item| item.key.kind == ComponentKind::Policy);
        policies
            .filter_map(|item| {
                let table = item.table.as_deref().filter(|table| !guarded.contains(table))?;
                let message = format!(
                    "whoever is granted anything on {table}: every row of it, because policy \
                     {} has no effect while row security is off",
                    item.key.name
                );
                let subjects = vec![item.key.name.clone(), table.to_owned()];
                Some(found(message, subjects, item.place))
            })
            .collect()
    }
}

fn turns_on(item: &Item) -> bool {
    let Class::AlterTable { actions, .. } = &item.statement.class else { return false };
    actions.iter().any(|action| {
        matches!(action, AlterAction::RowSecurity { change } if change.eq_ignore_ascii_case("enable"))
    })
}

fn found(message: String, subjects: Vec<String>, place: Span) -> FoundHazard {
    let message = format!("exposed to {message}");
    FoundHazard {
        hazard: Hazard { code: code::EXPOSES_DATA.id.to_owned(), message, waived_by: None },
        code: &code::EXPOSES_DATA,
        subjects,
        place,
    }
}
