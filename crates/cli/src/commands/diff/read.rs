//! Both sides as catalogs: texts through the same scratch engine, databases as they are.

use std::path::Path;

use catalog::{Catalog, Home, Normalised, Normaliser as _, Script, Via};
use compiler::review::{Permits, Window};
use compiler::{Extent, Schema};
use diagnostics::{Diagnostic, Sources, Spanned, code};
use engine_postgres::connect::{Address, Connector, Pins};
use engine_postgres::introspect::{Scope, introspect};
use engine_postgres::scratch::engine_name;
use engine_sqlite::{SqliteNormaliser, SqliteTarget, TargetOptions};
use ir::{Existing, PostgresTarget, Server, TlsMode};
use plan::model::{EngineKind, Retired, Waiver};
use runtime::EngineError;

use super::input::{Input, PlanInput, SqlInput};
use crate::exit_code;
use crate::failure::Failure;
use crate::scratch::Engines;

/// One side, read.
pub(super) struct Read {
    /// As it is shown.
    pub(super) name: String,
    pub(super) catalog: Catalog,
    pub(super) via: Via,
    /// `None` for a database.
    pub(super) text: Option<Schema>,
    pub(super) sources: Sources,
    /// The schema that it is about, where the text says so.
    pub(super) home: Option<String>,
    pub(super) plan: Option<PlanFacts>,
    /// What of a file was not compared; the places are in `sources`.
    pub(super) notes: Vec<Diagnostic>,
    /// A database with all its schemas.
    pub(super) whole: bool,
}

impl Read {
    /// What it builds, and what its baseline holds.
    pub(super) fn catalogs(&mut self) -> impl Iterator<Item = &mut Catalog> {
        let baseline = self.plan.as_mut().and_then(|plan| plan.baseline.as_mut());
        std::iter::once(&mut self.catalog).chain(baseline.map(|(catalog, _)| catalog))
    }

    /// `None` for what is no plan and so permits nothing.
    pub(super) fn permits(&self) -> Option<Permits<'_>> {
        let PlanFacts { windows, waivers, .. } = self.plan.as_ref()?;
        Some(Permits { windows, waivers, sources: &self.sources })
    }
}

/// What a plan says beside the schema it builds.
pub(super) struct PlanFacts {
    pub(super) baseline: Option<(Catalog, Schema)>,
    /// Where the plan names its baseline.
    pub(super) named: Option<Spanned<String>>,
    pub(super) retired: Vec<Retired>,
    pub(super) waivers: Vec<Waiver>,
    pub(super) windows: Vec<Window>,
}

/// How texts and databases of this command are read.
pub(super) struct Reader<'a> {
    pub(super) engine: EngineKind,
    /// Nothing said which engine it is.
    pub(super) guessed: bool,
    /// `--schema`
    pub(super) schema: Option<&'a str>,
    /// A SQL file holds several schemas and none is named: databases are compared.
    pub(super) whole: bool,
    pub(super) engines: Engines<'a>,
}

impl Reader<'_> {
    /// `home`: the schema that the other side is about.
    pub(super) fn read(&mut self, input: Input, home: Option<&str>) -> Result<Read, Failure> {
        match input {
            Input::Plan(plan) => self.plan(*plan),
            Input::Sql(sql) => self.sql(&sql, home),
            Input::SqliteFile(path) => Ok(sqlite(&path)?),
            Input::Server(server) if self.whole => Ok(postgres(server, &Scope::Database)?),
            Input::Server(server) => {
                let schema = self.schema.or(home).unwrap_or("public");
                Ok(postgres(server, &Scope::Schema(schema.to_owned()))?)
            }
        }
    }

    fn plan(&mut self, input: PlanInput) -> Result<Read, Failure> {
        let PlanInput { name, schemas, retired, waivers, baseline: named, sources } = input;
        let windows = schemas.windows;
        let built = self.normalise(&schemas.built, &sources)?;
        let baseline = match schemas.baseline {
            Some(schema) => Some((self.normalise(&schema, &sources)?.catalog, schema)),
            None => None,
        };
        Ok(Read {
            name,
            catalog: built.catalog,
            via: built.via,
            text: Some(schemas.built),
            sources,
            home: Some(schemas.schema),
            plan: Some(PlanFacts { baseline, named, retired, waivers, windows }),
            notes: Vec::new(),
            whole: false,
        })
    }

    /// Of a file with several schemas, the one that the other side is about is meant.
    fn sql(&mut self, input: &SqlInput, home: Option<&str>) -> Result<Read, Failure> {
        let mut sources = Sources::default();
        let engine = self.engine;
        let extent = if self.whole { Extent::Whole } else { Extent::OneSchema };
        let several = || compiler::schemas_of_sql(&input.text, engine).len() > 1;
        let schema = self.schema.or(home.filter(|_| several()));
        let files = input.files();
        let (found, findings) =
            compiler::schema_of_file(&mut sources, &*files, engine, &input.path, schema, extent);
        let sources = input.shown(&sources);
        let Some((schema, home)) = found else {
            return Err(Failure::findings(findings, sources, exit_code::FINDINGS));
        };
        let notes = findings;
        let Normalised { catalog, via, .. } = self.normalise(&schema, &sources)?;
        let (name, whole, text) = (input.name.clone(), self.whole, Some(schema));
        Ok(Read { name, catalog, via, text, sources, home, plan: None, notes, whole })
    }

    /// A schema of which the engine refuses a part says nothing about a difference.
    fn normalise(&mut self, schema: &Schema, sources: &Sources) -> Result<Normalised, Failure> {
        let normaliser = self.engines.of(Some(self.engine))?;
        let normalised = normaliser.normalise(&schema.script()).map_err(|why| {
            let diagnostic = Diagnostic::new(&code::NO_SCRATCH, why)
                .help("give a server for a scratch database with `--scratch-url`");
            Failure::new(diagnostic, exit_code::FINDINGS)
        })?;
        if normalised.errors.is_empty() {
            return Ok(normalised);
        }
        let mut refusals = schema.refusals(&normalised.errors);
        if let (true, Some(last)) = (self.guessed, refusals.last_mut()) {
            let help = "no word in the files says for which engine they are, so they were read as \
                        PostgreSQL's; `--engine sqlite` reads them as SQLite's";
            last.help = Some(help.to_owned());
        }
        Err(Failure::findings(refusals, sources.clone(), exit_code::FINDINGS))
    }
}

fn sqlite(path: &Path) -> Result<Read, EngineError> {
    let name = path.display().to_string();
    let database = SqliteTarget::open(TargetOptions {
        path: path.to_path_buf(),
        shown: name.clone(),
        existing: Existing::Refuse,
        sources: Vec::new(),
    })?;
    Ok(live(name, database.live_catalog()?, sqlite_version()))
}

/// As SQLite itself says it when it reads a script.
fn sqlite_version() -> String {
    let nothing = Script { home: Home::Unqualified, statements: Vec::new() };
    match SqliteNormaliser::new().normalise(&nothing) {
        Ok(Normalised { via: Via::Engine(version), .. }) => version,
        Ok(_) | Err(_) => "SQLite".to_owned(),
    }
}

fn postgres(server: Server, scope: &Scope) -> Result<Read, EngineError> {
    let word = match &server {
        Server::Env(name) => format!("${name}"),
        Server::Url(url) => plan::redact(url).into_owned(),
        Server::File(path) => path.clone(),
        Server::Local => "the local server".to_owned(),
    };
    // No local server is ever started here, so no state folder is needed.
    let here = Path::new(".");
    let address = Address::resolve(&PostgresTarget::only_read(server), here, here)?;
    let connector = Connector::new(address, TlsMode::VerifyFull, Pins::default())?;
    let mut session = connector.open("diff")?;
    let version = engine_name(&mut session)?;
    let catalog = introspect(&mut session, scope)?;
    let name = match scope {
        Scope::Schema(schema) => format!("{word}, schema {schema}"),
        Scope::Database => format!("{word}, all schemas"),
    };
    let whole = *scope == Scope::Database;
    Ok(Read { whole, ..live(name, catalog, version) })
}

fn live(name: String, catalog: Catalog, version: String) -> Read {
    let (via, sources) = (Via::Engine(version), Sources::default());
    let notes = Vec::new();
    let (home, plan, text, whole) = (None, None, None, false);
    Read { name, catalog, via, text, sources, home, plan, notes, whole }
}
