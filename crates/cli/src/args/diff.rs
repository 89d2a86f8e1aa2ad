//! The arguments of `cutover diff`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Counts, Scratch, TEMPLATE};

/// Show what a change does to a schema: exit 0 equal, 3 differences, other codes: could not tell
///
/// Each side is a plan, a SQL file, a SQLite database or a PostgreSQL database. Both are read by the
/// same engine, so only what differs in meaning is shown; of two plans also what they permit: windows
/// of exposure and waivers. With --against, a path is compared with what it was at a git revision,
/// with all files that a plan names; a baseline that loses a component which the plan does not list
/// under `retire:` is an error then (exit 1).
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover diff plan.yaml --against origin/main --format markdown
  cutover diff schemas/old.sql schemas/new.sql
  cutover diff schemas/shop.sql --url-env DATABASE_URL --schema shop
  cutover diff --baseline schemas/shop.sql --against v1.2
")]
pub struct Diff {
    /// What was and what is: a plan, a SQL file, a SQLite database, or the URL of a PostgreSQL
    /// database without a password
    #[arg(value_name = "SIDE", num_args = 0..=2)]
    pub sides: Vec<String>,
    /// Environment variable that holds the URL of a PostgreSQL database; comes after the sides
    #[arg(long, value_name = "NAME")]
    pub url_env: Vec<String>,
    /// Compare a plan or SQL file with what it was at this git revision
    #[arg(long, value_name = "REV")]
    pub against: Option<String>,
    /// SQL file that is a baseline: one that loses a component is an error
    #[arg(long, value_name = "FILE", requires = "against")]
    pub baseline: Option<PathBuf>,
    /// Schema to compare [default: the one that a plan or SQL file is about; all, where a file holds
    /// several]
    #[arg(long, value_name = "SCHEMA")]
    pub schema: Option<String>,
    /// Engine of SQL files [default: the other side's, or what is written in them, or postgres]
    #[arg(long, value_enum, value_name = "ENGINE")]
    pub engine: Option<SqlEngine>,
    #[command(flatten)]
    pub counts: Counts,
    #[command(flatten)]
    pub scratch: Scratch,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    pub format: DiffFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SqlEngine {
    Postgres,
    Sqlite,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    Text,
    Json,
    /// A comment in a pull request
    Markdown,
}
