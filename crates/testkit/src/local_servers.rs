//! Private servers (`postgres: local`) that a test started, gone with it whatever becomes of it.

use std::path::{Path, PathBuf};

use engine_postgres::server::Local;

/// Removes the server of every state folder below a folder. Declare it after the folder itself, so
/// that it goes first.
pub struct LocalServers(PathBuf);

impl LocalServers {
    pub fn below(folder: &Path) -> Self {
        Self(folder.to_owned())
    }
}

impl Drop for LocalServers {
    fn drop(&mut self) {
        for state in state_folders(&self.0) {
            if let Err(why) = Local::new(&state).and_then(|local| local.remove()) {
                println!("the server of {} stays: {why}", state.display());
            }
        }
    }
}

fn state_folders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|it| it.file_type().is_ok_and(|kind| kind.is_dir()));
    folders
        .flat_map(|entry| match entry.file_name() == ".cutover" {
            true => vec![entry.path()],
            false => state_folders(&entry.path()),
        })
        .collect()
}
