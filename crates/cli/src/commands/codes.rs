//! `cutover codes`: the code table.

use diagnostics::{Code, code};
use serde_json::{Value, json};

use super::Outcome;
use crate::args::{Codes, Format};
use crate::io::Io;
use crate::{exit_code, ui};

pub(crate) fn run(args: &Codes, io: &Io) -> Outcome {
    match args.format {
        Format::Text => io.out(&code::ALL.iter().map(|code| line(code)).collect::<String>())?,
        Format::Json => io.out(&ui::json::answer("codes", exit_code::DONE, table()))?,
    }
    Ok(exit_code::DONE)
}

fn line(code: &Code) -> String {
    let severity = code.severity.to_string();
    format!("{}  {:7}  {:28}  {}\n", code.id, severity, code.name, code.what)
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
