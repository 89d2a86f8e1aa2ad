//! The command line. Examples come first in every help text: most people read no further.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

mod backup;
mod check;
mod diff;
mod explain;
mod findings;
mod fmt;
mod init;
mod program;
mod recovery;
mod rehearse;
mod run;
mod schemas;
mod worker;

pub use backup::{Backup, BackupAction, Create, List, Prune, Restore, Server, Store, VerifyBackup};
pub use check::Check;
pub use diff::{Diff, DiffFormat, SqlEngine};
pub use explain::{Compile, Explain, GraphFormat};
pub use findings::FindingsFormat;
pub use fmt::{Fmt, Lsp};
pub use init::{Engine as InitEngine, Init, Style as InitStyle};
pub use program::{Codes, Completions, Local, LocalAction, Man, Schema};
pub use recovery::{Abort, Accept, Bundle, OfRun, Resume, Rollback};
pub use rehearse::{RehearsalFormat, Rehearse};
pub use run::{Run, Status, Verify};
pub use schemas::{Baseline, BaselineAction, Capture, Counts, Drift, Scope};
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}
