//! Evidence: what a database is and what its columns hold, for `proposal`.
//!
//! Everything is read in one read transaction, the schema first, then each table in one pass, a row at
//! a time. The file is read as a source is (L1): nothing beside it is made or changed.

mod schema;
mod values;

use std::path::Path;
use std::time::Duration;

use diagnostics::code;
use proposal::evidence::{Column, Database};
use proposal::{Fit, Misfit};
use runtime::engine::{Result, SourcePath};
use runtime::{EngineError, Value};
use rusqlite::Connection;

use crate::error_code::source_error;
use crate::source::{file, restricted, with_source};

/// How long a writer may hold the file.
const BUSY: Duration = Duration::from_secs(10);

/// Judges the values of one column.
pub trait Judge {
    /// Sees one value that is not null; `rowid` is where it is.
    fn see(&mut self, rowid: Option<i64>, value: Value<'_>);

    /// What the values seen so far fit.
    fn verdict(&self) -> Vec<Fit>;
}

/// Makes the judge of a column, by its declared type and name.
pub type Judges<'a> = dyn Fn(&Column) -> Box<dyn Judge> + Sync + 'a;

/// Reads a database; `shown` is what messages call it.
///
/// # Errors
/// `SRC101`, `SRC102` and the other findings about a file that cannot be read; `SRC103` where it has
/// no table.
pub fn read(path: &Path, shown: &str, judges: &Judges<'_>) -> Result<Database> {
    let place =
        SourcePath { source: "init".to_owned(), shown: shown.to_owned(), path: path.to_path_buf() };
    let source = file::locate(&place)?;
    // For the copy that a `-wal` without `-shm` asks for.
    let scratch = tempfile::tempdir().map_err(|error| {
        source.error(&code::SOURCE_UNREADABLE, &format!("no temporary folder: {error}"))
    })?;
    let folders = [scratch.path()];
    let (database, _) = restricted(&folders, || {
        with_source(&source, scratch.path(), BUSY, |conn, _| database(conn, shown, judges))
    })?;
    Ok(database)
}

fn database(conn: &Connection, shown: &str, judges: &Judges<'_>) -> Result<Database> {
    let failed = |error: rusqlite::Error| source_error(shown, &error);
    let mut database = schema::read(conn).map_err(failed)?;
    if database.tables.is_empty() {
        return Err(no_tables(&database).object(shown));
    }
    for table in &mut database.tables {
        values::scan(conn, table, judges).map_err(failed)?;
    }
    schema::count_orphans(conn, &mut database).map_err(failed)?;
    Ok(database)
}

fn no_tables(database: &Database) -> EngineError {
    match database.others.first() {
        None => EngineError::new(&code::SOURCE_EMPTY, "the database has no tables")
            .help("check that this is the right file"),
        Some(other) => EngineError::new(
            &code::SOURCE_EMPTY,
            format!(
                "the database has no tables of its own, only the {} `{}`",
                other.kind, other.name
            ),
        )
        .help("a plan moves rows, and these are in tables: name the file that holds them"),
    }
}

/// A judge that says nothing: for a target that takes every value as it is.
pub struct Silent;

impl Judge for Silent {
    fn see(&mut self, _rowid: Option<i64>, _value: Value<'_>) {}

    fn verdict(&self) -> Vec<Fit> {
        Vec::new()
    }
}

/// Keeps count of one type's misfits; a type with enough of them is asked no more.
pub struct Tally {
    fit: Fit,
}

impl Tally {
    pub fn new(candidate: proposal::Candidate) -> Self {
        Self { fit: Fit { candidate, misfits: 0, first: None } }
    }

    pub fn is_out(&self) -> bool {
        self.fit.misfits >= Fit::ENOUGH
    }

    pub fn misfit(&mut self, rowid: Option<i64>, reason: impl FnOnce() -> String) {
        self.fit.misfits += 1;
        self.fit.first.get_or_insert_with(|| Misfit { rowid, reason: reason() });
    }

    pub fn fit(&self) -> Fit {
        self.fit.clone()
    }
}

#[cfg(test)]
mod tests;
