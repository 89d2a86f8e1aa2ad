//! Files of runs that did not end by themselves.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use diagnostics::code;
use runtime::engine::{Leftover, Result};
use runtime::faults;

use super::place::Place;
use super::{marker, promote};
use crate::error_code::io_error;
use crate::source::{file, name_of, sync};

/// Staging files, and second names that a promote gave to the live file before it was killed.
pub(crate) fn find(place: &Place) -> Result<Vec<Leftover>> {
    let failed = |error: std::io::Error| io_error(&code::WRONG_TARGET, &place.shown, &error);
    let entries = match place.folder().read_dir() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let name = name_of(&path);
        let second_name = || same_file(&path, &place.live());
        let run = place.staged_by(&name).or_else(|| place.kept_by(&name).filter(|_| second_name()));
        found.extend(run.map(|run_id| Leftover {
            run_id,
            what: name,
            handle: path.to_string_lossy().into_owned(),
        }));
    }
    found.sort_by(|a, b| a.what.cmp(&b.what));
    Ok(found)
}

pub(crate) fn same_file(a: &Path, b: &Path) -> bool {
    let both = a.metadata().ok().zip(b.metadata().ok());
    both.is_some_and(|(a, b)| (a.dev(), a.ino()) == (b.dev(), b.ino()))
}

/// Removes what nobody needs. A promote by exchange that was killed leaves the *old* target under
/// the staging name while the new one is live: that is kept under the name it was meant to get.
pub(crate) fn remove(place: &Place, leftover: &Leftover) -> Result<()> {
    let path = PathBuf::from(&leftover.handle);
    let failed = |error: std::io::Error| io_error(&code::LEFT_BEHIND, &leftover.what, &error);
    if same_file(&path, &place.live()) || !holds_old_state(place, &path, &leftover.run_id)? {
        remove_database(&path).map_err(failed)?;
    } else {
        promote::rename_new(&path, &place.kept(&leftover.run_id)).map_err(failed)?;
    }
    sync(&place.folder().join(".")).map_err(failed)
}

fn holds_old_state(place: &Place, path: &Path, run_id: &str) -> Result<bool> {
    let live = place.live();
    Ok(place.staged_by(&name_of(path)).is_some()
        && live.exists()
        && marker::run_of(&live, &place.shown)?.as_deref() == Some(run_id))
}

/// With the files that SQLite keeps beside it; none of them being there is fine.
pub(crate) fn remove_database(path: &Path) -> std::io::Result<()> {
    for suffix in ["-journal", "-wal", "-shm", ""] {
        let removed = faults::io("remove a database file")
            .and_then(|()| fs::remove_file(file::beside(path, suffix)));
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
