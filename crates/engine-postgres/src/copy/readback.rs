//! Reads the rows of a table back in their canonical form.

mod large;

use std::io::BufRead;

use diagnostics::code;
use postgres::Client;
use runtime::engine::{Result, Watch};
use runtime::{EngineError, RowDigest};

use super::canonical::Canonical;
use super::columns::Table;
use super::parse::{Malformed, Parser};
use super::sink::{io_error, load_error};
use crate::quote;

/// Of every row. Memory holds one message of the server, which is one row, or a piece of a large
/// value.
pub(super) fn digest(client: &mut Client, table: &Table) -> Result<RowDigest> {
    let condition = large::condition(client, table)?;
    let part = condition.as_deref().map_or(Part::All, Part::WhereNot);
    let (mut canonical, mut digest) = (Canonical::of(table), RowDigest::default());
    read(client, table, &names(table), part, &mut |fields| {
        digest.add(canonical.row(fields).map_err(|(column, _)| Unreadable::Field(column))?);
        Ok(())
    })?;
    match condition {
        Some(condition) => Ok(digest.merge(large::digest(client, table, &condition)?)),
        None => Ok(digest),
    }
}

fn names(table: &Table) -> Vec<String> {
    table.columns.iter().map(|column| quote(&column.name)).collect()
}

/// What says where a row is: the table that holds it, which of a partitioned one differs, and the
/// place in it. Both are of fixed length, 4 and 6 bytes.
const PLACE: [&str; 2] = ["tableoid", "ctid"];
const PLACE_LENGTH: usize = 4 + 4 + 4 + 6;

/// Shows every row, and where it is as `tableoid(block,position)`.
pub(super) fn watch(client: &mut Client, table: &Table, watch: &dyn Watch) -> Result<()> {
    let mut canonical = Canonical::of(table);
    let columns =
        PLACE.iter().map(|name| (*name).to_owned()).chain(names(table)).collect::<Vec<_>>();
    read(client, table, &columns, Part::All, &mut |fields| {
        let cut = Malformed("the place of a row is cut off");
        let (place, fields) = fields.split_at_checked(PLACE_LENGTH).ok_or(cut)?;
        let row = canonical.row(fields).map_err(|(column, _)| Unreadable::Field(column))?;
        watch.row(row, &|| place_of(place));
        Ok(())
    })
}

fn place_of(fields: &[u8]) -> String {
    let number = |at: usize, length: usize| {
        fields[at..at + length].iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
    };
    format!("{}({},{})", number(4, 4), number(12, 4), number(16, 2))
}

/// Which rows are read.
#[derive(Clone, Copy)]
enum Part<'a> {
    All,
    Where(&'a str),
    WhereNot(&'a str),
}

/// Gives the fields of the rows to `row`.
fn read(
    client: &mut Client,
    table: &Table,
    columns: &[String],
    part: Part<'_>,
    row: &mut dyn FnMut(&[u8]) -> std::result::Result<(), Unreadable>,
) -> Result<()> {
    // Rows of inheriting tables are not ours; those of partitions are.
    let only = if table.partitioned { "" } else { "only " };
    let (list, name) = (columns.join(", "), quote(&table.name));
    let part = match part {
        Part::All => String::new(),
        Part::Where(condition) => format!(" where {condition}"),
        Part::WhereNot(condition) => format!(" where ({condition}) is not true"),
    };
    let sql = format!("copy (select {list} from {only}{name}{part}) to stdout (format binary)");
    let mut row = |fields: &[u8]| row(fields);
    let mut parser = Parser::new(columns.len() as u16);
    let mut reader = client.copy_out(&sql).map_err(|error| load_error(&table.name, &error))?;
    loop {
        let piece = reader.fill_buf().map_err(|error| io_error(&table.name, &error))?;
        if piece.is_empty() {
            break;
        }
        parser.feed(piece, &mut row).map_err(|unreadable| unreadable.into_error(table))?;
        let used = piece.len();
        reader.consume(used);
    }
    parser.end().map_err(|malformed| Unreadable::Stream(malformed).into_error(table))
}

/// Neither can happen with a server that keeps to its documentation.
enum Unreadable {
    Stream(Malformed),
    Field(usize),
}

impl From<Malformed> for Unreadable {
    fn from(malformed: Malformed) -> Self {
        Unreadable::Stream(malformed)
    }
}

impl Unreadable {
    fn into_error(self, table: &Table) -> EngineError {
        let (text, object) = match self {
            Unreadable::Stream(malformed) => {
                (malformed.0.to_owned(), format!("table {}", table.name))
            }
            Unreadable::Field(index) => {
                let column = &table.columns[index];
                let text =
                    format!("the server's binary form of `{}` is not understood", column.type_name);
                (text, format!("column {}.{}", table.name, column.name))
            }
        };
        EngineError::new(&code::INTERNAL, text).object(object)
    }
}
