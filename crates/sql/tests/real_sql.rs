//! Real DDL is split, classified and named without exception.

#![allow(clippy::print_stdout)] // The tests say how much they read, or that they read nothing.

mod shared;

use shared::{dialect_of, sql_files};
use sql::create_table::{self, Form, TableDefinition};
use sql::{Class, Dialect, Statement, TokenKind, split};

#[test]
fn all_real_statements_are_split_classified_and_named() {
    let (mut total, mut unknown) = (0, Vec::new());
    for file in sql_files("data") {
        let (statements, findings) = split(&file.text, dialect_of(&file.path));
        assert!(findings.is_empty(), "{}: {findings:?}", file.path.display());
        for statement in statements {
            total += 1;
            if !is_named(&statement.class) || !has_place(&statement, &file.text.text) {
                let start: String = statement.text.text.chars().take(80).collect();
                unknown.push(format!("{}: {:?} {start}", file.path.display(), statement.class));
            }
        }
    }
    let known = total - unknown.len();
    println!("{known} of {total} statements are classified and named at their places");
    assert!(unknown.is_empty(), "{} unknown:\n{}", unknown.len(), unknown.join("\n"));
}

/// The span of the name is that of the name, in the file.
fn has_place(statement: &Statement, file: &str) -> bool {
    let Some(name) = statement.class.name() else { return true };
    let written = &file[statement.name_span().range()];
    let spelled = written.replace("\"\"", "\"").to_lowercase();
    spelled.contains(&name.name.to_lowercase()) && written.len() < statement.text.text.len()
}

fn is_named(class: &Class) -> bool {
    match class {
        Class::Other { words } => {
            ["do", "analyze", "refresh materialized view"].contains(&words.as_str())
        }
        Class::Copy { table } => table.is_some(),
        Class::Select
        | Class::SetSetting { .. }
        | Class::Transaction { .. }
        | Class::PsqlMeta { .. }
        | Class::GrantRole { .. }
        | Class::AlterDefaultPrivileges { .. } => true,
        class => class.name().is_some_and(|name| !name.name.is_empty()),
    }
}

/// The cases of other projects hold every kind of statement, some with mistakes on purpose. What has
/// no class there are commands that define nothing.
#[test]
fn statements_of_the_case_corpora_have_a_class() {
    let known = [
        "cluster",
        "do",
        "lock",
        "merge",
        "reindex",
        "truncate",
        "vacuum",
        "analyze",
        "execute",
        "load",
        "notify",
        "refresh",
        "checkpoint",
        "explain",
        "show",
        "with",
        "table",
        "values",
        "",
    ];
    let mut total = 0;
    for file in sql_files("cases") {
        for statement in split(&file.text, dialect_of(&file.path)).0 {
            total += 1;
            if let Class::Other { words } = &statement.class {
                let first = words.split(' ').next().unwrap_or("");
                let text = &statement.text.text;
                assert!(known.contains(&first), "{}: {text}", file.path.display());
            }
        }
    }
    println!("{total} statements of the case corpora have a class");
}

/// `sqlparser`, given a whole file, sees the same semicolons; COPY data and lines for psql, which
/// it cannot read, are blanked before.
#[test]
fn sqlparser_sees_the_same_statements() {
    for file in sql_files("data") {
        let (statements, _) = split(&file.text, Dialect::Postgres);
        let mut text = file.text.text.clone().into_bytes();
        let mut expected = 0;
        for statement in &statements {
            let meta = matches!(statement.class, Class::PsqlMeta { .. });
            expected += usize::from(!meta);
            if meta {
                text[statement.text.span.range()].fill(b' ');
            } else if let Some(data) = statement.data.clone() {
                text[statement.text.span_of(data).range()].fill(b' ');
            }
        }
        let text = String::from_utf8(text).unwrap();
        let tokens = sql::tokenize(&text, Dialect::Postgres);
        let ends = tokens.iter().filter(|token| token.kind == TokenKind::Semicolon).count();
        assert_eq!(ends, expected, "{}", file.path.display());
    }
}

/// `pg_dump` says what comes next in a comment: so many objects, so many statements define them.
#[test]
fn dumps_have_a_statement_for_each_entry() {
    for file in sql_files("data") {
        let text = &file.text.text;
        let entries = text.lines().filter(|line| line.starts_with("-- Name: ")).count();
        let begins = |statement: &&Statement| {
            let comments = statement.comments.as_ref().map_or("", |comments| &comments.text);
            comments.contains("-- Name: ")
        };
        let statements = split(&file.text, Dialect::Postgres).0;
        assert_eq!(statements.iter().filter(begins).count(), entries, "{}", file.path.display());
    }
}

/// Every CREATE TABLE is taken apart: each column has a name, a type, and no unknown piece.
#[test]
fn every_table_is_taken_apart() {
    let (mut tables, mut columns) = (0, 0);
    for file in sql_files("data").into_iter().chain(sql_files("cases")) {
        let dialect = dialect_of(&file.path);
        for statement in split(&file.text, dialect).0 {
            let Some(table) = create_table::parse(&statement) else { continue };
            let text = &statement.text.text;
            assert!(table.body.is_some() || table.form != Form::Columns, "{text}");
            tables += 1;
            columns += table.columns.len();
            for column in &table.columns {
                let of_type = matches!(table.form, Form::Columns) && dialect == Dialect::Postgres;
                assert!(column.data_type.is_some() || !of_type, "{text}");
            }
            check_lift(&statement, &table);
        }
    }
    println!("{columns} columns of {tables} tables");
}

/// What is left after lifting has no key any more, the same columns, and each constraint once.
fn check_lift(statement: &Statement, table: &TableDefinition) {
    let lifted = create_table::lift(statement, table);
    let text = &lifted.table.text;
    let again = split(&lifted.table, statement.dialect).0;
    assert_eq!(again.len(), 1, "{text}");
    let rest = create_table::parse(&again[0]).expect("still a CREATE TABLE");
    let names = |table: &TableDefinition| {
        table.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&rest), names(table), "{text}");
    let pieces = |table: &TableDefinition| {
        let own = table.columns.iter().map(|column| column.pieces.len()).sum::<usize>();
        own + table.constraints.len()
    };
    assert_eq!(pieces(&rest) + lifted.constraints.len(), pieces(table), "{text}");
    assert!(create_table::lift(&again[0], &rest).constraints.is_empty(), "{text}");
}
