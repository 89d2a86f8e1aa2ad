//! `cutover worker`.

use std::path::PathBuf;

use clap::Args;

use super::{Format, Place, Scratch, TEMPLATE};

/// Help load a run that reads many files, from this or another machine
///
/// Joins a run through the ledger in its PostgreSQL target and loads files that nobody else has
/// loaded. The plan must compile to the digest that the run was started with, and the source files
/// must have the same bytes here. A worker that dies loses what it had not committed; others load
/// it. Only the run itself builds, verifies and promotes.
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover worker plan.yaml
  cutover worker plan.yaml --run 20261121-053501-8c1f20
")]
pub struct Worker {
    /// A plan or a compiled plan
    #[arg(value_name = "PLAN|COMPILED")]
    pub plan: PathBuf,
    /// Run to join [default: the only one that loads into the plan's target]
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
    #[command(flatten)]
    pub scratch: Scratch,
    #[command(flatten)]
    pub place: Place,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}
