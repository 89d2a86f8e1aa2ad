//! Where a table's rows come from.

use serde::{Deserialize, Serialize};

/// The rows of one target table. Columns that are not listed go by name: at run time every target
/// column that is neither listed nor generated takes the source column of the same name, and it is
/// an error in preflight if a source column has no place to go or a target column gets nothing that
/// is neither nullable nor has a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    pub table: String,
    /// Name of the source; every file of it is read, in sorted order.
    pub source: String,
    pub from: LoadSource,
    pub columns: Vec<LoadColumn>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// The source's column by which the keys of one file are kept apart from those of the others:
    /// past the highest of a file begin those of the next. SQL has it as [`offset_parameter`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<String>,
    /// Files share the table: rows of several files with one key are one row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<Merge>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    /// Columns of the target by whose values a row is known.
    pub by: Vec<String>,
    pub conflict: Conflict,
}

/// Which of the rows with one key is taken, of files in the order of their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conflict {
    First,
    Last,
    /// They must be the same row, or the run stops.
    Equal,
}

/// The name of the parameter that holds a table's offset in a file, without its colon. What a
/// parameter's name cannot hold is written as its number.
pub fn offset_parameter(table: &str) -> String {
    let spelled = table.chars().map(|c| match c {
        c if c.is_ascii_alphanumeric() || c == '_' => c.to_string(),
        c => format!("${:x}$", u32::from(c)),
    });
    Some("offset_".to_owned()).into_iter().chain(spelled).collect()
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoadSource {
    Table(String),
    Query(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadColumn {
    pub column: String,
    pub value: ColumnSource,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversion: Option<Conversion>,
    #[serde(default, skip_serializing_if = "OnMisfit::is_stop")]
    pub on_misfit: OnMisfit,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnSource {
    Column(String),
    /// SQL evaluated by SQLite on the snapshot; `:file_stem`, `:file_name`, `:file_index` are bound.
    Sql(String),
    /// The target's default, identity or generation expression fills it.
    Omit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conversion {
    UnixSeconds,
    UnixMilliseconds,
    UnixMicroseconds,
    JulianDay,
    ReplaceInvalidText,
    Uuid,
    JsonArray,
}

impl Conversion {
    /// As plans write it.
    pub fn name(self) -> &'static str {
        match self {
            Conversion::UnixSeconds => "unix-seconds",
            Conversion::UnixMilliseconds => "unix-milliseconds",
            Conversion::UnixMicroseconds => "unix-microseconds",
            Conversion::JulianDay => "julian-day",
            Conversion::ReplaceInvalidText => "replace-invalid-text",
            Conversion::Uuid => "uuid",
            Conversion::JsonArray => "json-array",
        }
    }
}

/// What becomes of a row with a value that does not fit its column.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnMisfit {
    /// The load ends.
    #[default]
    Stop,
    /// The column is null.
    SetNull,
    /// The column gets this value, which must fit.
    Default(String),
    /// The row is left out.
    Reject,
}

impl OnMisfit {
    pub fn is_stop(&self) -> bool {
        *self == OnMisfit::Stop
    }
}
