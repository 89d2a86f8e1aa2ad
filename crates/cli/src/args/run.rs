//! The arguments of `cutover run`, and of what is asked about a run.

use std::path::PathBuf;

use clap::Args;

use super::{FindingsFormat, Format, Place, Scratch, TEMPLATE};

/// Carry a plan out: backup, load, build, verify, promote; all of it or nothing
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover run plan.yaml --dry-run         everything that can be known before the window
  cutover run plan.yaml
  cutover run plan.compiled.json --expect 3f9a0c41b7d2 --yes
")]
pub struct Run {
    /// A plan or a compiled plan
    #[arg(value_name = "PLAN|COMPILED")]
    pub plan: PathBuf,
    /// Digest of the compiled plan that was reviewed (12 digits or more); anything else is refused
    #[arg(long, value_name = "DIGEST")]
    pub expect: Option<String>,
    /// Stop after the preflight: nothing is built, nothing is changed
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask before a remote or existing target is changed
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub place: Place,
    #[command(flatten)]
    pub scratch: Scratch,
    /// Form of the progress and the report
    #[arg(long, value_enum, default_value_t = FindingsFormat::Text)]
    pub format: FindingsFormat,
}

/// Say what a run did, what state it left, and what to type next
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover status                          the last run of the plan in this folder
  cutover status plan.yaml --run 20261121-053501-8c1f20
  cutover status plan.yaml --format json
")]
pub struct Status {
    /// The plan [default: the state folder of this folder]
    #[arg(value_name = "PLAN")]
    pub plan: Option<PathBuf>,
    /// Run to show [default: the last]
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
    #[command(flatten)]
    pub place: Place,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Compare the target's rows and schema once more with what the last run promoted
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover verify plan.yaml
  cutover verify plan.yaml --run 20261121-053501-8c1f20
")]
pub struct Verify {
    /// A plan or a compiled plan
    #[arg(value_name = "PLAN|COMPILED")]
    pub plan: PathBuf,
    /// Run to verify against [default: the last that was promoted]
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
    #[command(flatten)]
    pub place: Place,
    #[arg(long, value_enum, default_value_t = FindingsFormat::Text)]
    pub format: FindingsFormat,
}
