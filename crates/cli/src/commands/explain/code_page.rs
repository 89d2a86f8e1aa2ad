//! The page of a code: what it means, why it matters, an example of each kind.

use std::fmt::Write as _;

use diagnostics::{Code, Family};

use crate::args::GraphFormat;
use crate::commands::{Outcome, codes};
use crate::failure::Failure;
use crate::io::{Io, Terminal};
use crate::ui::prose;
use crate::ui::style::{bold, dim};
use crate::{exit_code, ui};

pub(super) fn show(code: &Code, format: GraphFormat, io: &Io) -> Outcome {
    match format {
        GraphFormat::Text => io.out(&page(code, io.terminal))?,
        GraphFormat::Json => {
            let mut fields = codes::as_json(code);
            fields["page"] = code.page_text().into();
            io.out(&ui::json::answer("explain", exit_code::DONE, fields))?;
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

/// The page's Markdown with what the table knows, laid out for a terminal.
fn page(code: &Code, terminal: Terminal) -> String {
    let mut out = bold(&format!("{} {}", code.id, code.name), terminal);
    let _ = writeln!(out, " ({})\n", code.severity);
    // The title is above.
    let text = code.page_text().split_once("\n\n").map_or("", |(_, rest)| rest);
    let mut paragraph: Vec<&str> = Vec::new();
    let mut in_block = false;
    for line in text.lines().chain([""]) {
        if let Some(info) = line.strip_prefix("```") {
            in_block = !in_block;
            if let (true, Some((_, file))) = (in_block, info.split_once(' ')) {
                let _ = writeln!(out, "  {}", dim(file, terminal));
            }
        } else if in_block {
            let _ = writeln!(out, "{}", format!("    {line}").trim_end());
        } else if let Some(title) = line.strip_prefix("## ") {
            let _ = writeln!(out, "{}", bold(&title.to_lowercase(), terminal));
        } else if !line.is_empty() {
            paragraph.push(line);
        } else if paragraph.is_empty() {
            out.push_str(if out.ends_with("\n\n") { "" } else { "\n" });
        } else {
            out.push_str(&prose::hanging(&paragraph.join(" "), "  ", "  ", terminal));
            out.push('\n');
            paragraph.clear();
        }
    }
    out.truncate(out.trim_end().len());
    out + "\n\n" + &prose::facts(facts(code), terminal)
}

fn facts(code: &Code) -> Vec<(&'static str, String)> {
    let mut facts = vec![("raised by", raised_by(code.family).to_owned())];
    if codes::can_be_waived(code) {
        let how = format!("`allow: {}` under `waivers:`, with reason, owner and expiry", code.name);
        facts.push(("waiver", how));
    } else {
        facts.push(("waiver", "not possible".to_owned()));
    }
    facts
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
        Family::Backup => "making, reading and restoring backups",
        Family::Cli => "the command line",
    }
}
