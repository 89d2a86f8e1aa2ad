//! The arguments of `cutover fmt`.

use std::path::PathBuf;

use clap::Args;

use super::TEMPLATE;

/// Lay plans out: known keys in the order of the reference, two columns a level, comments kept
///
/// Names, SQL and values stay as they are written; a file whose meaning would change is refused and
/// left as it is. Laid out again, a file stays the same.
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover fmt plan.yaml
  cutover fmt --check plans/*/plan.yaml
  cutover fmt - < plan.yaml
")]
pub struct Fmt {
    /// Plans to lay out; `-` reads stdin and writes stdout
    #[arg(value_name = "PLAN", required = true)]
    pub plan: Vec<PathBuf>,
    /// Write nothing; show what would change and exit with 1 where something would
    #[arg(long)]
    pub check: bool,
}
