//! One backup of one file: copied, examined, restored and compared.

use std::path::{Path, PathBuf};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use ::backup::manifest::Timings;
use ::backup::{BackupName, files};
use diagnostics::code;
use runtime::engine::{BackupReport, FileState, Result};
use rusqlite::Connection;

use super::backup::{self, Digests, Durable, Partial, check_copy, sync};
use super::file::Located;
use super::manifest::{self, Taken};
use super::reading::{self, OpenMode};
use super::{fingerprint, header, is_internal, orphans, panicked, schema_fingerprint};
use crate::canonical::digest_database;
use crate::error_code::{io_error, source_error};

/// Where a backup goes.
pub(super) enum Destination<'a> {
    /// A run knows the name beforehand.
    At(&'a Path),
    /// The name has the digest of the backup in it.
    Named { folder: &'a Path, name: BackupName },
}

impl Destination<'_> {
    /// While it is written.
    fn writing(&self) -> PathBuf {
        match self {
            Destination::At(path) => path.to_path_buf(),
            Destination::Named { folder, name } => folder.join(name.partial()),
        }
    }

    /// The name of the verified backup.
    fn settled(&self, sha256: &str) -> PathBuf {
        match self {
            Destination::At(path) => path.to_path_buf(),
            Destination::Named { folder, name } => folder.join(name.with_digest(sha256)),
        }
    }

    /// The backup gets that name, which must be free. Its manifest is there already: a command that
    /// dies between the two leaves a manifest of nothing, and not rows that nobody knows of.
    fn settle(&self, written: &Path, settled: &Path, partial: &mut Partial) -> Result<()> {
        if written == settled {
            return Ok(());
        }
        let failed = |error| io_error(&code::BACKUP_FAILED, &settled.display().to_string(), &error);
        let renamed = files::rename_new(written, settled);
        // Also where it has the name and that is not durable; a file of that name that was there
        // before is not ours.
        if !written.exists() {
            partial.take(settled);
        }
        renamed.map_err(failed)
    }
}

/// `work`: where a copy of the source may be put that reading it asks for.
pub(super) fn back_up(
    source: &Located,
    to: &Destination<'_>,
    snapshot: &Path,
    work: &Path,
    durable: Durable,
    busy: Duration,
) -> Result<BackupReport> {
    let (start, written) = (Instant::now(), &to.writing());
    let before = fingerprint::fingerprint(source)?.files;
    // Side by side: one thread examines the copy; this one reads the source's rows, for as long as
    // its read transaction lasts, and then what is restored from the copy.
    let (made, mut partial, sha256) = std::thread::scope(|scope| {
        let ((copied, digests, examined), _) =
            reading::with_source(source, work, busy, |conn, mode| {
                let copied = copy(source, conn, mode, written, before.clone())?;
                // Where somebody wrote meanwhile all is done again: nobody asks what this one found.
                let examined = scope.spawn(move || examine(source, written));
                let digests = digest_database(conn);
                Ok((copied, digests.map_err(|e| source_error(&source.shown, &e))?, examined))
            })?;
        let (mut taken, mut partial) = copied;
        taken.timings.taken_ms = millis(start);
        let synced = scope.spawn(move || make_durable(written, durable));
        let drill = Instant::now();
        let sha256 = backup::drill(written, snapshot, &digests, &mut partial);
        taken.timings.drill_ms = millis(drill);
        // What is wrong with the copy was wrong with the source: it is said first.
        let examined = joined(examined)?;
        joined(synced)?;
        Ok((Made { taken, digests, examined }, partial, sha256?))
    })?;
    let mut report = finish(written, snapshot, &made, sha256)?;
    report.backup = to.settled(&report.sha256);
    report.elapsed_ms = millis(start);
    manifest::write(&report, made, durable, &mut partial)?;
    to.settle(written, &report.backup, &mut partial)?;
    partial.keep();
    Ok(report)
}

/// What is known of a backup that was restored and compared.
pub(super) struct Made {
    pub(super) taken: Taken,
    pub(super) digests: Digests,
    pub(super) examined: Examined,
}

fn joined<T>(thread: ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread.join().unwrap_or_else(|_| Err(panicked()))
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn make_durable(written: &Path, durable: Durable) -> Result<()> {
    match durable {
        Durable::Now => sync(written)
            .map_err(|e| io_error(&code::BACKUP_FAILED, &written.display().to_string(), &e)),
        Durable::Later => Ok(()),
    }
}

/// What SQLite says of a copy.
pub(super) struct Examined {
    /// What virtual tables find wrong with their own indexes.
    pub(super) virtual_tables: Vec<String>,
    pub(super) schema_fingerprint: String,
    /// Rows that break declared foreign keys.
    pub(super) foreign_key_violations: u64,
}

/// SQLite's own checks of the copy: what is wrong with it was wrong with the source.
fn examine(source: &Located, written: &Path) -> Result<Examined> {
    let copy = backup::open_copy(written)?;
    Ok(Examined {
        virtual_tables: check_copy(&source.shown, &copy)?,
        schema_fingerprint: schema_fingerprint(written, &copy)?,
        foreign_key_violations: orphans::count(&copy)
            .map_err(|error| source_error(&source.shown, &error))?,
    })
}

/// The copy, made within a read transaction of the source.
fn copy(
    source: &Located,
    conn: &Connection,
    mode: OpenMode,
    written: &Path,
    files: Vec<FileState>,
) -> Result<(Taken, Partial)> {
    let (taken_at, mut partial) = (runtime::clock::now(), Partial::new());
    backup::copy_unsynced(conn, written, &mut partial)?;
    let (page_size, user_version, application_id) = header(source, conn)?;
    let taken = Taken {
        source: source.shown.clone(),
        path: source.path.clone(),
        files,
        open_mode: mode.name(),
        page_size,
        user_version,
        application_id,
        taken_at,
        timings: Timings::default(),
    };
    Ok((taken, partial))
}

fn finish(written: &Path, snapshot: &Path, made: &Made, sha256: String) -> Result<BackupReport> {
    let object = written.display().to_string();
    let failed = |error: std::io::Error| io_error(&code::BACKUP_FAILED, &object, &error);
    files::make_read_only(snapshot).map_err(failed)?;
    files::make_read_only(written).map_err(failed)?;
    let size = written.metadata().map_err(failed)?.len();
    let own = made.digests.iter().filter(|(table, _)| !is_internal(table));
    Ok(BackupReport {
        backup: written.to_owned(),
        sha256,
        size,
        tables: own.map(|(table, digest)| (table.clone(), *digest)).collect(),
        foreign_key_violations: made.examined.foreign_key_violations,
        elapsed_ms: 0,
    })
}
