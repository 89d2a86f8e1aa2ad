//! What a folder holds, byte for byte.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileState {
    pub size: u64,
    pub modified: SystemTime,
    pub sha256: Vec<u8>,
}

/// Every file of a folder (not of its subfolders) by name.
///
/// # Panics
/// When the folder cannot be read.
pub fn states(folder: &Path) -> BTreeMap<String, FileState> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    files
        .map(|entry| {
            let (bytes, meta) = (std::fs::read(entry.path()).unwrap(), entry.metadata().unwrap());
            let state = FileState {
                size: meta.len(),
                modified: meta.modified().unwrap(),
                sha256: Sha256::digest(&bytes).to_vec(),
            };
            (entry.file_name().to_string_lossy().into_owned(), state)
        })
        .collect()
}

/// Everything in the sources' folder of a plan (`data`), by its path; folders and links without bytes.
///
/// # Panics
/// When something cannot be read.
pub(crate) fn sources(plan: &Path) -> BTreeMap<PathBuf, Option<FileState>> {
    let (mut found, mut open) = (BTreeMap::new(), vec![plan.join("data")]);
    while let Some(folder) = open.pop().filter(|folder| folder.is_dir()) {
        let states = states(&folder).into_iter();
        found.extend(states.map(|(name, state)| (folder.join(name), Some(state))));
        for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let (kind, path) = (entry.file_type().unwrap(), entry.path());
            if kind.is_dir() {
                open.push(path.clone());
            }
            found.entry(path).or_insert(None);
        }
    }
    found
}
