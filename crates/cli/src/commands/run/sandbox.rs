//! From here on the kernel refuses every write outside the folders of the run (L1), also to root.

use std::path::{Path, PathBuf};

use engine_sqlite::sandbox::{self, Enforcement};
use ir::{CompiledPlan, Target};

use crate::folders;

/// Confines this thread and all that it starts. Servers that run already are not concerned.
pub(super) fn enter(plan: &CompiledPlan, base: &Path, space: &[PathBuf]) -> Enforcement {
    let mut writable = space.to_vec();
    if let Target::Sqlite(sqlite) = &plan.target {
        writable.push(folders::folder_of(&base.join(&sqlite.path)));
    }
    let writable: Vec<&Path> = writable.iter().map(PathBuf::as_path).collect();
    sandbox::restrict(&writable)
}
