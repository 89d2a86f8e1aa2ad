//! One run per target file: a lock file beside it, held with `flock` and gone with the process.
//!
//! The file is removed while the lock is held. Whoever opened it before that notices, because the
//! name then means another file or none, and tries again; so nothing is left behind and no two runs
//! can hold the lock.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use diagnostics::code;
use runtime::EngineError;
use runtime::engine::{Result, RunInfo};
use rustix::fs::{Mode, OFlags};

use super::place::Place;
use crate::error_code::io_error;

#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Still locked: closing the descriptor, after this, lets go. A name that stays is harmless.
        std::fs::remove_file(&self.path).ok();
    }
}

pub(crate) fn take(place: &Place, run: &RunInfo) -> Result<Lock> {
    let path = place.lock();
    let failed = |error: std::io::Error| {
        io_error(&code::NO_PRIVILEGE, &place.shown, &error)
            .help("the run needs to write into the folder of the target")
    };
    std::fs::create_dir_all(place.folder()).map_err(failed)?;
    loop {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR)
            .map(File::from)
            .map_err(|errno| failed(errno.into()))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(held(place, file)),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
            Ok(()) if !is_named(&file, &path) => {}
            Ok(()) => return sign(file, path, run).map_err(failed),
        }
    }
}

fn is_named(file: &File, path: &std::path::Path) -> bool {
    let both = file.metadata().ok().zip(path.metadata().ok());
    both.is_some_and(|(a, b)| (a.dev(), a.ino()) == (b.dev(), b.ino()))
}

fn sign(mut file: File, path: PathBuf, run: &RunInfo) -> std::io::Result<Lock> {
    file.set_len(0)?;
    writeln!(file, "run {}, process {}", run.run_id, std::process::id())?;
    Ok(Lock { path, _file: file })
}

fn held(place: &Place, file: File) -> EngineError {
    let mut holder = String::new();
    // Who it is is a courtesy; that it is held is certain.
    let read = file.take(200).read_to_string(&mut holder);
    let holder = match (read, holder.trim()) {
        (Ok(_), text) if text.starts_with("run ") => text.to_owned(),
        _ => "another run".to_owned(),
    };
    EngineError::new(&code::RUN_IN_PROGRESS, format!("{holder} holds the target"))
        .object(&place.shown)
        .help("wait until that run has ended; its lock goes with its process")
}

/// Whether some run holds the target now, without touching anything.
pub(crate) fn is_held(place: &Place) -> bool {
    File::open(place.lock())
        .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}
