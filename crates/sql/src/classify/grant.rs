//! GRANT and REVOKE, also inside ALTER DEFAULT PRIVILEGES.

use super::object;
use crate::cursor::Cursor;
use crate::{Class, Object, Privilege, TokenKind};

pub(super) fn grant(cursor: &mut Cursor<'_>, revoke: bool) -> Option<Class> {
    cursor.at += 1;
    let mut grant_option = revoke && cursor.eat("grant option for");
    cursor.eat_any(&["admin option for", "inherit option for", "set option for"]);
    let privileges = privileges(cursor);
    if !cursor.eat("on") {
        let granted = privileges.into_iter().map(|p| p.name).collect();
        let roles = roles(cursor, revoke);
        return Some(Class::GrantRole { revoke, granted, roles });
    }
    let objects = objects(cursor)?;
    let roles = roles(cursor, revoke);
    grant_option |= !revoke && cursor.eat("with grant option");
    Some(Class::Grant { revoke, grant_option, privileges, objects, roles })
}

/// Up to `ON`, `TO` or `FROM`. Roles of a membership are read as privileges first, so a name that
/// is quoted keeps its case.
fn privileges(cursor: &mut Cursor<'_>) -> Vec<Privilege> {
    let start = *cursor;
    cursor.find_any(&["on", "to", "from"]);
    let parts = start.sub(start.at..cursor.at).comma_parts();
    parts.into_iter().filter_map(privilege).collect()
}

fn privilege(mut part: Cursor<'_>) -> Option<Privilege> {
    let mut name = part.ident()?;
    // `ALTER SYSTEM`, `ALL PRIVILEGES`; the latter is just `ALL`.
    while part.kind() == Some(TokenKind::Word) {
        if !part.eat("privileges") {
            name = format!("{name} {}", part.ident()?);
        }
    }
    let columns = part.parens().map_or_else(Vec::new, |inner| {
        inner.comma_parts().into_iter().filter_map(|mut column| column.ident()).collect()
    });
    Some(Privilege { name, columns })
}

fn objects(cursor: &mut Cursor<'_>) -> Option<Vec<Object>> {
    if cursor.eat("all") {
        return all_in_schema(cursor);
    }
    let word = object::object_word(cursor).unwrap_or("table");
    let mut objects = Vec::new();
    loop {
        // A procedure or function may be given without its arguments where the name is unique.
        objects.push(object::named(cursor, word)?);
        if !cursor.eat_kind(TokenKind::Comma) {
            return Some(objects);
        }
    }
}

/// `ALL TABLES IN SCHEMA a, b`
fn all_in_schema(cursor: &mut Cursor<'_>) -> Option<Vec<Object>> {
    let kind = cursor.ident()?;
    cursor.eat("in schema");
    let word = format!("all {kind} in schema");
    let names = names(cursor);
    let object =
        |name| Object { word: word.clone(), name: crate::Name::new(name), ..Object::default() };
    Some(names.into_iter().map(object).collect())
}

/// Names between commas.
pub(super) fn names(cursor: &mut Cursor<'_>) -> Vec<String> {
    let mut names: Vec<_> = cursor.ident().into_iter().collect();
    while !names.is_empty() && cursor.eat_kind(TokenKind::Comma) {
        names.extend(cursor.ident());
    }
    names
}

/// The roles after `TO` or `FROM`.
pub(crate) fn roles(cursor: &mut Cursor<'_>, revoke: bool) -> Vec<String> {
    if !cursor.eat(if revoke { "from" } else { "to" }) {
        return Vec::new();
    }
    let mut roles = Vec::new();
    loop {
        cursor.eat("group");
        roles.extend(role(cursor));
        if !cursor.eat_kind(TokenKind::Comma) {
            return roles;
        }
    }
}

/// One role; the key words `PUBLIC`, `CURRENT_USER`, … are kept apart from names by upper case.
pub(crate) fn role(cursor: &mut Cursor<'_>) -> Option<String> {
    let keywords = ["public", "current_user", "current_role", "session_user"];
    match cursor.eat_any(&keywords) {
        Some(keyword) => Some(keyword.to_ascii_uppercase()),
        None => cursor.ident(),
    }
}

/// After `ALTER DEFAULT PRIVILEGES`.
pub(super) fn default_privileges(cursor: &mut Cursor<'_>) -> Option<Class> {
    let for_roles = if cursor.eat_any(&["for role", "for user"]).is_some() {
        names(cursor)
    } else {
        Vec::new()
    };
    let schemas = if cursor.eat("in schema") { names(cursor) } else { Vec::new() };
    let revoke = cursor.eat_any(&["revoke", "grant"])? == "revoke";
    let mut grant_option = revoke && cursor.eat("grant option for");
    let privileges = privileges(cursor);
    cursor.eat("on");
    let word = cursor.ident()?.to_ascii_lowercase();
    cursor.eat("objects");
    let roles = roles(cursor, revoke);
    grant_option |= !revoke && cursor.eat("with grant option");
    Some(Class::AlterDefaultPrivileges {
        for_roles,
        schemas,
        revoke,
        grant_option,
        privileges,
        word,
        roles,
    })
}
