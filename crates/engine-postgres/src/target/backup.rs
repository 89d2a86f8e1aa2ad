//! The backup of what the promote replaces: the target schema and what it cannot be restored without.
//!
//! The promote keeps the replaced objects under another name, which guards against a bad plan; the
//! dump guards against a bad disk.

use std::path::Path;

use diagnostics::code::{INTERNAL, STATEMENT_FAILED};
use ir::{Action, CompiledPlan};
use runtime::engine::{BackupReport, Result};
use runtime::{EngineError, RowDigest};

use crate::backup::{self, Trial};
use crate::connect::{Connector, Pins, Session};

/// A server that may be written to for a trial restore; the same for every command.
const SCRATCH_VARIABLE: &str = "CUTOVER_SCRATCH_URL";

pub(super) fn is_wanted(plan: &CompiledPlan) -> bool {
    plan.steps.iter().any(|step| matches!(step.action, Action::BackupTarget))
}

/// The server in CUTOVER_SCRATCH_URL, else the target's own where the role may create databases, else
/// a private one. Chosen at once: a process that is confined later cannot start a server.
pub(super) fn trial(connector: &Connector, lead: &mut Session) -> Result<Trial> {
    if let Some(url) = std::env::var(SCRATCH_VARIABLE).ok().filter(|url| !url.is_empty()) {
        return Trial::on_server(&url);
    }
    let may =
        "select rolcreatedb or rolsuper from pg_catalog.pg_roles where rolname = current_user";
    if lead.value(&STATEMENT_FAILED, may, &[])? {
        return Ok(Trial::on_same_server(&connector.with_pins(Pins::default())));
    }
    Trial::private(lead.major())
}

/// What would keep the backup from being taken, known before the window.
pub(super) fn obstacles(trial: &Result<Trial>, major: u32) -> Vec<EngineError> {
    let trial = trial.as_ref().err().cloned();
    trial.into_iter().chain(backup::tools_for(major).err()).collect()
}

pub(super) fn take(
    connector: &Connector,
    schema: &str,
    folder: &Path,
    trial: &Trial,
) -> Result<BackupReport> {
    // The limits of the run are for its own statements: reading every row may take longer.
    let connector = connector.with_pins(Pins::default());
    let taken = backup::create(&connector, &[schema.to_owned()], folder, trial)?;
    let manifest = taken.manifest;
    let tables = manifest.tables.into_iter().map(|(table, content)| {
        let digest = content.digest.parse::<RowDigest>();
        digest.map(|digest| (table, digest)).map_err(|why| EngineError::new(&INTERNAL, why))
    });
    Ok(BackupReport {
        backup: taken.backup,
        sha256: manifest.sha256,
        size: manifest.size,
        tables: tables.collect::<Result<_>>()?,
        foreign_key_violations: 0,
        elapsed_ms: manifest.timings.taken_ms + manifest.timings.drill_ms,
    })
}
