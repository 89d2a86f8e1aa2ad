//! Where a target file and the files of a run beside it are.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use diagnostics::code;
use runtime::EngineError;
use runtime::engine::Result;

use crate::error_code::io_error;

/// The target, symbolic links followed once: everything the run writes stands in the same folder
/// as the file itself, so that one rename on one file system can put it in place.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) shown: String,
    folder: PathBuf,
    name: OsString,
}

/// `.shop.sqlite.cutover-20261121-053501-8c1f20`, `shop.sqlite.before-20261121-053501-8c1f20`
const STAGING: &str = ".cutover-";
const KEPT: &str = ".before-";

impl Place {
    /// The file need not be there, nor its folder.
    pub(crate) fn of(path: &Path, shown: &str) -> Result<Self> {
        let failed = |error: std::io::Error| io_error(&code::WRONG_TARGET, shown, &error);
        let path = std::path::absolute(path).map_err(failed)?;
        if path.is_symlink() && !path.exists() {
            let message = "the target is a symbolic link to a file that is not there";
            return Err(EngineError::new(&code::WRONG_TARGET, message)
                .object(shown)
                .help("name the file itself"));
        }
        let real = existing_part(&path).map_err(failed)?;
        let (Some(folder), Some(name)) = (real.parent(), real.file_name()) else {
            return Err(EngineError::new(&code::WRONG_TARGET, "this is no file name").object(shown));
        };
        Ok(Self { shown: shown.to_owned(), folder: folder.to_owned(), name: name.to_owned() })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn live(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// The live file and every file that SQLite would take for a part of it.
    pub(crate) fn live_files(&self) -> [PathBuf; 4] {
        ["", "-wal", "-shm", "-journal"].map(|suffix| self.beside("", suffix))
    }

    /// What lies beside a target that is not there. SQLite would read it into the new file: a `-wal`
    /// or a journal of a database that somebody removed turns the new file into that database.
    pub(crate) fn orphan(&self) -> Option<PathBuf> {
        let [live, beside @ ..] = self.live_files();
        let there = |path: &PathBuf| path.symlink_metadata().is_ok();
        if there(&live) { None } else { beside.into_iter().find(there) }
    }

    pub(crate) fn staging(&self, run_id: &str) -> PathBuf {
        self.beside(".", &format!("{STAGING}{run_id}"))
    }

    pub(crate) fn kept(&self, run_id: &str) -> PathBuf {
        self.beside("", &format!("{KEPT}{run_id}"))
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.beside(".", ".cutover.lock")
    }

    fn beside(&self, before: &str, after: &str) -> PathBuf {
        let mut name = OsString::from(before);
        name.push(&self.name);
        name.push(after);
        self.folder.join(name)
    }

    /// The run whose staging file this is, if it is one (not its `-journal`).
    pub(crate) fn staged_by(&self, file_name: &str) -> Option<String> {
        self.run_of(file_name, ".", STAGING)
    }

    pub(crate) fn kept_by(&self, file_name: &str) -> Option<String> {
        self.run_of(file_name, "", KEPT)
    }

    fn run_of(&self, file_name: &str, before: &str, word: &str) -> Option<String> {
        let start = format!("{before}{}{word}", self.name.to_string_lossy());
        let run = file_name.strip_prefix(&start)?;
        let side = ["-journal", "-wal", "-shm"].iter().any(|suffix| run.ends_with(suffix));
        (!side && !run.is_empty()).then(|| run.to_owned())
    }

    /// The longest name that a run gives to a file here, in bytes.
    pub(crate) fn longest_name(&self, run_id: &str) -> usize {
        self.name.len() + 1 + STAGING.len() + run_id.len() + "-journal".len()
    }
}

/// Symbolic links in what exists are resolved; what does not exist is added as it is.
fn existing_part(path: &Path) -> std::io::Result<PathBuf> {
    match path.canonicalize() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            match (path.parent(), path.file_name()) {
                (Some(parent), Some(name)) => Ok(existing_part(parent)?.join(name)),
                _ => Err(error),
            }
        }
        found => found,
    }
}
