//! The main job on the embedded default: nothing but Rust is needed.

use std::ffi::OsString;
use std::process::ExitCode;

use testkit::root;

use crate::sources;

pub(crate) fn run(args: &[String]) -> Result<ExitCode, String> {
    sources::make("quickstart")?;
    let plan = root().join("plans/quickstart/plan.yaml");
    println!("$ cutover run plans/quickstart/plan.yaml --yes {}", args.join(" "));
    let here = std::env::current_dir().unwrap_or_default();
    let shown = plan.strip_prefix(here).unwrap_or(&plan);
    let words = ["cutover".into(), "run".into(), shown.into(), "--yes".into()];
    let words: Vec<OsString> = words.into_iter().chain(args.iter().map(OsString::from)).collect();
    Ok(ExitCode::from(cli::run(words, cli::Io::process())))
}
