//! Roles that a statement names.

use crate::classify::role_of;
use crate::cursor::Cursor;
use crate::{AlterAction, Class, Statement};

/// Roles named by `GRANT`, `REVOKE`, `OWNER TO`, `CREATE POLICY … TO`, `ALTER DEFAULT PRIVILEGES`,
/// `AUTHORIZATION`, sorted; without `PUBLIC`, `CURRENT_USER` and the like.
pub fn roles(statement: &Statement) -> Vec<String> {
    let mut roles = match &statement.class {
        Class::Grant { roles, .. } => roles.clone(),
        Class::GrantRole { granted, roles, .. } => [granted.as_slice(), roles].concat(),
        Class::AlterDefaultPrivileges { for_roles, roles, .. } => {
            [for_roles.as_slice(), roles].concat()
        }
        Class::OwnerTo { role, .. } => vec![role.clone()],
        Class::AlterTable { actions, .. }
        | Class::AlterIndex { actions, .. }
        | Class::AlterSequence { actions, .. } => owners(actions),
        Class::CreatePolicy { .. } => policy_roles(statement.cursor()),
        Class::CreateSchema { .. } => after(statement.cursor(), "authorization"),
        Class::CreateOther { word, .. } if word == "user mapping" => {
            after(statement.cursor(), "for")
        }
        Class::AlterOther { object, .. } if object.word == "policy" => {
            policy_roles(statement.cursor())
        }
        _ => Vec::new(),
    };
    let keywords = ["PUBLIC", "CURRENT_USER", "CURRENT_ROLE", "SESSION_USER"];
    roles.retain(|role| !keywords.contains(&role.as_str()));
    roles.sort();
    roles.dedup();
    roles
}

fn owners(actions: &[AlterAction]) -> Vec<String> {
    let owner = |action: &AlterAction| match action {
        AlterAction::OwnerTo { role } => Some(role.clone()),
        _ => None,
    };
    actions.iter().filter_map(owner).collect()
}

/// `CREATE POLICY p ON t … TO a, b USING (…)`
fn policy_roles(mut cursor: Cursor<'_>) -> Vec<String> {
    cursor.find_any(&["to"]);
    crate::classify::roles_after(&mut cursor)
}

fn after(mut cursor: Cursor<'_>, word: &str) -> Vec<String> {
    cursor.find_any(&[word]);
    if cursor.eat(word) { role_of(&mut cursor).into_iter().collect() } else { Vec::new() }
}
