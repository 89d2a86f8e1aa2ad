//! Reading a snapshot: rows by reference, plan SQL in a cage.

mod scan;

use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use diagnostics::code;
use ir::LoadSource;
use runtime::engine::{FileParameters, Parameter, Result, RowSink, Scan, Snapshot, SourceColumn};
use runtime::{EngineError, Row, Value};
use rusqlite::{Connection, Statement};

use crate::apart;
use crate::cage::Cage;
use crate::canonical;
use crate::connect::{self, Access};
use crate::error_code::{engine_error, io_error};
use crate::large::{self, Form, LargeRow, Reading};
use crate::source::{Keeps, Opened};
use crate::text::{quote, shown};
use scan::Composed;

/// More rows than this are no "small result".
const MAX_ROWS: usize = 10_000;

pub(crate) struct SqliteSnapshot {
    conn: Connection,
    cage: Cage,
    file: FileParameters,
    /// Of an open source; gone after the connection.
    _keeps: Option<Keeps>,
}

impl SqliteSnapshot {
    pub(crate) fn open(snapshot: &Path, file: FileParameters) -> Result<Self> {
        let object = file.file_name.clone();
        let path = snapshot
            .canonicalize()
            .map_err(|error| io_error(&code::BACKUP_FAILED, &object, &error))?;
        let open = || {
            sort_in(path.parent().unwrap_or(Path::new("/")))?;
            let mut conn = connect::open(&path, Access::Immutable, Duration::ZERO)?;
            let cage = caged(&mut conn)?;
            Ok((conn, cage))
        };
        let (conn, cage) = open()
            .map_err(|error| engine_error(&code::SOURCE_UNREADABLE, &error).object(object))?;
        Ok(Self { conn, cage, file, _keeps: None })
    }

    /// The source itself, without a transaction: each call reads what is there then.
    pub(crate) fn of_source(opened: Opened, file: FileParameters) -> Result<Self> {
        let Opened { mut conn, keeps } = opened;
        let cage = caged(&mut conn).map_err(|error| {
            engine_error(&code::SOURCE_UNREADABLE, &error).object(&file.file_name)
        })?;
        Ok(Self { conn, cage, file, _keeps: Some(keeps) })
    }

    /// Prepares one reading statement with the file's parameters bound.
    fn prepare<'a>(&'a self, composed: &Composed) -> Result<Statement<'a>> {
        self.cage.clear();
        let mut statement =
            self.conn.prepare(&composed.sql).map_err(|error| self.query_error(composed, &error))?;
        if !statement.readonly() {
            return Err(self.error("it writes, and a source is only read"));
        }
        for index in 1..=statement.parameter_count() {
            let name = statement.parameter_name(index).unwrap_or("?").to_owned();
            let bound = match name.as_str() {
                ":file_stem" => statement.raw_bind_parameter(index, &self.file.file_stem),
                ":file_name" => statement.raw_bind_parameter(index, &self.file.file_name),
                ":file_index" => statement.raw_bind_parameter(index, self.file.file_index),
                other => match self.file.named.get(other.trim_start_matches(':')) {
                    Some(Parameter::Null) => statement.raw_bind_parameter(index, None::<i64>),
                    Some(Parameter::Integer(value)) => statement.raw_bind_parameter(index, value),
                    Some(Parameter::Text(value)) => statement.raw_bind_parameter(index, value),
                    None => return Err(self.unknown_parameter(&name)),
                },
            };
            bound.map_err(|error| self.query_error(composed, &error))?;
        }
        Ok(statement)
    }

    fn query_error(&self, composed: &Composed, error: &rusqlite::Error) -> EngineError {
        let mut mapped = engine_error(&code::SOURCE_QUERY, error);
        let (part, offset) = composed.locate(mapped.offset);
        mapped.offset = offset;
        mapped.message = match self.cage.refused() {
            Some(what) => format!("{what} is not permitted on a source"),
            None => mapped.message,
        };
        mapped.object(match part {
            Some(part) => format!("{part} on {}", self.file.file_name),
            None => self.file.file_name.clone(),
        })
    }

    fn error(&self, message: &str) -> EngineError {
        EngineError::new(&code::SOURCE_QUERY, message).object(&self.file.file_name)
    }

    fn unknown_parameter(&self, name: &str) -> EngineError {
        self.error(&format!("there is no parameter `{name}`")).help(self.parameters())
    }

    /// `:file_stem, :file_name, :file_index, :org are the parameters there are`
    fn parameters(&self) -> String {
        let named = self.file.named.keys().map(String::as_str);
        let names = ["file_stem", "file_name", "file_index"].into_iter().chain(named);
        let names: Vec<String> = names.map(|name| format!("`:{name}`")).collect();
        format!("{} are the parameters there are", names.join(", "))
    }

    fn missing_table(&self, table: &str) -> EngineError {
        EngineError::new(&code::SOURCE_TABLE_MISSING, format!("there is no table `{table}`"))
            .object(&self.file.file_name)
    }
}

impl Snapshot for SqliteSnapshot {
    fn columns(&mut self, from: &LoadSource) -> Result<Vec<SourceColumn>> {
        let table = match from {
            LoadSource::Query(query) => return self.query_columns(query),
            LoadSource::Table(table) => table,
        };
        let sql = "SELECT name, type FROM pragma_table_xinfo(?1) WHERE hidden = 0 ORDER BY cid";
        let read = || {
            let mut statement = self.conn.prepare(sql)?;
            let columns = statement.query_map([table], |row| {
                Ok(SourceColumn { name: row.get(0)?, declared_type: row.get(1)? })
            })?;
            columns.collect::<rusqlite::Result<Vec<_>>>()
        };
        let columns = read().map_err(|error| self.query_error(&Composed::default(), &error))?;
        if columns.is_empty() { Err(self.missing_table(table)) } else { Ok(columns) }
    }

    fn has_table(&mut self, table: &str) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema \
                   WHERE type IN ('table', 'view') AND name = ?1 COLLATE NOCASE)";
        self.conn
            .query_row(sql, [table], |row| row.get(0))
            .map_err(|error| self.query_error(&Composed::default(), &error))
    }

    fn prove(&mut self, scan: &Scan) -> Result<()> {
        let composed = scan::compose(scan, self.rowid_of(&scan.from)?);
        self.prepare(&composed).map(drop)
    }

    fn cuts(&mut self, table: &str, rows: u64) -> Result<Vec<i64>> {
        let failed = |error| self.query_error(&Composed::default(), &error);
        match canonical::rowid_name(&self.conn, table).map_err(failed)? {
            Some(rowid) => scan::cuts(&self.conn, table, rowid, rows).map_err(failed),
            None => Ok(Vec::new()),
        }
    }

    fn scan(&mut self, scan: &Scan, sink: &mut dyn RowSink) -> Result<u64> {
        let rowid = self.rowid_of(&scan.from)?;
        if let (LoadSource::Table(table), Some(rowid)) = (&scan.from, rowid) {
            return self.scan_table(table, rowid, scan, sink);
        }
        let composed = scan::compose(scan, rowid);
        let mut statement = self.prepare(&composed)?;
        let (from, to) = (usize::from(rowid.is_some()), statement.column_count());
        let mut rows = statement.raw_query();
        let (mut sent, mut values) = (0, Vec::new());
        while let Some(row) = rows.next().map_err(|error| self.query_error(&composed, &error))? {
            let at = |index| {
                row.get_ref(index)
                    .map(canonical::value)
                    .map_err(|error| self.query_error(&composed, &error))
            };
            let number = match rowid.map(|_| at(0)).transpose()? {
                Some(Value::Integer(rowid)) => Some(rowid),
                _ => None,
            };
            for index in from..to {
                values.push(at(index)?);
            }
            sink.row(Row { file: &self.file.file_name, rowid: number, values: &values })?;
            values = large::emptied(values);
            sent += 1;
        }
        Ok(sent)
    }

    fn query(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
        let composed = Composed::whole(sql, "query");
        let mut statement = self.prepare(&composed)?;
        let width = statement.column_count();
        let mut rows = statement.raw_query();
        let failed = |error| self.query_error(&composed, &error);
        let mut result = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            if result.len() == MAX_ROWS {
                return Err(self.error(&format!("the query gives more than {MAX_ROWS} rows")));
            }
            let values = (0..width).map(|index| row.get_ref(index).map(shown));
            result.push(values.collect::<rusqlite::Result<_>>().map_err(failed)?);
        }
        Ok(result)
    }
}

impl SqliteSnapshot {
    /// In the order of the rowids; what is too large to be held goes to the sink piece by piece.
    fn scan_table(
        &self,
        table: &str,
        rowid: &str,
        scan: &Scan,
        sink: &mut dyn RowSink,
    ) -> Result<u64> {
        let plain = scan::compose_ordered(scan, table, rowid);
        let reading = Reading {
            conn: &self.conn,
            table,
            columns: scan.columns.iter().map(scan::name_of).collect(),
            sql: &|form, after| match form {
                Form::Plain => plain.sql.clone(),
                Form::Careful => scan::careful(scan, table, rowid, after),
            },
            unordered: scan.filter.is_some(),
        };
        let file = self.file.file_name.as_str();
        let mut send = |rowid: i64, values: &[Value<'_>], large: &mut LargeRow<'_>| {
            let row = Row { file, rowid: Some(rowid), values };
            if large.is_empty() { sink.row(row) } else { sink.large_row(row, large) }
        };
        // Places of errors are those of the plain form, so it comes first.
        drop(self.prepare(&plain)?);
        let prepare = |sql: &str| match sql == plain.sql {
            true => self.prepare(&plain),
            false => self.prepare(&Composed::whole(sql, "scan")),
        };
        reading.rows(&prepare, &|error| self.query_error(&plain, &error), &mut send)
    }

    fn query_columns(&self, query: &str) -> Result<Vec<SourceColumn>> {
        let statement = self.prepare(&Composed::whole(query, "query"))?;
        let columns = statement.columns();
        let column = |column: rusqlite::Column<'_>| SourceColumn {
            name: column.name().to_owned(),
            declared_type: column.decl_type().unwrap_or_default().to_owned(),
        };
        Ok(columns.map(column).collect())
    }

    fn rowid_of(&self, from: &LoadSource) -> Result<Option<&'static str>> {
        match from {
            LoadSource::Query(_) => Ok(None),
            LoadSource::Table(table) => canonical::rowid_name(&self.conn, table)
                .map_err(|error| self.query_error(&Composed::default(), &error)),
        }
    }
}

/// What the plan's SQL may do and call.
fn caged(conn: &mut Connection) -> rusqlite::Result<Cage> {
    apart::add(conn)?;
    Cage::for_reading(conn)
}

/// Where sorts that do not fit in memory go. SQLite has one such folder per process; the first one
/// that the run opens is private to it and writable under Landlock, `/tmp` may not be.
pub(crate) fn sort_in(folder: &Path) -> rusqlite::Result<()> {
    static CHOSEN: OnceLock<()> = OnceLock::new();
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    if CHOSEN.get().is_some() {
        return Ok(());
    }
    let folder = crate::text::literal(&folder.to_string_lossy());
    connect::in_memory()?.execute_batch(&format!("PRAGMA temp_store_directory = {folder}"))?;
    CHOSEN.get_or_init(|| ());
    Ok(())
}

/// `SELECT` list entry that is never read as a string: SQLite takes an unknown `"x"` for `'x'`, but
/// not one behind a table's name.
pub(crate) fn qualified(table: &str, column: &str) -> String {
    format!("{}.{}", quote(table), quote(column))
}

#[cfg(test)]
mod tests;
