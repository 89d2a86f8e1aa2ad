//! The facts of each kind of object: which properties there are, and what form their values have.
//!
//! Whoever fills a catalog (`engine-postgres`, `engine-sqlite`, `offline`) uses these names and no
//! others, so that a difference is a difference of schemas and never of habits.
//!
//! General rules
//! - A fact that does not apply, or has the engine's default, is absent: there is `not null = yes`
//!   or nothing, never `not null = no`. The exceptions say what is *wrong* with an object: an index
//!   has `valid = no` or nothing, a constraint `validated = no` or nothing.
//! - Lists of names are written with [`list`]: quoted where needed, joined by `, `, in the engine's
//!   order (columns) or sorted (options, roles).
//! - Names of the home schema carry no schema anywhere, also not inside definitions.
//! - Text is the engine's own (`pg_get_constraintdef`, `pg_get_indexdef`, …). `offline` writes the
//!   same clauses, normalised on tokens; catalogs of different origin are never called equal.
//!
//! Which objects there are
//! - An index that belongs to a constraint (primary key, unique, exclude) is no object of its own.
//! - `NOT NULL` is a property of its column, also on PostgreSQL 18 where it is a constraint.
//! - The sequence of an identity column is no object; its settings are [`IDENTITY_SEQUENCE`].
//!   The sequence of a `serial` column is one (with [`OWNED_BY`]).
//! - Internal triggers, `_RETURN` rules, array types and row types are no objects.
//! - Column `name` of table `t`: kind `Column`, parent `t`, name `name`. Constraints, indexes,
//!   triggers, rules, policies: parent is the table or view.
//! - SQLite constraints without a name get the name PostgreSQL would generate ([`crate::names`]),
//!   with `generated_name` set.
//! - `generated_name` is set where the name is one that the engine would have chosen
//!   ([`crate::names::is_generated`]), however it came about: a dump writes every name out.
//! - An index or key of a partition that is attached to one of the partitioned table is an object
//!   with [`PARTITION_OF`]; its name counts as generated whatever it is.
//! - A grant is one object per (object, role): parent `table orders`, `column orders.total`,
//!   `sequence s`, `function total(integer)`, `type t`, `schema` (the home schema), name = the role
//!   or `PUBLIC`; one property per privilege in lower case ([`GRANTED`], [`GRANTABLE`]). The owner's
//!   own privileges are no objects; where one was taken away there is one for `OWNER`, whatever
//!   role that is, with that privilege [`REVOKED`]. What PUBLIC has by PostgreSQL's built-in
//!   default (execute on functions, usage on types) is no object; where it was taken away there is
//!   one for `PUBLIC` with that privilege [`REVOKED`].
//! - Default privileges: parent `tables`, `sequences`, `functions`, `types` or `schemas`, name
//!   `creator to grantee`; properties as for grants.

use sql::{Dialect, quote_ident};

/// The value of a property that is true.
pub const YES: &str = "yes";
/// The value of [`VALID`] and [`VALIDATED`] where something is wrong.
pub const NO: &str = "no";

// Database (SQLite): one object with an empty name.
pub const USER_VERSION: &str = "user version";
pub const APPLICATION_ID: &str = "application id";

// Many kinds.
/// The whole object as the engine writes it, after its name: the constraint after `CONSTRAINT x`
/// (`pg_get_constraintdef`), the index from `USING` on, the query of a view, the trigger from its
/// timing on (`BEFORE INSERT ON …`), a function from its arguments on, the rule from `ON` on.
pub const DEFINITION: &str = "definition";
/// What sort of type (`enum`, `composite`, `range`, `base`, `shell`), of constraint (`primary key`,
/// `unique`, `foreign key`, `check`, `exclude`), of function (`procedure`, `aggregate`, `window`;
/// absent for a plain function), of policy (`restrictive`; absent for permissive), of trigger
/// (`constraint`).
pub const TYPE: &str = "type";
/// Storage parameters `name=value`, sorted, joined by `, `; SQLite tables: `strict`,
/// `without rowid`; foreign objects: their `OPTIONS` as SQL writes them, `name 'value'`; user
/// mappings: the names alone, because the values are secrets. Those of a constraint are its index's.
pub const OPTIONS: &str = "options";
/// Names of columns, with [`list`]: the order of a table's, what a constraint is about.
pub const COLUMNS: &str = "columns";
/// Triggers and rules: `disabled`, `replica` or `always`; absent where it fires as usual.
pub const ENABLED: &str = "enabled";

// Table, foreign table, virtual table, materialized view. A virtual table has its module and
// arguments as definition.
/// `unlogged` or `temporary`.
pub const PERSISTENCE: &str = "persistence";
/// `pg_get_partkeydef`: `RANGE (created_at)`.
pub const PARTITION_BY: &str = "partition by";
/// The parent of a partition: a table's, an index's, or that of a key constraint.
pub const PARTITION_OF: &str = "partition of";
/// `FOR VALUES FROM (…) TO (…)` or `DEFAULT`.
pub const PARTITION_BOUND: &str = "partition bound";
/// Parents by inheritance, in order.
pub const INHERITS: &str = "inherits";
pub const ROW_SECURITY: &str = "row security";
pub const FORCE_ROW_SECURITY: &str = "force row security";
/// `full`, `nothing`, or the index name; absent for the default.
pub const REPLICA_IDENTITY: &str = "replica identity";
/// Where it is not the usual `heap`.
pub const ACCESS_METHOD: &str = "access method";
/// The composite type of a typed table.
pub const OF_TYPE: &str = "of type";
/// Of tables, materialized views, indexes and key constraints, where it is not the database's.
pub const TABLESPACE: &str = "tablespace";
/// The server of a foreign table or user mapping.
pub const SERVER: &str = "server";

// Column; the first three also domain, the first also sequence.
/// `format_type`: `integer`, `character varying(20)`, `timestamp with time zone`, `text[]`.
/// SQLite: the declared type as written, absent where there is none.
pub const DATA_TYPE: &str = "data type";
pub const NOT_NULL: &str = "not null";
/// The expression.
pub const DEFAULT: &str = "default";
/// `always` or `by default`.
pub const IDENTITY: &str = "identity";
/// `start 1 increment 1 min 1 max 2147483647 cache 1`, then ` cycle` where it does.
pub const IDENTITY_SEQUENCE: &str = "identity sequence";
/// Where it is not the name that PostgreSQL makes.
pub const IDENTITY_SEQUENCE_NAME: &str = "identity sequence name";
/// The column comes from a parent by inheritance alone.
pub const INHERITED: &str = "inherited";
/// A foreign table's column: its `OPTIONS`, as for [`OPTIONS`].
pub const FOREIGN_OPTIONS: &str = "foreign options";
/// The expression of a generated column.
pub const GENERATED: &str = "generated";
/// `stored` or `virtual`, beside [`GENERATED`].
pub const GENERATED_KIND: &str = "generated kind";
/// Where it is not the type's own.
pub const COLLATION: &str = "collation";
/// `plain`, `external`, `extended`, `main`, where it is not the type's own.
pub const STORAGE: &str = "storage";
pub const COMPRESSION: &str = "compression";
/// The statistics target of a column or extended statistics; of an index `2 100`, column and
/// target, for each column that has one.
pub const STATISTICS: &str = "statistics";

// Constraint: type, definition, columns and these.
/// `no` for `NOT VALID`.
pub const VALIDATED: &str = "validated";
/// `deferrable` or `deferrable initially deferred`.
pub const DEFERRABLE: &str = "deferrable";
/// The table a foreign key refers to.
pub const REFERENCES: &str = "references";

// Index: definition and these.
pub const UNIQUE: &str = "unique";
/// `no` for an index that is not valid, not ready or not live.
pub const VALID: &str = "valid";
/// `btree`, `gin`, …; PostgreSQL only.
pub const METHOD: &str = "method";
/// The condition of a partial index.
pub const PREDICATE: &str = "predicate";
/// The table was last clustered on it.
pub const CLUSTERED: &str = "clustered";

// Sequence: data type and these, all always there.
pub const START: &str = "start";
pub const INCREMENT: &str = "increment";
pub const MIN: &str = "min";
pub const MAX: &str = "max";
pub const CACHE: &str = "cache";
/// Where it cycles.
pub const CYCLE: &str = "cycle";
/// `table.column`, each quoted where needed.
pub const OWNED_BY: &str = "owned by";

// Type.
/// Labels of an enum as SQL literals, in order, joined by `, `.
pub const LABELS: &str = "labels";
/// Attributes of a composite type, `name type`, in order, joined by `, `.
pub const ATTRIBUTES: &str = "attributes";

// Domain: data type, not null, default, collation, and one property per check constraint.
/// The property of the domain's check constraint `name`; its value is the definition.
pub fn domain_check(name: &str) -> String {
    format!("check {name}")
}

/// The property that holds the comment on the domain's check constraint `name`.
pub fn domain_check_comment(name: &str) -> String {
    format!("comment on check {name}")
}

// Extension.
/// Where it lives; only in catalogs of a whole database.
pub const SCHEMA: &str = "schema";

// Policy: type and these.
/// `select`, `insert`, `update` or `delete`; absent for all.
pub const COMMAND: &str = "command";
/// Sorted; `PUBLIC` for all.
pub const ROLES: &str = "roles";
/// The expression of `USING`.
pub const USING: &str = "using";
/// The expression of `WITH CHECK`.
pub const WITH_CHECK: &str = "with check";

// Grant and default privileges: values of the privileges.
pub const GRANTED: &str = "granted";
/// With the grant option.
pub const GRANTABLE: &str = "grantable";
/// A built-in default of PUBLIC that was taken away.
pub const REVOKED: &str = "revoked";

/// Details that the definition already says. They are there for readers and tools; a difference in
/// one of them is not reported beside a difference of the definition.
pub const DETAILS_OF_DEFINITION: [&str; 8] =
    [COLUMNS, DEFERRABLE, METHOD, PREDICATE, REFERENCES, TYPE, UNIQUE, VALIDATED];

/// Names as one value: quoted where SQL needs it, joined by `, `.
pub fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<_> =
        names.into_iter().map(|name| quote_ident(name, Dialect::Postgres)).collect();
    quoted.join(", ")
}

/// The names of a [`list`].
pub fn names_of(list: &str) -> Vec<String> {
    let (mut names, mut quoted, mut from) = (Vec::new(), false, 0);
    for (at, byte) in list.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                names.push(sql::unquote(list[from..at].trim(), Dialect::Postgres));
                from = at + 1;
            }
            _ => {}
        }
    }
    let last = list[from..].trim();
    names.extend((!last.is_empty()).then(|| sql::unquote(last, Dialect::Postgres)));
    names
}
