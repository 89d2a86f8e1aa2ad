//! Runs the step graph: the leader does what concerns the run as a whole, workers do the rest.

pub(crate) mod again;
mod collide;
mod context;
mod crew;
mod figures;
mod graph;
mod lead;
mod load;
mod outlook;
mod schedule;
mod target_backup;
mod work;

pub(crate) use context::Context;
pub(crate) use crew::execute;
pub(crate) use graph::Graph;
pub(crate) use lead::{Lead, TakenUp, source_changes};
pub(crate) use work::{judge, rows_differ};
