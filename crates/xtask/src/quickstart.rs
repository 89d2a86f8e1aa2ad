//! The main job on the embedded default: nothing but Rust is needed.

use std::process::ExitCode;

use crate::{root, sources};

pub(crate) fn run(args: &[String]) -> Result<ExitCode, String> {
    sources::make("quickstart")?;
    let target = root().join("plans/quickstart/out");
    std::fs::create_dir_all(&target).map_err(|e| format!("{}: {e}", target.display()))?;
    println!("$ cutover run plans/quickstart/plan.yaml --yes");
    let plan = root().join("plans/quickstart/plan.yaml");
    let shown = plan.strip_prefix(std::env::current_dir().unwrap_or_default()).unwrap_or(&plan);
    let words = ["cutover".into(), "run".into(), shown.into(), "--yes".into()];
    Ok(cli::main_with(words.into_iter().chain(args.iter().map(Into::into)).collect()))
}
