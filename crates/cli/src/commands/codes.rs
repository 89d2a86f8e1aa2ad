//! `cutover codes`: the code table.

use diagnostics::{Code, code};
use serde_json::{Value, json};

use super::Outcome;
use crate::args::{Codes, Format};
use crate::io::{Io, Terminal};
use crate::ui::prose;
use crate::{exit_code, ui};

pub(crate) fn run(args: &Codes, io: &Io) -> Outcome {
    match args.format {
        Format::Text => {
            io.out(&code::ALL.iter().map(|code| line(code, io.terminal)).collect::<String>())?;
        }
        Format::Json => io.out(&ui::json::answer("codes", exit_code::DONE, table()))?,
    }
    Ok(exit_code::DONE)
}

/// Columns of the text in front of what a code says.
const BEFORE: usize = 47;

/// A narrow terminal has what the code says below its name.
fn line(code: &Code, terminal: Terminal) -> String {
    let severity = code.severity.to_string();
    let head = format!("{}  {:7}  {:28}  ", code.id, severity, code.name);
    let narrow = terminal.stdout && terminal.width < BEFORE + 50;
    match narrow {
        true => format!(
            "{}\n{}",
            head.trim_end(),
            prose::hanging(code.what, "        ", "        ", terminal)
        ),
        false => prose::hanging(code.what, &head, &" ".repeat(BEFORE), terminal),
    }
}

fn table() -> Value {
    let all: Vec<Value> = code::ALL.iter().map(|code| as_json(code)).collect();
    json!({ "codes": all })
}

pub(crate) fn as_json(code: &Code) -> Value {
    json!({
        "code": code.id,
        "name": code.name,
        "severity": code.severity.to_string(),
        "since": code.since,
        "what": code.what,
        "can_be_waived": can_be_waived(code),
    })
}

/// Hazards and lints can be permitted by a waiver; errors cannot.
pub(crate) fn can_be_waived(code: &Code) -> bool {
    matches!(code.family, diagnostics::Family::Hazard | diagnostics::Family::Lint)
}
