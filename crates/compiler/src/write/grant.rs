//! `grants:` as `GRANT`.

use diagnostics::Spanned;
use plan::model::{Grant, GrantObject};

use super::Known;
use crate::sqltext::SqlText;

pub(super) fn write(sql: &mut SqlText, grant: &Grant, known: &dyn Known) {
    sql.word("GRANT ");
    for (at, privilege) in grant.privileges.iter().enumerate() {
        sql.word(if at > 0 { ", " } else { "" }).at(privilege.span, &privilege.value);
    }
    sql.word(" ON ");
    write_object(sql, &grant.on, known);
    sql.word(" TO ");
    for (at, role) in grant.to.iter().enumerate() {
        sql.word(if at > 0 { ", " } else { "" });
        write_role(sql, role);
    }
    if grant.with_grant_option {
        sql.word(" WITH GRANT OPTION");
    }
}

fn write_object(sql: &mut SqlText, object: &GrantObject, known: &dyn Known) {
    let (word, names) = match object {
        GrantObject::Tables(names) => ("TABLE ", names),
        GrantObject::Sequences(names) => ("SEQUENCE ", names),
        GrantObject::Types(names) => ("TYPE ", names),
        GrantObject::Functions(names) => ("FUNCTION ", names),
        GrantObject::Schema(span) => {
            let schema = Spanned::new(known.schema().to_owned(), *span);
            sql.word("SCHEMA ").name(&schema);
            return;
        }
    };
    sql.word(word);
    for (at, name) in names.iter().enumerate() {
        sql.word(if at > 0 { ", " } else { "" });
        // A function's name comes with its argument types, so it is SQL already.
        if matches!(object, GrantObject::Functions(_)) {
            sql.at(name.span, &name.value);
        } else {
            sql.name(name);
        }
    }
}

/// `public` is everybody, not a role of that name.
fn write_role(sql: &mut SqlText, role: &Spanned<String>) {
    if role.value.eq_ignore_ascii_case("public") {
        sql.at(role.span, "PUBLIC");
    } else {
        sql.name(role);
    }
}
