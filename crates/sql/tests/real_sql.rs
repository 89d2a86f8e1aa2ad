//! Real DDL is split, classified and named without exception.

mod shared;

use std::collections::BTreeMap;

use shared::{dialect_of, sql_files};
use sql::{Class, split};

#[test]
fn all_real_statements_are_split_classified_and_named() {
    let (mut total, mut unknown) = (0, Vec::new());
    for file in sql_files("data") {
        let (statements, findings) = split(&file.text, dialect_of(&file.path));
        assert!(findings.is_empty(), "{}: {findings:?}", file.path.display());
        for statement in statements {
            total += 1;
            if !is_named(&statement.class) {
                let start: String = statement.text.text.chars().take(80).collect();
                unknown.push(format!("{}: {:?} {start}", file.path.display(), statement.class));
            }
        }
    }
    let known = total - unknown.len();
    println!("{known} of {total} statements are classified and named");
    assert!(unknown.is_empty(), "{} unknown:\n{}", unknown.len(), unknown.join("\n"));
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

#[test]
fn cases() {
    let mut words: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for file in sql_files("cases") {
        let (statements, findings) = split(&file.text, dialect_of(&file.path));
        for f in findings {
            println!("{}: {}", file.path.display(), f.message);
        }
        for statement in statements {
            if !is_named(&statement.class) {
                let e = words.entry(format!("{:?}", statement.class)).or_default();
                e.0 += 1;
                e.1 = statement.text.text.chars().take(100).collect();
            }
        }
    }
    println!("{words:#?}");
}
