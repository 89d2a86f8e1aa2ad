//! Hazards and lints, and the waivers that permit them.

use diagnostics::{Code, Diagnostic, Family, Span, code, did_you_mean};
use plan::model::Waiver;

use crate::lower::Draft;
use crate::resolve::Context;

/// Something that a waiver may permit.
pub(crate) struct Waivable {
    pub(crate) code: &'static Code,
    pub(crate) finding: Diagnostic,
    /// What a waiver may name in `on:`.
    pub(crate) subjects: Vec<String>,
}

pub(crate) struct Waivers<'p> {
    list: &'p [Waiver],
    used: Vec<bool>,
}

impl<'p> Waivers<'p> {
    pub(crate) fn new(cx: &Context<'p>) -> Self {
        Self { list: &cx.plan.waivers, used: vec![false; cx.plan.waivers.len()] }
    }

    /// The first waiver that permits it; all that fit count as used.
    fn permits(&mut self, code: &Code, subjects: &[String]) -> Option<&'p Waiver> {
        let fits = |waiver: &Waiver| {
            let on = waiver.on.as_ref().is_none_or(|on| subjects.contains(&on.value));
            waiver.allow.value == code.name && on
        };
        let mut first = None;
        for (waiver, used) in self.list.iter().zip(&mut self.used) {
            if fits(waiver) {
                *used = true;
                first = first.or(Some(waiver));
            }
        }
        first
    }

    /// Marks what is permitted on the steps; the rest are findings.
    pub(crate) fn judge_steps(&mut self, cx: &mut Context<'_>, drafts: &mut [Draft]) {
        for draft in drafts {
            for found in &mut draft.hazards {
                match self.permits(found.code, &found.subjects) {
                    Some(waiver) => found.hazard.waived_by = Some(shown(waiver)),
                    None => cx.find(unpermitted(found.code, &found.hazard.message, found.place)),
                }
            }
        }
    }

    pub(crate) fn judge(&mut self, cx: &mut Context<'_>, found: Vec<Waivable>) {
        for one in found {
            if self.permits(one.code, &one.subjects).is_none() {
                cx.find(one.finding);
            }
        }
    }

    /// Waivers of unknown things, and such that permit nothing.
    pub(crate) fn finish(self, cx: &mut Context<'_>, today: Option<&str>) {
        for (waiver, used) in self.list.iter().zip(self.used) {
            if !is_waivable(&waiver.allow.value) {
                cx.find(unknown(waiver));
            } else if !used {
                cx.find(unused(waiver));
            }
            // Dates in this form sort as text.
            if let Some(today) = today.filter(|today| waiver.expires.value.as_str() < *today) {
                let message = format!("the waiver of `{}` has expired", waiver.allow.value);
                cx.find(
                    Diagnostic::new(&code::EXPIRED_WAIVER, message)
                        .label(waiver.expires.span, format!("today is {today}"))
                        .help("mend what it permits, or give a new reason and date"),
                );
            }
        }
    }
}

fn is_waivable(name: &str) -> bool {
    diagnostics::code::find(name).is_some_and(|code| {
        code.name == name && matches!(code.family, Family::Hazard | Family::Lint)
    })
}

/// `deletes-data, permitted by shop team until 2027-06-30: …`
fn shown(waiver: &Waiver) -> String {
    format!("{} until {}: {}", waiver.owner.value, waiver.expires.value, waiver.reason.value)
}

fn unpermitted(code: &'static Code, message: &str, place: Span) -> Diagnostic {
    Diagnostic::new(code, message).label(place, "").help(format!(
        "if that is meant, add a waiver with `allow: {}`, a reason, an owner and a date",
        code.name
    ))
}

fn unknown(waiver: &Waiver) -> Diagnostic {
    let name = &waiver.allow.value;
    let all = code::ALL.iter().filter(|code| matches!(code.family, Family::Hazard | Family::Lint));
    let names: Vec<&str> = all.map(|code| code.name).collect();
    let finding =
        Diagnostic::new(&code::UNKNOWN_WAIVER, format!("no hazard or lint is called `{name}`"))
            .label(waiver.allow.span, "nothing of this name can be waived");
    match did_you_mean(name, names.iter().copied()) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help(format!("what can be waived: {}", names.join(", "))),
    }
}

fn unused(waiver: &Waiver) -> Diagnostic {
    let on = waiver.on.as_ref().map(|on| format!(" on `{}`", on.value)).unwrap_or_default();
    let message = format!("the waiver of `{}`{on} permits nothing", waiver.allow.value);
    Diagnostic::new(&code::UNUSED_WAIVER, message)
        .label(waiver.allow.span, "the plan does nothing of this kind")
        .help("take the waiver out")
}
