//! A waiver holds up to and including its day.

use diagnostics::code;
use ir::CompiledPlan;
use jiff::civil::Date;

use crate::EngineError;
use crate::run::Finding;

/// Waivers whose day has passed, and such whose day cannot be read, which permit nothing.
pub(crate) fn judge(plan: &CompiledPlan, today: Date) -> Vec<Finding> {
    plan.waivers
        .iter()
        .filter_map(|waiver| {
            let message = match waiver.expires.parse::<Date>() {
                Ok(last) if today <= last => return None,
                Ok(last) => format!("the waiver of `{}` expired on {last}", waiver.allow),
                Err(_) => format!(
                    "the waiver of `{}` expires on `{}`, which is not a date",
                    waiver.allow, waiver.expires
                ),
            };
            let help =
                format!("ask `{}` whether the reason still holds, and renew it", waiver.owner);
            let error = EngineError::new(&code::EXPIRED_WAIVER, message).help(help);
            Some(Finding { origin: Some(waiver.origin.clone()), ..Finding::from(error) })
        })
        .collect()
}
