//! The arguments of `cutover rehearse`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Place, Scratch, TEMPLATE};

/// Carry the whole plan out against a scratch target, with the real sources, and remove it again
///
/// The scratch target is a private PostgreSQL server, or a database made for it on the server of
/// --scratch-url, or a new file for a SQLite target. Everything is built, verified, checked and
/// promoted there as `run` would; the plan's own target is not connected to. What it held before is
/// therefore no part of a rehearsal.
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover rehearse plan.yaml
  cutover rehearse plan.yaml --format markdown > rehearsal.md
  cutover rehearse plan.yaml --files 100 --keep
")]
pub struct Rehearse {
    /// A plan, or a compiled plan
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// Read only the first N files of each source; the report says so
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub files: Option<u32>,
    /// Leave the scratch target to look at, and say where it is
    #[arg(long)]
    pub keep: bool,
    /// Form of the report
    #[arg(long, value_enum, default_value_t = RehearsalFormat::Text)]
    pub format: RehearsalFormat,
    #[command(flatten)]
    pub scratch: Scratch,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RehearsalFormat {
    Text,
    /// To attach to a review
    Markdown,
    Json,
}
