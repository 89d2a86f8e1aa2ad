//! Removing what retention lets go, and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use diagnostics::code;
use jiff::Timestamp;
use runtime::{EngineError, faults};

use crate::Manifest;
use crate::catalog::{Catalog, Entry};
use crate::files;
use crate::retention::{self, Keep, Verdict};

/// A backup with what becomes of it.
#[derive(Clone, Debug)]
pub struct Judged {
    pub entry: Entry,
    pub verdict: Verdict,
}

/// What would be removed, and why everything else stays. `needed`: runs that may want their
/// backups, with the reason.
///
/// # Errors
/// `BKP104`.
pub fn judge(
    catalog: &Catalog,
    keep: Option<Keep>,
    needed: &BTreeMap<String, String>,
    now: Timestamp,
) -> Result<Vec<Judged>, EngineError> {
    let entries = catalog.list()?;
    // What is gone or no longer what was written protects nothing and is not the last of anything.
    let known: Vec<_> = entries
        .iter()
        .map(|entry| {
            let mut known = entry.known();
            known.verified &= is_there(catalog, entry);
            known
        })
        .collect();
    let verdicts = retention::judge(&known, keep, needed, now);
    Ok(entries
        .into_iter()
        .zip(verdicts)
        .map(|(entry, verdict)| Judged { entry, verdict })
        .collect())
}

/// The cheap look, no bytes read: its manifest can be read and its bytes are as many as were written.
pub fn is_there(catalog: &Catalog, entry: &Entry) -> bool {
    let backup = catalog.location(entry);
    let size =
        if backup.is_dir() { Some(entry.size) } else { backup.metadata().ok().map(|m| m.len()) };
    size == Some(entry.size)
        && Manifest::read(&backup).is_ok_and(|manifest| manifest.sha256 == entry.sha256)
}

/// Removes what was judged so; returns how many bytes that freed.
///
/// # Errors
/// `BKP104` where a file cannot be removed or the catalog cannot be written; what was removed
/// before stays removed and recorded.
pub fn carry_out(catalog: &Catalog, judged: &[Judged], now: Timestamp) -> Result<u64, EngineError> {
    let mut freed = 0;
    for Judged { entry, verdict } in judged.iter().filter(|judged| judged.verdict.remove) {
        let path = catalog.location(entry);
        remove(&path, catalog.folder()).map_err(|error| {
            EngineError::new(
                &code::BACKUP_CATALOG,
                format!("the backup cannot be removed: {}", files::reason(&error)),
            )
            .object(path.display().to_string())
        })?;
        catalog.mark_pruned(&entry.name, now, &verdict.why)?;
        freed += entry.size;
    }
    Ok(freed)
}

/// The manifest goes last: a backup without one would be taken for one that was never finished.
fn remove(backup: &Path, folder: &Path) -> io::Result<()> {
    faults::io("remove the backup")?;
    let kind = fs::symlink_metadata(backup).map(|found| found.file_type());
    let removed = match kind {
        Ok(kind) if kind.is_dir() => fs::remove_dir_all(backup),
        Ok(_) => fs::remove_file(backup),
        Err(error) => Err(error),
    };
    unless_gone(removed)?;
    faults::io("remove the manifest")?;
    unless_gone(fs::remove_file(Manifest::path_for(backup)))?;
    files::sync_folder_of(backup)?;
    // Folders of runs that hold nothing any more.
    let above = backup.ancestors().skip(1).take_while(|above| *above != folder);
    for empty in above {
        if fs::remove_dir(empty).is_err() {
            break;
        }
    }
    Ok(())
}

fn unless_gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
