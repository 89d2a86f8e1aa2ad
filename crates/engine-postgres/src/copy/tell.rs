//! Names of rows, and the columns in which two rows differ.

use diagnostics::code;
use postgres::Client;
use runtime::engine::Result;

use super::canonical::split_field;
use super::columns::Table;
use crate::{quote, sqlstate};

/// A value in a name is cut at this many characters.
const SHOWN: usize = 40;

/// What the rows at these places (of [`super::readback::watch`]) are called: by the columns of the
/// primary key or of a unique index where there is one already, else by the first column.
pub(super) fn names(client: &mut Client, table: &Table, at: &[String]) -> Result<Vec<String>> {
    let key = key(client, table)?;
    let parts: Vec<_> = key
        .iter()
        .map(|column| {
            let (name, quoted) = (sql::quote_literal(column), quote(column));
            format!("{name} || ' = ' || coalesce(left({quoted}::text, {SHOWN}), 'null')")
        })
        .collect();
    let (parts, name) = (parts.join(", "), quote(&table.name));
    let sql = format!(
        "select concat_ws(', ', {parts}) from {name} where tableoid = $1::text::oid \
         and ctid = $2::text::tid"
    );
    let named = at.iter().map(|place| {
        let (oid, tid) = place.split_at(place.find('(').unwrap_or(place.len()));
        let row = client.query_opt(&sql, &[&oid, &tid]);
        let row = row.map_err(|error| sqlstate::error(&code::ROWS_DIFFER, &error))?;
        let gone = || "a row that is gone again".to_owned();
        Ok(row.map_or_else(gone, |row| row.get(0)))
    });
    named.collect()
}

fn key(client: &mut Client, table: &Table) -> Result<Vec<String>> {
    const SQL: &str = "select array(select a.attname::text from unnest(i.indkey) with ordinality k (attnum, nth) \
            join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum order by k.nth) \
        from pg_index i where i.indrelid = to_regclass($1) and i.indisunique and i.indisvalid \
            and i.indpred is null and i.indexprs is null \
        order by i.indisprimary desc, i.indnatts, i.indexrelid limit 1";
    let found = client.query_opt(SQL, &[&quote(&table.name)]);
    let found = found.map_err(|error| sqlstate::error(&code::ROWS_DIFFER, &error))?;
    let first = || table.columns.iter().take(1).map(|column| column.name.clone()).collect();
    Ok(found.map_or_else(first, |row| row.get(0)))
}

/// Positions of the fields that are not the same; all of one row's where the other is cut off.
pub(super) fn differing(mut one: &[u8], mut other: &[u8]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut at = 0;
    while !one.is_empty() {
        let (Ok((here, rest)), Ok((there, rest_there))) = (split_field(one), split_field(other))
        else {
            found.push(at);
            break;
        };
        if here != there {
            found.push(at);
        }
        (one, other, at) = (rest, rest_there, at + 1);
    }
    found
}
