//! YAML text to a spanned plan model. Never fails: returns what could be read and every finding.
//!
//! Pure: the text comes in as an argument; files that the plan names are not read here.

pub mod model;

pub use model::Plan;
