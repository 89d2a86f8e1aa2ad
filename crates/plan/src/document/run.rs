//! `stages`, `load`, `checks`, `waivers`, `retire`, `run`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ComponentList, Day, Duration, Engine, Mapping, Period, Size, Text};

/// A node of work: SQL alone, or a mapping.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Stage {
    Sql(Text),
    Parts(StageParts),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageParts {
    /// Stages that must be done before; default for a stage of the plan's own: `load`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<ComponentList>,
    /// SQL on the staged data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sql: Option<Text>,
    /// Components that this stage builds instead of the built-in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub components: Option<ComponentList>,
    /// Tables whose rows this stage loads instead of the built-in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tables: Option<ComponentList>,
    /// Whether the stage is left out, where it may be; default: `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip: Option<bool>,
}

/// Where a table's rows come from: `none`, a table, or a mapping.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("examples" = ["none", "shop.clients"]))]
#[serde(untagged)]
pub enum Load {
    From(Text),
    Parts(Box<LoadParts>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("not" = { "required": ["from", "query"] }))]
#[serde(deny_unknown_fields)]
pub struct LoadParts {
    /// The source table: `clients`, or `shop.clients` with its source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Text>,
    /// The source, where several have the table; with it, a dot in `from` is part of the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Text>,
    /// A query on the source instead of a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<Text>,
    /// A condition on the source's rows, in SQLite's SQL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#where: Option<Text>,
    /// Files share this table: rows of several files with one key are one row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merge: Option<Merge>,
    /// Target columns to where their values come from. Columns that are not listed go by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<Mapping<ColumnRule>>,
}

/// How rows of several files become one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    /// Target columns by whose values a row is known.
    pub by: ComponentList,
    /// Which row is taken where several files have one; default: `equal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflict: Option<Conflict>,
}

/// Of files in the order of their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Conflict {
    /// The first file's row.
    First,
    /// The last file's row.
    Last,
    /// The rows must be the same; else the run stops and names the keys and their files.
    Equal,
}

/// A source column, `omit` for what the target fills itself, or a mapping.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("examples" = ["mail", "omit"]))]
#[serde(untagged)]
pub enum ColumnRule {
    From(Text),
    Parts(ColumnRuleParts),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("minProperties" = 1, "not" = { "anyOf": [{ "required": ["from", "sql"] }, { "required": ["offset", "uuid"] }, { "required": ["sql", "offset"] }, { "required": ["sql", "uuid"] }] }))]
#[serde(deny_unknown_fields)]
pub struct ColumnRuleParts {
    /// The source column; default: the one of the same name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Text>,
    /// An expression in SQLite's SQL; `:file_stem`, `:file_name`, `:file_path`, `:file_index` and
    /// the source's tags stand for the source file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sql: Option<Text>,
    /// The column is a key of this table, or refers to one, and keys of several files meet: those of
    /// a file begin past the highest of the files before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<Text>,
    /// The same, with a UUID that follows from the table, the file's path and the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uuid: Option<Text>,
    /// How the value becomes the target's type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#as: Option<Conversion>,
    /// What becomes of a value that does not fit; default: `stop`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub misfit: Option<Misfit>,
}

/// What becomes of a value that does not fit its column. Each is reported with its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Misfit {
    Word(MisfitWord),
    Default(MisfitDefault),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MisfitWord {
    /// The run stops, and the target stays as it is.
    Stop,
    /// The column is null in that row.
    SetNull,
    /// The row is left out, counted, and listed in the run's folder.
    Reject,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MisfitDefault {
    /// The value that the column gets instead.
    pub default: Text,
}

/// How a SQLite value becomes the target's type, where the type alone does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Conversion {
    /// Seconds since 1970 to a time.
    UnixSeconds,
    /// Milliseconds since 1970 to a time.
    UnixMilliseconds,
    /// Microseconds since 1970 to a time.
    UnixMicroseconds,
    /// A Julian day number to a time.
    JulianDay,
    /// Bytes that are not UTF-8, and NUL, become U+FFFD.
    ReplaceInvalidText,
    /// A UUID from 16 bytes or from text.
    Uuid,
    /// JSON text to an array column.
    JsonArray,
}

/// What must hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Checks {
    /// On the live target, before anything is built.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Vec<Check>>,
    /// On the staged data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staged: Option<Vec<Check>>,
    /// On the promoted state, inside the promote transaction: a failure takes it all back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Vec<Check>>,
    /// Figures that are the same in the source and in the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invariants: Option<Vec<Invariant>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What holds, for the report.
    pub name: Text,
    /// The query.
    pub sql: Text,
    /// What the query gives; default: `no-rows`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expect>,
    /// The check is for this engine only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
}

/// What a query gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Expect {
    Word(ExpectWord),
    /// `true`: one row, one column, true.
    True(#[schemars(extend("const" = true))] bool),
    Value(ExpectValue),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExpectWord {
    /// No row.
    NoRows,
    /// One row, one column, true.
    True,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectValue {
    /// One row, one column, with this text form.
    pub value: Text,
}

/// The same figure on both sides: `sql` where the text is the same, otherwise one for each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Invariant {
    Same(SameInvariant),
    Sides(SidesInvariant),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SameInvariant {
    /// What is the same, for the report.
    pub name: Text,
    /// The source, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Text>,
    /// The query for both sides.
    pub sql: Text,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SidesInvariant {
    /// What is the same, for the report.
    pub name: Text,
    /// The source, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Text>,
    /// The query on the source, in SQLite's SQL.
    pub source_sql: Text,
    /// The query on the target, in its own SQL.
    pub target_sql: Text,
}

/// Written, scoped, reasoned, dated permission for one hazard or lint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The name of the hazard or lint.
    pub allow: Text,
    /// The component it is allowed on; default: wherever it occurs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<Text>,
    /// Why it is acceptable here.
    pub reason: Text,
    /// Who answers for it.
    pub owner: Text,
    /// The last day.
    pub expires: Day,
}

/// Permission for the baseline to lose one component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retire {
    /// The component, with its kind before it: `index orders_old_idx`, `column orders.fax`.
    pub component: Text,
    /// Why nothing needs it any more.
    pub reason: Text,
    /// Who answers for it.
    pub owner: Text,
    /// The day from which nothing needs it.
    pub date: Day,
}

/// How the run goes about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Connections that load and build at the same time; default: 2.
    #[schemars(range(min = 1, max = 64))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<u32>,
    /// How long the promote waits for one lock, never without end; default: `2s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock_timeout: Option<Duration>,
    /// How often the promote is tried before the run gives up and takes everything back;
    /// default: 5.
    #[schemars(range(min = 1, max = 100))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promote_attempts: Option<u32>,
    /// How long one statement may take; default: `0s`, no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement_timeout: Option<Duration>,
    /// What happens where a source changed after its snapshot; default: `stop`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_source_change: Option<OnSourceChange>,
    /// The upper bound of the program's own buffers, at least `1MiB`; default: `64MiB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Size>,
    /// Rows of one chunk. A larger table is loaded into PostgreSQL in such parts, on all connections
    /// at once, and a run that goes on begins at the chunk where it was; default: 500000 with three
    /// connections or more, else tables are loaded whole, which lets PostgreSQL freeze their rows.
    #[schemars(range(min = 1000))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunk_rows: Option<u32>,
    /// What one index build of PostgreSQL sorts in (`maintenance_work_mem`), at least `1MiB`;
    /// default: `16MiB`, which stays in the processor's cache and was measured faster than `1GiB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index_memory: Option<Size>,
    /// Further processes that one index build of PostgreSQL may have
    /// (`max_parallel_maintenance_workers`); default: 1. The server gives each at least 32 MiB, so
    /// they need a larger `index_memory`.
    #[schemars(range(min = 1, max = 1024))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index_workers: Option<u32>,
    /// How long the state that the run replaced is kept after `cutover accept`, for a rollback;
    /// default: `0s`, it goes at once. Until a run is accepted it is always kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<Period>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnSourceChange {
    /// The promote does not happen.
    Stop,
    /// It happens, with a warning in the report.
    Warn,
}
