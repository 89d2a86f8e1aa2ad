//! `components`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ComponentList, Engine, Mapping, OneOrMore, Text};

/// The schema objects that the plan builds, by kind. Each kind may be given as the whole statement,
/// and each entry may carry `engine:` where it is for one engine only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Components {
    /// SQL files whose statements become components.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include: Option<Includes>,
    /// Extensions that must be there (PostgreSQL).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extensions: Option<Extensions>,
    /// Types by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub types: Option<Mapping<DataType>>,
    /// Sequences by name; those of identity columns need no entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequences: Option<Mapping<Option<Sequence>>>,
    /// Tables by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tables: Option<Mapping<Table>>,
    /// Foreign keys, checks, unique and other constraints by name; primary keys stand with their
    /// table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraints: Option<Mapping<Constraint>>,
    /// Indexes by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub indexes: Option<Mapping<Index>>,
    /// Functions and procedures by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub functions: Option<Mapping<Function>>,
    /// Views by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub views: Option<Mapping<View>>,
    /// Triggers by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub triggers: Option<Mapping<OnTable>>,
    /// Row-level security policies by name (PostgreSQL).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policies: Option<Mapping<OnTable>>,
    /// Grants, which have no name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grants: Option<Vec<Grant>>,
    /// Comments by the object they are on: `table orders`, `column orders.total` (PostgreSQL).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comments: Option<Mapping<Comment>>,
}

/// One SQL file, or a list of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("examples" = [["schema.sql"]]))]
#[serde(untagged)]
pub enum Includes {
    One(Include),
    List(Vec<Include>),
}

/// A SQL file: its path, or a mapping.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Include {
    Path(Text),
    Long(IncludeFile),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IncludeFile {
    /// The SQL file, relative to the plan file and not outside its folder tree.
    pub file: Text,
    /// The statements are for this engine only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
    /// The schema of the file that stands for the target schema; default: found in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<Text>,
}

/// The whole statement, as the engine takes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Whole {
    /// The whole statement, as the engine takes it.
    pub sql: Text,
    /// The component is for this engine only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
}

/// A table by its columns, or a whole statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Table {
    Statement(Text),
    Whole(Whole),
    Parts(TableParts),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableParts {
    /// Column names to type and column constraints, as SQL, in the order of the table.
    pub columns: Mapping<Text>,
    /// The columns of the primary key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_key: Option<OneOrMore<Text>>,
    /// What follows the closing parenthesis: `strict`, `partition by …`, `with (…)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<Text>,
    /// The comment on the table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<Text>,
    /// The component is for this engine only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
}

/// An index by its parts, or a whole statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Index {
    Statement(Text),
    Whole(Whole),
    Parts(IndexParts),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IndexParts {
    /// The indexed table.
    pub table: Text,
    /// Columns, or SQL such as `lower(email)` or `created_at desc`.
    pub columns: OneOrMore<Text>,
    /// Whether no two rows may be equal; default: `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique: Option<bool>,
    /// The access method; default: the engine's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub using: Option<Text>,
    /// Columns that are stored in the index but not part of its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include: Option<ComponentList>,
    /// The condition of a partial index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#where: Option<Text>,
    /// The component is for this engine only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
}

/// A constraint by its parts, or a whole statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Constraint {
    Statement(Text),
    Whole(Whole),
    ForeignKey(Box<ForeignKey>),
    Check(CheckConstraint),
    Unique(UniqueConstraint),
    Definition(ConstraintDefinition),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForeignKey {
    /// The constrained table.
    pub table: Text,
    /// Its columns that refer to another table.
    pub foreign_key: OneOrMore<Text>,
    /// The table referred to: `customers`, `customers(id)` or a mapping.
    pub references: References,
    /// The columns referred to; default: the primary key of the table referred to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referenced_columns: Option<OneOrMore<Text>>,
    /// What happens to the rows that refer to a deleted one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_delete: Option<Action>,
    /// What happens to the rows that refer to a changed one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_update: Option<Action>,
    /// Whether the check may wait for the end of the transaction; default: `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deferrable: Option<bool>,
    /// The component is for this engine only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
}

/// `cascade`, `restrict`, `no action`, `set null`, `set default`, in any case; the last two may
/// name columns: `set null (customer_id)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("examples" = ["cascade", "set null"]))]
pub struct Action(
    #[schemars(regex(
        pattern = r"^\s*([cC][aA][sS][cC][aA][dD][eE]|[rR][eE][sS][tT][rR][iI][cC][tT]|[nN][oO]\s+[aA][cC][tT][iI][oO][nN]|[sS][eE][tT]\s+([nN][uU][lL][lL]|[dD][eE][fF][aA][uU][lL][tT]))\s*(\(.*)?$"
    ))]
    pub String,
);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum References {
    Short(Text),
    Long(ReferencesParts),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferencesParts {
    /// The table referred to.
    pub table: Text,
    /// The columns referred to; default: its primary key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<OneOrMore<Text>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckConstraint {
    /// The constrained table.
    pub table: Text,
    /// The condition that every row meets.
    pub check: Text,
    /// The component is for this engine only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UniqueConstraint {
    /// The constrained table.
    pub table: Text,
    /// The columns in which no two rows may be equal.
    pub unique: OneOrMore<Text>,
    /// The component is for this engine only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConstraintDefinition {
    /// The constrained table.
    pub table: Text,
    /// The constraint after its name: `exclude using gist (…)`.
    pub definition: Text,
    /// The component is for this engine only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
}

/// A grant by its parts, or a whole statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Grant {
    Statement(Text),
    Whole(Whole),
    Parts(GrantParts),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantParts {
    /// Privileges: `select`, `insert (name)`, `all`.
    pub grant: OneOrMore<Text>,
    /// Tables, the word `schema` for the target schema, or a mapping.
    pub on: GrantOn,
    /// Roles.
    pub to: OneOrMore<Text>,
    /// Whether the roles may pass the grant on; default: `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with_grant_option: Option<bool>,
    /// The component is for this engine only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum GrantOn {
    Tables(OneOrMore<Text>),
    Object(Box<GrantObject>),
}

/// What the grant is on: exactly one of these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
#[serde(deny_unknown_fields)]
pub struct GrantObject {
    /// Tables and views.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tables: Option<OneOrMore<Text>>,
    /// Sequences.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequences: Option<OneOrMore<Text>>,
    /// With argument types: `total(integer)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub functions: Option<OneOrMore<Text>>,
    /// Types.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub types: Option<OneOrMore<Text>>,
    /// `true`: the target schema.
    #[schemars(extend("const" = true))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<bool>,
}

/// A sequence with the engine's defaults (`{}` or nothing), with options, or a whole statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Sequence {
    Whole(Whole),
    Parts(SequenceParts),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SequenceParts {
    /// What follows the name: `start with 100 increment by 10`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<Text>,
    /// The component is for this engine only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
}

/// A view by its query, or a whole statement under `sql`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum View {
    Query(Text),
    Whole(Whole),
    Parts(ViewParts),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ViewParts {
    /// The query that the view stands for.
    pub query: Text,
    /// Whether the rows are stored (PostgreSQL); default: `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub materialized: Option<bool>,
    /// The component is for this engine only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
}

/// A function: the whole statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Function {
    Statement(Text),
    Whole(Whole),
}

/// A trigger or policy: the whole statement, with the table that it is about where one likes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OnTable {
    Statement(Text),
    Parts(OnTableParts),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnTableParts {
    /// The table; the statement must name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<Text>,
    /// The whole statement, as the engine takes it.
    pub sql: Text,
    /// The component is for this engine only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
}

/// A type by its values, or a whole statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum DataType {
    Statement(Text),
    Whole(Whole),
    Enum(EnumType),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnumType {
    /// The values, in their order.
    pub r#enum: OneOrMore<Text>,
    /// The component is for this engine only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
}

/// One extension, or a list of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("examples" = [["pg_trgm"]]))]
#[serde(untagged)]
pub enum Extensions {
    One(Text),
    List(Vec<Extension>),
}

/// An extension by its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Extension {
    Name(Text),
    Parts(ExtensionParts),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtensionParts {
    /// The extension's name.
    pub name: Text,
    /// The component is for this engine only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
}

/// A comment's text, under the object it is on: `table orders`, `column orders.total`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Comment {
    Text(Text),
    Whole(Whole),
    Parts(CommentParts),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentParts {
    /// The comment.
    pub text: Text,
    /// The component is for this engine only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
}
