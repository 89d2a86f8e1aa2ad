//! The engine-neutral picture of a schema, its comparison and its fingerprint. Pure.
//!
//! A catalog is a flat, sorted set of objects with named text properties. The engines fill it by
//! introspection, so that every property is what the engine itself says; `offline` fills it from
//! SQL text alone and is only a fallback.

pub mod capture;
mod diff;
mod difference;
mod family;
mod fingerprint;
mod ignore;
mod mend;
pub mod names;
mod object;
pub mod offline;
pub mod properties;
mod scope;
mod script;

pub use diff::{DiffOptions, diff};
pub use difference::{Change, Difference, Gravity};
pub use fingerprint::fingerprint;
pub use mend::Mend;
pub use object::{Catalog, Kind, Object, ObjectKey};
pub use scope::{COMMENT, OWNER, Scope};
pub use script::{
    HOME_SCHEMA, Home, Normalised, Normaliser, Script, ScriptStatement, StatementError, Via,
    at_home,
};
