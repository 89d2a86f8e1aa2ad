//! Keeps the locks of open connections while other code opens and closes the same file.
//!
//! POSIX locks belong to the process: closing any descriptor of a file releases every lock that the
//! process has on it, and a live writer could then change pages under an open read transaction. So
//! a descriptor that is done with while connections are open is parked, and closed with the last of
//! them. SQLite does the same for its own descriptors ("POSIX advisory locks are broken by design"
//! in `os_unix.c`).

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// (device, inode)
type Identity = (u64, u64);

#[derive(Default)]
struct Open {
    connections: usize,
    parked: Vec<File>,
}

static OPEN: Mutex<BTreeMap<Identity, Open>> = Mutex::new(BTreeMap::new());

/// Counts a connection on the file; must live longer than the connection.
pub(crate) struct Reading(Identity);

impl Reading {
    pub(crate) fn of(identity: Identity) -> Self {
        open_files().entry(identity).or_default().connections += 1;
        Self(identity)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let mut files = open_files();
        if let Some(open) = files.get_mut(&self.0) {
            open.connections -= 1;
            if open.connections == 0 {
                files.remove(&self.0);
            }
        }
    }
}

/// Lends a descriptor of the database file to `work`, and closes it when that is safe.
pub(crate) fn lend<T>(identity: Identity, file: File, work: impl FnOnce(&File) -> T) -> T {
    let result = work(&file);
    // Closed, where it may be, before the lock is free: no connection can begin in between.
    let mut files = open_files();
    match files.get_mut(&identity) {
        Some(open) => open.parked.push(file),
        None => drop(file),
    }
    drop(files);
    result
}

/// The registry is whole after a panic, too.
fn open_files() -> MutexGuard<'static, BTreeMap<Identity, Open>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}
