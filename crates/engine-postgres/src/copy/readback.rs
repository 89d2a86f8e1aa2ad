//! Reads the rows of a table back and digests them in their canonical form.

use std::io::BufRead;

use diagnostics::code;
use postgres::Client;
use runtime::engine::Result;
use runtime::{EngineError, RowDigest};

use super::canonical::Canonical;
use super::columns::Table;
use super::parse::{Malformed, Parser};
use super::sink::{io_error, load_error};
use crate::quote;

/// One pass over the table; memory holds one message of the server, which is one row.
pub(super) fn digest(client: &mut Client, table: &Table) -> Result<RowDigest> {
    let columns: Vec<String> = table.columns.iter().map(|column| quote(&column.name)).collect();
    // Rows of inheriting tables are not ours; those of partitions are.
    let only = if table.partitioned { "" } else { "only " };
    let (columns, name) = (columns.join(", "), quote(&table.name));
    let sql = format!("copy (select {columns} from {only}{name}) to stdout (format binary)");
    let rules = table.columns.iter().map(|column| column.rule.clone()).collect();
    let (mut canonical, mut digest) = (Canonical::new(rules), RowDigest::default());
    let mut row = |fields: &[u8]| -> std::result::Result<(), Unreadable> {
        digest.add(canonical.row(fields).map_err(|(column, _)| Unreadable::Field(column))?);
        Ok(())
    };
    let mut parser = Parser::new(table.columns.len() as u16);
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
    parser.end().map_err(|malformed| Unreadable::Stream(malformed).into_error(table))?;
    Ok(digest)
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
