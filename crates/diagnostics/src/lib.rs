//! Places in source text, and findings about them.
//!
//! Pure: no IO, no rendering for people beyond the plain text used by tests (`text`), JSON and the
//! forms that other tools read (`formats`).
//! Every other crate reports through [`Diagnostic`]; only the CLI turns one into something printed.

pub mod code;
mod diagnostic;
mod fingerprint;
pub mod formats;
mod json;
mod miette_adapter;
mod source;
mod suggest;
mod text;
mod words;

pub use code::{Code, Family, Severity};
pub use diagnostic::{Diagnostic, Label, has_errors, sort};
pub use json::JsonDiagnostic;
pub use miette_adapter::Report;
pub use source::{Position, SourceFile, SourceId, SourceText, Sources, Span, Spanned};
pub use suggest::did_you_mean;
pub use text::render;
pub use words::{grouped, plural};
