//! What a backup is on disk, what is known about it, and how long it is kept.
//!
//! The manifest beside a backup is the truth: it says what was taken and that it was restored and
//! compared. The catalog is a SQLite file that can be made again from the manifests, but for the
//! history of tests. Engines take and restore backups; nothing here opens one.

pub mod catalog;
pub mod files;
pub mod manifest;
pub mod name;
pub mod prune;
pub mod retention;
pub mod unfinished;

pub use catalog::Catalog;
pub use manifest::Manifest;
pub use name::BackupName;
pub use retention::Keep;
