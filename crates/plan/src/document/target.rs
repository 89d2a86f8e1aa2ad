//! `sources`, `target`, `baseline`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Mapping, OneOrMore, Text, Variable};

/// SQLite files with one schema: a path, a glob, a list of them, or a mapping.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("examples" = ["data/shop.db", "data/shop-*.db"]))]
#[serde(untagged)]
pub enum Source {
    Short(OneOrMore<Text>),
    Path(SourcePath),
    Glob(SourceGlob),
    Files(SourceFiles),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourcePath {
    /// A file, relative to the plan file.
    pub path: OneOrMore<Text>,
    /// What SQL on a file may name besides its columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Tags>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceGlob {
    /// All files that match, in the order of their names.
    pub glob: OneOrMore<Text>,
    /// What SQL on a file may name besides its columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Tags>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceFiles {
    /// Files, relative to the plan file.
    pub files: OneOrMore<Text>,
    /// What SQL on a file may name besides its columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Tags>,
}

/// Values of a file that SQL on it may name as `:tag`, besides `:file_path`, `:file_name`,
/// `:file_stem` and `:file_index`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("minProperties" = 1))]
#[serde(deny_unknown_fields)]
pub struct Tags {
    /// A regular expression for the file's path, relative to the plan file; each of its named groups
    /// is a tag. A file that does not match stops the run.
    #[schemars(extend("examples" = ["(?<org>[^/]+)/repo-(?<number>[0-9]+)[.]db$"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Text>,
    /// By tag: a query on the file that gives one value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queries: Option<Mapping<Text>>,
}

/// The target: exactly one of the engines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// A schema in a PostgreSQL database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postgres: Option<Postgres>,
    /// A SQLite file, which is made anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sqlite: Option<Sqlite>,
}

/// A PostgreSQL server: `local`, a URL without a password, or a mapping.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("examples" = ["local"]))]
#[serde(untagged)]
pub enum Postgres {
    Short(PostgresShort),
    Long(Box<PostgresTarget>),
}

/// `local`, a private server started from local binaries, or a URL without a password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PostgresShort(
    #[schemars(regex(pattern = "^(local$|postgres(ql)?://)"))]
    pub String,
);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("oneOf" = [{ "required": ["url"] }, { "required": ["server"] }]))]
#[serde(deny_unknown_fields)]
pub struct PostgresTarget {
    /// Where the server is. A password is never part of the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Url>,
    /// `local`: a private server, started on demand from local binaries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<Server>,
    /// The schema that the plan owns; default: the plan's name with `-` as `_`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<Text>,
    /// How the server is verified; default: `verify-full` for remote hosts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// What happens to components that are in the target already; default: `refuse`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existing: Option<Existing>,
    /// What happens to foreign keys and views from outside that refer to a replaced table;
    /// default: `refuse`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inbound: Option<Inbound>,
    /// The label that the database's own setting `cutover.environment` must equal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<Text>,
    /// The database name that the server must report: a guard against the wrong URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<Text>,
    /// The role that owns what is promoted; default: the connecting role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Text>,
}

/// A URL without a password, or where to find the URL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Url {
    Plain(PlainUrl),
    Env(UrlFromEnv),
    File(UrlFromFile),
}

/// `postgres://user@host:port/database`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlainUrl(
    #[schemars(regex(pattern = "^postgres(ql)?://"))]
    pub String,
);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UrlFromEnv {
    /// The environment variable that holds the URL.
    pub env: Variable,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UrlFromFile {
    /// A file of mode 0600 that holds the URL.
    pub file: Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Server {
    /// A private server under `.cutover/`: socket only, kept between runs.
    Local,
}

/// How the server's certificate is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// Certificate chain and host name.
    VerifyFull,
    /// The certificate chain, not the host name.
    InsecureNoHostname,
    /// Encrypted, nothing verified.
    InsecureNoVerify,
    /// No TLS.
    InsecureDisable,
}

/// What happens to components that are in the target already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Existing {
    /// The run stops before it changes anything.
    Refuse,
    /// They are kept, moved aside, for rollback.
    Replace,
}

/// What happens to objects outside the plan that refer to a replaced table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Inbound {
    /// The run stops before it changes anything.
    Refuse,
    /// They are rebuilt on the new table, in the promote transaction.
    Carry,
}

/// A SQLite file: its path, or a mapping.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("examples" = ["out/shop.sqlite"]))]
#[serde(untagged)]
pub enum Sqlite {
    Path(Text),
    Long(SqliteTarget),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqliteTarget {
    /// The file to make, relative to the plan file.
    pub path: Text,
    /// What happens to a file that is there already; default: `refuse`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existing: Option<Existing>,
}

/// A SQL file, or a mapping.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("examples" = ["schemas/shop.sql"]))]
#[serde(untagged)]
pub enum Baseline {
    Path(Text),
    File(OneBaseline),
    Engines(EngineBaselines),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneBaseline {
    /// A SQL file, relative to the plan file.
    pub file: Text,
    /// The schema of the file that stands for the target schema; default: found in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<Text>,
    /// Components that the plan adds on purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<ComponentList>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("anyOf" = [{ "required": ["postgres"] }, { "required": ["sqlite"] }]))]
#[serde(deny_unknown_fields)]
pub struct EngineBaselines {
    /// The baseline where the target is PostgreSQL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postgres: Option<BaselineFile>,
    /// The baseline where the target is SQLite.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sqlite: Option<BaselineFile>,
    /// Components that the plan adds on purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<ComponentList>,
}

/// A SQL file, or the file and the schema in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum BaselineFile {
    Path(Text),
    Long(BaselineFileParts),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaselineFileParts {
    /// A SQL file, relative to the plan file.
    pub file: Text,
    /// The schema of the file that stands for the target schema; default: found in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<Text>,
}

/// Names, each alone or with its kind before it: `index orders_total_idx`. One or a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("examples" = [["index orders_total_idx"]]))]
#[serde(untagged)]
pub enum ComponentList {
    One(Text),
    List(Vec<Text>),
}
