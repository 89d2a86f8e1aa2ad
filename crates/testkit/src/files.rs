//! What a folder holds, byte for byte.

use std::collections::BTreeMap;
use std::path::Path;
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
