//! Compiled plans: read, written and explained.

use ir::CompiledPlan;

pub(super) fn judge(bytes: &[u8]) {
    let plan = match CompiledPlan::from_bytes(bytes) {
        Ok(plan) => plan,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let written = plan.to_bytes();
    assert_eq!(CompiledPlan::from_bytes(&written).as_ref(), Ok(&plan), "it reads back");
    assert_eq!(CompiledPlan::from_bytes(&written).map(|plan| plan.digest()), Ok(plan.digest()));
    let explained = compiler::Explanation::of(&plan);
    assert_eq!(explained.digest, plan.digest().to_string());
    plan.settings.chunk();
    plan.settings.index_memory();
    plan.settings.index_workers();
}
