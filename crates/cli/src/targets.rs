//! The engine of a compiled plan's target.

use std::path::Path;

use engine_postgres::connect::Address;
use engine_postgres::target::PostgresEngine;
use engine_sqlite::{SqliteTarget, TargetOptions};
use ir::{CompiledPlan, Server, Target};
use runtime::EngineError;
use runtime::engine::TargetEngine;

/// A target that can be asked.
pub(crate) struct Opened {
    pub(crate) engine: Box<dyn TargetEngine>,
    /// A file, or a server that is reached without leaving this machine.
    pub(crate) on_this_machine: bool,
}

/// Connects; a private local server is started where the plan asks for one.
pub(crate) fn open(
    plan: &CompiledPlan,
    base: &Path,
    state_dir: &Path,
) -> Result<Opened, EngineError> {
    let on_this_machine = match &plan.target {
        Target::Sqlite(_) => true,
        Target::Postgres(target) => {
            matches!(target.server, Server::Local)
                || Address::resolve(target, base, state_dir)?.is_local()
        }
    };
    Ok(Opened { engine: open_engine(plan, base, state_dir)?, on_this_machine })
}

/// The end of the log of the plan's server, where the role may read it.
pub(crate) fn server_log(
    plan: &CompiledPlan,
    base: &Path,
    state_dir: &Path,
) -> Result<String, EngineError> {
    PostgresEngine::connect(plan, base, state_dir)?.server_log()
}

pub(crate) fn open_engine(
    plan: &CompiledPlan,
    base: &Path,
    state_dir: &Path,
) -> Result<Box<dyn TargetEngine>, EngineError> {
    Ok(match &plan.target {
        Target::Sqlite(target) => Box::new(SqliteTarget::open(TargetOptions {
            path: base.join(&target.path),
            shown: target.path.clone(),
            existing: target.existing,
            sources: runtime::source_files(plan, base),
        })?),
        Target::Postgres(_) => Box::new(PostgresEngine::connect(plan, base, state_dir)?),
    })
}
