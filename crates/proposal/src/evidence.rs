//! What a SQLite database is: its schema as SQLite has it, and what one pass over the rows of each
//! table found. Filled by `engine-sqlite`.

use crate::Fit;

/// A database, tables in the order of their creation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Database {
    pub tables: Vec<Table>,
    /// What no table or index is, in the order of creation.
    pub others: Vec<Other>,
}

/// A view, a trigger or a virtual table: its meaning is not in its columns, so a person moves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// `view`, `trigger`, `virtual table`.
    pub kind: &'static str,
    pub name: String,
    /// As SQLite keeps it.
    pub sql: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    pub name: String,
    /// As SQLite keeps it.
    pub sql: String,
    pub rows: u64,
    pub columns: Vec<Column>,
    /// In the order of the key; empty where there is none.
    pub primary_key: Vec<String>,
    /// The one column that is the rowid: SQLite gives it a number where none is inserted.
    pub rowid: Option<String>,
    pub uniques: Vec<Unique>,
    pub foreign_keys: Vec<ForeignKey>,
    pub checks: Vec<Check>,
    pub indexes: Vec<Index>,
}

impl Table {
    /// SQLite ignores the case of names.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    pub name: String,
    /// As written; empty where there is none.
    pub declared: String,
    pub not_null: bool,
    pub default: Option<Default>,
    pub generated: Option<Generated>,
    /// Lower case, absent for `binary`.
    pub collation: Option<String>,
    /// Of a generated column, what it gives.
    pub values: Values,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Default {
    /// As written.
    pub sql: String,
    /// What SQLite makes of it, where it is the same each time.
    pub value: Option<Constant>,
    /// The types that the constant fits.
    pub fits: Vec<Fit>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    pub expression: String,
    pub stored: bool,
}

/// What one pass over a column's values found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    pub nulls: u64,
    pub integers: u64,
    /// Of the integers.
    pub least: i64,
    pub greatest: i64,
    pub reals: u64,
    pub texts: u64,
    /// Texts of a date and time that end in `Z` or an offset.
    pub offsets: u64,
    /// Texts that begin as a JSON object or array does.
    pub documents: u64,
    /// Texts that hold NUL or are not UTF-8.
    pub not_text: u64,
    pub blobs: u64,
    /// Bytes of the longest text or blob.
    pub longest: u64,
    pub fits: Vec<Fit>,
}

impl Values {
    /// Values that are not null.
    pub fn count(&self) -> u64 {
        self.integers + self.reals + self.texts + self.blobs
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unique {
    pub name: Option<String>,
    pub columns: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    pub name: Option<String>,
    pub columns: Vec<String>,
    pub table: String,
    /// Empty: the primary key of `table`.
    pub referenced: Vec<String>,
    /// Lower case (`cascade`), absent for `no action`.
    pub on_delete: Option<String>,
    pub on_update: Option<String>,
    pub deferrable: bool,
    /// Rows of this table that refer to none.
    pub orphans: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub name: Option<String>,
    /// Without the outer parentheses.
    pub expression: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    pub name: String,
    /// As SQLite keeps it.
    pub sql: String,
    pub unique: bool,
    pub elements: Vec<Element>,
    /// The condition of a partial index.
    pub predicate: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    pub key: ElementKey,
    pub descending: bool,
    /// Lower case, absent for `binary`.
    pub collation: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ElementKey {
    Column(String),
    Expression(String),
}
