//! The commands that end what a run began: `resume`, `abort`, `rollback`, `accept`.

mod bundle;
mod confirm;
mod resume;
mod undo;

pub(super) use bundle::run as bundle;
pub(super) use resume::run as resume;
pub(super) use undo::{abort, accept, rollback};

use std::path::PathBuf;

use ir::CompiledPlan;
use runtime::EngineError;
use runtime::engine::TargetEngine;
use runtime::journal::View;
use runtime::recovery::{self, Act, Kept};

use super::next::PlanName;
use super::run::sandbox::{self, Confined};
use crate::args::{OfRun, Scratch};
use crate::failure::Failure;
use crate::targets::{self, Opened};
use crate::{folders, plan_input};

/// A run, with all that is needed to do something about it.
struct Chosen {
    run_id: String,
    state_dir: PathBuf,
    /// Where the relative paths of the plan start.
    plan_dir: PathBuf,
    plan: CompiledPlan,
    /// What the journal said when the run was chosen.
    view: View,
    target: Box<dyn TargetEngine>,
    /// Nothing leaves this machine on the way to the target.
    on_this_machine: bool,
    confined: Confined,
}

/// Finds the run, takes its own compiled plan, connects to its target, and confines the process.
fn choose(args: &OfRun, act: Act) -> Result<Chosen, Failure> {
    let named = args.plan.clone().unwrap_or_else(|| PathBuf::from("plan.yaml"));
    let base = folders::base(&named, &args.place);
    let state_dir = folders::state(&base, &args.place);
    let run_id = recovery::choose(&state_dir, args.run.as_deref(), act)?;
    let Kept { plan, view } = match recovery::kept_plan(&state_dir.join("runs").join(&run_id)) {
        Ok(kept) => kept,
        Err(error) => plan_at_hand(args, act, &base, error)?,
    };
    let recorded = view.begun.as_ref().map(|begun| PathBuf::from(&begun.source_root));
    let recorded = recorded.filter(|folder| args.place.base.is_none() && folder.is_dir());
    let plan_dir = recorded.unwrap_or(base);
    let Opened { engine: target, on_this_machine } = targets::open(&plan, &plan_dir, &state_dir)?;
    folders::create_state(&state_dir)?;
    let confined = sandbox::enter(&plan, &plan_dir, std::slice::from_ref(&state_dir), false);
    Ok(Chosen { run_id, state_dir, plan_dir, plan, view, target, on_this_machine, confined })
}

/// What the run left can be removed without its journal: any plan with the same target will do.
fn plan_at_hand(
    args: &OfRun,
    act: Act,
    base: &std::path::Path,
    error: EngineError,
) -> Result<Kept, Failure> {
    let (Act::Abort, Some(plan)) = (act, &args.plan) else { return Err(error.into()) };
    let input = plan_input::read(plan, base, &Scratch { scratch_url: None, offline: true })?;
    Ok(Kept { plan: input.plan, view: View::default() })
}

/// How the plan is called in advice.
fn plan_name(args: &OfRun) -> Option<PlanName> {
    args.plan.as_deref().map(PlanName::typed)
}
