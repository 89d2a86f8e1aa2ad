//! The arguments of `cutover explain` and `compile`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{FindingsFormat, Place, Scratch, TEMPLATE};

/// Show the steps of a plan with their order, SQL, locks and reasons, or explain a code
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover explain plan.yaml
  cutover explain plan.yaml --format html > plan.html
  cutover explain plan.yaml --exposure
  cutover explain BAS401
")]
pub struct Explain {
    /// A plan, a compiled plan, or a code such as BAS401 or its name
    #[arg(value_name = "PLAN|CODE")]
    pub subject: String,
    /// Say who could see what while each step runs
    #[arg(long)]
    pub exposure: bool,
    #[command(flatten)]
    pub place: Place,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = GraphFormat::Text)]
    pub format: GraphFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    Text,
    Json,
    /// Graphviz
    Dot,
    Mermaid,
    /// One page for a browser, with the graph drawn; needs no network
    Html,
}

/// Write the compiled plan: the reviewed bytes that `run` takes
///
/// The same plan, SQL files and baseline always give the same bytes.
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover compile plan.yaml -o plan.compiled.json
  cutover compile plan.yaml -o - | sha256sum
")]
pub struct Compile {
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// File to write; `-` is stdout
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    #[command(flatten)]
    pub scratch: Scratch,
    /// Form of the findings
    #[arg(long, value_enum, default_value_t = FindingsFormat::Text)]
    pub format: FindingsFormat,
}
