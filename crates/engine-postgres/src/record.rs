//! The formats of what Cutover itself keeps in a database: each table of records says its own in its
//! comment (`cutover format 2`), and a newer one is never read.

use diagnostics::code::{POSTGRES_UNSUPPORTED_SCHEMA, STATEMENT_FAILED};
use runtime::EngineError;
use sql::quote_literal;

use crate::connect::Session;

/// The statement that says which format the table has. `table` is quoted already.
pub(crate) fn says(table: &str, format: u32) -> String {
    let text = quote_literal(&format!("cutover format {format}"));
    format!("comment on table {table} is {text}")
}

/// The format of the table `name` in `schema`; 1 where it says none, `None` where there is no table.
///
/// # Errors
/// `RUN843` where it is newer than `newest`.
pub(crate) fn format_of(
    session: &mut Session,
    (schema, name): (&str, &str),
    newest: u32,
) -> Result<Option<u32>, EngineError> {
    let sql = "select pg_catalog.obj_description(c.oid, 'pg_class') from pg_catalog.pg_class c \
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
        where n.nspname = $1 and c.relname = $2";
    let rows = session.rows(&STATEMENT_FAILED, sql, &[&schema, &name])?;
    let Some(row) = rows.first() else { return Ok(None) };
    let comment: Option<String> = row.get(0);
    let format = comment.as_deref().and_then(|text| text.strip_prefix("cutover format "));
    match format.map_or(Some(1), |number| number.parse().ok()) {
        Some(found) if found <= newest => Ok(Some(found)),
        found => Err(too_new(&format!("{schema}.{name}"), found, newest)),
    }
}

fn too_new(table: &str, found: Option<u32>, newest: u32) -> EngineError {
    let found = found.map_or("an unknown format".to_owned(), |found| format!("format {found}"));
    let message = format!(
        "a newer program keeps its runs in this database: the table `{table}` has {found}, this \
         program reads up to {newest}"
    );
    EngineError::new(&POSTGRES_UNSUPPORTED_SCHEMA, message)
        .object(format!("table {table}"))
        .help("use the version of cutover that wrote it; nothing was touched")
}
