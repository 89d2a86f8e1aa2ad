//! The tables of a source as far as files are told apart by them.

use std::collections::BTreeMap;

use runtime::engine::SourceSchema;
use rusqlite::Connection;

/// Columns of the ordinary tables; views and virtual tables by their definition, which stands under
/// the empty name: a view may not be readable, and a module may be missing.
pub(super) fn of<'a>(
    conn: &Connection,
    tables: impl Iterator<Item = &'a String>,
) -> rusqlite::Result<SourceSchema> {
    let mut schema = defined(conn)?;
    let sql = "SELECT lower(name), upper(type) FROM pragma_table_xinfo(?1) WHERE hidden = 0";
    let mut statement = conn.prepare(sql)?;
    for table in tables {
        let columns = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
        schema.insert(table.to_lowercase(), columns.collect::<rusqlite::Result<_>>()?);
    }
    Ok(SourceSchema { tables: schema })
}

fn defined(conn: &Connection) -> rusqlite::Result<BTreeMap<String, BTreeMap<String, String>>> {
    let sql = "SELECT lower(name), sql FROM sqlite_schema \
               WHERE type = 'view' OR type = 'table' AND rootpage = 0";
    let mut statement = conn.prepare(sql)?;
    let defined = statement.query_map([], |row| {
        let (name, sql): (String, String) = (row.get(0)?, row.get(1)?);
        Ok((name, BTreeMap::from([(String::new(), sql)])))
    })?;
    defined.collect()
}
