//! The durable record of one run: `<state>/runs/<run-id>/journal.jsonl`, and its readable view
//! `journal.json` beside it.
//!
//! A record is on disk before the effect that it announces (L6). Records are data about the run,
//! never data of the sources, never secrets (L8).

pub mod format;
pub mod reader;
pub mod view;
mod writer;

pub use format::{FORMAT_VERSION, Record};
pub use reader::{Tail, read_run};
pub use view::View;
pub use writer::Journal;

/// File names in the folder of a run.
pub const JOURNAL_FILE: &str = "journal.jsonl";
pub const VIEW_FILE: &str = "journal.json";
pub const PLAN_FILE: &str = "compiled-plan.json";
