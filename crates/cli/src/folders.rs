//! Where relative paths start, and where the records of runs are kept.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use diagnostics::{Diagnostic, code};

use crate::args::Place;
use crate::exit_code;
use crate::failure::Failure;

/// Folder of a file, as a path that can be opened.
pub(crate) fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// Folder at which the relative paths of the plan start, absolute.
pub(crate) fn base(file: &Path, place: &Place) -> PathBuf {
    absolute(place.base.clone().unwrap_or_else(|| folder_of(file)))
}

/// `.cutover` beside the plan, unless the command line or the environment says otherwise; absolute.
pub(crate) fn state(base: &Path, place: &Place) -> PathBuf {
    absolute(place.state_dir.clone().unwrap_or_else(|| base.join(".cutover")))
}

/// Only a working folder that is gone has no absolute path; then everything else fails too.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// Creates the state folder for this user alone: backups of every row will be in it.
pub(crate) fn create_state(folder: &Path) -> Result<(), Failure> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.and_then(|()| hide_from_git(folder)).map_err(|error| {
        let why = crate::plan_input::reason(&error);
        let message = format!("the state folder `{}` cannot be written: {why}", folder.display());
        let diagnostic = Diagnostic::new(&code::JOURNAL_INACCESSIBLE, message)
            .help("name another folder with `--state-dir` or CUTOVER_STATE_DIR");
        Failure::new(diagnostic, exit_code::FINDINGS)
    })
}

/// Nobody commits backups by accident.
fn hide_from_git(folder: &Path) -> io::Result<()> {
    let ignore = folder.join(".gitignore");
    if ignore.exists() { Ok(()) } else { std::fs::write(ignore, "*\n") }
}
