//! Real applications' schemas through preflight, staging and promote: into nothing, and over
//! themselves.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use common::plan::{plan, promote, target};
use diagnostics::{SourceId, SourceText, Span};
use ir::Existing;
use sql::{Class, Dialect};

/// `CUTOVER_SHARED`, or `../shared` beside the repository.
fn data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("CUTOVER_SHARED").map_or(beside, PathBuf::from).join("data");
    if !folder.is_dir() {
        eprintln!("skipped: no shared data at {}", folder.display());
        return None;
    }
    Some(folder)
}

/// What a plan would take from the dump: definitions without the schema's name, without settings and
/// owners.
struct Dump {
    statements: Vec<String>,
    extensions: BTreeSet<String>,
    roles: BTreeSet<String>,
}

fn read(file: &Path) -> Dump {
    let text = std::fs::read_to_string(file).unwrap();
    let span = Span::new(SourceId(0), 0..text.len());
    let (parsed, findings) = sql::split(&SourceText::verbatim(text, span), Dialect::Postgres);
    assert!(findings.is_empty());
    let mut dump =
        Dump { statements: Vec::new(), extensions: BTreeSet::new(), roles: BTreeSet::new() };
    for statement in parsed {
        let owner = |action: &sql::AlterAction| matches!(action, sql::AlterAction::OwnerTo { .. });
        match &statement.class {
            Class::SetSetting { .. }
            | Class::Select
            | Class::PsqlMeta { .. }
            | Class::OwnerTo { .. }
            | Class::CreateSchema { .. }
            | Class::Insert { .. }
            | Class::Copy { .. }
            | Class::SetSequence { .. } => continue,
            Class::AlterTable { actions, .. } | Class::AlterIndex { actions, .. }
                if actions.iter().any(owner) =>
            {
                continue;
            }
            Class::AlterSequence { .. } if statement.text.text.contains("OWNER TO") => continue,
            Class::CreateExtension { name } => {
                dump.extensions.insert(name.name.clone());
            }
            _ => {}
        }
        dump.roles.extend(sql::roles(&statement));
        let sql = sql::without_schema(&statement, "public").text.text;
        // pg_dump's bodies name their schema where they need to; here it has another name.
        let about_schema = sql.contains("ON SCHEMA public") || sql.contains("IN SCHEMA public");
        if !about_schema {
            dump.statements.push(sql);
        }
    }
    dump
}

fn through(name: &str, file: &str) {
    let (Some(cluster), Some(data)) = (common::cluster(), data()) else { return };
    let dump = read(&data.join(file));
    let (url, mut client) = common::database(&cluster, name);
    for role in dump.roles.iter().filter(|role| role.as_str() != "postgres") {
        client.batch_execute(&format!("create role \"{role}\"")).unwrap();
    }
    let statements: Vec<&str> = dump.statements.iter().map(String::as_str).collect();
    let mut plan = plan(&url, &statements);
    target(&mut plan).extensions = dump.extensions.into_iter().collect();
    let tables = "select count(*)::text from pg_tables where schemaname = 'shop'";
    promote(&plan, "20260101-000000-aaaaaa").unwrap();
    let first = common::one(&mut client, tables);
    assert_ne!(first, "0");
    target(&mut plan).existing = Existing::Replace;
    let done = promote(&plan, "20260102-000000-bbbbbb").unwrap();
    assert_eq!(common::one(&mut client, tables), first);
    eprintln!("{name}: {first} tables, locks held for {} ms", done.locked_ms);
}

macro_rules! real {
    ($($name:ident $file:literal)*) => {
        $(#[test] fn $name() { through(stringify!($name), $file); })*
    };
}

real! {
    airflow "dual/airflow/postgres.schema.sql"
    authelia "dual/authelia/postgres.schema.sql"
    chirpstack "dual/chirpstack/postgres.schema.sql"
    memos "dual/memos/postgres.schema.sql"
    optuna "dual/optuna/postgres.schema.sql"
    cratesio "postgres/cratesio/schema.sql"
    danbooru "postgres/danbooru.structure.sql"
    hexpm "postgres/hexpm.structure.sql"
    netbox "postgres/netbox.schema.sql"
    pagila "postgres/pagila/pagila-schema.sql"
}
