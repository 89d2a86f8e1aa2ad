//! Runs that read many files: what their ledger says, and how its units are loaded.
//!
//! One file for one table is a unit. Its rows and its entry in the ledger commit together, so a run
//! that goes on after a crash loads what is missing, and other processes can join in.

mod groups;
mod join;
mod lead;
mod load;
mod share;
pub(crate) mod tags;

use ir::Load;

use crate::EngineError;
use crate::binding::{self, Binding};
use crate::engine::{FileContent, FileState, Fleet, FleetFile, FleetLoad, TargetEngine};
use crate::executor::Context;
use crate::sources::SourceFile;

pub(crate) use groups::{FaultNames, few, groups, told};
pub use join::{JoinReport, JoinRequest, join};
pub(crate) use lead::load;
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
    let fleet = of(context);
    if fleet.loads.is_empty() {
        return Ok(None);
    }
    let Some(mut ledger) = target.ledger(&context.session.info.run_id)? else { return Ok(None) };
    ledger.open(&fleet)?;
    Ok(Some(Shared::new(ledger, &fleet, context.session.clock)))
}

/// The run as its ledger has it.
fn of(context: &Context<'_>) -> Fleet {
    let of_many = binding::loads(context.session.plan)
        .filter(|(_, load)| load.merge.is_none() && context.files.of(&load.source).len() > 1);
    let mut loads: Vec<_> = of_many
        .filter_map(|(_, load)| {
            let rules = context.bindings.get(&load.table)?.rules();
            Some(units(load, rules, context.files.of(&load.source)))
        })
        .collect();
    loads.sort_by(|a, b| a.table.cmp(&b.table));
    let named = |file: &&SourceFile| loads.iter().any(|load| load.source == file.state.path.source);
    let files = context.files.all().filter(named).map(entry).collect();
    let compiled_digest = context.session.info.compiled_digest.clone();
    Fleet { compiled_digest, lease_s: LEASE_S, files, loads }
}

/// Rows to be expected of a file: those of the table, or of its largest one for a query.
fn units(load: &Load, columns: Vec<ir::LoadColumn>, files: &[SourceFile]) -> FleetLoad {
    let expected = |file: &SourceFile| match Binding::whole_table(load) {
        Some(table) => file.rows(table).unwrap_or(0),
        None => file.state.tables.values().copied().max().unwrap_or(0),
    };
    FleetLoad {
        table: load.table.clone(),
        source: load.source.clone(),
        columns,
        rows: files.iter().map(expected).collect(),
    }
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
