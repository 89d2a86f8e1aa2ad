//! The arguments of what editors call: `cutover fmt` and `cutover lsp`.

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

/// Serve an editor: findings as you type, hover, definitions, completion, fixes
///
/// Speaks the language server protocol over stdin and stdout. Everything is judged as `cutover check
/// --offline` does, on the texts as they stand in the editor.
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover lsp                        started by an editor, for files that are plans
")]
pub struct Lsp {
    /// Editors say this; there is no other way
    #[arg(long, hide = true)]
    pub stdio: bool,
}
