//! From here on the kernel refuses every write outside the folders of the run (L1), also to root.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;

use engine_sqlite::sandbox::{self, Enforcement};
use ir::{CompiledPlan, Target};

use crate::folders;

/// A process that may write where its run does, and nowhere else.
pub(in crate::commands) struct Confined {
    pub(in crate::commands) enforcement: Enforcement,
    _made: Option<Made>,
}

/// Confines this thread and all that it starts. Servers that run already are not concerned.
pub(in crate::commands) fn enter(
    plan: &CompiledPlan,
    base: &Path,
    space: &[PathBuf],
    dry_run: bool,
) -> Confined {
    let mut made = None;
    let mut writable = space.to_vec();
    if let (Target::Sqlite(sqlite), false) = (&plan.target, dry_run) {
        let target = base.join(&sqlite.path);
        // A symbolic link stands for the file that it names: what is built lies beside that one.
        let folder = folders::folder_of(&target.canonicalize().unwrap_or(target));
        // The kernel's rules are about folders that are there. A folder above instead would often
        // hold the sources. Where it cannot be made, the engine says so.
        made = Made::make(&folder);
        writable.push(folder);
    }
    let writable: Vec<&Path> = writable.iter().map(PathBuf::as_path).collect();
    Confined { enforcement: sandbox::restrict(&writable), _made: made }
}

/// Folders that were not there before. They go again where the command leaves nothing in them. It may
/// not remove them itself by then, so a thread does that was there before.
struct Made {
    ended: Option<Sender<()>>,
    remover: Option<JoinHandle<()>>,
}

impl Made {
    /// `None` where the folder is there.
    fn make(folder: &Path) -> Option<Self> {
        if folder.exists() {
            return None;
        }
        let missing = folder.ancestors().take_while(|folder| !folder.exists());
        let missing: Vec<PathBuf> = missing.map(Path::to_path_buf).collect();
        drop(std::fs::create_dir_all(folder));
        let (ended, end) = mpsc::channel();
        let remover = move || {
            // It ends with the sender.
            end.recv().ok();
            for folder in missing {
                // What is not empty stays, and with it all above.
                if std::fs::remove_dir(folder).is_err() {
                    break;
                }
            }
        };
        let remover = std::thread::Builder::new().name("folders".to_owned()).spawn(remover).ok()?;
        Some(Self { ended: Some(ended), remover: Some(remover) })
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        drop(self.ended.take());
        if let Some(remover) = self.remover.take() {
            drop(remover.join());
        }
    }
}
