//! `cutover init`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::TEMPLATE;

/// Propose a plan for a SQLite file, with the evidence for each choice beside it
///
/// Reads every row once, only reading, and writes a new folder with the plan, its baseline and the
/// JSON Schema that editors check it with. Each column gets the narrowest PostgreSQL type that is
/// safe for the values really there; what only a person can know is listed and marked `DECIDE`.
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover init --from app.db --to postgres
  cutover init --from app.db --to postgres --name shop --style sql -o plans/shop
  cutover init --from app.db --to sqlite
")]
pub struct Init {
    /// SQLite file to propose a plan for
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// Engine of the target
    #[arg(long, value_enum)]
    pub to: Engine,
    /// Name of the plan and of the target schema [default: made from the file's name]
    #[arg(long)]
    pub name: Option<String>,
    /// How the components are written
    #[arg(long, value_enum, default_value_t = Style::Yaml)]
    pub style: Style,
    /// Folder to create; nothing is ever written over [default: the plan's name]
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    Postgres,
    Sqlite,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Style {
    /// In the plan itself
    Yaml,
    /// In a SQL file that the plan includes
    Sql,
}
