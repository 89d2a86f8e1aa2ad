//! What the manifest of a SQLite backup says.

use std::path::PathBuf;

use backup::manifest::{About, Content, FORMAT, Manifest, OriginFile, Sqlite, Timings};
use diagnostics::code;
use runtime::engine::{BackupReport, FileState, Result};

use super::backup::{Durable, Partial};
use super::taking::Made;
use crate::connect;
use crate::error_code::io_error;

/// What the source was when the backup was taken.
pub(crate) struct Taken {
    pub(crate) source: String,
    pub(crate) path: PathBuf,
    pub(crate) files: Vec<FileState>,
    pub(crate) open_mode: &'static str,
    pub(crate) page_size: u32,
    pub(crate) user_version: i32,
    pub(crate) application_id: i32,
    pub(crate) taken_at: jiff::Timestamp,
    pub(crate) timings: Timings,
}

/// Written last: a backup with a manifest is one that was restored and compared.
pub(crate) fn write(
    report: &BackupReport,
    made: Made,
    durable: Durable,
    partial: &mut Partial,
) -> Result<()> {
    let path = Manifest::path_for(&report.backup);
    partial.take(&path);
    let manifest = manifest(report, made);
    let written = match durable {
        Durable::Now => manifest.write(&report.backup),
        Durable::Later => manifest.write_unsynced(&report.backup),
    };
    written.map_err(|error| io_error(&code::BACKUP_FAILED, &path.display().to_string(), &error))
}

fn manifest(report: &BackupReport, Made { taken, digests, examined }: Made) -> Manifest {
    let file =
        |file: FileState| OriginFile { name: file.name, size: file.size, sha256: file.sha256 };
    let about = About::Sqlite(Sqlite {
        path: taken.path,
        files: taken.files.into_iter().map(file).collect(),
        open_mode: taken.open_mode.to_owned(),
        page_size: taken.page_size,
        user_version: taken.user_version,
        application_id: taken.application_id,
        foreign_key_violations: report.foreign_key_violations,
        virtual_table_findings: examined.virtual_tables,
    });
    Manifest {
        format: FORMAT,
        file: report.backup.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        size: report.size,
        sha256: report.sha256.clone(),
        taken_at: format!("{:.3}", taken.taken_at),
        program: concat!("cutover ", env!("CARGO_PKG_VERSION")).to_owned(),
        engine: connect::version(),
        origin: taken.source,
        schema_fingerprint: examined.schema_fingerprint,
        tables: digests
            .iter()
            .map(|(table, digest)| (table.clone(), Content::from(digest)))
            .collect(),
        about,
        timings: taken.timings,
    }
}
