//! Extensions belong to the database and are made with the staging schema, once; statements about
//! those that are there already have nothing left to do.

use diagnostics::code::{PREFLIGHT, STATEMENT_FAILED};
use diagnostics::{SourceId, SourceText, Span};
use runtime::EngineError;
use sql::{Class, Dialect};

use crate::connect::Session;
use crate::quote;

/// Whether the text is `CREATE EXTENSION x` (or a comment on one) and `x` is installed.
pub(crate) fn is_done(session: &mut Session, sql: &str) -> Result<bool, EngineError> {
    let Some(name) = about(sql) else { return Ok(false) };
    is_installed(session, &name)
}

/// The extension that a single statement creates or comments on.
pub(crate) fn about(sql: &str) -> Option<String> {
    // Splitting every statement of a large plan for this would be a waste.
    if !sql.as_bytes().windows(9).any(|word| word.eq_ignore_ascii_case(b"extension")) {
        return None;
    }
    let text = SourceText::verbatim(sql, Span::new(SourceId(0), 0..sql.len()));
    let (statements, _) = sql::split(&text, Dialect::Postgres);
    let [statement] = statements.as_slice() else { return None };
    match &statement.class {
        Class::CreateExtension { name } => Some(name.name.clone()),
        Class::Comment { object, .. } if object.word == "extension" => {
            Some(object.name.name.clone())
        }
        _ => None,
    }
}

pub(crate) fn is_installed(session: &mut Session, name: &str) -> Result<bool, EngineError> {
    let sql = "select 1 from pg_catalog.pg_extension where extname = $1";
    session.rows(&STATEMENT_FAILED, sql, &[&name]).map(|rows| !rows.is_empty())
}

/// `None`: the server has no such extension to install.
pub(crate) fn create_statement(
    session: &mut Session,
    name: &str,
    target: &str,
) -> Result<Option<String>, EngineError> {
    // An extension whose control file names a schema takes no other.
    let sql = "select v.schema is null from pg_catalog.pg_available_extensions a \
        join pg_catalog.pg_available_extension_versions v \
            on v.name = a.name and v.version = a.default_version where a.name = $1";
    let rows = session.rows(&PREFLIGHT, sql, &[&name])?;
    let Some(row) = rows.first() else { return Ok(None) };
    let free: bool = row.get(0);
    if !free {
        return Ok(Some(format!("create extension {}", quote(name))));
    }
    let schema = home_of_extensions(session, target)?;
    Ok(Some(format!("create extension {} schema {}", quote(name), quote(&schema))))
}

/// `public`, where applications look by default; the system catalog's neighbour never. Where there
/// is no `public`, the target schema must hold it, which then must exist.
fn home_of_extensions(session: &mut Session, target: &str) -> Result<String, EngineError> {
    let sql = "select nspname::text from pg_catalog.pg_namespace where nspname in ('public', $1) \
        order by nspname <> 'public' limit 1";
    let rows = session.rows(&PREFLIGHT, sql, &[&target])?;
    Ok(rows.first().map_or_else(|| "public".to_owned(), |row| row.get(0)))
}
