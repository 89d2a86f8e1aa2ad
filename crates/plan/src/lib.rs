//! YAML text to a spanned plan model. Never fails: returns what could be read and every finding.
//!
//! Pure: the text comes in as an argument; files that the plan names are not read here.

mod decode;
pub mod document;
mod findings;
mod layout;
pub mod model;
mod yaml;

use diagnostics::{Diagnostic, SourceId};

pub use decode::{VERSION, is_plan_name, redact};
pub use layout::lay_out;
pub use model::Plan;
pub use yaml::MAX_BYTES;

/// Reads a plan. The plan holds whatever could be decoded; `None` only where the text is no YAML
/// mapping at all. A plan with an error among the findings must not be compiled further than it
/// takes to find more errors.
///
/// Show findings from [`redact`]ed text: a renderer prints whole lines, and a plan may hold a
/// password that it should not.
pub fn parse(source: SourceId, text: &str) -> (Option<Plan>, Vec<Diagnostic>) {
    decode::plan(source, yaml::read(source, text))
}

/// [`parse`] for the bytes of a file, which may not be UTF-8; the places of findings are then those
/// of [`String::from_utf8_lossy`] of the bytes.
pub fn parse_bytes(source: SourceId, bytes: &[u8]) -> (Option<Plan>, Vec<Diagnostic>) {
    match yaml::utf8(source, bytes) {
        Ok(text) => parse(source, text),
        Err(finding) => (None, vec![*finding]),
    }
}
