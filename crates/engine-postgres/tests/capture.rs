//! A captured schema loads into an empty database and gives the same database. The oracle is
//! `pg_dump`, not our own introspection; that must agree too.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod common;
#[path = "common/schemas.rs"]
mod schemas;

use std::path::PathBuf;
use std::process::Command;

use catalog::{DiffOptions, Home, Normaliser as _, Scope as Facts, Script, ScriptStatement, diff};
use common::session;
use diagnostics::{SourceId, SourceText, Span};
use engine_postgres::capture::{Captured, Options, capture};
use engine_postgres::introspect::{Scope, introspect};
use engine_postgres::scratch::PostgresNormaliser;
use engine_postgres::server::Cluster;
use schemas::{EVERY_KIND, create_roles, psql, real_schemas, shared};

fn captured(url: &str) -> Captured {
    capture(&mut session(url), &Options::default()).unwrap()
}

fn pg_dump(cluster: &Cluster, url: &str) -> Vec<String> {
    let mut command = Command::new(cluster.binaries().program("pg_dump"));
    let output = command.args(["--schema-only", "--no-owner", "-d", url]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    // The values of a user mapping are secrets, which a capture does not have.
    let kept = statements(&text).into_iter().map(|statement| statement.sql);
    let mut found: Vec<String> =
        kept.filter(|sql| !sql.starts_with("CREATE USER MAPPING")).collect();
    found.sort();
    found
}

fn statements(text: &str) -> Vec<ScriptStatement> {
    let span = Span::new(SourceId(0), 0..text.len());
    let (statements, findings) =
        sql::split(&SourceText::verbatim(text, span), sql::Dialect::Postgres);
    assert!(findings.is_empty(), "{findings:?}");
    let wanted = statements
        .into_iter()
        .filter(|s| s.data.is_none() && !matches!(s.class, sql::Class::PsqlMeta { .. }));
    wanted.map(|s| ScriptStatement { roles: sql::roles(&s), sql: s.text.text }).collect()
}

/// Databases that a test makes go with its cluster; names are counted.
fn database(cluster: &Cluster, name: &str) -> String {
    cluster.create_database(name).unwrap()
}

/// Loads, captures, loads the capture, and compares in every way. Returns what does not hold.
fn round_trip(cluster: &Cluster, name: &str, schema: &str) -> Result<Captured, String> {
    let (first, second) = (format!("{name}_a"), format!("{name}_b"));
    let (a, b) = (database(cluster, &first), database(cluster, &second));
    psql(cluster, &a, schema).map_err(|why| format!("the schema does not load: {why}"))?;
    let found = captured(&a);
    if captured(&a) != found {
        return Err("two captures differ".to_owned());
    }
    keep(name, &found.text);
    psql(cluster, &b, &found.text).map_err(|why| format!("the capture does not load: {why}"))?;
    let (expected, actual) = (database_catalog(&a), database_catalog(&b));
    let differences = diff(&expected, &actual, &DiffOptions::default());
    if !differences.is_empty() {
        return Err(lines("the catalogs differ", differences.iter().map(ToString::to_string)));
    }
    let (left, right) = (pg_dump(cluster, &a), pg_dump(cluster, &b));
    if left != right {
        let gone = left.iter().filter(|s| !right.contains(s)).map(|s| format!("- {s}"));
        let new = right.iter().filter(|s| !left.contains(s)).map(|s| format!("+ {s}"));
        return Err(lines("pg_dump differs", gone.chain(new)));
    }
    if captured(&b).text != found.text {
        return Err("the capture of the capture differs".to_owned());
    }
    cluster.drop_database(&first).unwrap();
    cluster.drop_database(&second).unwrap();
    Ok(found)
}

fn database_catalog(url: &str) -> catalog::Catalog {
    introspect(&mut session(url), &Scope::Database).unwrap()
}

fn lines(head: &str, lines: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = lines.take(20).collect();
    format!("{head}:\n{}", all.join("\n"))
}

/// `CUTOVER_KEEP=folder` keeps what was captured, to look at.
fn keep(name: &str, text: &str) {
    if let Some(folder) = std::env::var_os("CUTOVER_KEEP") {
        std::fs::write(PathBuf::from(folder).join(format!("{name}.sql")), text).unwrap();
    }
}

/// The fingerprint of a baseline that holds the file.
fn fingerprint_of(text: &str) -> String {
    let script = Script { home: Home::Database, statements: statements(text) };
    let read = PostgresNormaliser::with_binaries(None).normalise(&script).unwrap();
    assert_eq!(read.errors, []);
    catalog::fingerprint(&read.catalog, Facts::default())
}

#[test]
fn every_kind_of_object_comes_back() {
    let Some(cluster) = common::cluster() else { return };
    let found =
        round_trip(&cluster, "every_kind", EVERY_KIND).unwrap_or_else(|why| panic!("{why}"));
    let notes =
        ["user mapping PUBLIC on elsewhere: the values of its options are secrets and are \
                  not captured"];
    assert_eq!(found.notes, notes);
    assert_eq!(fingerprint_of(&found.text), found.fingerprint);
    assert!(!found.text.contains("canary"), "a secret is in the capture");
    insta::assert_snapshot!(found.text);
}

#[test]
fn a_list_of_values_reads_the_same_before_and_after() {
    let Some(cluster) = common::cluster() else { return };
    let (a, b) = (database(&cluster, "lists_a"), database(&cluster, "lists_b"));
    let schema = "create table t (a varchar(3) check (a in ('x', 'y')), b text);
        create index on t (b) where a in ('x', 'z');
        create view v as select * from t where a not in ('x', 'y');";
    psql(&cluster, &a, schema).unwrap();
    psql(&cluster, &b, &captured(&a).text).unwrap();
    // The server keeps two forms of one expression, as its own dump shows.
    assert_ne!(pg_dump(&cluster, &a), pg_dump(&cluster, &b));
    assert_eq!(captured(&a).text, captured(&b).text);
    assert_eq!(diff(&database_catalog(&a), &database_catalog(&b), &DiffOptions::default()), []);
}

#[test]
fn one_schema_is_captured_alone() {
    let Some(cluster) = common::cluster() else { return };
    let (a, b) = (database(&cluster, "one_a"), database(&cluster, "one_b"));
    psql(&cluster, &a, EVERY_KIND).unwrap();
    let options = Options { schema: Some("Odd Schema".to_owned()), owners: true };
    let found = capture(&mut session(&a), &options).unwrap();
    assert!(found.text.contains("scope: schema \"Odd Schema\""), "{}", found.text);
    assert!(!found.text.contains("create table public."), "{}", found.text);
    psql(&cluster, &b, &found.text).unwrap();
    let read =
        |url: &str| introspect(&mut session(url), &Scope::Schema("Odd Schema".to_owned())).unwrap();
    assert_eq!(diff(&read(&a), &read(&b), &DiffOptions::default()), []);
    let facts = Facts { owners: true, ..Facts::default() };
    assert_eq!(catalog::fingerprint(&read(&b), facts), found.fingerprint);
    let missing = Options { schema: Some("no such".to_owned()), owners: false };
    let error = capture(&mut session(&a), &missing).unwrap_err();
    assert_eq!(
        (error.code.id, error.to_string().as_str()),
        ("CAT307", "the database has no schema `no such`")
    );
}

#[test]
fn real_schemas_come_back() {
    let (Some(cluster), Some(data)) = (common::cluster(), shared()) else { return };
    create_roles(&cluster);
    let (mut failures, mut passed) = (Vec::new(), 0);
    for (name, text) in real_schemas(&data) {
        match round_trip(&cluster, &name, &text) {
            Err(why) => failures.push(format!("{name}: {why}")),
            Ok(found) => {
                passed += 1;
                eprintln!("{name}: {} objects, {} bytes", found.objects, found.text.len());
                let read = fingerprint_of(&found.text);
                if read != found.fingerprint {
                    failures.push(format!("{name}: another fingerprint as a baseline"));
                }
            }
        }
    }
    eprintln!("{passed} of {} schemas come back", passed + failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
