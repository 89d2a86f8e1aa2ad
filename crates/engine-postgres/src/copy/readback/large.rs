//! Rows with values that are too large to be held, read back piece by piece: the client library
//! takes in a whole row at once.

use diagnostics::code;
use postgres::Client;
use runtime::engine::Result;
use runtime::{EngineError, RowDigest};
use xxhash_rust::xxh3::Xxh3;

use super::super::canonical::{Canonical, Rule};
use super::super::columns::{Column, Table};
use super::super::encode::Encoder;
use super::super::sink::load_error;
use super::{Part, Unreadable, read};
use crate::quote;

/// A value longer than this is read in pieces.
const LARGE: usize = 1 << 20;

/// What is read at once. A compressed value is expanded from its start for each piece, so that small
/// pieces would take the server long.
const PIECE: u64 = 8 << 20;

/// `octet_length(a) > … or …` over the columns that are read in pieces; `None`: no row of the table
/// has such a value.
pub(super) fn condition(client: &mut Client, table: &Table) -> Result<Option<String>> {
    let long: Vec<_> = table.columns.iter().filter(|column| is_piecewise(column)).collect();
    if long.is_empty() || !may_hold(client, table)? {
        return Ok(None);
    }
    let longer =
        long.iter().map(|column| format!("octet_length({}) > {LARGE}", quote(&column.name)));
    Ok(Some(longer.collect::<Vec<_>>().join(" or ")))
}

fn is_piecewise(column: &Column) -> bool {
    column.rule == Rule::AsSent && matches!(column.encoder, Encoder::Bytea | Encoder::Text(_))
}

/// A large value lies in the TOAST table, unless it compresses to next to nothing.
fn may_hold(client: &mut Client, table: &Table) -> Result<bool> {
    const SQL: &str = "select c.relkind = 'p' or coalesce(pg_relation_size(nullif(c.reltoastrelid, 0)), 0) > 0 \
        from pg_class c where c.oid = to_regclass($1)";
    let row = client.query_one(SQL, &[&quote(&table.name)]);
    row.map(|row| row.get(0)).map_err(|error| load_error(&table.name, &error))
}

/// Of the rows that fulfil the condition.
pub(super) fn digest(client: &mut Client, table: &Table, condition: &str) -> Result<RowDigest> {
    let failed = |error: postgres::Error| load_error(&table.name, &error);
    let only = if table.partitioned { "" } else { "only " };
    let name = quote(&table.name);
    let sql = format!("select tableoid::text, ctid::text from {only}{name} where {condition}");
    let places = client.query(&sql, &[]).map_err(failed)?;
    let mut digest = RowDigest::default();
    for place in places {
        let (oid, tid): (String, String) = (place.get(0), place.get(1));
        let place = format!("tableoid = '{oid}'::oid and ctid = '{tid}'::tid");
        digest.add_hash(hash(client, table, &place)?);
    }
    Ok(digest)
}

fn hash(client: &mut Client, table: &Table, place: &str) -> Result<u128> {
    let fields = short_fields(client, table, place)?;
    let (mut canonical, mut hash) = (Canonical::of(table), Xxh3::new());
    for (index, (column, field)) in table.columns.iter().zip(&fields).enumerate() {
        match length(client, table, column, place)? {
            Some(length) => pieces(client, table, column, place, length, &mut hash)?,
            None => {
                let unreadable = |_| Unreadable::Field(index).into_error(table);
                hash.update(canonical.one(index, field).map_err(unreadable)?);
            }
        }
    }
    Ok(hash.digest128())
}

/// The fields of the row, NULL for the long ones.
fn short_fields(client: &mut Client, table: &Table, place: &str) -> Result<Vec<Vec<u8>>> {
    let short = |column: &Column| {
        let name = quote(&column.name);
        match is_piecewise(column) {
            true => format!("case when octet_length({name}) > {LARGE} then null else {name} end"),
            false => name,
        }
    };
    let list: Vec<_> = table.columns.iter().map(short).collect();
    let mut fields = Vec::new();
    read(client, table, &list, Part::Where(place), &mut |mut row| {
        while !row.is_empty() {
            let (_, rest) = super::super::canonical::split_field(row)
                .map_err(|_| Unreadable::Field(fields.len()))?;
            fields.push(row[..row.len() - rest.len()].to_vec());
            row = rest;
        }
        Ok(())
    })?;
    if fields.len() == table.columns.len() { Ok(fields) } else { Err(gone(table)) }
}

fn length(client: &mut Client, table: &Table, column: &Column, place: &str) -> Result<Option<u64>> {
    if !is_piecewise(column) {
        return Ok(None);
    }
    let (value, name) = (quote(&column.name), quote(&table.name));
    let sql = format!(
        "select case when octet_length({value}) > {LARGE} then octet_length({value}) end \
         from {name} where {place}"
    );
    let row = client.query_opt(&sql, &[]).map_err(|error| load_error(&table.name, &error))?;
    let length: Option<i32> = row.ok_or_else(|| gone(table))?.get(0);
    Ok(length.and_then(|length| u64::try_from(length).ok()))
}

fn pieces(
    client: &mut Client,
    table: &Table,
    column: &Column,
    place: &str,
    length: u64,
    hash: &mut Xxh3,
) -> Result<()> {
    let (value, name) = (quote(&column.name), quote(&table.name));
    let bytes = match column.encoder {
        Encoder::Bytea => value,
        _ => format!("convert_to({value}::text, 'UTF8')"),
    };
    // A field of COPY is less than 1 GiB.
    hash.update(&(length as u32).to_be_bytes());
    let mut offset = 0;
    while offset < length {
        let (from, count) = (offset + 1, PIECE.min(length - offset));
        let sql =
            format!("select substring({bytes} from {from} for {count}) from {name} where {place}");
        let row = client.query_opt(&sql, &[]).map_err(|error| load_error(&table.name, &error))?;
        let row = row.ok_or_else(|| gone(table))?;
        let piece: &[u8] = row.get(0);
        hash.update(piece);
        offset += count;
    }
    Ok(())
}

fn gone(table: &Table) -> EngineError {
    EngineError::new(&code::ROWS_DIFFER, "a row went away while it was read")
        .object(format!("table {}", table.name))
}
