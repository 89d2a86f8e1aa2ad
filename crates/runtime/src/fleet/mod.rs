//! Runs that read many files or large tables: what their ledger says, and how its units are loaded.
//!
//! One file for one table is a unit, or a chunk of it where the table is large. A unit's rows and its entry in the ledger commit together, so a run
//! that goes on after a crash loads what is missing, and other processes can join in.

mod groups;
mod join;
mod lead;
mod load;
mod share;
mod split;
pub(crate) mod tags;

use crate::EngineError;
use crate::binding;
use crate::engine::{FileContent, FileState, Fleet, FleetFile, FleetLoad, TargetEngine};
use crate::executor::Context;
use crate::sources::SourceFile;

pub(crate) use groups::{FaultNames, few, groups, told};
pub use join::{JoinReport, JoinRequest, join};
pub(crate) use lead::{help, load, to_help_with};
pub(crate) use share::Shared;

/// How long a member may be silent before its units are taken over. It tells of itself every third
/// of that while it reads rows; what it cannot do is wait for the server, so a server that stands
/// still for a minute makes it lose its units, and nothing else.
const LEASE_S: u32 = 60;

/// Makes or finds the ledger of this run; `None` where nothing is loaded from many files, or the
/// target keeps none.
pub(crate) fn open(
    context: &Context<'_>,
    target: &mut dyn TargetEngine,
) -> Result<Option<Shared>, EngineError> {
    let fleet = of(context)?;
    if fleet.loads.is_empty() {
        return Ok(None);
    }
    let Some(mut ledger) = target.ledger(&context.session.info.run_id)? else { return Ok(None) };
    ledger.open(&fleet)?;
    Ok(Some(Shared::new(ledger, &fleet, context.session.clock)))
}

/// The run as its ledger has it.
fn of(context: &Context<'_>) -> Result<Fleet, EngineError> {
    let mut loads = Vec::new();
    for (_, load) in binding::loads(context.session.plan) {
        let Some(binding) = context.bindings.get(&load.table) else { continue };
        // Rows that are merged need all files, so one transaction takes them.
        let units = if load.merge.is_some() { Vec::new() } else { split::units(context, load)? };
        if units.len() > 1 {
            let (table, source) = (load.table.clone(), load.source.clone());
            loads.push(FleetLoad { table, source, columns: binding.rules(), units });
        }
    }
    loads.sort_by(|a, b| a.table.cmp(&b.table));
    let named = |file: &&SourceFile| loads.iter().any(|load| load.source == file.state.path.source);
    let files = context.files.all().filter(named).map(entry).collect();
    let compiled_digest = context.session.info.compiled_digest.clone();
    Ok(Fleet { compiled_digest, lease_s: LEASE_S, files, loads })
}

fn entry(file: &SourceFile) -> FleetFile {
    FleetFile {
        parameters: file.parameters.clone(),
        source: file.state.path.source.clone(),
        shown: file.state.path.shown.clone(),
        files: file.state.files.iter().map(content).collect(),
    }
}

fn content(state: &FileState) -> FileContent {
    FileContent { name: state.name.clone(), size: state.size, sha256: state.sha256.clone() }
}
