//! PostgreSQL itself says what DDL means: applied in a scratch database and read back.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use catalog::{Home, Normalised, Normaliser, Script, ScriptStatement, StatementError, Via};
use diagnostics::code::NO_SCRATCH;
use ir::TlsMode;
use runtime::EngineError;

use crate::connect::{Address, Connector, Pins, Session};
use crate::introspect::{Scope, introspect, search_path, set_search_path};
use crate::server::{Binaries, Cluster};
use crate::throwaway::{self, SCRATCH};
use crate::{quote, sqlstate};

/// The home schema of scripts whose names are unqualified: what [`catalog::HOME_SCHEMA`] says when
/// it is left in place, so that offsets in statements stay right.
pub const HOME: &str = "cutover home";

/// Statements sent at once while nothing fails.
const BATCH: usize = 200;

/// Says what DDL means by asking PostgreSQL. One server serves all calls; each call gets a database
/// of its own, and no role or object of a script outlives it.
pub struct PostgresNormaliser {
    provider: Provider,
    server: Option<Server>,
}

enum Provider {
    /// A database on a server where we may create databases.
    Url(String),
    /// Programs of a local installation; the folder where one is named.
    Binaries(Option<PathBuf>),
}

/// Field order matters: the database is dropped while the server still runs.
struct Server {
    connector: Connector,
    /// Used again for as long as every script was rolled back in it.
    clean: Option<Scratch>,
    /// Stops when dropped.
    _cluster: Option<Cluster>,
}

/// An empty database with a session on it, which ends first.
struct Scratch {
    session: Session,
    _database: Database,
}

impl PostgresNormaliser {
    /// On the server of this URL (`CUTOVER_SCRATCH_URL`, `--scratch-url`).
    pub fn on_server(url: &str) -> Self {
        Self { provider: Provider::Url(url.to_owned()), server: None }
    }

    /// On a throw-away cluster from local binaries, in the given folder or wherever they are found.
    pub fn with_binaries(folder: Option<&Path>) -> Self {
        let folder = folder.map(Path::to_path_buf);
        Self { provider: Provider::Binaries(folder), server: None }
    }

    fn server(&mut self) -> Result<&mut Server, String> {
        if self.server.is_none() {
            self.server = Some(self.provider.start()?);
        }
        self.server.as_mut().ok_or_else(|| "no scratch server".to_owned())
    }
}

impl Provider {
    fn start(&self) -> Result<Server, String> {
        let (url, cluster) = match self {
            Provider::Url(url) => (url.clone(), None),
            Provider::Binaries(folder) => {
                let cluster = Cluster::with(&Binaries::find(folder.as_deref())?)?;
                (cluster.url("postgres"), Some(cluster))
            }
        };
        let connector = Address::from_url(&url)
            .and_then(|address| Connector::new(address, TlsMode::VerifyFull, Pins::default()))
            .map_err(|error| error.to_string())?;
        Ok(Server { connector, clean: None, _cluster: cluster })
    }
}

impl Normaliser for PostgresNormaliser {
    fn normalise(&mut self, script: &Script) -> Result<Normalised, String> {
        let server = self.server()?;
        server
            .normalise(script)
            .map_err(|error: EngineError| format!("the scratch server refuses: {error}"))
    }
}

impl Server {
    fn normalise(&mut self, script: &Script) -> Result<Normalised, EngineError> {
        let mut scratch = match self.clean.take() {
            Some(scratch) => scratch,
            None => Scratch::create(&self.connector)?,
        };
        let via = Via::Engine(engine_name(&mut scratch.session)?);
        let (catalog, errors) = in_transaction(&mut scratch.session, script)?;
        if !errors.iter().any(|error| needs_no_transaction(error.sqlstate.as_deref())) {
            self.clean = Some(scratch);
            return Ok(Normalised { catalog, errors, via });
        }
        let (catalog, errors) = without_transaction(&mut scratch.session, script)?;
        Ok(Normalised { catalog, errors, via })
    }
}

impl Scratch {
    fn create(connector: &Connector) -> Result<Self, EngineError> {
        let database = Database::create(connector)?;
        let session = database.session("normalise")?;
        Ok(Self { session, _database: database })
    }
}

/// `PostgreSQL 15.18`
///
/// # Errors
/// What the server says.
pub fn engine_name(session: &mut Session) -> Result<String, EngineError> {
    let version: String =
        session.value(&NO_SCRATCH, "select current_setting('server_version')", &[])?;
    let number = version.split_whitespace().next().unwrap_or_default();
    Ok(format!("PostgreSQL {number}"))
}

/// A database that goes away when dropped.
pub(crate) struct Database {
    connector: Connector,
    /// Holds the name.
    owner: Session,
    name: String,
    kept: bool,
}

impl Database {
    pub(crate) fn create(connector: &Connector) -> Result<Self, EngineError> {
        let mut owner = connector.open("scratch")?;
        throwaway::remove_left(&mut owner, SCRATCH)?;
        let name = throwaway::claim(&mut owner, SCRATCH)?;
        owner
            .run(&format!("create database {} template template0 encoding 'UTF8'", quote(&name)))?;
        Ok(Self { connector: connector.clone(), owner, name, kept: false })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Leaves it on the server; returns its name.
    pub(crate) fn keep(mut self) -> String {
        self.kept = true;
        // The session that made it may comment on it; where it was lost, the database goes later.
        drop(throwaway::keep(&mut self.owner, &self.name));
        self.name.clone()
    }

    fn session(&self, stage: &str) -> Result<Session, EngineError> {
        self.connector.in_database(&self.name).open(stage)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let drop_it = format!("drop database if exists {} with (force)", quote(&self.name));
        // Where the session was lost too, the next command that makes one removes it.
        drop(self.owner.run(&drop_it));
    }
}

type Read = (catalog::Catalog, Vec<StatementError>);

/// In one transaction that is rolled back, so that roles and objects go with it.
fn in_transaction(session: &mut Session, script: &Script) -> Result<Read, EngineError> {
    session.run("begin")?;
    let done = prepare(session, script).and_then(|_| {
        let errors = apply(session, &script.statements);
        Ok((introspect(session, &scope(script))?, errors))
    });
    drop(session.run("rollback"));
    done
}

/// 25001: cannot run inside a transaction block; 55P04: a new enum value that is not committed yet.
fn needs_no_transaction(state: Option<&str>) -> bool {
    matches!(state, Some("25001" | "55P04"))
}

/// Statements that no transaction takes make a second try without one, in a database that is then
/// used up.
fn without_transaction(session: &mut Session, script: &Script) -> Result<Read, EngineError> {
    let created = prepare(session, script)?;
    let mut errors = Vec::new();
    for (at, statement) in script.statements.iter().enumerate() {
        errors.extend(
            session
                .client
                .batch_execute(&statement.sql)
                .err()
                .map(|error| refused(at, statement, &error)),
        );
    }
    let catalog = introspect(session, &scope(script));
    for role in created {
        drop(session.run(&format!("drop owned by {0} cascade; drop role {0}", quote(&role))));
    }
    Ok((catalog?, errors))
}

fn scope(script: &Script) -> Scope {
    match script.home {
        Home::Unqualified => Scope::Schema(HOME.to_owned()),
        Home::Database => Scope::Database,
    }
}

/// Roles that the statements name, and the home schema. Returns the roles that were missing.
fn prepare(session: &mut Session, script: &Script) -> Result<Vec<String>, EngineError> {
    let wanted: BTreeSet<&String> = script.statements.iter().flat_map(|s| &s.roles).collect();
    let mut created = Vec::new();
    for role in wanted.into_iter().filter(|role| !is_pseudo_role(role)) {
        let known = "select 1 from pg_catalog.pg_roles where rolname = $1";
        if session.rows(&NO_SCRATCH, known, &[role])?.is_empty() {
            session.run(&format!("create role {} nologin", quote(role)))?;
            created.push(role.clone());
        }
    }
    if script.home == Home::Unqualified {
        session.run(&format!("create schema {}", quote(HOME)))?;
        let path = search_path(session, HOME)?;
        set_search_path(session, &format!("{path}, public"))?;
    } else {
        set_search_path(session, "public")?;
    }
    Ok(created)
}

/// Words that stand for roles.
fn is_pseudo_role(name: &str) -> bool {
    ["public", "current_user", "session_user", "current_role"]
        .iter()
        .any(|word| name.eq_ignore_ascii_case(word))
        || name.starts_with("pg_")
}

/// Applies what can be applied: in batches, and one by one where a batch fails.
fn apply(session: &mut Session, statements: &[ScriptStatement]) -> Vec<StatementError> {
    let mut errors = Vec::new();
    for (number, batch) in statements.chunks(BATCH).enumerate() {
        let joined: String = batch.iter().map(|s| format!("{};\n", s.sql)).collect();
        if savepoint(session, &joined).is_ok() {
            continue;
        }
        for (at, statement) in batch.iter().enumerate() {
            let result = savepoint(session, &statement.sql);
            let index = number * BATCH + at;
            errors.extend(result.err().map(|error| refused(index, statement, &error)));
        }
    }
    errors
}

fn savepoint(session: &mut Session, sql: &str) -> Result<(), postgres::Error> {
    session.client.batch_execute("savepoint cutover")?;
    let result = session.client.batch_execute(sql);
    let end =
        if result.is_ok() { "release cutover" } else { "rollback to cutover; release cutover" };
    session.client.batch_execute(end)?;
    result
}

fn refused(at: usize, statement: &ScriptStatement, error: &postgres::Error) -> StatementError {
    StatementError {
        statement: at,
        message: sqlstate::text(error),
        offset: error.as_db_error().and_then(|db| sqlstate::offset(db, &statement.sql)),
        sqlstate: error.code().map(|state| state.code().to_owned()),
    }
}
