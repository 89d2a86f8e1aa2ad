//! Rows into a staged table, and the digest of what SQLite stores of them.

use diagnostics::code;
use ir::OnMisfit;
use runtime::engine::{Fate, LoadInto, LoadSink, Loaded, Misfit, Result, RowSink};
use runtime::{EngineError, Row, RowDigest, Value};
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, Statement, ffi};

use crate::affinity::{Affinity, Asker};
use crate::canonical;
use crate::connect;
use crate::convert::{convert, kind, unsuitable};
use crate::error_code::{engine_error, failure};
use crate::text::quote;

/// A column that takes values.
struct Into {
    name: String,
    declared: String,
    affinity: Affinity,
    /// Of a `STRICT` table: another type is refused.
    strict: bool,
    not_null: bool,
    conversion: Option<ir::Conversion>,
    on_misfit: OnMisfit,
}

/// Turns rows into what the table stores; sends them where there is a statement.
pub(crate) struct Loader<'a> {
    conn: &'a Connection,
    /// `None`: only digested.
    insert: Option<Statement<'a>>,
    table: String,
    columns: Vec<Into>,
    asker: Asker,
    canonical: Vec<u8>,
    loaded: Loaded,
    misfits: Vec<Misfit>,
    rejected: u64,
}

impl<'a> Loader<'a> {
    /// Empties the table; everything until `finish` is one transaction.
    pub(crate) fn begin(
        conn: &'a Connection,
        table: &str,
        columns: &[LoadInto],
    ) -> Result<Loader<'a>> {
        let mut loader = Self::digesting(conn, table, columns)?;
        let failed =
            |error| engine_error(&code::LOAD_FAILED, &error).object(format!("table {table}"));
        conn.execute_batch(&format!("BEGIN IMMEDIATE; DELETE FROM {}", quote(table)))
            .map_err(failed)?;
        let insert = conn.prepare(&insert_sql(table, columns)).map_err(|error| {
            conn.execute_batch("ROLLBACK").ok();
            failed(error)
        })?;
        loader.insert = Some(insert);
        Ok(loader)
    }

    pub(crate) fn digesting(
        conn: &'a Connection,
        table: &str,
        columns: &[LoadInto],
    ) -> Result<Loader<'a>> {
        let columns = resolve(conn, table, columns)?;
        let affinities: Vec<_> = columns.iter().map(|column| column.affinity).collect();
        let asker =
            Asker::new(&affinities).map_err(|error| engine_error(&code::LOAD_FAILED, &error))?;
        Ok(Self {
            conn,
            insert: None,
            table: table.to_owned(),
            columns,
            asker,
            canonical: Vec::new(),
            loaded: Loaded::default(),
            misfits: Vec::new(),
            rejected: 0,
        })
    }

    /// The values that stand for what does not fit, as far as they can be known without a row.
    ///
    /// # Errors
    /// `RUN813` with all defaults that do not fit their own columns.
    pub(crate) fn check_defaults(mut self) -> Result<()> {
        let mut refused = Vec::new();
        for index in 0..self.columns.len() {
            let OnMisfit::Default(text) = self.columns[index].on_misfit.clone() else { continue };
            if let Err(why) = self.value(index, Value::Text(text.as_bytes())) {
                let Into { name, declared, .. } = &self.columns[index];
                refused.push(format!(
                    "column `{name}`: the default `{text}` for what does not fit does not fit \
                     `{declared}` either: {why}"
                ));
            }
        }
        if refused.is_empty() {
            return Ok(());
        }
        Err(EngineError::new(&code::UNSUPPORTED_TYPE, refused.join("; "))
            .object(format!("table {}", self.table))
            .help("give `misfit: { default: … }` a value of the column's own type"))
    }

    /// What the plan says about a value that does not fit; `false`: the row is left out.
    ///
    /// # Errors
    /// `RUN812` where nothing is said, or the default does not fit either.
    fn misfit(&mut self, row: &Row<'_>, index: usize, reason: String) -> Result<bool> {
        let (fate, stand_in) = match self.columns[index].on_misfit.clone() {
            OnMisfit::Stop => return Err(self.does_not_fit(row, index, reason)),
            OnMisfit::Reject => (Fate::Rejected, None),
            OnMisfit::SetNull => (Fate::SetNull, Some(None)),
            OnMisfit::Default(text) => (Fate::Default, Some(Some(text))),
        };
        if let Some(text) = &stand_in {
            let value = text.as_ref().map_or(Value::Null, |text| Value::Text(text.as_bytes()));
            self.value(index, value).map_err(|why| self.does_not_fit(row, index, why))?;
        }
        let column = &self.columns[index];
        self.misfits.push(Misfit {
            file: row.file.to_owned(),
            row: self.row_name(row),
            column: column.name.clone(),
            value: kind(row.values[index]),
            type_name: column.declared.clone(),
            reason,
            fate,
        });
        Ok(stand_in.is_some())
    }

    fn does_not_fit(&self, row: &Row<'_>, index: usize, reason: String) -> EngineError {
        EngineError::new(&code::VALUE_DOES_NOT_FIT, reason)
            .object(self.place(row, Some(&self.columns[index].name)))
            .help(
                "convert it in the plan: `columns: { COLUMN: { sql: … } }`, or say what becomes of it: \
                 `columns: { COLUMN: { misfit: … } }`",
            )
    }

    /// All values of a row; `false`: the row is left out, and nothing of it is kept.
    fn values(&mut self, row: &Row<'_>) -> Result<bool> {
        let known = self.misfits.len();
        for (index, value) in row.values.iter().enumerate() {
            let at = self.canonical.len();
            let Err(reason) = self.value(index, *value) else { continue };
            self.canonical.truncate(at);
            if !self.misfit(row, index, reason)? {
                // What was replaced before in this row is replaced no more.
                self.misfits.drain(known..self.misfits.len() - 1);
                self.rejected += 1;
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn value(&mut self, index: usize, sent: Value<'_>) -> std::result::Result<(), String> {
        let column = &self.columns[index];
        let converted = match column.conversion {
            Some(conversion) => convert(conversion, sent)?,
            None => None,
        };
        let sent = converted.as_ref().map_or(sent, |text| Value::Text(text.as_bytes()));
        if sent == Value::Null && column.not_null {
            return Err("it is null, and the column is not null".to_owned());
        }
        let at = self.canonical.len();
        if column.affinity.keeps(sent) {
            canonical::push(&mut self.canonical, sent);
        } else if !self
            .asker
            .stored(index, sent, &mut self.canonical)
            .map_err(|error| failure(&error).message)?
        {
            return Err(format!("{} would be changed by the column's type", kind(sent)));
        }
        if column.strict && !column.affinity.is_strictly(&self.canonical[at..]) {
            return Err(format!("{} is not of the type {}", kind(sent), column.declared));
        }
        self.loaded.bytes += size(sent);
        if let Some(insert) = &mut self.insert {
            insert
                .raw_bind_parameter(index + 1, ToSqlOutput::Borrowed(canonical::reference(sent)))
                .map_err(|error| failure(&error).message)?;
        }
        Ok(())
    }

    fn insert(&mut self, row: &Row<'_>) -> Result<()> {
        let Some(insert) = &mut self.insert else { return Ok(()) };
        match insert.raw_execute() {
            Ok(1) => Ok(()),
            Ok(_) => Err(self.refused(row, "the table's `ON CONFLICT` clause drops the row")),
            Err(error) => {
                let failure = failure(&error);
                let mut mapped = engine_error(&code::LOAD_FAILED, &error);
                if does_not_fit(failure.extended) {
                    mapped.code = &code::VALUE_DOES_NOT_FIT;
                }
                Err(mapped.object(self.place(row, None)))
            }
        }
    }

    fn refused(&self, row: &Row<'_>, message: &str) -> EngineError {
        EngineError::new(&code::LOAD_FAILED, message).object(self.place(row, None))
    }

    /// `eu.db, rowid 7, column total of table orders`: what finds the row again, and no value.
    fn place(&self, row: &Row<'_>, column: Option<&str>) -> String {
        let rowid = self.row_name(row);
        let column = column.map_or_else(String::new, |column| format!("column {column} of "));
        format!("{}, {rowid}, {column}table {}", row.file, self.table)
    }

    fn row_name(&self, row: &Row<'_>) -> String {
        let nth = self.loaded.digest.rows + self.rejected + 1;
        row.rowid.map_or_else(|| format!("row {nth}"), |rowid| format!("rowid {rowid}"))
    }
}

fn insert_sql(table: &str, columns: &[LoadInto]) -> String {
    if columns.is_empty() {
        return format!("INSERT INTO {} DEFAULT VALUES", quote(table));
    }
    let names: Vec<_> = columns.iter().map(|into| quote(&into.column)).collect();
    let marks: Vec<_> = (1..=columns.len()).map(|index| format!("?{index}")).collect();
    format!("INSERT INTO {} ({}) VALUES ({})", quote(table), names.join(", "), marks.join(", "))
}

/// Types by SQLite's own account; all unsuitable conversions at once.
fn resolve(conn: &Connection, table: &str, columns: &[LoadInto]) -> Result<Vec<Into>> {
    let read = || {
        let strict = "SELECT coalesce(max(strict), 0) FROM pragma_table_list \
                      WHERE schema = 'main' AND name = ?1 COLLATE NOCASE";
        let strict: bool = conn.query_row(strict, [table], |row| row.get(0))?;
        let sql = "SELECT name, type, \"notnull\" FROM pragma_table_xinfo(?1)";
        let mut statement = conn.prepare(sql)?;
        let types =
            statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok((strict, types.collect::<rusqlite::Result<Vec<(String, String, bool)>>>()?))
    };
    let (strict, types) = read().map_err(|error| engine_error(&code::LOAD_FAILED, &error))?;
    let mut unsuited = Vec::new();
    let mut resolved = Vec::with_capacity(columns.len());
    for LoadInto { column, conversion, on_misfit } in columns {
        let Some((name, declared, not_null)) =
            types.iter().find(|(name, ..)| name.eq_ignore_ascii_case(column))
        else {
            let message = format!("there is no column `{column}`");
            return Err(
                EngineError::new(&code::LOAD_FAILED, message).object(format!("table {table}"))
            );
        };
        let affinity = Affinity::of(declared, strict);
        let why = conversion.and_then(|conversion| unsuitable(conversion, affinity));
        unsuited.extend(why.map(|why| format!("column `{column}`: {why}")));
        resolved.push(Into {
            name: name.clone(),
            declared: declared.clone(),
            affinity,
            strict: strict && !declared.eq_ignore_ascii_case("any"),
            not_null: *not_null,
            conversion: *conversion,
            on_misfit: on_misfit.clone(),
        });
    }
    if unsuited.is_empty() {
        return Ok(resolved);
    }
    Err(EngineError::new(&code::UNSUPPORTED_TYPE, unsuited.join("; "))
        .object(format!("table {table}")))
}

fn size(value: Value<'_>) -> u64 {
    match value {
        Value::Null => 0,
        Value::Integer(_) | Value::Real(_) => 8,
        Value::Text(bytes) | Value::Blob(bytes) => bytes.len() as u64,
    }
}

/// A value of the wrong type, missing, too big, or against a check.
fn does_not_fit(extended: i32) -> bool {
    matches!(
        extended,
        ffi::SQLITE_CONSTRAINT_DATATYPE
            | ffi::SQLITE_CONSTRAINT_NOTNULL
            | ffi::SQLITE_CONSTRAINT_CHECK
            | ffi::SQLITE_MISMATCH
            | ffi::SQLITE_TOOBIG
    )
}

impl RowSink for Loader<'_> {
    fn row(&mut self, row: Row<'_>) -> Result<()> {
        self.canonical.clear();
        if row.values.len() != self.columns.len() {
            return Err(self.refused(&row, "the row has another number of values than columns"));
        }
        if !self.values(&row)? {
            return Ok(());
        }
        self.insert(&row)?;
        self.loaded.digest.add(&self.canonical);
        Ok(())
    }

    fn misfits(&mut self) -> Vec<Misfit> {
        std::mem::take(&mut self.misfits)
    }
}

impl LoadSink for Loader<'_> {
    fn finish(mut self: Box<Self>) -> Result<Loaded> {
        if self.insert.take().is_some() {
            self.conn.execute_batch("COMMIT").map_err(|error| {
                engine_error(&code::LOAD_FAILED, &error).object(format!("table {}", self.table))
            })?;
        }
        Ok(self.loaded)
    }
}

impl Drop for Loader<'_> {
    fn drop(&mut self) {
        if self.insert.take().is_some() && !self.conn.is_autocommit() {
            // SQLite may have rolled back by itself; then there is nothing left to undo.
            self.conn.execute_batch("ROLLBACK").ok();
        }
    }
}

/// The same columns as they are in the table, in the same canonical form.
pub(crate) fn row_digest(
    conn: &Connection,
    table: &str,
    columns: &[LoadInto],
) -> Result<RowDigest> {
    let failed = |error| engine_error(&code::ROWS_DIFFER, &error).object(format!("table {table}"));
    if columns.is_empty() {
        return digest_of_nothing(conn, table).map_err(failed);
    }
    // Behind the table's name no column can be taken for a string.
    let names: Vec<_> =
        columns.iter().map(|into| format!("{}.{}", quote(table), quote(&into.column))).collect();
    let sql = format!("SELECT {} FROM {}", names.join(", "), quote(table));
    canonical::digest_query(conn, &sql).map_err(failed)
}

/// Rows without columns still count.
fn digest_of_nothing(conn: &Connection, table: &str) -> rusqlite::Result<RowDigest> {
    let rows = connect::count(conn, &format!("SELECT count(*) FROM {}", quote(table)), [])?;
    let mut digest = RowDigest::default();
    (0..rows).for_each(|_| digest.add(&[]));
    Ok(digest)
}

#[cfg(test)]
mod tests;
