//! From what a SQLite database is to the plan that a person starts from. Pure: evidence in, text out.
//!
//! ```text
//! evidence (schema and values, filled by engine-sqlite) ─► choose (types) ─► schema ─► render (YAML, SQL)
//! ```
//!
//! Whether values fit a type is never guessed here: [`Fit`]s come from the encoders that will load
//! them. What cannot be decided from the evidence becomes a [`Decision`], in the summary and at its
//! place in the plan.

mod candidate;
mod choose;
mod default;
pub mod evidence;
mod expression;
mod indexes;
mod keys;
mod name;
mod render;
mod schema;
mod words;

pub use candidate::{Candidate, Fit, Misfit, candidates};
pub use name::plan_name;
pub use render::{Plan, Style, Target, plan, plan_for_sqlite};
pub use schema::{Decision, Schema, propose};
