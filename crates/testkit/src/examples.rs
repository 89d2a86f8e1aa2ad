//! The example plans of the repository and their source databases.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

type Result<T> = std::result::Result<T, String>;

/// The folder of the workspace's `Cargo.toml`.
pub fn root() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).map_or(manifest.clone(), PathBuf::from)
}

/// A copy of `plans/` and `schemas/` with the sources of one plan made: the folder to keep, and the
/// folder of the plan in it.
///
/// # Panics
/// When something cannot be copied or made.
pub fn example(name: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for part in [format!("plans/{name}"), "schemas".to_owned()] {
        copy_files(&root().join(&part), &folder.path().join(&part));
    }
    let plan = folder.path().join("plans").join(name);
    make_sources(&plan).unwrap();
    (folder, plan)
}

fn copy_files(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(std::result::Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// Makes the databases that the folder's `source.sql` describes and that are not there yet; returns
/// their paths.
///
/// # Errors
/// A sentence that names the file.
pub fn make_sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let path = folder.join("source.sql");
    let script = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let files = files(&script).ok_or(format!("{}: no line `-- file: …`", path.display()))?;
    for (number, file) in files.iter().enumerate() {
        make(&folder.join(file), &script, number).map_err(|e| format!("{file}: {e}"))?;
    }
    Ok(files.iter().map(|file| folder.join(file)).collect())
}

/// Built under another name first, so that a broken script leaves no half database.
fn make(
    path: &Path,
    script: &str,
    number: usize,
) -> std::result::Result<(), Box<dyn std::error::Error>> {
    if path.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(path.parent().unwrap_or(path))?;
    let building = path.with_extension("building");
    if building.exists() {
        std::fs::remove_file(&building)?;
    }
    let connection = rusqlite::Connection::open(&building)?;
    connection.execute_batch(&format!("create temp table file as select {number} as number"))?;
    connection.execute_batch(&format!("begin; {script}; commit"))?;
    drop(connection);
    std::fs::rename(&building, path)?;
    Ok(())
}

/// `-- file: data/a.db`, or with a range of numbers `-- file: data/a-{00..35}.db`.
fn files(script: &str) -> Option<Vec<String>> {
    let name = script.lines().find_map(|line| line.strip_prefix("-- file: "))?.trim();
    let Some((before, rest)) = name.split_once('{') else { return Some(vec![name.to_owned()]) };
    let (range, after) = rest.split_once('}')?;
    let (first, last) = range.split_once("..")?;
    let numbers = first.parse::<usize>().ok()?..=last.parse().ok()?;
    Some(numbers.map(|n| format!("{before}{n:0width$}{after}", width = first.len())).collect())
}

#[cfg(test)]
mod tests {
    use super::files;

    #[test]
    fn ranges_keep_their_width() {
        assert_eq!(files("-- file: a.db\n").as_deref(), Some(&["a.db".to_owned()][..]));
        let fleet = files("--\n-- file: d/r-{08..11}.db").unwrap();
        assert_eq!(fleet, ["d/r-08.db", "d/r-09.db", "d/r-10.db", "d/r-11.db"]);
    }
}
