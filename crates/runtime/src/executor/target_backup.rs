//! The backup of what the promote would replace (L2).

use std::path::Path;

use diagnostics::{code, plural};

use crate::engine::{BackupReport, TargetEngine};
use crate::journal::Record;
use crate::journal::format::{TableDigest, TargetBackupRecord};
use crate::run::session::Session;
use crate::stop::cancelling;
use crate::{EngineError, private};

/// Below the backups of the run.
const FOLDER: &str = "target";

/// Takes it below `backups`, where there is anything to be replaced.
pub(super) fn take(
    session: &Session<'_>,
    backups: &Path,
    target: &mut dyn TargetEngine,
) -> Result<(), EngineError> {
    let folder = backups.join(FOLDER);
    private::create_folders(&folder).map_err(|error| {
        EngineError::new(&code::BACKUP_FAILED, format!("a folder cannot be made: {error}"))
            .object(folder.display().to_string())
    })?;
    let canceller = target.canceller();
    let taken =
        cancelling(&session.stop, canceller, || target.back_up_target(session.plan, &folder))?;
    match taken {
        Some(report) => told(session, &report),
        None => {
            // It holds nothing, so nobody misses it where it stays.
            std::fs::remove_dir(&folder).ok();
            session.passed("nothing with rows is replaced, so there is nothing to back up");
            Ok(())
        }
    }
}

fn told(session: &Session<'_>, report: &BackupReport) -> Result<(), EngineError> {
    let rows: u64 = report.tables.values().map(|digest| digest.rows).sum();
    let tables = plural(report.tables.len(), "table");
    let path = report.backup.display().to_string();
    session.passed(format!(
        "what would be replaced is backed up, restored elsewhere and compared: {tables}, {rows} \
         rows, {path}"
    ));
    let digest = |(table, digest): (&String, &crate::RowDigest)| TableDigest {
        table: table.clone(),
        digest: digest.to_string(),
    };
    session.record(Record::TargetBackedUp(TargetBackupRecord {
        backup: path,
        sha256: report.sha256.clone(),
        size: report.size,
        tables: report.tables.iter().map(digest).collect(),
        elapsed_ms: report.elapsed_ms,
    }))
}
