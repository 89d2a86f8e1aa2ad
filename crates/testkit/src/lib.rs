//! What tests need from the outside: throw-away servers, example plans in folders of their own, the
//! program run as a process (and killed), files compared. A development dependency only.
#![allow(clippy::print_stdout)] // skipped tests must say so
#![allow(clippy::unwrap_used)] // a test that cannot be set up fails

mod command;
mod databases;
mod examples;
mod files;
pub mod hostile;
mod local_servers;
mod random;
mod shared;

pub use command::{Finished, Program, tool};
pub use databases::{Database, cluster};
pub use examples::{example, make_sources, root};
pub use files::{FileState, states};
pub use local_servers::LocalServers;
pub use random::Seeded;
pub use shared::{TestPlan, shared};
