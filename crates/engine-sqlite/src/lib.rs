//! SQLite: sources that are never written, and SQLite files as targets.
//!
//! The module names are those of `engine-postgres` where both engines have the same work.

mod canonical;
mod connect;
mod error_code;
mod functions;
mod introspect;
pub mod sandbox;
mod scratch;
mod snapshot;
mod source;
mod text;

pub use introspect::introspect;
pub use scratch::SqliteNormaliser;
pub use source::SqliteSources;
