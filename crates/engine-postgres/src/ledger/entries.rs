//! What stands in the ledger about the run: written once, read by whoever joins.

use std::collections::BTreeMap;

use diagnostics::code::{INTERNAL, STATEMENT_FAILED};
use runtime::EngineError;
use runtime::engine::{Fleet, FleetFile, FleetLoad, Misfit, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::FORMAT;
use crate::connect::Session;
use crate::{quote, record};

const DDL: &str = include_str!("schema.sql");

/// All of it in one transaction: a ledger that is there is complete.
pub(super) fn create(
    session: &mut Session,
    schema: &str,
    run_id: &str,
    fleet: &Fleet,
) -> Result<()> {
    session.run("begin")?;
    let created = fill(session, schema, run_id, fleet).and_then(|()| session.run("commit"));
    created.inspect_err(|_| drop(session.client.batch_execute("rollback")))
}

fn fill(session: &mut Session, schema: &str, run_id: &str, fleet: &Fleet) -> Result<()> {
    let schema = quote(schema);
    session.run(&DDL.replace("$schema", &schema))?;
    session.run(&record::says(&format!("{schema}.run"), FORMAT))?;
    let lease = i32::try_from(fleet.lease_s).unwrap_or(i32::MAX);
    let sql = format!("insert into {schema}.run values ($1, $2, $3)");
    session.rows(&STATEMENT_FAILED, &sql, &[&run_id, &fleet.compiled_digest, &lease])?;
    files(session, &schema, &fleet.files)?;
    fleet.loads.iter().try_for_each(|load| units(session, &schema, load))
}

fn files(session: &mut Session, schema: &str, files: &[FleetFile]) -> Result<()> {
    let mut next = BTreeMap::new();
    let mut positions = Vec::with_capacity(files.len());
    for file in files {
        let position = next.entry(file.source.as_str()).or_insert(0_i32);
        positions.push(*position);
        *position += 1;
    }
    let sources: Vec<&str> = files.iter().map(|file| file.source.as_str()).collect();
    let facts = files.iter().map(text).collect::<Result<Vec<_>>>()?;
    let sql = format!(
        "insert into {schema}.file select * from unnest($1::text[], $2::integer[], $3::text[])"
    );
    session.rows(&STATEMENT_FAILED, &sql, &[&sources, &positions, &facts]).map(drop)
}

fn units(session: &mut Session, schema: &str, load: &FleetLoad) -> Result<()> {
    let sql = format!("insert into {schema}.load (loads, facts) values ($1, $2)");
    session.rows(&STATEMENT_FAILED, &sql, &[&load.table, &text(load)?])?;
    let count = i32::try_from(load.units.len()).unwrap_or(i32::MAX);
    let sql = format!(
        "insert into {schema}.unit (loads, position) select $1, n from generate_series(0, $2 - 1) n"
    );
    session.rows(&STATEMENT_FAILED, &sql, &[&load.table, &count]).map(drop)
}

pub(super) fn read(session: &mut Session, schema: &str) -> Result<Fleet> {
    let schema = quote(schema);
    let sql = format!("select compiled_digest, lease_s from {schema}.run");
    let run = session.rows(&STATEMENT_FAILED, &sql, &[])?;
    let run = run.first().ok_or_else(|| EngineError::new(&INTERNAL, "the ledger has no run"))?;
    let (compiled_digest, lease): (String, i32) = (run.get(0), run.get(1));
    let files = format!("select facts from {schema}.file order by source collate \"C\", position");
    let loads = format!("select facts from {schema}.load order by loads collate \"C\"");
    Ok(Fleet {
        compiled_digest,
        lease_s: lease.unsigned_abs(),
        files: parsed(session, &files)?,
        loads: parsed(session, &loads)?,
    })
}

fn parsed<T: DeserializeOwned>(session: &mut Session, sql: &str) -> Result<Vec<T>> {
    let rows = session.rows(&STATEMENT_FAILED, sql, &[])?;
    let parsed = rows.iter().map(|row| serde_json::from_str(row.get(0)));
    parsed.collect::<std::result::Result<_, _>>().map_err(|error| unreadable(&error))
}

/// `None` where everything fitted.
pub(super) fn of_misfits(misfits: &[Misfit]) -> Result<Option<String>> {
    if misfits.is_empty() { Ok(None) } else { text(&misfits).map(Some) }
}

/// Unit by unit: one file's misfits are in memory at a time.
pub(super) fn misfits(
    session: &mut Session,
    schema: &str,
    table: &str,
    take: &mut dyn FnMut(Vec<Misfit>) -> Result<()>,
) -> Result<()> {
    let sql = format!(
        "select position, misfits from {}.unit where loads = $1 and position > $2 \
         and misfits is not null order by position limit 1",
        quote(schema)
    );
    let mut last = -1_i32;
    loop {
        let rows = session.rows(&STATEMENT_FAILED, &sql, &[&table, &last])?;
        let Some(row) = rows.first() else { return Ok(()) };
        last = row.get(0);
        take(serde_json::from_str(row.get(1)).map_err(|error| unreadable(&error))?)?;
    }
}

fn text<T: Serialize>(facts: &T) -> Result<String> {
    serde_json::to_string(facts).map_err(|error| unreadable(&error))
}

/// Another version of this program may have written it.
fn unreadable(error: &serde_json::Error) -> EngineError {
    EngineError::new(&INTERNAL, format!("an entry of the ledger is not understood: {error}"))
        .help("join with the version of this program that leads the run")
}
