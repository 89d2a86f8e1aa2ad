//! Which engine normalises DDL: the scratch URL, else the programs on this machine, else nobody, and
//! the result says so. SQLite always can, in memory.

use catalog::offline::SyntaxNormaliser;
use catalog::{Normalised, Normaliser, Script};
use diagnostics::code;
use engine_postgres::scratch::PostgresNormaliser;
use engine_postgres::server::Binaries;
use engine_sqlite::SqliteNormaliser;
use plan::model::EngineKind;
use sql::{Dialect, Statement};

use crate::args::Scratch;
use crate::failure::Failure;

/// A scratch URL with a password goes here: command lines can be read by every user of the machine.
const URL_VARIABLE: &str = "CUTOVER_SCRATCH_URL";

/// The engines that normalise DDL, started when they are needed first and used for all plans of one
/// command.
pub(crate) struct Engines<'a> {
    options: &'a Scratch,
    postgres: Option<Box<dyn Normaliser>>,
    sqlite: Option<Box<dyn Normaliser>>,
}

impl<'a> Engines<'a> {
    pub(crate) fn new(options: &'a Scratch) -> Self {
        Self { options, postgres: None, sqlite: None }
    }

    /// The normaliser for plans of this engine. A plan without a target is never compared.
    ///
    /// # Errors
    /// Where the URL that was given cannot be used.
    pub(crate) fn of(
        &mut self,
        engine: Option<EngineKind>,
    ) -> Result<&mut dyn Normaliser, Failure> {
        let engine = engine.unwrap_or(EngineKind::Sqlite);
        let slot = match engine {
            EngineKind::Postgres => &mut self.postgres,
            EngineKind::Sqlite => &mut self.sqlite,
        };
        let normaliser = match slot.take() {
            Some(normaliser) => normaliser,
            None => normaliser(engine, self.options)?,
        };
        Ok(slot.insert(normaliser).as_mut())
    }
}

/// Syntax takes over only where there are no programs at all: an engine that is there and fails is
/// an error, or a broken server would quietly weaken every check.
fn normaliser(engine: EngineKind, options: &Scratch) -> Result<Box<dyn Normaliser>, Failure> {
    let given = url(options)?;
    Ok(match (engine, options.offline, given) {
        (EngineKind::Sqlite, true, _) => offline(Dialect::Sqlite),
        (EngineKind::Sqlite, false, _) => Box::new(SqliteNormaliser::new()),
        (EngineKind::Postgres, true, _) => offline(Dialect::Postgres),
        (EngineKind::Postgres, false, Some(url)) => Box::new(PostgresNormaliser::on_server(&url)),
        (EngineKind::Postgres, false, None) => match Binaries::find(None) {
            Ok(_) => Box::new(PostgresNormaliser::with_binaries(None)),
            Err(why) => syntax(Dialect::Postgres, &why),
        },
    })
}

fn offline(dialect: Dialect) -> Box<dyn Normaliser> {
    syntax(dialect, "`--offline` was asked for")
}

fn syntax(dialect: Dialect, reason: &str) -> Box<dyn Normaliser> {
    Box::new(Syntax(SyntaxNormaliser { dialect, reason: reason.to_owned() }))
}

/// Reads two scripts on two cores.
struct Syntax(SyntaxNormaliser);

impl Normaliser for Syntax {
    fn normalise(&mut self, script: &Script) -> Result<Normalised, String> {
        self.0.normalise(script)
    }

    fn normalise_read(&mut self, statements: &[&Statement]) -> Result<Normalised, String> {
        self.0.normalise_read(statements)
    }

    fn normalise_both(&mut self, both: [&[&Statement]; 2]) -> Result<[Normalised; 2], String> {
        let mut other = self.0.clone();
        std::thread::scope(|scope| {
            let first = scope.spawn(move || other.normalise_read(both[0]));
            let second = self.0.normalise_read(both[1])?;
            match first.join() {
                Ok(first) => Ok([first?, second]),
                // A defect is reported where all are: in the thread that asked.
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }
}

/// The server on which scratch databases may be created, where one is named.
///
/// # Errors
/// A URL with a password on the command line.
pub(crate) fn url(options: &Scratch) -> Result<Option<String>, Failure> {
    match &options.scratch_url {
        Some(url) if plan::redact(url) != *url => Err(Failure::usage(
            &code::USAGE,
            "`--scratch-url` carries a password, which every user of this machine could read",
            &format!("put the URL into the environment variable {URL_VARIABLE}"),
        )),
        Some(url) => Ok(Some(url.clone())),
        None => Ok(std::env::var(URL_VARIABLE).ok().filter(|url| !url.is_empty())),
    }
}
