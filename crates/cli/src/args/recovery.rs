//! The commands that end what a run began.

use std::path::PathBuf;

use clap::Args;

use super::{Format, Place, TEMPLATE};

/// The run that a command is about.
#[derive(Clone, Debug, Args)]
pub struct OfRun {
    /// The plan [default: the state folder of this folder]
    #[arg(value_name = "PLAN")]
    pub plan: Option<PathBuf>,
    /// The run [default: the last one that the command is for]
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
    #[command(flatten)]
    pub place: Place,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Go on with a run whose process died: what is done is not done again
///
/// The compiled plan of the run is used, not what the plan has become since. What proves is proven
/// again; what builds is not.
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover resume plan.yaml
  cutover resume plan.yaml --run 20261121-053501-8c1f20
")]
pub struct Resume {
    #[command(flatten)]
    pub of: OfRun,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// Take back what a run built whose process died; the target is as it was before
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover abort plan.yaml
  cutover abort plan.yaml --run 20261121-053501-8c1f20
")]
pub struct Abort {
    #[command(flatten)]
    pub of: OfRun,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// Pack everything that is known of a run into one archive, without a secret
///
/// Journal, report, manifests, plan, compiled plan, the server's log where it can be had, and a summary
/// of the configuration. Passwords are masked wherever they stand.
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover bundle plan.yaml
  cutover bundle plan.yaml --run 20261121-053501-8c1f20 -o for-support.tar
")]
pub struct Bundle {
    /// The plan [default: the state folder of this folder]
    #[arg(value_name = "PLAN")]
    pub plan: Option<PathBuf>,
    /// The run [default: the last]
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
    /// File to write, which must not exist [default: cutover-bundle-RUN.tar]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Take along the files that a run into SQLite built or kept, with their WAL and SHM: all rows
    #[arg(long)]
    pub with_databases: bool,
    #[command(flatten)]
    pub place: Place,
}

/// Put the state back that a promoted run replaced, as one act
///
/// What was promoted is discarded. Rows that were written to it since are counted first, and nothing
/// happens unless they may be lost.
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover rollback plan.yaml
  cutover rollback plan.yaml --discard-new-rows --yes
")]
pub struct Rollback {
    #[command(flatten)]
    pub of: OfRun,
    /// Lose the rows that were written to the promoted state since
    #[arg(long)]
    pub discard_new_rows: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// End a promoted run: the state that it replaced goes, at once or when the plan's `keep` is over
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover accept plan.yaml
  cutover accept plan.yaml --remove-kept --yes
")]
pub struct Accept {
    #[command(flatten)]
    pub of: OfRun,
    /// Remove the previous state now, whatever the plan says
    #[arg(long)]
    pub remove_kept: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}
