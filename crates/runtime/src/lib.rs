//! Runs compiled plans: preflight, execution of the step graph, journal, promote, recovery.
//!
//! Knows no engine and no plan language: engines implement the traits of [`engine`], and the only
//! input is an [`ir::CompiledPlan`].

pub mod digest;
pub mod engine;
pub mod error;
pub mod value;

pub use digest::RowDigest;
pub use error::{EngineError, ErrorClass};
pub use value::{Row, Value};
