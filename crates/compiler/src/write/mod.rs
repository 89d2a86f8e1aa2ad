//! Components in YAML as SQL statements: from here on, YAML and SQL files are the same thing.
//!
//! Names are quoted as the person wrote them; pieces of SQL are taken over byte for byte.

mod comment;
mod constraint;
mod grant;
mod index;
mod table;

use diagnostics::{SourceText, Span};
use plan::model::{Body, Component, EngineKind};
use sql::Dialect;

pub(crate) use constraint::clause as constraint_clause;

use crate::sqltext::SqlText;

/// What the writer must know about the rest of the plan.
pub(crate) trait Known {
    /// Whether the table (as the engine stores its name) has exactly this column.
    fn has_column(&self, table: &str, column: &str) -> bool;
    fn dialect(&self) -> Dialect;
    /// The schema that the plan owns in the target.
    fn schema(&self) -> &str;
}

/// A statement with the place that findings about the component as such point to.
pub(crate) struct Written {
    pub(crate) sql: SourceText,
    pub(crate) name: Span,
}

/// The statements of one component, in the order in which they must run.
pub(crate) fn statements(component: &Component, known: &dyn Known) -> Vec<Written> {
    let mut sql = SqlText::new(component.span, known.dialect());
    let name = &component.name;
    match &component.body {
        Body::Table(table) => return table::write(component, table, known),
        Body::Index(index) => index::write(&mut sql, component, index, known),
        Body::Constraint(rule) => constraint::write(&mut sql, component, rule, known),
        Body::Grant(grant) => grant::write(&mut sql, grant, known),
        Body::Comment(comment) => comment::write(&mut sql, comment, known),
        Body::Enum(labels) => {
            sql.word("CREATE TYPE ").name(name).word(" AS ENUM (");
            for (at, label) in labels.iter().enumerate() {
                sql.word(if at > 0 { ", " } else { "" });
                sql.at(label.span, &sql::quote_literal(&label.value));
            }
            sql.word(")");
        }
        Body::View(view) => {
            sql.word(if view.materialized { "CREATE MATERIALIZED VIEW " } else { "CREATE VIEW " });
            sql.name(name).word(" AS\n").piece(&view.query);
        }
        Body::Extension => {
            sql.word("CREATE EXTENSION ").name(name);
        }
        Body::Sequence { options } => {
            sql.word("CREATE SEQUENCE ").name(name);
            if let Some(options) = options {
                sql.word(" ").piece(options);
            }
        }
        Body::Sql(text) => return vec![Written { sql: text.clone(), name: name.span }],
    }
    vec![Written { sql: sql.done(), name: name.span }]
}

/// The engine's own word for what the plan's YAML calls it.
pub(crate) fn dialect_of(engine: EngineKind) -> Dialect {
    match engine {
        EngineKind::Postgres => Dialect::Postgres,
        EngineKind::Sqlite => Dialect::Sqlite,
    }
}
