//! What a set of schemas holds: equal in the database, the dump, and the restored copy.

use std::collections::BTreeMap;
use std::io::BufRead as _;

use catalog::Scope as Facts;
use diagnostics::code::BACKUP_FAILED;
use runtime::{EngineError, RowDigest};
use sha2::{Digest as _, Sha256};

use crate::connect::Session;
use crate::introspect::{Scope, introspect};
use crate::{quote, sqlstate};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contents {
    /// Everything but owners.
    pub(super) fingerprint: String,
    /// Without grants: for who may not restore them.
    pub(super) structure: String,
    /// `schema.table` to its rows.
    pub(super) tables: BTreeMap<String, RowDigest>,
}

/// Reads every row of every table of the schemas. Whether others see it at one moment is up to the
/// transaction of the session.
pub(super) fn read(session: &mut Session, schemas: &[String]) -> Result<Contents, EngineError> {
    let (mut full, mut structure) = (Sha256::new(), Sha256::new());
    for schema in schemas {
        let catalog = introspect(session, &Scope::Schema(schema.clone()))?;
        let without_grants = Facts { grants: false, ..Facts::default() };
        for (hash, facts) in [(&mut full, Facts::default()), (&mut structure, without_grants)] {
            hash.update(format!("{schema}\0{}\n", catalog::fingerprint(&catalog, facts)));
        }
    }
    let hex = |hash: Sha256| hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Contents {
        fingerprint: hex(full),
        structure: hex(structure),
        tables: tables(session, schemas)?,
    })
}

/// Tables with rows of their own: no parents of partitions, no foreign tables, none of extensions.
const TABLES: &str = "select n.nspname::text, c.relname::text from pg_class c \
    join pg_namespace n on n.oid = c.relnamespace \
    where n.nspname = any ($1) and c.relkind = 'r' and not exists (select from pg_depend d \
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e') \
    order by 1, 2";

fn tables(
    session: &mut Session,
    schemas: &[String],
) -> Result<BTreeMap<String, RowDigest>, EngineError> {
    let rows = session.rows(&BACKUP_FAILED, TABLES, &[&schemas])?;
    let names: Vec<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let mut digests = BTreeMap::new();
    for (schema, table) in names {
        let digest = digest(session, &schema, &table)?;
        digests.insert(format!("{schema}.{table}"), digest);
    }
    Ok(digests)
}

/// The text form of COPY has one line per row and is the same on every server, because the settings
/// that it depends on are pinned in every session of ours.
fn digest(session: &mut Session, schema: &str, table: &str) -> Result<RowDigest, EngineError> {
    let shown = format!("table {schema}.{table}");
    let sql = format!("copy (select * from only {}.{}) to stdout", quote(schema), quote(table));
    let mut reader = session
        .client
        .copy_out(&sql)
        .map_err(|error| sqlstate::error(&BACKUP_FAILED, &error).object(&shown))?;
    let (mut digest, mut line) = (RowDigest::default(), Vec::new());
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line).map_err(|error| {
            EngineError::new(&BACKUP_FAILED, format!("reading it failed: {error}")).object(&shown)
        })?;
        if read == 0 {
            return Ok(digest);
        }
        digest.add(&line);
    }
}

const SEQUENCES: &str = "select n.nspname::text, c.relname::text from pg_class c \
    join pg_namespace n on n.oid = c.relnamespace \
    where n.nspname = any ($1) and c.relkind = 'S' order by 1, 2";

/// Where each sequence stands. They take no part in transactions.
pub(super) fn sequences(
    session: &mut Session,
    schemas: &[String],
) -> Result<BTreeMap<String, i64>, EngineError> {
    let rows = session.rows(&BACKUP_FAILED, SEQUENCES, &[&schemas])?;
    let names: Vec<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let mut found = BTreeMap::new();
    for (schema, name) in names {
        let sql = format!("select last_value from {}.{}", quote(&schema), quote(&name));
        found.insert(format!("{schema}.{name}"), session.value(&BACKUP_FAILED, &sql, &[])?);
    }
    Ok(found)
}
