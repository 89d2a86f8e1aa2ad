//! Runs compiled plans: preflight, execution of the step graph, journal, promote, recovery.
//!
//! Knows no engine and no plan language: engines implement the traits of [`engine`], and the only
//! input is an [`ir::CompiledPlan`].

mod attest;
mod binding;
pub mod clock;
pub mod digest;
pub mod engine;
pub mod error;
pub mod events;
mod executor;
pub mod faults;
pub mod fleet;
pub mod journal;
mod merge;
pub mod misfits;
mod narrow;
mod parallel;
mod private;
pub mod recovery;
pub mod run;
mod sources;
pub mod status;
pub mod stop;
pub mod value;
pub mod verify;
mod waivers;

pub use digest::RowDigest;
pub use error::{BrokenKey, EngineError, ErrorClass};
pub use sources::source_files;
pub use value::{Row, Value};
