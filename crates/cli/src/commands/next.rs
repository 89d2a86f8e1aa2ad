//! What to do next, with commands that work as they are printed.

use std::path::Path;

/// How the plan is called in recorded advice, and what the user typed for it.
pub(crate) struct PlanName {
    recorded: String,
    typed: String,
}

impl PlanName {
    pub(crate) fn typed(plan: &Path) -> Self {
        let recorded = plan.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { recorded, typed: plan.display().to_string() }
    }
}

const COMMANDS: [&str; 9] =
    ["run", "status", "local status", "verify", "resume", "abort", "rollback", "accept", "bundle"];

/// Advice from a journal names the plan's file, or no plan at all; here we know its path.
pub(crate) fn name_plan(actions: &mut [String], plan: &PlanName) {
    for action in actions {
        for command in COMMANDS {
            let full = format!("`cutover {command} {}`", plan.typed);
            *action = action
                .replace(&format!("`cutover {command} {}`", plan.recorded), &full)
                .replace(&format!("`cutover {command}`"), &full);
        }
    }
}

/// A path relative to where the reader stands, where that is shorter.
pub(crate) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let path = path.strip_prefix(&here).unwrap_or(path);
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_name_the_plan_as_it_was_typed() {
        let mut actions = vec![
            "run `cutover run plan.yaml` again".to_owned(),
            "`cutover verify` at any time".to_owned(),
        ];
        name_plan(&mut actions, &PlanName::typed(Path::new("plans/shop/plan.yaml")));
        assert_eq!(actions[0], "run `cutover run plans/shop/plan.yaml` again");
        assert_eq!(actions[1], "`cutover verify plans/shop/plan.yaml` at any time");
    }
}
