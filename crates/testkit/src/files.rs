//! What a folder holds, byte for byte.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
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

/// Everything in the sources' folder of a plan (`data`), as lines that are equal where nothing changed.
/// Another process reads the bytes: were it this one, closing a file would end the locks that a test
/// holds on it.
///
/// # Panics
/// When something cannot be looked at.
pub(crate) fn sources(plan: &Path) -> BTreeSet<String> {
    let (mut found, mut files) = (BTreeSet::new(), Vec::new());
    let mut open = vec![plan.join("data")];
    while let Some(folder) = open.pop().filter(|folder| folder.is_dir()) {
        for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let (meta, path) = (entry.metadata().unwrap(), entry.path());
            if meta.is_dir() {
                open.push(path.clone());
            } else if meta.is_file() {
                files.push(path.clone());
            }
            found.insert(format!("{} {:?} {:?}", path.display(), meta.file_type(), written(&meta)));
        }
    }
    files.sort();
    for some in files.chunks(500) {
        // A file that may not be read is told of on the other stream, before and after alike.
        let sums = Command::new("sha256sum").arg("--").args(some).output().unwrap();
        let text = String::from_utf8_lossy(&sums.stdout).into_owned();
        found.extend(text.lines().map(str::to_owned));
    }
    found
}

/// Length and time of a file; a folder's tell of what is beside the sources.
fn written(meta: &std::fs::Metadata) -> Option<(u64, SystemTime)> {
    meta.is_file().then(|| (meta.len(), meta.modified().unwrap()))
}
