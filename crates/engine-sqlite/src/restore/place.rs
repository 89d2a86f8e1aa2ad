//! The place of a restore: who uses it, and how the old file leaves it for the new one.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use backup::files::{beside, rename_new, sync_folder_of};
use diagnostics::code;
use runtime::engine::{Result, SourcePath};
use runtime::{EngineError, faults};
use rustix::fs::{AtFlags, CWD, linkat};

use super::aside;
use crate::error_code::io_error;
use crate::source::file;
use crate::source::name_of;
use crate::target::place::Place;

/// What SQLite takes for a part of a database. The `-shm` is made anew from the `-wal`.
const PARTS: [&str; 3] = ["-wal", "-journal", "-shm"];

/// # Errors
/// `BKP105` where something is there and must stay, or a program has it open.
pub(super) fn may_be_replaced(place: &Place, replace: bool) -> Result<()> {
    let live = place.live();
    let refused = |message: String, help: &str| {
        Err(EngineError::new(&code::RESTORE_REFUSED, message).object(&place.shown).help(help))
    };
    let first = place.live_files().into_iter().find(|path| path.symlink_metadata().is_ok());
    let Some(first) = first else { return Ok(()) };
    if !replace {
        let message = format!("`{}` is there", name_of(&first));
        return refused(
            message,
            "`--dry-run` shows what would be replaced; `--replace-existing` moves it aside",
        );
    }
    if live.exists() && !live.is_file() {
        return refused("what is there is no file".to_owned(), "name another place with `--to`");
    }
    const STOP: &str = "stop the program: it would go on with the old file, and what it writes \
         would not be in the restored one";
    if let Some(process) = open_in(&live).first() {
        return refused(format!("process {process} has the file open"), STOP);
    }
    if let Some(process) = locked_by(place) {
        return refused(format!("process {process} holds a lock on the file"), STOP);
    }
    Ok(())
}

fn locked_by(place: &Place) -> Option<u32> {
    let live = SourcePath { source: String::new(), shown: place.shown.clone(), path: place.live() };
    // A file that cannot be opened for a look is one that a restore is for.
    file::locate(&live).and_then(|located| located.locked_by()).ok().flatten()
}

/// Processes with an open descriptor on the file, as `/proc` shows them to this user; a lock tells
/// only of those in the middle of something.
pub(super) fn open_in(path: &Path) -> Vec<u32> {
    let Ok(file) = path.metadata() else { return Vec::new() };
    let is_it = |fd: &Path| {
        fd.metadata().is_ok_and(|found| (found.dev(), found.ino()) == (file.dev(), file.ino()))
    };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut found: Vec<u32> = processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|process| *process != std::process::id())
        .filter(|process| {
            let descriptors = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten();
            descriptors.flatten().any(|descriptor| is_it(&descriptor.path()))
        })
        .collect();
    found.sort_unstable();
    found
}

/// The new file belongs to whom the old one belonged, with the same rights; where there was none it
/// stays private.
pub(super) fn like_old(staged: &Path, live: &Path) -> io::Result<()> {
    let Ok(old) = live.metadata() else {
        return fs::set_permissions(staged, fs::Permissions::from_mode(0o600));
    };
    let new = staged.metadata()?;
    if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
        std::os::unix::fs::chown(staged, Some(old.uid()), Some(old.gid()))?;
    }
    fs::set_permissions(staged, fs::Permissions::from_mode(old.permissions().mode() & 0o7777))
}

/// The old database moves aside as a whole, the new one takes its place; gives where the old one is.
pub(super) fn exchange(place: &Place, staged: &Path) -> Result<Option<PathBuf>> {
    let live = place.live();
    let moved =
        move_aside(&live).map_err(|error| io_error(&code::RESTORE_FAILED, &place.shown, &error))?;
    match rename_new(staged, &live) {
        Ok(()) => Ok(moved),
        Err(error) => {
            let failed = io_error(&code::RESTORE_FAILED, &place.shown, &error);
            Err(match moved.map(|aside| (move_back(&aside, &live), aside)) {
                None | Some((Ok(()), _)) => failed.help("what was there is in its place again"),
                Some((Err(_), aside)) => {
                    failed.help(format!("what was there is now `{}`", aside.display()))
                }
            })
        }
    }
}

/// Second names for the parts first, so that whatever looks at an empty place and tidies up takes
/// nothing away: a new database at the path would delete a `-wal` that it finds there.
fn move_aside(live: &Path) -> io::Result<Option<PathBuf>> {
    let parts: Vec<&str> =
        PARTS.into_iter().filter(|part| beside(live, part).symlink_metadata().is_ok()).collect();
    let there = live.symlink_metadata().is_ok();
    if parts.is_empty() && !there {
        return Ok(None);
    }
    let aside = aside(live);
    let mut linked = Vec::new();
    for part in &parts {
        faults::io("link a part")?;
        let (from, to) = (beside(live, part), beside(&aside, part));
        if linkat(CWD, &from, CWD, &to, AtFlags::empty()).is_ok() {
            linked.push(from);
        }
    }
    if there {
        rename_new(live, &aside)?;
    }
    for part in parts {
        let from = beside(live, part);
        match linked.contains(&from) {
            true => faults::io("remove a part").and_then(|()| fs::remove_file(from))?,
            // No second names on this file system.
            false => rename_new(&from, &beside(&aside, part))?,
        }
    }
    sync_folder_of(live)?;
    Ok(Some(aside))
}

fn move_back(aside: &Path, live: &Path) -> io::Result<()> {
    for part in PARTS.into_iter().chain([""]) {
        let from = beside(aside, part);
        if from.symlink_metadata().is_ok() {
            rename_new(&from, &beside(live, part))?;
        }
    }
    Ok(())
}
