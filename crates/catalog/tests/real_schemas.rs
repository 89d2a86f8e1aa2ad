//! Real schemas, offline: not empty, the same in another layout, different with a statement less.

#![allow(clippy::print_stdout)] // The tests say how much they read, or that they read nothing.

#[path = "../../sql/tests/shared/mod.rs"]
mod shared;

use std::time::Instant;

use catalog::{DiffOptions, diff, offline};
use shared::{dialect_of, sql_files};
use sql::{Class, Dialect, Statement, TokenKind};

/// The statements again, each on one line and its keywords in the other case.
fn in_another_layout(statements: &[Statement]) -> Vec<Statement> {
    let again = statements.iter().flat_map(|statement| {
        let (mut text, mut end) = (String::new(), 0);
        for token in &statement.tokens {
            let written = statement.written(token);
            let swap = token.kind == TokenKind::Word && statement.dialect == Dialect::Postgres;
            // Two tokens may be one operator (`===`).
            let apart = token.range.start > end || token.kind != TokenKind::Operator;
            text.push_str(if apart { "\n " } else { "" });
            text.push_str(&if swap { written.to_uppercase() } else { written.to_owned() });
            end = token.range.end;
        }
        text.push_str(statement.data.as_ref().map_or("", |_| ";\n\\.\n"));
        let span = statement.text.span;
        let source = diagnostics::SourceText::verbatim(text, span);
        sql::split(&source, statement.dialect).0
    });
    again.collect()
}

#[test]
fn every_schema_equals_itself_in_another_layout() {
    for file in sql_files("data") {
        let dialect = dialect_of(&file.path);
        let (statements, _) = sql::split(&file.text, dialect);
        let start = Instant::now();
        let done = offline::catalog(&statements, dialect);
        let took = start.elapsed();
        println!(
            "{}: {} statements, {} objects, {} opaque, {took:?}",
            file.path.display(),
            statements.len(),
            done.catalog.len(),
            done.opaque.len()
        );
        for at in &done.opaque {
            println!("  opaque: {:.120}", statements[*at].text.text.replace('\n', " "));
        }
        let data_only = statements.iter().all(|s| !creates(s));
        assert!(data_only || !done.catalog.is_empty());
        let again = offline::catalog(&in_another_layout(&statements), dialect).catalog;
        let found = diff(&done.catalog, &again, &DiffOptions::default());
        let told: Vec<_> = found.iter().take(5).map(ToString::to_string).collect();
        assert_eq!(told, [""; 0], "{}", file.path.display());
    }
}

fn creates(statement: &Statement) -> bool {
    // Databases belong to the server.
    let text = statement.text.text.to_ascii_lowercase();
    let server = text.starts_with("create database") || text.starts_with("drop database");
    !server
        && !matches!(
            statement.class,
            Class::SetSetting { .. }
                | Class::Select
                | Class::SetSequence { .. }
                | Class::Insert { .. }
                | Class::Update { .. }
                | Class::Copy { .. }
                | Class::Transaction { .. }
                | Class::PsqlMeta { .. }
                | Class::OwnerTo { .. }
                | Class::Other { .. }
        )
}

/// Statements of which leaving one out need not change the catalog: owners are out of the scope.
fn matters(statement: &Statement) -> bool {
    let owner = |actions: &[sql::AlterAction]| {
        actions.iter().all(|action| matches!(action, sql::AlterAction::OwnerTo { .. }))
    };
    let only_owner = match &statement.class {
        Class::AlterTable { actions, .. } => owner(actions),
        Class::AlterSequence { actions, owned_by: None, .. } => owner(actions),
        _ => false,
    };
    creates(statement) && !only_owner
}

#[test]
fn a_statement_less_is_a_difference() {
    let mut tried = 0;
    for file in sql_files("data") {
        let dialect = dialect_of(&file.path);
        let (statements, _) = sql::split(&file.text, dialect);
        let full = offline::catalog(&statements, dialect).catalog;
        let candidates: Vec<_> =
            (0..statements.len()).filter(|at| matters(&statements[*at])).collect();
        // A fixed stride through all statements: about 12 of each file.
        for at in candidates.iter().step_by(candidates.len() / 12 + 1) {
            let mut less = statements.clone();
            let gone = less.remove(*at);
            let found =
                diff(&full, &offline::catalog(&less, dialect).catalog, &DiffOptions::default());
            assert!(!found.is_empty(), "{}: {}", file.path.display(), gone.text.text);
            tried += 1;
        }
    }
    println!("{tried} statements left out in turn, each was noticed");
}
