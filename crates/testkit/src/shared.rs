//! Real databases that are not part of the repository, and test plans that use them.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::root;

/// A file of the shared data folder (`CUTOVER_SHARED`, else `../shared` beside the repository).
/// `None`, with a printed line, where it is not there.
pub fn shared(path: &str) -> Option<PathBuf> {
    let base =
        std::env::var_os("CUTOVER_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let file = base.join(path);
    if file.exists() {
        return Some(file);
    }
    println!("SKIPPED: {path} is not in the shared data folder (set CUTOVER_SHARED)");
    None
}

/// A folder of `tests/plans`, copied to a place of its own.
pub struct TestPlan {
    pub folder: TempDir,
}

impl TestPlan {
    /// # Panics
    /// When it cannot be copied.
    pub fn copy(name: &str) -> TestPlan {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        for entry in std::fs::read_dir(root().join("tests/plans").join(name)).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
        TestPlan { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Copies a file into the plan's folder.
    ///
    /// # Panics
    /// When it cannot be copied.
    pub fn put(&self, file: &Path, name: &str) -> PathBuf {
        let to = self.path().join(name);
        // Bytes, not permissions: shared files may be read-only.
        std::fs::write(&to, std::fs::read(file).unwrap()).unwrap();
        to
    }

    /// Replaces text in a file of the plan; it must be there exactly once.
    ///
    /// # Panics
    /// When it is not.
    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.path().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {file}");
        std::fs::write(&path, text.replace(from, to)).unwrap();
    }
}
