//! The manifest beside a backup: what one needs to know to trust and restore it years later.

use std::io::Write;
use std::path::{Path, PathBuf};

use diagnostics::code;
use runtime::engine::{BackupReport, FileState, Result};
use serde_json::json;

use super::backup::{Partial, make_read_only, sync};
use super::file::beside;
use crate::connect;
use crate::error_code::io_error;

pub(crate) const FORMAT: u32 = 1;

/// What the source was when the backup was taken.
pub(crate) struct Taken {
    pub(crate) source: String,
    pub(crate) files: Vec<FileState>,
    pub(crate) open_mode: &'static str,
    pub(crate) page_size: u32,
    pub(crate) user_version: i32,
    pub(crate) application_id: i32,
    /// What virtual tables find wrong with their own indexes.
    pub(crate) virtual_tables: Vec<String>,
    pub(crate) taken_at: String,
}

pub(crate) fn path_for(backup: &Path) -> PathBuf {
    beside(backup, ".manifest.json")
}

/// Written last: a backup with a manifest is one that was restored and compared.
pub(crate) fn write(report: &BackupReport, taken: &Taken, partial: &mut Partial) -> Result<()> {
    let path = path_for(&report.backup);
    let put = |partial: &mut Partial| {
        let mut file = partial.create(&path)?;
        file.write_all(text(report, taken).as_bytes())?;
        make_read_only(&path)?;
        sync(&path)
    };
    put(partial)
        .map_err(|error| io_error(&code::BACKUP_FAILED, &path.display().to_string(), &error))
}

fn text(report: &BackupReport, taken: &Taken) -> String {
    let file = report.backup.file_name().unwrap_or_default().to_string_lossy();
    let tables: serde_json::Map<_, _> = report
        .tables
        .iter()
        .map(|(name, digest)| {
            let content = json!({ "rows": digest.rows, "digest": digest.to_string() });
            (name.clone(), content)
        })
        .collect();
    let files: Vec<_> = taken
        .files
        .iter()
        .map(|file| json!({ "name": file.name, "size": file.size, "sha256": file.sha256 }))
        .collect();
    let manifest = json!({
        "format": FORMAT,
        "file": file,
        "size": report.size,
        "sha256": report.sha256,
        "taken_at": taken.taken_at,
        "elapsed_ms": report.elapsed_ms,
        "tool": concat!("cutover ", env!("CARGO_PKG_VERSION")),
        "sqlite": connect::version(),
        "source": {
            "path": taken.source,
            "files": files,
            "open_mode": taken.open_mode,
            "page_size": taken.page_size,
            "user_version": taken.user_version,
            "application_id": taken.application_id,
        },
        "verified": "restored into another file and every row compared",
        "foreign_key_violations": report.foreign_key_violations,
        "virtual_table_findings": taken.virtual_tables,
        "tables": tables,
    });
    format!("{manifest:#}\n")
}
