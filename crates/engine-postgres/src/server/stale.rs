//! Throw-away clusters whose owner was killed before it could clean up.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::fs::FlockOperation;

use super::Binaries;
use super::account::{Account, command};

pub(super) const PREFIX: &str = "cutover-pg-";
pub(super) const LOCK: &str = "lock";

/// A folder this young may not have its lock yet.
const YOUNG: Duration = Duration::from_secs(60);

/// Stops and removes every cluster of ours under `parent` that nobody holds. What cannot be removed
/// stays; a later call tries again.
pub(super) fn remove(parent: &Path, binaries: &Binaries, account: Option<Account>) {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    for folder in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
        if is_stale(&folder.path(), account) {
            stop(&folder.path().join("data"), binaries, account);
            drop(fs::remove_dir_all(folder.path()));
        }
    }
}

fn is_stale(folder: &Path, account: Option<Account>) -> bool {
    let ours = account.map_or_else(|| rustix::process::geteuid().as_raw(), |account| account.uid);
    let Ok(metadata) = fs::symlink_metadata(folder) else { return false };
    let old = metadata.modified().ok().and_then(|time| time.elapsed().ok());
    if !metadata.is_dir() || metadata.uid() != ours || old.is_none_or(|age| age < YOUNG) {
        return false;
    }
    match File::open(folder.join(LOCK)) {
        Ok(lock) => rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

/// `pg_ctl` checks itself that the process in `postmaster.pid` is a server of this folder.
fn stop(data: &Path, binaries: &Binaries, account: Option<Account>) {
    if data.join("postmaster.pid").exists() {
        drop(
            command(&binaries.program("pg_ctl"), account)
                .args(["stop", "--mode=immediate", "--silent", "-D"])
                .arg(data)
                .output(),
        );
    }
}
