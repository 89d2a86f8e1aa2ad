//! What differs, each with the baseline's line, the gravest first.

use catalog::{Change, Difference, Gravity, Via};
use compiler::BaselineLines;
use diagnostics::{Diagnostic, code, plural};
use serde_json::json;

use super::{Compared, property_of};
use crate::args::Format;
use crate::commands::Outcome;
use crate::io::Io;
use crate::origin;
use crate::plan_input::Texts;
use crate::ui::prose;
use crate::ui::style::{green, red};
use crate::{exit_code, ui};

pub(super) fn findings(
    differences: &[Difference],
    lines: &BaselineLines<'_>,
    texts: &mut Texts,
) -> Vec<Diagnostic> {
    let mut sorted: Vec<&Difference> = differences.iter().collect();
    sorted.sort_by_key(|difference| std::cmp::Reverse(difference.gravity));
    sorted.into_iter().map(|difference| finding(difference, lines, texts)).collect()
}

fn finding(difference: &Difference, lines: &BaselineLines<'_>, texts: &mut Texts) -> Diagnostic {
    let message = format!("{}: {difference}", word(difference.gravity));
    let diagnostic = Diagnostic::new(&code::DRIFT_FOUND, message);
    let origin = lines.find(&difference.key, property_of(difference));
    let label = match &difference.change {
        Change::Missing => "the baseline has it here",
        Change::Extra => "the baseline has this without it",
        Change::Changed { .. } => "the baseline says otherwise",
    };
    match origin.as_ref().map(|origin| (origin, origin::span(origin, texts))) {
        Some((_, Some(span))) => diagnostic.label(span, label),
        Some((at, None)) => diagnostic.note(format!("{label}: {}:{}", at.file, at.line)),
        None => diagnostic,
    }
}

fn word(gravity: Gravity) -> &'static str {
    match gravity {
        Gravity::Critical => "critical",
        Gravity::Major => "major",
        Gravity::Minor => "minor",
    }
}

pub(super) fn tell(compared: &Compared, texts: &Texts, format: Format, io: &Io) -> Outcome {
    let found = &compared.findings;
    let exit = if found.is_empty() { exit_code::DONE } else { exit_code::DRIFT };
    match format {
        Format::Text => {
            io.err(&ui::findings::render(found, &texts.shown, io.terminal));
            io.out(&text(compared, io))?;
        }
        Format::Json => {
            let fields = json!({
                "equal": found.is_empty(),
                "live": compared.live,
                "baseline": compared.baseline,
                "compared_by": engine(&compared.via),
                "diagnostics": ui::json::diagnostics(found, &texts.shown),
            });
            io.out(&ui::json::answer("drift", exit, fields))?;
        }
    }
    Ok(exit)
}

fn text(compared: &Compared, io: &Io) -> String {
    let head = match compared.findings.len() {
        0 => green("equal: the live schema is its baseline", io.terminal),
        count => red(&format!("drift: {}", plural(count, "difference")), io.terminal),
    };
    let baseline = format!("{}, as {} reads it", compared.baseline, engine(&compared.via));
    let facts = [("live", compared.live.clone()), ("baseline", baseline)];
    format!("{head}\n{}", prose::facts(facts, io.terminal))
}

fn engine(via: &Via) -> &str {
    match via {
        Via::Engine(engine) => engine,
        Via::Syntax(_) => "syntax",
    }
}
