//! The arguments of `cutover drift` and `baseline`: schemas that are live.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{FindingsFormat, Place, Scratch, TEMPLATE};

/// Hold a live schema against its baseline: exit 0 equal, 3 drift, other codes: could not tell
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover drift plan.yaml
  cutover drift --baseline schemas/shop.sql --url-env DATABASE_URL --schema shop
  cutover drift --baseline schemas/shop.sql --sqlite shop.db
")]
#[command(group = clap::ArgGroup::new("live").args(["url_env", "url", "sqlite"]))]
pub struct Drift {
    /// A plan: its target is held against its baseline
    #[arg(value_name = "PLAN", required_unless_present = "baseline", conflicts_with_all = ["baseline", "live"])]
    pub plan: Option<PathBuf>,
    /// SQL file of the known-good schema
    #[arg(long, value_name = "FILE", requires = "live")]
    pub baseline: Option<PathBuf>,
    /// Environment variable that holds the URL of a PostgreSQL database
    #[arg(long, value_name = "NAME")]
    pub url_env: Option<String>,
    /// URL of a PostgreSQL database, without a password
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// SQLite file
    #[arg(long, value_name = "FILE")]
    pub sqlite: Option<PathBuf>,
    /// Schema to compare [default: the one the baseline is about]
    #[arg(long, value_name = "SCHEMA")]
    pub schema: Option<String>,
    #[command(flatten)]
    pub counts: Counts,
    #[command(flatten)]
    pub scratch: Scratch,
    #[command(flatten)]
    pub place: Place,
    #[arg(long, value_enum, default_value_t = FindingsFormat::Text)]
    pub format: FindingsFormat,
}

/// What counts where two schemas are compared.
#[derive(Clone, Debug, Args)]
pub struct Counts {
    /// Facts that count, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FACTS",
          default_values_t = [Scope::Structure, Scope::Grants, Scope::Comments])]
    pub scope: Vec<Scope>,
    /// Names that the engine made for constraints and indexes do not count
    #[arg(long, value_name = "BOOL", default_value_t = true, default_missing_value = "true",
          num_args = 0..=1, require_equals = true, action = clap::ArgAction::Set)]
    pub ignore_generated_names: bool,
    /// Partitions that do not count, by name: `events_*` (`*` any characters, `?` one)
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    pub ignore_partitions: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scope {
    /// Everything but the following
    Structure,
    Grants,
    Comments,
    /// Who owns what; differs between servers
    Owners,
}

/// The known-good schema that plans and databases are held against
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover baseline capture --sqlite shop.db -o schemas/shop.sqlite.sql
  cutover baseline capture --url-env DATABASE_URL -o schemas/shop.sql
")]
pub struct Baseline {
    #[command(subcommand)]
    pub action: BaselineAction,
}

#[derive(Debug, Subcommand)]
pub enum BaselineAction {
    Capture(Capture),
}

/// Write a live schema as a SQL file for review
///
/// One object per block, sorted, the same on every server, with its fingerprint at the head. An
/// empty database takes the file with `psql` or `sqlite3` alone. The database is only read.
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover baseline capture --url-env DATABASE_URL -o schemas/shop.sql
  cutover baseline capture --url postgres://ci@localhost/shop --schema shop
  cutover baseline capture --sqlite shop.db -o schemas/shop.sql --force
")]
#[command(group = clap::ArgGroup::new("from").args(["url_env", "url", "url_file", "sqlite"]).required(true))]
pub struct Capture {
    /// Environment variable that holds the URL of a PostgreSQL database
    #[arg(long, value_name = "NAME")]
    pub url_env: Option<String>,
    /// URL of a PostgreSQL database, without a password
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// File that holds the URL of a PostgreSQL database; only its owner may read it
    #[arg(long, value_name = "FILE")]
    pub url_file: Option<PathBuf>,
    /// SQLite file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["schema", "owners"])]
    pub sqlite: Option<PathBuf>,
    /// One schema [default: the whole database]
    #[arg(long, value_name = "SCHEMA")]
    pub schema: Option<String>,
    /// Say who owns what, too
    #[arg(long)]
    pub owners: bool,
    /// File to write; `-` is stdout [default: -]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write over the file
    #[arg(long, requires = "output")]
    pub force: bool,
}
