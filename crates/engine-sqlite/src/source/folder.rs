//! Names in the folders of sources, listed once for thousands of files in one folder.
//!
//! A listing is kept as long as the folder's own times are what they were when it was made: making,
//! renaming or removing a file changes them. The clock behind these times moves in steps of some
//! milliseconds (a second on old file systems), so a folder that changed just before it was listed
//! may change again without showing it: its listing is not kept (Git calls such entries "racy").

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::io;
use std::ops::Bound;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long ago the last change must be for a listing to be kept.
const SETTLED: Duration = Duration::from_secs(2);
/// Folders that are remembered; sources in more folders than this are listed again and again.
const FOLDERS: usize = 256;

type Names = Arc<BTreeSet<String>>;

static LISTED: Mutex<BTreeMap<PathBuf, (Times, Names)>> = Mutex::new(BTreeMap::new());

/// Device, inode, time of the last change of content and of attributes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Times {
    identity: (u64, u64),
    changed: (i64, i64, i64, i64),
}

impl Times {
    fn of(found: &Metadata) -> Self {
        let changed = (found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec());
        Self { identity: (found.dev(), found.ino()), changed }
    }

    fn is_settled(self) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let latest = self.changed.0.max(self.changed.2);
        u64::try_from(latest).is_ok_and(|latest| latest + SETTLED.as_secs() < now.as_secs())
    }
}

/// Names in `folder` that begin with `prefix`, sorted.
pub(super) fn names_with(folder: &Path, prefix: &str) -> io::Result<Vec<String>> {
    let names = names(folder)?;
    let from = (Bound::Included(prefix), Bound::Unbounded);
    let found = names.range::<str, _>(from).take_while(|name| name.starts_with(prefix));
    Ok(found.cloned().collect())
}

fn names(folder: &Path) -> io::Result<Names> {
    // Before the listing: what changes after this look is found by the next one.
    let times = Times::of(&folder.metadata()?);
    if let Some((_, names)) = listed().get(folder).filter(|(then, _)| *then == times) {
        return Ok(Arc::clone(names));
    }
    let name = |entry: io::Result<std::fs::DirEntry>| {
        entry.map(|entry| entry.file_name().to_string_lossy().into_owned())
    };
    let names: Names = Arc::new(folder.read_dir()?.map(name).collect::<io::Result<_>>()?);
    if times.is_settled() {
        let mut listed = listed();
        if listed.len() >= FOLDERS {
            listed.clear();
        }
        listed.insert(folder.to_owned(), (times, Arc::clone(&names)));
    }
    Ok(names)
}

/// The cache is whole after a panic, too.
fn listed() -> std::sync::MutexGuard<'static, BTreeMap<PathBuf, (Times, Names)>> {
    LISTED.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_new_file_is_seen_at_once_and_a_settled_folder_is_listed_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a.db"), "").unwrap();
        fs::write(at("b.db"), "").unwrap();
        for journal in ["a.db-journal", "a.db-wal"] {
            fs::write(at(journal), "").unwrap();
            let found = names_with(folder.path(), "a.db").unwrap();
            assert!(found.contains(&journal.to_owned()) && found[0] == "a.db", "{found:?}");
        }
        let old = fs::FileTimes::new().set_modified(UNIX_EPOCH + Duration::from_secs(1_000));
        fs::File::open(folder.path()).unwrap().set_times(old).unwrap();
        // The time of the attributes is of just now, so nothing is kept.
        assert_eq!(names_with(folder.path(), "b").unwrap(), ["b.db"]);
        assert!(!listed().contains_key(folder.path()));
        let times = Times { identity: (1, 1), changed: (1_000, 0, 1_000, 0) };
        assert!(times.is_settled());
    }
}
