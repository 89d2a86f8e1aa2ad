//! The command line. Examples come first in every help text: most people read no further.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

mod backup;
mod diff;
mod findings;
mod fmt;
mod init;
mod recovery;
mod rehearse;
mod worker;

pub use backup::{Backup, BackupAction, Create, List, Prune, Restore, Server, Store, VerifyBackup};
pub use diff::{Diff, DiffFormat, SqlEngine};
pub use findings::FindingsFormat;
pub use fmt::{Fmt, Lsp};
pub use init::{Engine as InitEngine, Init, Style as InitStyle};
pub use recovery::{Abort, Accept, Bundle, OfRun, Resume, Rollback};
pub use rehearse::{RehearsalFormat, Rehearse};
pub use worker::Worker;

const TEMPLATE: &str = "\
{about-with-newline}
{before-help}{usage-heading} {usage}

{all-args}{after-help}
";

const EXAMPLES: &str = "\
Examples:
  cutover init --from app.db --to postgres
  cutover check plan.yaml      find every mistake
  cutover explain plan.yaml    show the steps, and why
  cutover run plan.yaml        all of it, verified, or nothing
  cutover status plan.yaml     what happened, and what is next
";

const EXIT_CODES: &str = "\
Exit codes:
   0  done
   1  findings; nothing was touched
   2  wrong usage, or not confirmed; nothing was touched
   3  drift, or a difference; nothing was touched
   4  the run was taken back: the target is as it was
   5  recovery required: `cutover status` says what to do
   6  another run holds the target; nothing was touched
  70  a defect of this program; please report it";

/// Moves SQLite databases into PostgreSQL or SQLite by one reviewed plan: completely, or not at all
#[derive(Debug, Parser)]
#[command(
    name = "cutover",
    version,
    help_template = TEMPLATE,
    before_help = EXAMPLES,
    after_help = EXIT_CODES,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,

    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub color: Colour,

    /// Sentences instead of pictures, for screen readers; NO_GRAPHICS=1 says the same
    #[arg(long, global = true)]
    pub accessible: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    Always,
    Never,
}

impl Colour {
    /// Whether to colour, where the terminal alone would say `auto`.
    pub(crate) fn resolve(self, auto: bool) -> bool {
        match self {
            Colour::Auto => auto,
            Colour::Always => true,
            Colour::Never => false,
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Init(Init),
    Check(Check),
    Fmt(Fmt),
    Lsp(Lsp),
    Explain(Explain),
    Compile(Compile),
    Rehearse(Rehearse),
    Run(Run),
    Worker(Worker),
    Status(Status),
    Resume(Resume),
    Abort(Abort),
    Rollback(Rollback),
    Accept(Accept),
    Bundle(Bundle),
    Verify(Verify),
    Drift(Drift),
    Diff(Diff),
    Baseline(Baseline),
    Backup(Backup),
    Local(Local),
    Schema(Schema),
    Codes(Codes),
    Completions(Completions),
    Man(Man),
}

impl Command {
    /// As it is typed.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Command::Init(_) => "init",
            Command::Check(_) => "check",
            Command::Fmt(_) => "fmt",
            Command::Lsp(_) => "lsp",
            Command::Explain(_) => "explain",
            Command::Compile(_) => "compile",
            Command::Rehearse(_) => "rehearse",
            Command::Run(_) => "run",
            Command::Worker(_) => "worker",
            Command::Status(_) => "status",
            Command::Resume(_) => "resume",
            Command::Abort(_) => "abort",
            Command::Rollback(_) => "rollback",
            Command::Accept(_) => "accept",
            Command::Bundle(_) => "bundle",
            Command::Verify(_) => "verify",
            Command::Drift(_) => "drift",
            Command::Diff(_) => "diff",
            Command::Baseline(_) => "baseline",
            Command::Backup(_) => "backup",
            Command::Local(_) => "local",
            Command::Schema(_) => "schema",
            Command::Codes(_) => "codes",
            Command::Completions(_) => "completions",
            Command::Man(_) => "man",
        }
    }

    /// The plan that the command is about, where it is about one.
    pub(crate) fn plan(&self) -> Option<&Path> {
        match self {
            Command::Check(args) => args.plan.first().map(PathBuf::as_path),
            Command::Compile(args) => Some(&args.plan),
            Command::Rehearse(args) => Some(&args.plan),
            Command::Run(args) => Some(&args.plan),
            Command::Worker(args) => Some(&args.plan),
            Command::Verify(args) => Some(&args.plan),
            Command::Drift(args) => args.plan.as_deref().or(args.baseline.as_deref()),
            _ => None,
        }
    }

    /// The form in which findings are printed.
    pub(crate) fn findings_format(&self) -> FindingsFormat {
        let json = |wanted| if wanted { FindingsFormat::Json } else { FindingsFormat::Text };
        match self {
            Command::Check(args) => args.format,
            Command::Compile(args) => args.format,
            Command::Run(args) => args.format,
            Command::Verify(args) => args.format,
            Command::Drift(args) => args.format,
            Command::Status(args) => args.format.into(),
            Command::Resume(args) => args.of.format.into(),
            Command::Abort(args) => args.of.format.into(),
            Command::Rollback(args) => args.of.format.into(),
            Command::Accept(args) => args.of.format.into(),
            Command::Worker(args) => args.format.into(),
            Command::Codes(args) => args.format.into(),
            Command::Backup(args) => args.action.format().into(),
            Command::Rehearse(args) => json(args.format == RehearsalFormat::Json),
            Command::Explain(args) => json(args.format == GraphFormat::Json),
            Command::Diff(args) => json(args.format == DiffFormat::Json),
            Command::Init(_)
            | Command::Fmt(_)
            | Command::Lsp(_)
            | Command::Bundle(_)
            | Command::Baseline(_)
            | Command::Local(_)
            | Command::Schema(_)
            | Command::Completions(_)
            | Command::Man(_) => FindingsFormat::Text,
        }
    }
}

/// Find every mistake in plans, without touching a source or a target
///
/// Compiles each plan and holds what it builds against its baseline. The comparison is made by the
/// engine itself in a scratch database where one can be had: --scratch-url, else PostgreSQL's
/// binaries on this machine; otherwise by syntax, and the result says so.
#[derive(Debug, Args)]
#[command(help_template = TEMPLATE, before_help = "\
Examples:
  cutover check plan.yaml
  cutover check plans/                       every plan.yaml below a folder
  cutover check plans/ --since origin/main   those that a branch touches
  cutover check plan.yaml --scratch-url postgres://ci@localhost/postgres
")]
pub struct Check {
    /// Plans to check; a folder stands for every plan.yaml below it, `*` and `?` for the files that
    /// fit
    #[arg(value_name = "PLAN|DIR", required = true)]
    pub plan: Vec<PathBuf>,
    /// Only plans of which a file (the plan, an included one, its baseline) changed since a git
    /// revision
    #[arg(long, value_name = "REV")]
    pub since: Option<String>,
    #[command(flatten)]
    pub scratch: Scratch,
    /// Form of the findings
    #[arg(long, value_enum, default_value_t = FindingsFormat::Text)]
    pub format: FindingsFormat,
}

/// Where the engine that normalises DDL comes from.
#[derive(Clone, Debug, Default, Args)]
pub struct Scratch {
    /// PostgreSQL server on which a scratch database may be created; the URL holds no password
    /// (a URL with one goes into CUTOVER_SCRATCH_URL)
    #[arg(long, value_name = "URL", conflicts_with = "offline")]
    pub scratch_url: Option<String>,
    /// Compare by syntax alone
    #[arg(long)]
    pub offline: bool,
}

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

/// Where relative paths and the records of runs are.
#[derive(Clone, Debug, Default, Args)]
pub struct Place {
    /// Folder at which the relative paths of a compiled plan start [default: the file's folder]
    #[arg(long, value_name = "DIR")]
    pub base: Option<PathBuf>,
    /// Folder of journals, backups and local servers [default: .cutover beside the plan]
    #[arg(long, value_name = "DIR", env = "CUTOVER_STATE_DIR")]
    pub state_dir: Option<PathBuf>,
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
    #[command(flatten)]
    pub scratch: Scratch,
    #[command(flatten)]
    pub place: Place,
    #[arg(long, value_enum, default_value_t = FindingsFormat::Text)]
    pub format: FindingsFormat,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}
