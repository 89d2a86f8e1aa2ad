//! Rows arrive as the server itself would have read them, and the digest sees every change.

#![allow(clippy::print_stdout)] // seeds and figures
#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod arrive;
mod digest;
mod misfits;
mod oracle;
mod random;
mod refuse;
mod tables;

use engine_postgres::copy;
use postgres::Client;
use runtime::engine::{LoadInto, Loaded};
use runtime::{EngineError, Row, RowDigest, Value};

pub(crate) fn into(columns: &[&str]) -> Vec<LoadInto> {
    let into = |column: &&str| LoadInto {
        column: (*column).to_owned(),
        conversion: None,
        on_misfit: ir::OnMisfit::Stop,
    };
    columns.iter().map(into).collect()
}

pub(crate) fn load(
    client: &mut Client,
    table: &str,
    columns: &[LoadInto],
    rows: &[Vec<Value<'_>>],
) -> Result<Loaded, EngineError> {
    let mut sink = copy::load(client, table, columns)?;
    for (rowid, values) in (1..).zip(rows) {
        sink.row(Row { file: "data/shop.db", rowid: Some(rowid), values })?;
    }
    sink.finish()
}

pub(crate) fn digest_of(client: &mut Client, table: &str, columns: &[LoadInto]) -> RowDigest {
    copy::row_digest(client, table, columns).unwrap()
}

pub(crate) fn texts(client: &mut Client, sql: &str) -> Vec<Option<String>> {
    client.query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

#[allow(clippy::print_stderr)]
pub(crate) fn print_skipped(what: &str, error: &postgres::Error) {
    eprintln!("skipped {what}: {error}");
}
