//! The live side of a comparison.

use std::path::Path;

use catalog::{Catalog, Change, DiffOptions, Difference, Kind, diff};
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
    Postgres(Box<PostgresEngine>, String),
    Sqlite(SqliteTarget),
    /// Any schema of any database.
    Schema {
        session: Box<Session>,
        schema: String,
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
            Target::Sqlite(target) => Live::Sqlite(sqlite(&base.join(&target.path), &target.path)?),
            Target::Postgres(_) => {
                let mut engine = PostgresEngine::connect(plan, base, state_dir)?;
                let version = engine.engine_name()?;
                Live::Postgres(Box::new(engine), version)
            }
        })
    }

    pub(super) fn of_arguments(args: &Drift, schema: &str) -> Result<Self, Failure> {
        if let Some(path) = &args.sqlite {
            return Ok(Live::Sqlite(sqlite(path, &path.display().to_string())?));
        }
        let address = Address::from_url(&url(args)?)?;
        let connector = Connector::new(address, TlsMode::VerifyFull, Pins::default())?;
        let mut session = connector.open("drift")?;
        let version = engine_name(&mut session)?;
        let schema = schema.to_owned();
        Ok(Live::Schema { session: Box::new(session), schema, version })
    }

    pub(super) fn describe(&self) -> String {
        match self {
            Live::Postgres(engine, _) => engine.describe(),
            Live::Sqlite(target) => target.describe(),
            Live::Schema { schema, version, .. } => format!("{version}, schema {schema}"),
        }
    }

    /// `None` for SQLite, which is always this program's own.
    pub(super) fn postgres_version(&self) -> Option<String> {
        match self {
            Live::Postgres(_, version) | Live::Schema { version, .. } => Some(version.clone()),
            Live::Sqlite(_) => None,
        }
    }

    /// With the exceptions that the plan makes.
    pub(super) fn drift(
        &mut self,
        plan: &CompiledPlan,
        expected: &Catalog,
    ) -> Result<Vec<Difference>, EngineError> {
        match self {
            Live::Postgres(engine, _) => engine.drift(plan, expected),
            Live::Sqlite(target) => target.drift(plan, expected),
            Live::Schema { .. } => self.differences(expected, &[Scope::Structure]),
        }
    }

    pub(super) fn differences(
        &mut self,
        expected: &Catalog,
        scope: &[Scope],
    ) -> Result<Vec<Difference>, EngineError> {
        let live = match self {
            Live::Postgres(engine, _) => engine.live_catalog()?,
            Live::Sqlite(target) => target.live_catalog()?,
            Live::Schema { session, schema, .. } => {
                introspect(session, &Read::Schema(schema.clone()))?
            }
        };
        let options = DiffOptions { scope: facts(scope), ..DiffOptions::default() };
        let mut found = diff(expected, &live, &options);
        // Extensions belong to the database: one that other schemas use is no drift of this one.
        found.retain(|it| it.key.kind != Kind::Extension || it.change != Change::Extra);
        Ok(found)
    }
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
