//! Capture: the schema of a SQLite file as a SQL file that a person reviews and `sqlite3` takes.
//!
//! Statements are SQLite's own text, as they were written; only their order is ours. The file is
//! read as a source is (L1): nothing beside it is made or changed.

use std::path::Path;
use std::time::Duration;

use catalog::capture::{Block, Header, arrange, write};
use catalog::{Kind, ObjectKey, Scope, fingerprint, properties as p};
use runtime::engine::{Result, SourcePath};
use rusqlite::Connection;

use crate::connect;
use crate::error_code::source_error;
use crate::introspect::{Entry, entries, introspect};
use crate::source::{file, restricted, with_source};

/// How long a writer may hold the file.
const BUSY: Duration = Duration::from_secs(10);

/// A captured schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// The file.
    pub text: String,
    /// As in its head.
    pub fingerprint: String,
    /// `SQLite 3.54.1`: who read it.
    pub engine: String,
    pub objects: usize,
}

/// Reads the schema of a file; `shown` is what messages call it.
///
/// # Errors
/// `SRC101`, `SRC102` and the other findings about a file that cannot be read.
pub fn capture(path: &Path, shown: &str) -> Result<Captured> {
    let place = SourcePath {
        source: "capture".to_owned(),
        shown: shown.to_owned(),
        path: path.to_path_buf(),
    };
    let source = file::locate(&place)?;
    // For the copy that a `-wal` without `-shm` asks for.
    let scratch = tempfile::tempdir().map_err(|error| {
        source
            .error(&diagnostics::code::SOURCE_UNREADABLE, &format!("no temporary folder: {error}"))
    })?;
    let folders = [scratch.path()];
    let (captured, _) = restricted(&folders, || {
        with_source(&source, scratch.path(), BUSY, |conn, _| {
            read(conn).map_err(|error| source_error(shown, &error))
        })
    })?;
    Ok(captured)
}

fn read(conn: &Connection) -> rusqlite::Result<Captured> {
    let catalog = introspect(conn)?;
    let database = ObjectKey::new(Kind::Database, "");
    let mut blocks = Vec::new();
    if let Some(object) = catalog.get(&database) {
        let mut block = Block::new(0, &database);
        for (pragma, property) in
            [("user_version", p::USER_VERSION), ("application_id", p::APPLICATION_ID)]
        {
            let value = object.get(property);
            block.statements.extend(value.map(|value| format!("pragma {pragma} = {value}")));
        }
        blocks.push(block);
    }
    blocks.extend(entries(conn)?.iter().map(block));
    let order = arrange(&blocks, &vec![Vec::new(); blocks.len()]).order;
    let fingerprint = fingerprint(&catalog, Scope::default());
    let text = write(&head(&fingerprint), &blocks, &order);
    Ok(Captured { text, fingerprint, engine: connect::version(), objects: catalog.len() })
}

fn head(fingerprint: &str) -> Header {
    let lines = [
        "Schema of a SQLite database, written by `cutover baseline capture`.",
        "An empty file takes it with `sqlite3 new.db < this-file`.",
        "",
        "engine: SQLite 3",
        "scope: database",
    ];
    let lines = lines.iter().map(|line| (*line).to_owned());
    let lines = lines.chain([format!("fingerprint: {fingerprint}")]).collect();
    Header { lines, settings: Vec::new() }
}

/// Tables, then what is on them, then views, then triggers, which may be on views.
fn block(entry: &Entry) -> Block {
    let (rank, kind) = match entry.kind.as_str() {
        "table" => (1, Kind::Table),
        "virtual" => (2, Kind::VirtualTable),
        "index" => (3, Kind::Index),
        "view" => (4, Kind::View),
        "trigger" => (5, Kind::Trigger),
        _ => (6, Kind::Opaque),
    };
    let key = ObjectKey::new(kind, &entry.name);
    let key = match kind {
        Kind::Index | Kind::Trigger => key.on(&entry.table),
        _ => key,
    };
    Block::new(rank, &key).with(ended(&entry.sql))
}

/// A comment at the end would swallow the semicolon.
fn ended(sql: &str) -> String {
    let text = sql.trim_end();
    let last = text.lines().last().unwrap_or_default();
    if last.contains("--") || text.contains("/*") { format!("{text}\n") } else { text.to_owned() }
}
