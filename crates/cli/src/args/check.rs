//! The arguments of `cutover check`.

use std::path::PathBuf;

use clap::Args;

use super::{FindingsFormat, Scratch, TEMPLATE};

/// Find every mistake in plans, without touching a source or a target
///
/// Compiles each plan and holds what it builds against its baseline. The comparison is made by the
/// engine itself in a scratch database where one can be had: --scratch-url, else PostgreSQL's
/// binaries on this machine; otherwise by syntax, and the result says so.
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover check plan.yaml
  cutover check plans/                       every plan.yaml below a folder
  cutover check plans/ --since origin/main   those that a branch touches
  cutover check plan.yaml --scratch-url postgres://ci@localhost/postgres
")]
pub struct Check {
    /// Plans to check; a folder stands for every plan.yaml below it, `*` and `?` for the files that
    /// fit
    #[arg(value_name = "PLAN|DIR", required = true)]
    pub plan: Vec<PathBuf>,
    /// Only plans of which a file (the plan, an included one, its baseline) changed since a git
    /// revision
    #[arg(long, value_name = "REV")]
    pub since: Option<String>,
    #[command(flatten)]
    pub scratch: Scratch,
    /// Form of the findings
    #[arg(long, value_enum, default_value_t = FindingsFormat::Text)]
    pub format: FindingsFormat,
}
