//! A catalog from SQL text by syntax alone: the fallback where no engine can be asked.
//!
//! It knows the statements that schemas are made of, in the form people write and in the form
//! `pg_dump` writes, and gives both the same objects. What it does not understand becomes an
//! [`Kind::Opaque`] object with its text: compared as text, never dropped.

mod alter;
mod builder;
mod constraint;
mod function;
mod grant;
mod index;
mod other;
mod sequence;
mod table;

use diagnostics::{SourceId, SourceText, Span};
use sql::{Class, Dialect, Statement};

use crate::{Catalog, Kind, Normalised, Normaliser, Script, StatementError, Via};
use builder::Builder;

/// A catalog and which of the statements (by index) it has only as text.
#[derive(Clone, Debug, Default)]
pub struct Offline {
    pub catalog: Catalog,
    pub opaque: Vec<usize>,
}

/// Applies the statements in their order. Statements about data and settings are passed over.
pub fn catalog<'a>(
    statements: impl IntoIterator<Item = &'a Statement>,
    dialect: Dialect,
) -> Offline {
    let mut builder = Builder::new(dialect);
    for (index, statement) in statements.into_iter().enumerate() {
        if !apply(&mut builder, statement) {
            builder.opaque(index, statement);
        }
    }
    builder.finish()
}

/// Whether the statement was understood in full.
fn apply(builder: &mut Builder, statement: &Statement) -> bool {
    match &statement.class {
        Class::CreateTable { .. } => table::create(builder, statement),
        Class::CreateVirtualTable { name } => other::virtual_table(builder, statement, name),
        Class::CreateIndex { .. } => index::create(builder, statement),
        Class::AlterTable { name, actions, .. } | Class::AlterIndex { name, actions } => {
            alter::relation(builder, statement, name, actions)
        }
        Class::CreateSequence { name, .. } => sequence::create(builder, statement, name),
        Class::AlterSequence { name, owned_by, actions } => {
            sequence::alter(builder, statement, name, owned_by.as_deref(), actions)
        }
        Class::CreateView { name, materialized, .. } => {
            other::view(builder, statement, name, *materialized)
        }
        Class::CreateFunction { kind, name, arguments, .. } => {
            function::create(builder, statement, *kind, name, arguments)
        }
        Class::CreateTrigger { name, table } => function::trigger(builder, statement, name, table),
        Class::CreateType { name, kind } => other::create_type(builder, statement, name, *kind),
        Class::CreateDomain { name } => other::domain(builder, statement, name),
        Class::CreatePolicy { name, table } => other::policy(builder, statement, name, table),
        Class::CreateRule { name, table } => {
            other::on_table(builder, statement, Kind::Rule, name, table)
        }
        Class::CreateSchema { name } => other::plain(builder, Kind::Schema, name),
        Class::CreateExtension { name } => other::plain(builder, Kind::Extension, name),
        Class::CreateStatistics { name: Some(name) } => other::statistics(builder, statement, name),
        Class::CreateOther { word, name } => other::create_other(builder, statement, word, name),
        Class::Grant { .. } => grant::apply(builder, &statement.class),
        Class::AlterDefaultPrivileges { .. } => grant::defaults(builder, &statement.class),
        Class::Comment { object, text } => other::comment(builder, statement, object, text.clone()),
        Class::OwnerTo { object, role } => builder.set_owner(object, role),
        Class::SetSetting { name } => other::setting(builder, statement, name),
        Class::Drop { objects } => objects.iter().all(|object| builder.drop_object(object)),
        Class::SetSequence { .. }
        | Class::Insert { .. }
        | Class::Update { .. }
        | Class::Delete { .. }
        | Class::Copy { .. }
        | Class::Select
        | Class::Transaction { .. }
        | Class::PsqlMeta { .. }
        | Class::GrantRole { .. } => true,
        Class::AlterOther { .. } | Class::CreateStatistics { name: None } => false,
        Class::Other { words } => {
            // These change no definition.
            ["analyze", "vacuum", "reindex", "truncate", "refresh materialized view", "lock table"]
                .iter()
                .any(|first| words.starts_with(first))
        }
    }
}

/// The offline normaliser; `reason` says why no engine was asked.
#[derive(Clone, Debug)]
pub struct SyntaxNormaliser {
    pub dialect: Dialect,
    pub reason: String,
}

impl Normaliser for SyntaxNormaliser {
    /// A statement that cannot be split is an error of that statement; nothing else is.
    fn normalise(&mut self, script: &Script) -> Result<Normalised, String> {
        let (mut statements, mut errors) = (Vec::new(), Vec::new());
        for (index, entry) in script.statements.iter().enumerate() {
            let span = Span::new(SourceId(0), 0..entry.sql.len());
            let text = SourceText::verbatim(entry.sql.clone(), span);
            let (found, findings) = sql::split(&text, self.dialect);
            statements.extend(found);
            errors.extend(findings.into_iter().map(|finding| StatementError {
                statement: index,
                offset: finding.span().map(|span| span.start as usize),
                message: finding.message,
                sqlstate: None,
            }));
        }
        let catalog = catalog(&statements, self.dialect).catalog;
        Ok(Normalised { catalog, errors, via: Via::Syntax(self.reason.clone()) })
    }

    /// What was read has been split.
    fn normalise_read(&mut self, statements: &[&Statement]) -> Result<Normalised, String> {
        let catalog = catalog(statements.iter().copied(), self.dialect).catalog;
        Ok(Normalised { catalog, errors: Vec::new(), via: Via::Syntax(self.reason.clone()) })
    }
}
