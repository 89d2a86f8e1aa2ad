//! All tests. A missing server fails instead of skipping.

use std::process::{Command, ExitCode};

use testkit::root;

use crate::tools;

pub(crate) fn run(args: &[String]) -> Result<ExitCode, String> {
    tools::ensure()?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .current_dir(root())
        .args(["test", "--workspace", "--no-fail-fast"])
        .args(args)
        .env("REQUIRE_DATABASES", "1")
        .status()
        .map_err(|error| format!("cargo test: {error}"))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
