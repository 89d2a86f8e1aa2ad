//! Makes the source databases of the example plans from the `source.sql` in their folders.

use std::process::ExitCode;

use testkit::{make_sources, root};

pub(crate) fn run(args: &[String]) -> Result<ExitCode, String> {
    let names = if args.is_empty() { all()? } else { args.to_vec() };
    for name in &names {
        make(name)?;
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

/// Makes the databases of one plan that are not there yet.
pub(crate) fn make(plan: &str) -> Result<(), String> {
    let made = make_sources(&root().join("plans").join(plan))?;
    println!("plans/{plan}: {} in place", made.len());
    Ok(())
}
