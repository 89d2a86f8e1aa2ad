//! From here on the kernel refuses every write outside the folders of the run (L1), also to root.

use std::path::{Path, PathBuf};

use engine_sqlite::sandbox::{self, Enforcement};
use ir::{CompiledPlan, Target};

use crate::folders;

/// Confines this thread and all that it starts. Servers that run already are not concerned.
pub(in crate::commands) fn enter(
    plan: &CompiledPlan,
    base: &Path,
    space: &[PathBuf],
    dry_run: bool,
) -> Enforcement {
    let mut writable = space.to_vec();
    if let (Target::Sqlite(sqlite), false) = (&plan.target, dry_run) {
        let target = base.join(&sqlite.path);
        // A symbolic link stands for the file that it names: what is built lies beside that one.
        let folder = folders::folder_of(&target.canonicalize().unwrap_or(target));
        // The kernel's rules are about folders that are there. A folder above instead would often
        // hold the sources. Where it cannot be made, the engine says so.
        drop(std::fs::create_dir_all(&folder));
        writable.push(folder);
    }
    let writable: Vec<&Path> = writable.iter().map(PathBuf::as_path).collect();
    sandbox::restrict(&writable)
}
