//! The plan language as plain types: its JSON Schema is made from them, and plans can be written
//! with them. Plans are read by `decode`, which gives every value its place; the tests hold the two
//! against each other.

mod backup;
mod components;
mod run;
mod target;
mod value;

use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};

pub use backup::*;
pub use components::*;
pub use run::*;
pub use target::*;
pub use value::*;

/// A plan: what is moved where, what is built there, and what must hold before it counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Cutover plan, version 1")]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The version of the plan language.
    pub cutover: Version,
    /// The plan's name. It names the target schema too, where none is given.
    pub name: PlanName,
    /// What the plan is for, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// Named sets of SQLite files. They are never written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sources: Option<Mapping<Source>>,
    /// The one database that the run promotes into.
    pub target: Target,
    /// The known-good schema that the target must equal when the run is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
    /// The schema objects that the plan builds, here or in included SQL files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub components: Option<Components>,
    /// Nodes of work. The built-in ones exist without being written; an entry of the same name
    /// changes one, any other adds one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stages: Option<Mapping<Stage>>,
    /// Where each table's rows come from. By default: the table of the same name, columns by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<Mapping<Load>>,
    /// What must hold, before and after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checks: Option<Checks>,
    /// How backups are kept, and how what the promote replaces is saved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup: Option<Backup>,
    /// Permissions for single hazards and lints.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waivers: Option<Vec<Waiver>>,
    /// Components that the baseline loses on purpose, for the review with `cutover diff --against`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retire: Option<Vec<Retire>>,
    /// How the run goes about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
}

/// The JSON Schema of the plan language.
pub fn schema() -> Schema {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Document>()
}
