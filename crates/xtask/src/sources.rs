//! Makes the source databases of the example plans from the `source.sql` in their folders.

use std::path::Path;
use std::process::ExitCode;

use crate::root;

pub(crate) fn run(args: &[String]) -> Result<ExitCode, String> {
    let names = if args.is_empty() { all()? } else { args.to_vec() };
    for name in &names {
        println!("{name}: {}", make(name)?);
    }
    Ok(ExitCode::SUCCESS)
}

fn all() -> Result<Vec<String>, String> {
    let plans = root().join("plans");
    let entries = std::fs::read_dir(&plans).map_err(|e| format!("{}: {e}", plans.display()))?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().join("source.sql").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}

/// Makes the databases of one plan that are not there yet; says how many there are now.
pub(crate) fn make(plan: &str) -> Result<String, String> {
    let folder = root().join("plans").join(plan);
    let script_path = folder.join("source.sql");
    let script = std::fs::read_to_string(&script_path).map_err(|e| format!("{}: {e}", script_path.display()))?;
    let files = files(&script).ok_or(format!("{}: no line `-- file: …`", script_path.display()))?;
    for (number, file) in files.iter().enumerate() {
        make_file(&folder.join(file), &script, number).map_err(|e| format!("{file}: {e}"))?;
    }
    Ok(format!("{} of {} in place", files.len(), script_path.display()))
}

/// Built under another name first, so that a broken script leaves no half database.
fn make_file(path: &Path, script: &str, number: usize) -> Result<(), Box<dyn std::error::Error>> {
    if path.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(path.parent().unwrap_or(path))?;
    let building = path.with_extension("building");
    drop(std::fs::remove_file(&building));
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
