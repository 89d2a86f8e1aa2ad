//! Backups that lie in the folder and are not in the catalog: taken by a run, or by a command that
//! was killed before it came to the catalog, or brought back from another machine.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use runtime::EngineError;

use super::Catalog;
use crate::{Keep, Manifest, unfinished};

/// Folders below the folder of backups: run, source.
const DEPTH: usize = 3;

#[derive(Debug, Default)]
pub struct TakenUp {
    /// Names of backups that are new in the catalog.
    pub new: Vec<String>,
    /// Manifests that cannot be read, and entries whose backup is gone.
    pub damaged: Vec<EngineError>,
}

impl Catalog {
    /// Enters every backup with a manifest that the catalog does not know; `keep` is for those. What a
    /// command that died left half made goes.
    ///
    /// # Errors
    /// `BKP104`.
    pub fn take_up(&mut self, keep: Keep) -> Result<TakenUp, EngineError> {
        unfinished::remove(self.folder(), &[unfinished::BACKUP, unfinished::DRILL]);
        let known: BTreeSet<String> = self.list()?.into_iter().map(|entry| entry.name).collect();
        let mut found = TakenUp::default();
        for backup in backups(self.folder(), DEPTH) {
            let name = self.name_of(&backup)?;
            if known.contains(&name) {
                continue;
            }
            match Manifest::read(&backup) {
                // A removal that was killed leaves the manifest alone: no backup, and nothing lost.
                Ok(_) if !backup.exists() => {}
                Ok(manifest) => {
                    self.add(&backup, &manifest, keep)?;
                    found.new.push(name);
                }
                Err(error) => found.damaged.push(error),
            }
        }
        let gone = known.iter().filter(|name| !self.folder().join(name).exists());
        found.damaged.extend(gone.map(|name| gone_error(&self.folder().join(name))));
        Ok(found)
    }
}

fn gone_error(path: &Path) -> EngineError {
    EngineError::new(&diagnostics::code::BACKUP_DAMAGED, "the backup is gone")
        .object(path.display().to_string())
        .help("nobody removed it with `cutover backup prune`; bring it back, or prune it")
}

/// Everything that a manifest lies beside, in the order of its path.
fn backups(folder: &Path, depth: usize) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let path = entry.path();
        // Links are not followed: what lies elsewhere is not ours.
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if let Some(backup) = Manifest::backup_of(&path).filter(|_| !is_folder) {
            found.push(backup);
        } else if is_folder && depth > 0 && !Manifest::path_for(&path).exists() {
            found.extend(backups(&path, depth - 1));
        }
    }
    found.sort();
    found
}
