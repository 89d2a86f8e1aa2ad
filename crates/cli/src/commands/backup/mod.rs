//! `cutover backup`: take, list, verify, restore, prune.

mod create;
mod keep;
mod list;
mod postgres;
mod prune;
mod restore;
mod verify;

use std::path::{Path, PathBuf};

use backup::catalog::Entry;
use backup::{Catalog, Keep};
use diagnostics::{Diagnostic, Sources, code};
use runtime::EngineError;

use super::Outcome;
use crate::args::{Backup, BackupAction, Store};
use crate::failure::{Failure, from_engine};
use crate::io::Io;
use crate::{folders, ui};

pub(crate) fn run(args: &Backup, io: &Io) -> Outcome {
    match &args.action {
        BackupAction::Create(args) => create::run(args, io),
        BackupAction::List(args) => list::run(args, io),
        BackupAction::Verify(args) => verify::run(args, io),
        BackupAction::Restore(args) => restore::run(args, io),
        BackupAction::Prune(args) => prune::run(args, io),
    }
}

/// Where the backups of a state folder lie.
pub(crate) fn folder(state_dir: &Path) -> PathBuf {
    state_dir.join("backups")
}

/// The state folder of commands that need no plan.
fn state_dir(store: &Store) -> PathBuf {
    let place = crate::args::Place { base: None, state_dir: store.state_dir.clone() };
    folders::state(&folders::base(Path::new("plan.yaml"), &place), &place)
}

/// The catalog of backups that are there; nothing is made where there are none.
fn existing(store: &Store, io: &Io) -> Result<Catalog, Failure> {
    let state_dir = state_dir(store);
    let folder = folder(&state_dir);
    if folder.exists() {
        return open(&state_dir, Keep::DEFAULT, io);
    }
    let message = format!("there are no backups in {}", super::next::shown(&folder));
    Err(EngineError::new(&code::BACKUP_UNKNOWN, message)
        .help("`--state-dir` names the state folder of a plan; `cutover backup create` makes one")
        .into())
}

/// The catalog, with everything in it that lies on disk; what is damaged is told and stops nothing.
fn open(state_dir: &Path, keep: Keep, io: &Io) -> Result<Catalog, Failure> {
    folders::create_state(state_dir)?;
    let mut catalog = Catalog::open(&folder(state_dir))?;
    let taken_up = catalog.take_up(keep)?;
    tell(&taken_up.damaged, io);
    Ok(catalog)
}

/// Enters what a run took; a catalog that cannot take it is told, for the run has ended as it has.
pub(crate) fn enter(state_dir: &Path, keep: Keep, io: &Io) {
    let entered = Catalog::open(&folder(state_dir)).and_then(|mut catalog| catalog.take_up(keep));
    match entered {
        Ok(taken_up) => tell(&taken_up.damaged, io),
        Err(error) => tell(&[error], io),
    }
}

fn tell(errors: &[EngineError], io: &Io) {
    let found: Vec<Diagnostic> = errors.iter().map(from_engine).collect();
    io.err(&ui::findings::render(&found, &Sources::default(), io.terminal));
}

/// How long a plan keeps its backups.
pub(crate) fn keep_of(plan: &ir::CompiledPlan) -> Keep {
    plan.backups.keep.map_or(Keep::DEFAULT, |rules| {
        let ir::KeepRules { seconds, last, daily } = rules;
        Keep { seconds, last, daily }
    })
}

/// The ones that are named, in the order given; all where none is.
fn chosen(catalog: &Catalog, names: &[String]) -> Result<Vec<Entry>, EngineError> {
    match names {
        [] => catalog.list(),
        names => names.iter().map(|name| catalog.find(name)).collect(),
    }
}
