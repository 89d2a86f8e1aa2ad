//! Files and folders that a command makes under another name first. Whoever makes one holds a lock on
//! it, which ends with the process: what is not held was left by one that died, and goes.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// How such names begin in a folder of backups: a backup, or what a backup is restored into.
pub const BACKUP: &str = ".partial-";
pub const DRILL: &str = ".drill-";
/// Beside the place of a restore.
pub const RESTORE: &str = ".restoring-";

/// While the value lives, nobody takes the file or folder for one that was left.
#[derive(Debug)]
pub struct Hold(#[allow(dead_code)] File);

impl Hold {
    /// # Errors
    /// Where somebody else holds it: then it is not ours.
    pub fn on(path: &Path) -> io::Result<Hold> {
        let file = File::open(path)?;
        file.try_lock()?;
        Ok(Hold(file))
    }
}

/// Removes what died while it was made: entries of the folder whose names begin so. What cannot be
/// removed stays for the next time; it is in nobody's way.
pub fn remove(folder: &Path, starts: &[&str]) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_one = |name: &OsStr| {
        let name = name.to_string_lossy();
        starts.iter().any(|start| name.starts_with(start))
    };
    for entry in entries.filter(|entry| is_one(&entry.file_name())) {
        let path = entry.path();
        // A link, a pipe or a device is nothing that a command of ours makes.
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_file() && Hold::on(&path).is_ok() {
            drop(fs::remove_file(&path));
        } else if kind.is_dir() && Hold::on(&path).is_ok() {
            drop(fs::remove_dir_all(&path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_stays_and_what_was_left_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path(".drill-dead")).unwrap();
        fs::create_dir(path(".drill-alive")).unwrap();
        for name in [".drill-dead/restored", ".partial-dead", ".partial-alive", "other"] {
            fs::write(path(name), "x").unwrap();
        }
        let held = [".drill-alive", ".partial-alive"].map(|name| Hold::on(&path(name)).unwrap());
        remove(folder.path(), &[BACKUP, DRILL]);
        let left = || {
            let mut names: Vec<_> =
                fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
            names.sort();
            names
        };
        assert_eq!(left(), [".drill-alive", ".partial-alive", "other"]);
        drop(held);
        remove(folder.path(), &[BACKUP, DRILL]);
        assert_eq!(left(), ["other"]);
    }

    #[test]
    fn a_pipe_of_such_a_name_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join(".partial-pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        remove(folder.path(), &[BACKUP]);
        assert!(pipe.symlink_metadata().is_ok());
    }
}
