//! What differs, each with the baseline's line, the gravest first.

use catalog::Via;
use diagnostics::formats::Group;
use diagnostics::plural;
use serde_json::json;

use super::Compared;
use super::finding::Finding;
use crate::args::FindingsFormat;
use crate::commands::Outcome;
use crate::io::Io;
use crate::plan_input::Texts;
use crate::ui::prose;
use crate::ui::style::{green, red};
use crate::{exit_code, ui};

pub(super) fn tell(
    compared: &Compared,
    texts: &mut Texts,
    format: FindingsFormat,
    io: &Io,
) -> Outcome {
    let equal = compared.findings.is_empty();
    let exit = if equal { exit_code::DONE } else { exit_code::DRIFT };
    let differences = compared.findings.iter().map(|it| it.diagnostic(texts));
    let found: Vec<_> = differences.chain(compared.notes.iter().cloned()).collect();
    match format {
        FindingsFormat::Text => {
            io.err(&ui::findings::render(&found, &texts.shown, io.terminal));
            io.out(&text(compared, io))?;
        }
        FindingsFormat::Form(form) => {
            let group = Group {
                subject: &compared.baseline,
                is_file: true,
                diagnostics: &found,
                sources: &texts.shown,
            };
            io.out(&ui::publish::as_form(form, "drift", exit, &[group]))?;
        }
        FindingsFormat::Json => {
            let fields = json!({
                "equal": equal,
                "live": compared.live,
                "baseline": compared.baseline,
                "compared_by": engine(&compared.via),
                "search_path": compared.home,
                "differences": compared.findings.iter().map(Finding::json).collect::<Vec<_>>(),
                "diagnostics": ui::json::diagnostics(&found, &texts.shown),
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
