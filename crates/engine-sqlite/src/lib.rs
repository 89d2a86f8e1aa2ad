//! SQLite: sources that are never written, and SQLite files as targets.
//!
//! The module names are those of `engine-postgres` where both engines have the same work.

mod affinity;
mod apart;
mod cage;
mod canonical;
pub mod capture;
mod connect;
mod convert;
mod error_code;
pub mod evidence;
mod execute;
mod functions;
mod introspect;
mod large;
mod load;
mod preflight;
mod promote;
pub mod restore;
pub mod sandbox;
mod scratch;
mod snapshot;
mod source;
mod target;
mod text;
mod worker;

pub use introspect::introspect;
pub use scratch::SqliteNormaliser;
pub use source::SqliteSources;
pub use target::{SqliteTarget, TargetOptions};
