//! The machine form: one JSON object per answer, with a version, the command and the exit code.

use diagnostics::{Diagnostic, JsonDiagnostic, Sources};
use serde_json::{Map, Value, json};

/// Raised by one when a field changes its meaning or goes away; new fields do not raise it.
pub(crate) const VERSION: u32 = 1;

/// An answer of `command`; `fields` come after the common ones.
pub(crate) fn answer(command: &str, exit: u8, fields: Value) -> String {
    format!("{:#}\n", object(command, exit, fields))
}

/// The same in one line, after the events of a run.
pub(crate) fn line(command: &str, exit: u8, fields: Value) -> String {
    format!("{}\n", object(command, exit, fields))
}

fn object(command: &str, exit: u8, fields: Value) -> Value {
    let mut object = Map::new();
    object.insert("version".to_owned(), json!(VERSION));
    object.insert("command".to_owned(), json!(command));
    object.insert("exit_code".to_owned(), json!(exit));
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    Value::Object(object)
}

pub(crate) fn diagnostics(diagnostics: &[Diagnostic], sources: &Sources) -> Value {
    let all: Vec<_> = diagnostics.iter().map(|d| json!(JsonDiagnostic::new(d, sources))).collect();
    Value::Array(all)
}
