//! What the command line names, as far as it can be told without an engine: a plan, a SQL file, a
//! SQLite database, or a PostgreSQL server.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use compiler::{PlanSchemas, engine_of_sql};
use diagnostics::{Diagnostic, SourceId, Sources, Spanned, code};
use ir::Server;
use plan::model::{EngineKind, Retired, Waiver};

use crate::failure::Failure;
use crate::git::Revision;
use crate::plan_input::{PlanFiles, read_file, tidy};
use crate::{exit_code, folders};

pub(super) enum Input {
    Plan(Box<PlanInput>),
    Sql(SqlInput),
    SqliteFile(PathBuf),
    Server(Server),
}

pub(super) struct PlanInput {
    pub(super) name: String,
    pub(super) schemas: PlanSchemas,
    pub(super) retired: Vec<Retired>,
    pub(super) waivers: Vec<Waiver>,
    /// The plan's own name for its baseline, for findings.
    pub(super) baseline: Option<Spanned<String>>,
    pub(super) sources: Sources,
}

pub(super) struct SqlInput {
    pub(super) name: String,
    /// From where the reader stands.
    pub(super) path: String,
    pub(super) text: String,
    at: Option<Revision>,
}

impl SqlInput {
    pub(super) fn files(&self) -> Box<dyn compiler::Files + '_> {
        Box::new(OneFile(self))
    }

    pub(super) fn shown(&self, sources: &Sources) -> Sources {
        shown(sources, Path::new(""), self.at.as_ref())
    }
}

/// The file has been read already.
struct OneFile<'a>(&'a SqlInput);

impl compiler::Files for OneFile<'_> {
    fn read(&self, _: &str) -> Result<String, String> {
        Ok(self.0.text.clone())
    }
}

/// The first bytes of every SQLite database (<https://sqlite.org/fileformat2.html>, 1.3).
const SQLITE: &[u8] = b"SQLite format 3\0";

impl Input {
    /// A path or a URL.
    pub(super) fn named(word: &str) -> Result<Self, Failure> {
        if word.starts_with("postgres://") || word.starts_with("postgresql://") {
            return url(word);
        }
        let path = Path::new(word);
        if is_sqlite(path) {
            return Ok(Input::SqliteFile(path.to_path_buf()));
        }
        let bytes = read_file(path)?;
        Self::text(path, bytes, None)
    }

    /// A path as it was at a revision, all files that a plan names too.
    pub(super) fn at(path: &Path, revision: &str) -> Result<Self, Failure> {
        let revision = Revision::find(&folders::folder_of(path), revision)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let bytes = revision.bytes(&name).map_err(|why| {
            let message = format!("`{}` cannot be compared: {why}", path.display());
            let help = "a file that is new in a change has nothing to be compared with";
            let diagnostic = Diagnostic::new(&code::REVISION, message).help(help);
            Failure::new(diagnostic, exit_code::FINDINGS)
        })?;
        Self::text(path, bytes, Some(revision))
    }

    fn text(path: &Path, bytes: Vec<u8>, at: Option<Revision>) -> Result<Self, Failure> {
        let name = match &at {
            Some(revision) => format!("{} at {}", path.display(), revision.name),
            None => path.display().to_string(),
        };
        let text = String::from_utf8(bytes).map_err(|_| not_text(&name))?;
        if is_plan(path) {
            return plan(name, path, &text, at.as_ref()).map(|plan| Input::Plan(Box::new(plan)));
        }
        Ok(Input::Sql(SqlInput { name, path: tidy(path), text, at }))
    }

    /// `None` where nothing in it says so.
    pub(super) fn engine(&self) -> Option<EngineKind> {
        match self {
            Input::Plan(plan) => Some(plan.schemas.engine),
            Input::Sql(sql) => engine_of_sql(&sql.text),
            Input::SqliteFile(_) => Some(EngineKind::Sqlite),
            Input::Server(_) => Some(EngineKind::Postgres),
        }
    }
}

fn plan(
    name: String,
    path: &Path,
    text: &str,
    at: Option<&Revision>,
) -> Result<PlanInput, Failure> {
    let folder = folders::folder_of(path);
    let mut sources = Sources::default();
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let working_tree = PlanFiles { folder: &folder };
    let files: &dyn compiler::Files = match at {
        Some(revision) => revision,
        None => &working_tree,
    };
    let (schemas, plan, findings) = compiler::schemas(&mut sources, &file, text, files);
    let sources = shown(&sources, &folder, at);
    let (Some(schemas), Some(plan)) = (schemas, plan) else {
        return Err(Failure::findings(findings, sources, exit_code::FINDINGS));
    };
    let engine = schemas.engine;
    let baseline = plan.baseline.and_then(|baseline| {
        let fits = |file: &plan::model::BaselineFile| file.engine.is_none_or(|e| e == engine);
        baseline.files.into_iter().find(fits).map(|file| file.path)
    });
    let (retired, waivers) = (plan.retired, plan.waivers);
    Ok(PlanInput { name, schemas, retired, waivers, baseline, sources })
}

/// The files as they may be shown: from where the reader stands, with the revision before them as
/// git writes it, and without passwords.
fn shown(sources: &Sources, folder: &Path, at: Option<&Revision>) -> Sources {
    const COMMAND: &str = "command line";
    let mut out = Sources::default();
    for (_, file) in sources.iter() {
        let name = match (file.name.as_str(), at) {
            (COMMAND, _) => COMMAND.to_owned(),
            (name, None) => tidy(&folder.join(name)),
            (name, Some(revision)) => format!("{}:{}", revision.name, tidy(&folder.join(name))),
        };
        let _: SourceId = out.add(name, plan::redact(&file.text));
    }
    out
}

fn url(url: &str) -> Result<Input, Failure> {
    if plan::redact(url) != url {
        return Err(Failure::usage(
            &code::USAGE,
            "the URL carries a password, which every user of this machine could read",
            "put it into an environment variable and name that with `--url-env`",
        ));
    }
    Ok(Input::Server(Server::Url(url.to_owned())))
}

fn is_sqlite(path: &Path) -> bool {
    let mut head = [0; SQLITE.len()];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && head == SQLITE
}

fn is_plan(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn not_text(name: &str) -> Failure {
    let message = format!("`{name}` is neither text nor a SQLite database");
    Failure::new(Diagnostic::new(&code::FILE_UNREADABLE, message), exit_code::FINDINGS)
}
