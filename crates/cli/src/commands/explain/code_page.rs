//! What a code means and what may be done about it.

use diagnostics::{Code, Family};

use crate::args::GraphFormat;
use crate::commands::{Outcome, codes};
use crate::failure::Failure;
use crate::io::Io;
use crate::{exit_code, ui};

pub(super) fn show(code: &Code, format: GraphFormat, io: &Io) -> Outcome {
    match format {
        GraphFormat::Text => io.out(&page(code))?,
        GraphFormat::Json => {
            io.out(&ui::json::answer("explain", exit_code::DONE, codes::as_json(code)))?;
        }
        GraphFormat::Dot | GraphFormat::Mermaid | GraphFormat::Html => {
            return Err(Failure::usage(
                &diagnostics::code::USAGE,
                format!("`{}` is a code; only a plan can be drawn", code.id),
                "take --format text or json",
            ));
        }
    }
    Ok(exit_code::DONE)
}

fn page(code: &Code) -> String {
    format!(
        "{} {} ({})\n\n  {}\n\n  raised by   {}\n  since       {}\n  waiver      {}\n",
        code.id,
        code.name,
        code.severity,
        code.what,
        raised_by(code.family),
        code.since,
        waiver(code),
    )
}

fn waiver(code: &Code) -> String {
    if codes::can_be_waived(code) {
        format!("`allow: {}` under `waivers:`, with reason, owner and expiry date", code.name)
    } else {
        "not possible".to_owned()
    }
}

fn raised_by(family: Family) -> &'static str {
    match family {
        Family::Plan => "reading the plan's YAML",
        Family::Reference => "resolving the names in the plan, and the order of its steps",
        Family::Catalog => "reading schemas and asking the engine about them",
        Family::Baseline => "comparing a schema with its baseline",
        Family::Hazard => "looking for dangers in the steps of a plan",
        Family::Lint => "looking for what could be clearer in a plan",
        Family::Waiver => "judging the waivers of a plan",
        Family::Run => "preflight and run",
        Family::Journal => "reading and writing the journal of a run",
        Family::Source => "opening and reading the sources",
        Family::Backup => "taking, keeping, checking and restoring backups",
        Family::Cli => "the command line",
    }
}
