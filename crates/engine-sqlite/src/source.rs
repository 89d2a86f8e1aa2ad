//! Sources: inspected, backed up and compared, never written (L1, L2).

pub(crate) mod backup;
pub(crate) mod file;
mod fingerprint;
mod folder;
mod indexes;
mod locks;
mod manifest;
pub(crate) mod orphans;
mod reading;
mod schema;
mod taking;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ::backup::unfinished::{self, Hold};
use ::backup::{BackupName, files};
use diagnostics::code;
use runtime::EngineError;
use runtime::engine::{
    BackupReport, FileParameters, Result, Snapshot, SourceEngine, SourcePath, SourceState,
};
use rusqlite::Connection;

pub(crate) use backup::{Integrity, integrity_messages, sync};

pub(crate) use fingerprint::{name_of, sha256};
pub(crate) use reading::{Keeps, Opened, with_source};

use crate::canonical::stored_tables;
use crate::connect;
use crate::error_code::{engine_error, io_error, source_error};
use crate::introspect::introspect;
use crate::sandbox;
use crate::snapshot::SqliteSnapshot;
use crate::text::quote;
use backup::{Durable, check_integrity};
use file::Located;
use taking::{Destination, back_up};

/// How long a writer may hold a source before that is an error.
const BUSY: Duration = Duration::from_secs(10);

/// Reads SQLite files. Every read happens on a thread that Landlock keeps from writing anything but
/// the files of the run.
pub struct SqliteSources {
    scratch: PathBuf,
    busy: Duration,
}

impl SqliteSources {
    /// `scratch`: a private folder for the copies that a `-wal` without `-shm` asks for; it is
    /// created when it is needed, and the copies are gone when a call returns.
    pub fn new(scratch: impl Into<PathBuf>) -> Self {
        Self { scratch: scratch.into(), busy: BUSY }
    }

    /// How long to wait for a writer.
    #[must_use]
    pub fn waiting(mut self, busy: Duration) -> Self {
        self.busy = busy;
        self
    }
}

impl SourceEngine for SqliteSources {
    fn inspect(&self, file: &SourcePath) -> Result<SourceState> {
        let source = file::locate(file)?;
        self.make_scratch(&source)?;
        let folders = [self.scratch.as_path()];
        restricted(&folders, || inspect(file, &source, &self.scratch, self.busy))
    }

    fn back_up(
        &self,
        file: &SourcePath,
        backup: &Path,
        snapshot: &Path,
        work: &Path,
    ) -> Result<BackupReport> {
        self.back_up_at(file, backup, snapshot, work, Durable::Now)
    }

    fn back_up_one_of_many(
        &self,
        file: &SourcePath,
        backup: &Path,
        snapshot: &Path,
        work: &Path,
    ) -> Result<BackupReport> {
        self.back_up_at(file, backup, snapshot, work, Durable::Later)
    }

    fn make_durable(&self, folder: &Path) -> Result<()> {
        files::sync_all_in(folder)
            .map_err(|error| io_error(&code::BACKUP_FAILED, &folder.display().to_string(), &error))
    }

    fn changed_since(&self, before: &SourceState) -> Result<Option<String>> {
        match self.same_file(before)? {
            Err(gone) => Ok(Some(gone)),
            Ok(source) => Ok(fingerprint::difference(before, &fingerprint::fingerprint(&source)?)),
        }
    }

    fn touched_since(&self, before: &SourceState) -> Result<Option<String>> {
        match self.same_file(before)? {
            Err(gone) => Ok(Some(gone)),
            Ok(source) => fingerprint::touched(before, &source),
        }
    }

    fn open_source(&self, state: &SourceState, file: &FileParameters) -> Result<Box<dyn Snapshot>> {
        let source = file::locate(&state.path)?;
        self.make_scratch(&source)?;
        let folders = [self.scratch.as_path()];
        let opened = restricted(&folders, || {
            let mode = reading::decide(&source, self.busy)?;
            reading::open(&source, mode, &self.scratch, self.busy)
        })?;
        Ok(Box::new(SqliteSnapshot::of_source(opened, file.clone())?))
    }

    fn open_snapshot(&self, snapshot: &Path, file: &FileParameters) -> Result<Box<dyn Snapshot>> {
        Ok(Box::new(SqliteSnapshot::open(snapshot, file.clone())?))
    }
}

impl SqliteSources {
    fn back_up_at(
        &self,
        file: &SourcePath,
        backup: &Path,
        snapshot: &Path,
        work: &Path,
        durable: Durable,
    ) -> Result<BackupReport> {
        let source = file::locate(file)?;
        let folders = [backup, snapshot].map(|path| path.parent().unwrap_or(Path::new(".")));
        let folders = [folders[0], folders[1], work];
        for folder in folders {
            make_folder(folder, &source)?;
        }
        let to = Destination::At(backup);
        restricted(&folders, || back_up(&source, &to, snapshot, work, durable, self.busy))
    }

    /// Takes a backup of any SQLite file into `folder`, under a name of its own, while others write
    /// to the file: restored elsewhere and compared like every other.
    ///
    /// # Errors
    /// `SRC…` for everything that makes the file unreadable; `SRC112`, `RUN818`.
    pub fn create_backup(&self, file: &SourcePath, folder: &Path) -> Result<BackupReport> {
        let source = file::locate(file)?;
        make_folder(folder, &source)?;
        let failed = |error| io_error(&code::BACKUP_FAILED, &folder.display().to_string(), &error);
        // Where the backups are there is room for one more, and nobody else reads it.
        let drill = tempfile::Builder::new()
            .prefix(unfinished::DRILL)
            .tempdir_in(folder)
            .map_err(failed)?;
        let _held = Hold::on(drill.path()).map_err(failed)?;
        let name = BackupName::new(&name_of(&source.path), runtime::clock::now(), ".sqlite");
        let to = Destination::Named { folder, name };
        let snapshot = drill.path().join("restored");
        let (work, durable) = (drill.path(), Durable::Now);
        restricted(&[folder], || back_up(&source, &to, &snapshot, work, durable, self.busy))
    }

    /// Only where a copy will be needed: a dry run writes nothing without need.
    fn make_scratch(&self, source: &Located) -> Result<()> {
        match source.with("-wal").exists() && !source.with("-shm").exists() {
            true => make_folder(&self.scratch, source),
            false => Ok(()),
        }
    }

    /// The source if it is still the file that it was, else what has become of it.
    fn same_file(&self, before: &SourceState) -> Result<std::result::Result<Located, String>> {
        match file::locate(&before.path) {
            Err(error) if error.code == &code::SOURCE_MISSING => {
                Ok(Err("the file is gone".to_owned()))
            }
            Err(error) => Err(error),
            Ok(source) if source.identity == before.identity => Ok(Ok(source)),
            Ok(_) => Ok(Err("another file has taken its place".to_owned())),
        }
    }
}

pub(crate) fn restricted<T: Send>(
    folders: &[&Path],
    work: impl FnOnce() -> Result<T> + Send,
) -> Result<T> {
    sandbox::on_restricted_thread(folders, |_| work()).unwrap_or_else(|| Err(panicked()))
}

fn panicked() -> EngineError {
    EngineError::new(&code::INTERNAL, "the thread that reads a source panicked")
}

fn make_folder(folder: &Path, source: &Located) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| io_error(&code::BACKUP_FAILED, &source.shown, &error))
}

fn inspect(
    file: &SourcePath,
    source: &Located,
    scratch: &Path,
    busy: Duration,
) -> Result<SourceState> {
    let ((tables, schema, header, mode), found) =
        reading::with_source(source, scratch, busy, |conn, mode| {
            check_integrity(&source.shown, conn, Integrity::Quick)?;
            let tables = tables_of(source, conn)?;
            let schema = schema::of(conn, tables.keys())
                .map_err(|error| source_error(&source.shown, &error))?;
            Ok((tables, schema, header(source, conn)?, mode))
        })?;
    // Taken with no connection open: closing a descriptor would release SQLite's locks.
    let now = found.map_or_else(|| fingerprint::fingerprint(source), Ok)?;
    let (page_size, user_version, application_id) = header;
    Ok(SourceState {
        path: file.clone(),
        identity: source.identity,
        files: now.files,
        beside: now.beside,
        open_mode: mode.name().to_owned(),
        page_size,
        user_version,
        application_id,
        sqlite_version: rusqlite::version().to_owned(),
        tables,
        schema: Arc::new(schema),
    })
}

fn tables_of(source: &Located, conn: &Connection) -> Result<BTreeMap<String, u64>> {
    let tables = count_rows(conn).map_err(|error| source_error(&source.shown, &error))?;
    if tables.is_empty() {
        return Err(source
            .error(&code::SOURCE_EMPTY, "the database has no tables")
            .help("check that this is the right file"));
    }
    Ok(tables)
}

/// Page size, user version, application id.
fn header(source: &Located, conn: &Connection) -> Result<(u32, i32, i32)> {
    let sql = "SELECT page_size, user_version, application_id \
               FROM pragma_page_size, pragma_user_version, pragma_application_id";
    conn.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .map_err(|error| source_error(&source.shown, &error))
}

/// Rows of every ordinary table but SQLite's internal ones.
fn count_rows(conn: &Connection) -> rusqlite::Result<BTreeMap<String, u64>> {
    let tables = stored_tables(conn)?;
    let own = tables.into_iter().filter(|table| !is_internal(table));
    own.map(|table| {
        let sql = format!("SELECT count(*) FROM {}", quote(&table));
        Ok((table, connect::count(conn, &sql, [])?))
    })
    .collect()
}

fn is_internal(table: &str) -> bool {
    table.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("sqlite_"))
}

/// The one that `baseline capture` prints.
pub(crate) fn schema_fingerprint(path: &Path, conn: &Connection) -> Result<String> {
    let catalog = introspect(conn).map_err(|error| {
        engine_error(&code::BACKUP_FAILED, &error).object(path.display().to_string())
    })?;
    Ok(catalog::fingerprint(&catalog, catalog::Scope::default()))
}
