//! The arguments of the commands about the program and its private server.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Format, Place, TEMPLATE};

/// The private PostgreSQL server of a plan with `target: { postgres: local }`
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover local status plan.yaml
  cutover local stop plan.yaml
")]
pub struct Local {
    #[arg(value_enum, value_name = "ACTION")]
    pub action: LocalAction,
    /// A plan with `target: { postgres: local }`
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LocalAction {
    /// Say whether it runs and how to connect
    Status,
    /// Stop it; its data stays
    Stop,
}

/// Print the JSON Schema of plans, for editors
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover schema > plan.schema.json
")]
pub struct Schema {}

/// List every code that a message can carry
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover codes
  cutover codes --format json
")]
pub struct Codes {
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Print the completion script of a shell
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover completions bash > /etc/bash_completion.d/cutover
")]
pub struct Completions {
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Print the manual page
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover man > cutover.1
")]
pub struct Man {}
