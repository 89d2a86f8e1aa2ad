//! What must be the same before and after a run: bytes, sizes, times, and the files beside.

use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use diagnostics::code;
use runtime::engine::{FileState, Result, SourceState};
use sha2::{Digest, Sha256};

use super::file::Located;
use super::folder;
use crate::error_code::io_error;
use crate::text::hex;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    /// The main file, then `-wal`, where it is there.
    pub(crate) files: Vec<FileState>,
    pub(crate) beside: Vec<String>,
}

pub(crate) fn fingerprint(source: &Located) -> Result<Fingerprint> {
    let mut files = vec![file_state(source, "")?];
    if source.with("-wal").exists() {
        files.push(file_state(source, "-wal")?);
    }
    Ok(Fingerprint { files, beside: names_beside(source)? })
}

fn file_state(source: &Located, suffix: &str) -> Result<FileState> {
    let state = |file: &File| {
        let (size, mtime_ns) = size_and_time(&file.metadata()?);
        let name = name_of(&source.with(suffix));
        Ok(FileState { name, size, mtime_ns, sha256: sha256(file)? })
    };
    if suffix.is_empty() { source.with_file(state) } else { source.with_wal(state) }
}

fn size_and_time(found: &Metadata) -> (u64, i128) {
    let mtime_ns = i128::from(found.mtime()) * 1_000_000_000 + i128::from(found.mtime_nsec());
    (found.len(), mtime_ns)
}

/// The quick form: what `stat` and the folder show, no bytes read.
pub(crate) fn touched(before: &SourceState, source: &Located) -> Result<Option<String>> {
    for old in &before.files {
        let path = source.path.with_file_name(&old.name);
        match path.metadata() {
            Err(_) => return Ok(Some(format!("`{}` is gone", old.name))),
            Ok(found) if size_and_time(&found) != (old.size, old.mtime_ns) => {
                return Ok(Some(format!("`{}` was written", old.name)));
            }
            Ok(_) => {}
        }
    }
    Ok(difference_beside(before, &names_beside(source)?))
}

pub(crate) fn sha256(mut file: &File) -> std::io::Result<String> {
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 18]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize())),
            n => hash.update(&buffer[..n]),
        }
    }
}

/// Names of all files whose name begins with the source's, sorted.
fn names_beside(source: &Located) -> Result<Vec<String>> {
    let unreadable = |error| io_error(&code::SOURCE_UNREADABLE, &source.shown, &error);
    let name = name_of(&source.path);
    let folder = source.path.parent().unwrap_or(Path::new("/"));
    folder::names_with(folder, &name).map_err(unreadable)
}

pub(crate) fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// The first difference as a sentence; `None` where nothing differs.
pub(crate) fn difference(before: &SourceState, now: &Fingerprint) -> Option<String> {
    for old in &before.files {
        let Some(new) = now.files.iter().find(|new| new.name == old.name) else {
            return Some(format!("`{}` is gone", old.name));
        };
        if (old.size, &old.sha256) != (new.size, &new.sha256) {
            return Some(format!(
                "`{}` had {} bytes and the digest {}, and has {} bytes and the digest {}",
                old.name,
                old.size,
                short(&old.sha256),
                new.size,
                short(&new.sha256)
            ));
        }
        if old.mtime_ns != new.mtime_ns {
            return Some(format!("`{}` was written again with the same bytes", old.name));
        }
    }
    difference_beside(before, &now.beside)
}

fn difference_beside(before: &SourceState, now: &[String]) -> Option<String> {
    let gone = before.beside.iter().find(|name| !now.contains(name));
    let new = now.iter().find(|name| !before.beside.contains(name));
    gone.map(|name| format!("`{name}` is gone"))
        .or_else(|| new.map(|name| format!("`{name}` is new")))
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}
