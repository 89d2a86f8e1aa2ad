//! The plan as it was written: names are not resolved yet, every field has its place.

use diagnostics::{SourceText, Span, Spanned};

/// One plan file. Fields that could not be decoded are absent and have a finding.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The whole document.
    pub span: Span,
    pub name: Spanned<String>,
    pub description: Option<Spanned<String>>,
    /// In the order written; names are unique.
    pub sources: Vec<Source>,
    pub target: Option<Target>,
    pub baseline: Option<Baseline>,
    pub includes: Vec<Include>,
    pub components: Vec<Component>,
    pub stages: Vec<Stage>,
    pub loads: Vec<Load>,
    pub checks: Vec<Check>,
    pub invariants: Vec<Invariant>,
    pub waivers: Vec<Waiver>,
    /// What a review reads; nothing of it runs, so it is no part of the compiled plan.
    pub retired: Vec<Retired>,
    pub settings: Settings,
    pub backup: Backup,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EngineKind {
    Postgres,
    Sqlite,
}

impl EngineKind {
    pub fn name(self) -> &'static str {
        match self {
            EngineKind::Postgres => "postgres",
            EngineKind::Sqlite => "sqlite",
        }
    }
}

/// A named set of SQLite files: `shop: data/shop.db`, a glob, or a list. Always read-only.
#[derive(Clone, Debug)]
pub struct Source {
    pub name: Spanned<String>,
    /// Paths or globs, relative to the plan file; at least one.
    pub paths: Vec<Spanned<String>>,
    pub tags: Tags,
}

/// What SQL on a file may name as `:tag`, besides `:file_path` and the like.
#[derive(Clone, Debug, Default)]
pub struct Tags {
    /// A regular expression for the path, whose named groups are tags.
    pub pattern: Option<Spanned<String>>,
    /// By tag: a query on the file that gives one value.
    pub queries: Vec<(Spanned<String>, SourceText)>,
}

#[derive(Clone, Debug)]
pub enum Target {
    Postgres(PostgresTarget),
    Sqlite(SqliteTarget),
}

impl Target {
    pub fn engine(&self) -> EngineKind {
        match self {
            Target::Postgres(_) => EngineKind::Postgres,
            Target::Sqlite(_) => EngineKind::Sqlite,
        }
    }
}

#[derive(Clone, Debug)]
pub struct PostgresTarget {
    pub span: Span,
    pub server: Server,
    /// The schema the plan owns; `None`: the plan's name.
    pub schema: Option<Spanned<String>>,
    /// Default: `VerifyFull` for remote hosts.
    pub tls: Option<Spanned<TlsMode>>,
    pub existing: Option<Spanned<Existing>>,
    pub inbound: Option<Spanned<Inbound>>,
    /// A label that the target's own `cutover.environment` setting (database parameter) must equal.
    pub environment: Option<Spanned<String>>,
    /// Database name that the server must report, as a guard against the wrong URL.
    pub database: Option<Spanned<String>>,
    /// Role that owns the promoted objects; default: the connecting role.
    pub owner: Option<Spanned<String>>,
}

/// Where the PostgreSQL server is. A password is never part of the plan.
#[derive(Clone, Debug)]
pub enum Server {
    /// `postgres: local`: a private server under `.cutover/`, started on demand.
    Local,
    /// `url: { env: NAME }`
    Env(Spanned<String>),
    /// `url: { file: PATH }`, a file of mode 0600 that holds the URL.
    File(Spanned<String>),
    /// `url: postgres://user@host/db`, without a password.
    Url(Spanned<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsMode {
    VerifyFull,
    /// `insecure-no-hostname`: the certificate chain is verified, the host name is not.
    InsecureNoHostname,
    /// `insecure-no-verify`: encrypted, nothing verified.
    InsecureNoVerify,
    /// `insecure-disable`: no TLS.
    InsecureDisable,
}

/// What happens to components that are already in the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    Refuse,
    /// The old ones are kept, moved aside, for rollback.
    Replace,
}

/// What happens to foreign keys and views of other schemas that refer to a replaced table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inbound {
    Refuse,
    /// Rebuilt on the new table in the promote transaction.
    Carry,
}

#[derive(Clone, Debug)]
pub struct SqliteTarget {
    pub span: Span,
    /// Relative to the plan file.
    pub path: Spanned<String>,
    pub existing: Option<Spanned<Existing>>,
}

/// The known-good schema: one file, or one per engine; the one for the target's engine is used.
#[derive(Clone, Debug)]
pub struct Baseline {
    pub span: Span,
    pub files: Vec<BaselineFile>,
    /// Components that the plan adds on purpose: `index orders_total_idx`.
    pub new: Vec<Spanned<ComponentName>>,
}

#[derive(Clone, Debug)]
pub struct BaselineFile {
    pub path: Spanned<String>,
    /// `None`: for any engine.
    pub engine: Option<EngineKind>,
    /// The schema of the file that stands for the target schema; default: found in the file.
    pub schema: Option<Spanned<String>>,
}

/// A component named by a person: `index orders_total_idx`, or a bare name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ComponentName {
    pub kind: Option<ComponentKind>,
    pub name: String,
}

/// A SQL file whose statements become components.
#[derive(Clone, Debug)]
pub struct Include {
    pub path: Spanned<String>,
    pub engine: Option<Spanned<EngineKind>>,
    /// The schema of the file that stands for the target schema; default: found in the file.
    pub schema: Option<Spanned<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ComponentKind {
    Extension,
    Type,
    Sequence,
    Table,
    Index,
    Constraint,
    Function,
    View,
    Trigger,
    Policy,
    Grant,
    Comment,
}

impl ComponentKind {
    pub const ALL: [ComponentKind; 12] = [
        ComponentKind::Extension,
        ComponentKind::Type,
        ComponentKind::Sequence,
        ComponentKind::Table,
        ComponentKind::Index,
        ComponentKind::Constraint,
        ComponentKind::Function,
        ComponentKind::View,
        ComponentKind::Trigger,
        ComponentKind::Policy,
        ComponentKind::Grant,
        ComponentKind::Comment,
    ];

    /// The word in messages and in component names.
    pub fn word(self) -> &'static str {
        match self {
            ComponentKind::Extension => "extension",
            ComponentKind::Type => "type",
            ComponentKind::Sequence => "sequence",
            ComponentKind::Table => "table",
            ComponentKind::Index => "index",
            ComponentKind::Constraint => "constraint",
            ComponentKind::Function => "function",
            ComponentKind::View => "view",
            ComponentKind::Trigger => "trigger",
            ComponentKind::Policy => "policy",
            ComponentKind::Grant => "grant",
            ComponentKind::Comment => "comment",
        }
    }

    /// The key under `components:`.
    pub fn key(self) -> &'static str {
        match self {
            ComponentKind::Extension => "extensions",
            ComponentKind::Type => "types",
            ComponentKind::Sequence => "sequences",
            ComponentKind::Table => "tables",
            ComponentKind::Index => "indexes",
            ComponentKind::Constraint => "constraints",
            ComponentKind::Function => "functions",
            ComponentKind::View => "views",
            ComponentKind::Trigger => "triggers",
            ComponentKind::Policy => "policies",
            ComponentKind::Grant => "grants",
            ComponentKind::Comment => "comments",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Component {
    pub kind: ComponentKind,
    /// For grants and comments, which have no name in SQL: a readable one made from their parts
    /// (`select on orders to shop_app`, `table orders`).
    pub name: Spanned<String>,
    /// The component is for this engine only.
    pub engine: Option<Spanned<EngineKind>>,
    pub body: Body,
    /// The whole entry.
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum Body {
    Table(Table),
    Index(Index),
    Constraint(Constraint),
    Grant(Grant),
    Comment(Comment),
    Enum(Vec<Spanned<String>>),
    /// A view by its query alone.
    View(View),
    Extension,
    /// `sequences: { invoice_no: {} }` or with options such as `start with 100`.
    Sequence {
        options: Option<SourceText>,
    },
    /// `sql:` the whole statement, as the engine takes it.
    Sql(SourceText),
}

#[derive(Clone, Debug)]
pub struct Table {
    /// In the order written.
    pub columns: Vec<Column>,
    pub primary_key: Option<Spanned<Vec<Spanned<String>>>>,
    /// What comes after the closing parenthesis: `strict`, `partition by …`, `with (…)`.
    pub options: Option<SourceText>,
    pub comment: Option<Spanned<String>>,
}

#[derive(Clone, Debug)]
pub struct Column {
    pub name: Spanned<String>,
    /// Type and column constraints as SQL: `text not null default ''`.
    pub definition: SourceText,
}

#[derive(Clone, Debug)]
pub struct Index {
    pub table: Spanned<String>,
    /// Column names, or SQL elements such as `lower(email)` or `created_at desc`.
    pub columns: Vec<SourceText>,
    pub unique: bool,
    /// `using`: the access method.
    pub method: Option<Spanned<String>>,
    pub include: Vec<Spanned<String>>,
    pub predicate: Option<SourceText>,
}

#[derive(Clone, Debug)]
pub struct Constraint {
    pub table: Spanned<String>,
    pub rule: ConstraintRule,
}

#[derive(Clone, Debug)]
pub enum ConstraintRule {
    Unique(Vec<Spanned<String>>),
    Check(SourceText),
    ForeignKey {
        columns: Vec<Spanned<String>>,
        table: Spanned<String>,
        /// Empty: the referenced table's primary key.
        referenced: Vec<Spanned<String>>,
        on_delete: Option<Spanned<String>>,
        on_update: Option<Spanned<String>>,
        deferrable: bool,
    },
    /// The constraint after its name: `exclude using gist (…)`.
    Definition(SourceText),
}

#[derive(Clone, Debug)]
pub struct Grant {
    /// `select`, `insert (name)`, `all`.
    pub privileges: Vec<Spanned<String>>,
    pub on: GrantObject,
    pub to: Vec<Spanned<String>>,
    pub with_grant_option: bool,
}

#[derive(Clone, Debug)]
pub enum GrantObject {
    Tables(Vec<Spanned<String>>),
    Sequences(Vec<Spanned<String>>),
    /// With argument types: `total(integer)`.
    Functions(Vec<Spanned<String>>),
    /// The target schema.
    Schema(Span),
    Types(Vec<Spanned<String>>),
}

#[derive(Clone, Debug)]
pub struct Comment {
    /// `table orders`, `column orders.total`.
    pub object: Spanned<String>,
    pub text: Spanned<String>,
}

#[derive(Clone, Debug)]
pub struct View {
    pub query: SourceText,
    pub materialized: bool,
}

/// A node of the DAG. Entries named like a built-in stage change it; others are added.
#[derive(Clone, Debug)]
pub struct Stage {
    pub name: Spanned<String>,
    pub span: Span,
    pub needs: Vec<Spanned<String>>,
    /// Own SQL on the staged data, statement by statement, with what each is for.
    pub sql: Option<SourceText>,
    /// Components that this stage builds instead of the built-in stage.
    pub components: Vec<Spanned<ComponentName>>,
    /// Tables whose data this stage loads instead of the built-in stage.
    pub tables: Vec<Spanned<String>>,
    /// `skip: true`, where the stage may be left out (with a waiver where the law asks for one).
    pub skip: Option<Spanned<bool>>,
}

/// Where a table's rows come from. Without one: the table of the same name in the only source
/// that has it, columns by name.
#[derive(Clone, Debug)]
pub struct Load {
    pub table: Spanned<String>,
    pub span: Span,
    pub from: LoadFrom,
    /// By target column; columns that are not listed go by name.
    pub columns: Vec<ColumnRule>,
    /// SQL condition on the source rows, evaluated by SQLite.
    pub filter: Option<SourceText>,
    /// Rows of several files that are one row.
    pub merge: Option<Merge>,
}

/// `merge: { by: code, conflict: equal }`
#[derive(Clone, Debug)]
pub struct Merge {
    pub by: Vec<Spanned<String>>,
    pub conflict: Conflict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    First,
    Last,
    Equal,
}

#[derive(Clone, Debug)]
pub enum LoadFrom {
    /// The table of the same name.
    Default,
    /// `from: table` or `from: source.table`.
    Table { source: Option<Spanned<String>>, table: Spanned<String> },
    /// `query:` with `source:` where there are several.
    Query { source: Option<Spanned<String>>, sql: SourceText },
    /// `load: { audit: none }`: the table starts empty.
    Nothing(Span),
}

#[derive(Clone, Debug)]
pub struct ColumnRule {
    pub column: Spanned<String>,
    pub value: ColumnValue,
    pub conversion: Option<Spanned<Conversion>>,
    /// `None`: stop.
    pub misfit: Option<Spanned<OnMisfit>>,
}

/// What becomes of a value that does not fit its column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnMisfit {
    Stop,
    SetNull,
    /// The whole row is left out and reported.
    Reject,
    /// `{ default: VALUE }`
    Default(String),
}

#[derive(Clone, Debug)]
pub enum ColumnValue {
    /// A column of the source.
    Column(Spanned<String>),
    /// SQL evaluated by SQLite on the snapshot; `:file_stem`, `:file_name`, `:file_index` are bound.
    Sql(SourceText),
    /// `offset:` or `uuid:`: a key of `table` in this file, made different from those of all others.
    Apart { from: Spanned<String>, by: Apart, table: Spanned<String> },
    /// `omit`: the target's default, identity or generation expression fills it.
    Omit(Span),
}

/// How the keys of several files are kept apart. References to a table take the way of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Apart {
    /// The keys of a file begin past the highest of the files before it.
    Offset,
    /// A UUID that follows from the table, the file's path and the key.
    Uuid,
}

/// How a SQLite value becomes the target's type, where the target type alone does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Conversion {
    UnixSeconds,
    UnixMilliseconds,
    UnixMicroseconds,
    JulianDay,
    /// Invalid UTF-8 and NUL become U+FFFD.
    ReplaceInvalidText,
    /// UUID from 16 bytes or text.
    Uuid,
    /// JSON text to an array column.
    JsonArray,
}

impl Conversion {
    pub const ALL: [Conversion; 7] = [
        Conversion::UnixSeconds,
        Conversion::UnixMilliseconds,
        Conversion::UnixMicroseconds,
        Conversion::JulianDay,
        Conversion::ReplaceInvalidText,
        Conversion::Uuid,
        Conversion::JsonArray,
    ];

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

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckMoment {
    /// On the live target, before anything is built.
    Before,
    /// On the staged data.
    Staged,
    /// On the promoted state, inside the promote transaction: a failure takes it all back.
    After,
}

#[derive(Clone, Debug)]
pub struct Check {
    pub name: Spanned<String>,
    pub moment: CheckMoment,
    pub sql: SourceText,
    pub expect: Expect,
    pub engine: Option<Spanned<EngineKind>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    NoRows,
    /// One row, one column, true.
    True,
    /// One row, one column, this text form.
    Value(String),
}

/// The same figure on both sides.
#[derive(Clone, Debug)]
pub struct Invariant {
    pub name: Spanned<String>,
    pub source: Option<Spanned<String>>,
    pub source_sql: SourceText,
    pub target_sql: SourceText,
}

#[derive(Clone, Debug)]
pub struct Waiver {
    pub span: Span,
    /// Name of a hazard or lint.
    pub allow: Spanned<String>,
    /// `None`: wherever it occurs.
    pub on: Option<Spanned<String>>,
    pub reason: Spanned<String>,
    pub owner: Spanned<String>,
    /// `YYYY-MM-DD`, the last day.
    pub expires: Spanned<String>,
}

/// A component that its baseline may lose: `cutover diff --against` takes it for meant.
#[derive(Clone, Debug)]
pub struct Retired {
    pub span: Span,
    pub component: Spanned<ComponentName>,
    pub reason: Spanned<String>,
    pub owner: Spanned<String>,
    /// `YYYY-MM-DD`, the day from which nothing needs it.
    pub date: Spanned<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Connections that build and load at the same time.
    pub connections: Option<Spanned<u32>>,
    pub lock_timeout_ms: Option<Spanned<u64>>,
    /// Tries of the promote transaction before the run gives up and rolls back.
    pub promote_attempts: Option<Spanned<u32>>,
    pub statement_timeout_ms: Option<Spanned<u64>>,
    pub on_source_change: Option<Spanned<OnSourceChange>>,
    /// Upper bound of client buffers, bytes.
    pub memory_bytes: Option<Spanned<u64>>,
    /// What one index build sorts in, bytes.
    pub index_memory_bytes: Option<Spanned<u64>>,
    /// Further processes of one index build.
    pub chunk_rows: Option<Spanned<u32>>,
    pub index_workers: Option<Spanned<u32>>,
    /// How long the previous state is kept after the run was accepted.
    pub keep_ms: Option<Spanned<u64>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnSourceChange {
    Stop,
    Warn,
}

/// `backup:`
#[derive(Clone, Debug, Default)]
pub struct Backup {
    pub keep: Option<Keep>,
    /// `None`: taken, but for a plan with `attest`.
    pub target: Option<Spanned<TargetBackup>>,
    pub attest: Option<Attest>,
}

/// Each rule keeps what it fits.
#[derive(Clone, Debug)]
pub struct Keep {
    pub period_ms: Option<Spanned<u64>>,
    pub last: Option<Spanned<u32>>,
    pub daily: Option<Spanned<u32>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetBackup {
    Take,
    None,
}

/// A command that proves an external backup.
#[derive(Clone, Debug)]
pub struct Attest {
    pub span: Span,
    /// At least the program.
    pub command: Vec<Spanned<String>>,
    pub max_age_ms: Option<Spanned<u64>>,
    pub max_restore_age_ms: Option<Spanned<u64>>,
    pub timeout_ms: Option<Spanned<u64>>,
}
