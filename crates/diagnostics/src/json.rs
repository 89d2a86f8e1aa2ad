//! The machine form of a diagnostic; field names are stable.

use serde::Serialize;

use crate::{Diagnostic, Sources};

#[derive(Debug, Serialize)]
pub struct JsonDiagnostic {
    pub code: &'static str,
    pub name: &'static str,
    pub severity: String,
    pub message: String,
    pub labels: Vec<JsonLabel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Lines and columns count from 1; `start` and `end` are byte offsets in the file.
#[derive(Debug, Serialize)]
pub struct JsonLabel {
    pub file: String,
    pub line: u32,
    pub column: u32,
    pub end_line: u32,
    pub end_column: u32,
    pub start: u32,
    pub end: u32,
    pub text: String,
}

impl JsonDiagnostic {
    pub fn new(diagnostic: &Diagnostic, sources: &Sources) -> Self {
        let labels = diagnostic.labels.iter().map(|label| {
            let file = sources.file(label.span.source);
            let (at, end) = (file.position(label.span.start), file.position(label.span.end));
            JsonLabel {
                file: file.name.clone(),
                line: at.line,
                column: at.column,
                end_line: end.line,
                end_column: end.column,
                start: label.span.start,
                end: label.span.end,
                text: label.text.clone(),
            }
        });
        Self {
            code: diagnostic.code.id,
            name: diagnostic.code.name,
            severity: diagnostic.severity().to_string(),
            message: diagnostic.message.clone(),
            labels: labels.collect(),
            help: diagnostic.help.clone(),
            notes: diagnostic.notes.clone(),
        }
    }
}
