//! The live side of a comparison.

use std::path::Path;

use catalog::{Catalog, Change, DiffOptions, Difference, Kind, ObjectKey, diff};
use diagnostics::code;
use engine_postgres::connect::{Address, Connector, Pins, Session};
use engine_postgres::introspect::{Scope as Read, introspect};
use engine_postgres::scratch::engine_name;
use engine_postgres::target::PostgresEngine;
use engine_sqlite::{SqliteTarget, TargetOptions};
use ir::{CompiledPlan, Existing, Target, TlsMode};
use runtime::EngineError;
use runtime::engine::TargetEngine as _;

use crate::args::{Drift, Scope};
use crate::failure::Failure;

pub(super) enum Live {
    /// A plan's own target.
    Postgres {
        engine: Box<PostgresEngine>,
        schema: String,
        version: String,
    },
    Sqlite(Box<SqliteTarget>),
    /// Any schema of any database.
    Schema {
        session: Box<Session>,
        schema: String,
        version: String,
    },
    /// All schemas of a database; names keep theirs.
    Database {
        session: Box<Session>,
        version: String,
    },
}

impl Live {
    pub(super) fn of_plan(
        plan: &CompiledPlan,
        base: &Path,
        state_dir: &Path,
    ) -> Result<Self, EngineError> {
        Ok(match &plan.target {
            Target::Sqlite(target) => {
                Live::Sqlite(Box::new(sqlite(&base.join(&target.path), &target.path)?))
            }
            Target::Postgres(target) => {
                let mut engine = Box::new(PostgresEngine::connect(plan, base, state_dir)?);
                let version = engine.engine_name()?;
                Live::Postgres { engine, schema: target.schema.clone(), version }
            }
        })
    }

    /// `schema`: the one that is compared; all of them where there is none.
    pub(super) fn of_arguments(args: &Drift, schema: Option<&str>) -> Result<Self, Failure> {
        if let Some(path) = &args.sqlite {
            return Ok(Live::Sqlite(Box::new(sqlite(path, &path.display().to_string())?)));
        }
        let address = Address::from_url(&url(args)?)?;
        let connector = Connector::new(address, TlsMode::VerifyFull, Pins::default())?;
        let mut session = connector.open("drift")?;
        let version = engine_name(&mut session)?;
        let session = Box::new(session);
        Ok(match schema {
            Some(schema) => Live::Schema { session, schema: schema.to_owned(), version },
            None => Live::Database { session, version },
        })
    }

    pub(super) fn describe(&self) -> String {
        match self {
            Live::Postgres { engine, .. } => engine.describe(),
            Live::Sqlite(target) => target.describe(),
            Live::Schema { schema, version, .. } => format!("{version}, schema {schema}"),
            Live::Database { version, .. } => format!("{version}, all schemas"),
        }
    }

    /// `None` for SQLite, which is always this program's own.
    pub(super) fn postgres_version(&self) -> Option<String> {
        match self {
            Live::Postgres { version, .. }
            | Live::Schema { version, .. }
            | Live::Database { version, .. } => Some(version.clone()),
            Live::Sqlite(_) => None,
        }
    }

    /// The schema as it is now, its own names without their schema.
    pub(super) fn catalog(&mut self) -> Result<Catalog, EngineError> {
        match self {
            Live::Postgres { engine, .. } => engine.live_catalog(),
            Live::Sqlite(target) => target.live_catalog(),
            Live::Schema { session, schema, .. } => read(session, schema),
            Live::Database { session, .. } => read_all(session),
        }
    }

    /// The schema whose names the catalog has without it; empty where all names keep theirs.
    pub(super) fn home(&self) -> &str {
        match self {
            Live::Postgres { schema, .. } | Live::Schema { schema, .. } => schema,
            Live::Sqlite(_) | Live::Database { .. } => "",
        }
    }

    /// With the exceptions that the plan makes; a plan is compared with its own target alone.
    pub(super) fn drift(
        &mut self,
        plan: &CompiledPlan,
        expected: &Catalog,
    ) -> Result<Vec<Difference>, EngineError> {
        match self {
            Live::Postgres { engine, .. } => engine.drift(plan, expected),
            Live::Sqlite(target) => target.drift(plan, expected),
            Live::Schema { .. } | Live::Database { .. } => Ok(Vec::new()),
        }
    }
}

/// One look at one moment. The server writes definitions from what is there now and not at that
/// moment, so a schema that goes away meanwhile is noticed by a second look.
fn read(session: &mut Session, schema: &str) -> Result<Catalog, EngineError> {
    let before = identity(session, schema)?.ok_or_else(|| {
        EngineError::new(&code::SCHEMA_MISSING, format!("the database has no schema `{schema}`"))
            .help("name another one with `--schema`")
    })?;
    let (found, ended) = at_one_moment(session, &Read::Schema(schema.to_owned()))?;
    if ended.is_ok() && identity(session, schema)? != Some(before) {
        let message = format!("schema `{schema}` was dropped or made anew while it was read");
        return Err(EngineError::new(&code::SCHEMA_CHANGED, message).help("try again"));
    }
    let what = format!("schema `{schema}`");
    found.map_err(|error| changed(error, &what)).and_then(|catalog| ended.map(|()| catalog))
}

fn read_all(session: &mut Session) -> Result<Catalog, EngineError> {
    let (found, ended) = at_one_moment(session, &Read::Database)?;
    let found = found.map_err(|error| changed(error, "the database"));
    found.and_then(|catalog| ended.map(|()| catalog))
}

type Moment = (Result<Catalog, EngineError>, Result<(), EngineError>);

fn at_one_moment(session: &mut Session, scope: &Read) -> Result<Moment, EngineError> {
    session.run("begin transaction isolation level repeatable read, read only")?;
    let found = introspect(session, scope);
    Ok((found, session.run("rollback")))
}

fn identity(session: &mut Session, schema: &str) -> Result<Option<u32>, EngineError> {
    let sql = "select oid from pg_catalog.pg_namespace where nspname = $1";
    let rows = session.rows(&code::STATEMENT_FAILED, sql, &[&schema])?;
    Ok(rows.first().map(|row| row.get(0)))
}

/// What the server says of an object that is gone between two looks has no state of its own; who
/// drops it may also wait for our look while we wait for him, and the server ends one of the two.
fn changed(error: EngineError, what: &str) -> EngineError {
    const DEADLOCK_DETECTED: &str = "40P01";
    if error.sqlstate.as_deref() == Some(DEADLOCK_DETECTED) {
        let message = format!("another session changes {what} while it is read");
        return EngineError::new(&code::SCHEMA_CHANGED, message).help("try again");
    }
    let gone = ["cache lookup failed", "could not open relation", "could not find tuple"];
    if !gone.iter().any(|words| error.message.contains(words)) {
        return error;
    }
    let message = format!("an object of {what} was dropped while it was read: {}", error.message);
    EngineError::new(&code::SCHEMA_CHANGED, message).help("try again")
}

/// The differences that count, by the command line.
pub(super) fn differences(
    expected: &Catalog,
    actual: &Catalog,
    live: &Live,
    args: &Drift,
) -> Vec<Difference> {
    let ignore_generated_names = args.counts.ignore_generated_names;
    let options = DiffOptions { scope: facts(&args.counts.scope), ignore_generated_names };
    let mut found = diff(expected, actual, &options);
    let came_along = |key: &ObjectKey| {
        // Extensions belong to the database: one that other schemas use is no drift of this one.
        let whole = matches!(live, Live::Database { .. });
        key.kind == Kind::Extension && !whole
            || live.home() == "public" && is_initial(key, actual, live)
    };
    found.retain(|it| it.change != Change::Extra || !came_along(&it.key));
    found
}

/// What PUBLIC has on schema `public` from the beginning: no dump writes it.
fn is_initial(key: &ObjectKey, actual: &Catalog, live: &Live) -> bool {
    let version = live.postgres_version().unwrap_or_default();
    let major = version.split(['.', ' ']).nth(1).and_then(|major| major.parse().ok());
    // Everybody could create objects in it before PostgreSQL 15.
    let may_create = major.is_some_and(|major: u32| major < 15);
    let is_first = |privilege: &str| privilege == "usage" || may_create && privilege == "create";
    let privileges = actual.get(key).map(|object| &object.properties);
    key.kind == Kind::Grant
        && key.parent == "schema"
        && key.name == "PUBLIC"
        && privileges.is_some_and(|all| all.keys().all(|privilege| is_first(privilege)))
}

fn facts(scope: &[Scope]) -> catalog::Scope {
    let has = |one| scope.contains(&one);
    catalog::Scope {
        structure: has(Scope::Structure),
        grants: has(Scope::Grants),
        owners: has(Scope::Owners),
        comments: has(Scope::Comments),
    }
}

fn sqlite(path: &Path, shown: &str) -> Result<SqliteTarget, EngineError> {
    SqliteTarget::open(TargetOptions {
        path: path.to_path_buf(),
        shown: shown.to_owned(),
        existing: Existing::Refuse,
        sources: Vec::new(),
    })
}

fn url(args: &Drift) -> Result<String, Failure> {
    if let Some(name) = &args.url_env {
        return std::env::var(name).ok().filter(|url| !url.is_empty()).ok_or_else(|| {
            let message = format!("the environment variable `{name}` holds no URL");
            Failure::usage(&code::USAGE, message, "set it to `postgres://user@host:5432/database`")
        });
    }
    let url = args.url.clone().unwrap_or_default();
    if plan::redact(&url) != url {
        return Err(Failure::usage(
            &code::USAGE,
            "`--url` carries a password, which every user of this machine could read",
            "put the URL into an environment variable and name it with `--url-env`",
        ));
    }
    Ok(url)
}
