//! `constraints:` as `ALTER TABLE … ADD CONSTRAINT`.

use plan::model::{Component, Constraint, ConstraintRule};

use super::Known;
use crate::sqltext::SqlText;

pub(super) fn write(sql: &mut SqlText, component: &Component, rule: &Constraint, _: &dyn Known) {
    sql.word("ALTER TABLE ").name(&rule.table).word(" ADD ");
    clause(sql, component, rule);
}

/// `CONSTRAINT name …`, as it stands in `CREATE TABLE` too.
pub(crate) fn clause(sql: &mut SqlText, component: &Component, constraint: &Constraint) {
    sql.word("CONSTRAINT ").name(&component.name).word(" ");
    match &constraint.rule {
        ConstraintRule::Unique(columns) => {
            sql.word("UNIQUE ").names(columns);
        }
        ConstraintRule::Check(condition) => {
            sql.word("CHECK (").piece(condition).word(")");
        }
        ConstraintRule::ForeignKey {
            columns,
            table,
            referenced,
            on_delete,
            on_update,
            deferrable,
        } => {
            sql.word("FOREIGN KEY ").names(columns).word(" REFERENCES ").name(table);
            if !referenced.is_empty() {
                sql.word(" ").names(referenced);
            }
            for (word, action) in [(" ON DELETE ", on_delete), (" ON UPDATE ", on_update)] {
                if let Some(action) = action {
                    sql.word(word).at(action.span, &action.value.to_uppercase());
                }
            }
            sql.word(if *deferrable { " DEFERRABLE" } else { "" });
        }
        ConstraintRule::Definition(text) => {
            sql.piece(text);
        }
    }
}
