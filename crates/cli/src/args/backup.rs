//! `cutover backup`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Format, TEMPLATE};

/// Backups that were restored and compared before anybody needs them
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover backup create --sqlite shop.db          while others write to it
  cutover backup create plan.yaml                 sources of a plan, and what it would replace
  cutover backup list
  cutover backup verify                           restores every backup elsewhere and compares
  cutover backup restore 3f9a0c41b7d2 --dry-run   what would be replaced
")]
pub struct Backup {
    #[command(subcommand)]
    pub action: BackupAction,
}

#[derive(Debug, Subcommand)]
pub enum BackupAction {
    Create(Create),
    List(List),
    Verify(VerifyBackup),
    Restore(Restore),
    Prune(Prune),
}

impl BackupAction {
    pub(super) fn format(&self) -> Format {
        match self {
            BackupAction::Create(args) => args.store.format,
            BackupAction::List(args) => args.store.format,
            BackupAction::Verify(args) => args.store.format,
            BackupAction::Restore(args) => args.store.format,
            BackupAction::Prune(args) => args.store.format,
        }
    }
}

/// Where backups are kept, and the form of the answer.
#[derive(Clone, Debug, Args)]
pub struct Store {
    /// Folder of journals and backups [default: .cutover beside the plan, else in this folder]
    #[arg(long, value_name = "DIR", env = "CUTOVER_STATE_DIR")]
    pub state_dir: Option<PathBuf>,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// A PostgreSQL server and database.
#[derive(Clone, Debug, Default, Args)]
pub struct Server {
    /// Environment variable that holds the URL of a PostgreSQL database
    #[arg(long, value_name = "NAME")]
    pub url_env: Option<String>,
    /// URL of a PostgreSQL database, without a password
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// File that holds the URL of a PostgreSQL database; only its owner may read it
    #[arg(long, value_name = "FILE")]
    pub url_file: Option<PathBuf>,
}

impl Server {
    pub(crate) fn is_given(&self) -> bool {
        self.url_env.is_some() || self.url.is_some() || self.url_file.is_some()
    }
}

/// Take a backup, restore it elsewhere, compare every row, and keep it
///
/// SQLite files are copied by SQLite's own backup API in one read transaction, never file by file.
/// PostgreSQL is dumped by `pg_dump` and restored by `pg_restore` into a scratch database: on the
/// server of --scratch-url, else on a private one, else on the same server.
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover backup create --sqlite shop.db
  cutover backup create --url-env DATABASE_URL --schema app
  cutover backup create plan.yaml --keep 30d
")]
#[command(group = clap::ArgGroup::new("of").args(["plan", "sqlite", "url_env", "url", "url_file"]).required(true))]
pub struct Create {
    /// A plan: its sources, and the schema or file that it promotes into
    #[arg(value_name = "PLAN")]
    pub plan: Option<PathBuf>,
    /// SQLite file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["schema", "scratch_url"])]
    pub sqlite: Option<PathBuf>,
    #[command(flatten)]
    pub server: Server,
    /// Schema to dump, with those it depends on; may be repeated [default: all]
    #[arg(long, value_name = "SCHEMA", conflicts_with = "plan")]
    pub schema: Vec<String>,
    /// PostgreSQL server on which the dump is tried; the URL holds no password
    #[arg(long, value_name = "URL")]
    pub scratch_url: Option<String>,
    /// How long `prune` keeps it: `30d`, `12h` [default: the plan's `keep`, else 90d]
    #[arg(long, value_name = "TIME")]
    pub keep: Option<String>,
    #[command(flatten)]
    pub store: Store,
}

/// List the backups with their age, size, tests and measured recovery time
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover backup list
  cutover backup list 3f9a0c41b7d2      one of them with its tests and how to come back from it
")]
pub struct List {
    /// A backup, by its name or a part of it
    #[arg(value_name = "BACKUP")]
    pub backup: Option<String>,
    #[command(flatten)]
    pub store: Store,
}

/// Restore backups somewhere else and compare them with what was backed up
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover backup verify
  cutover backup verify 3f9a0c41b7d2
  cutover backup verify --quick         bytes against the manifests, nothing restored
")]
pub struct VerifyBackup {
    /// Backups, by name or a part of it [default: all]
    #[arg(value_name = "BACKUP")]
    pub backups: Vec<String>,
    /// Compare the bytes with the manifest and restore nothing
    #[arg(long)]
    pub quick: bool,
    /// PostgreSQL server on which dumps are restored; the URL holds no password
    #[arg(long, value_name = "URL")]
    pub scratch_url: Option<String>,
    #[command(flatten)]
    pub store: Store,
}

/// Put a backup in the place of what was lost
///
/// What is in the place stays unless --replace-existing is given, and is then moved aside, never
/// deleted. The restored database is compared row for row before it takes the place.
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover backup restore 3f9a0c41b7d2 --dry-run
  cutover backup restore 3f9a0c41b7d2 --replace-existing
  cutover backup restore 3f9a0c41b7d2 --to /tmp/look.db
  cutover backup restore 77c0 --url-env ADMIN_URL --database shop_restored
")]
pub struct Restore {
    /// A backup, by its name or a part of it
    #[arg(value_name = "BACKUP")]
    pub backup: String,
    /// File to restore a SQLite backup to [default: where it came from]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["url_env", "url", "url_file", "database"])]
    pub to: Option<PathBuf>,
    #[command(flatten)]
    pub server: Server,
    /// PostgreSQL database to make from the backup [default: the one it came from]
    #[arg(long, value_name = "NAME")]
    pub database: Option<String>,
    /// Show what would be replaced; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Move aside what is in the place
    #[arg(long, conflicts_with = "dry_run")]
    pub replace_existing: bool,
    #[command(flatten)]
    pub store: Store,
}

/// Remove backups that retention lets go; say why every other one stays
///
/// The last verified backup of anything, and those of a run that is not accepted, are never removed.
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover backup prune --dry-run
  cutover backup prune
  cutover backup prune --keep 30d --keep-last 28 --keep-daily 14
")]
pub struct Prune {
    /// Keep what is younger: `30d`, `12h` [default: as it was said when it was taken]
    #[arg(long, value_name = "TIME")]
    pub keep: Option<String>,
    /// Keep so many of the newest of each database
    #[arg(long, value_name = "N")]
    pub keep_last: Option<u32>,
    /// Keep the newest of each of so many days
    #[arg(long, value_name = "N")]
    pub keep_daily: Option<u32>,
    /// Remove nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub store: Store,
}
