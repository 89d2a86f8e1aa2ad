//! What a plan consists of once names are resolved: one item per statement that builds something.

use std::collections::BTreeMap;

use diagnostics::Span;
use plan::model::ComponentKind;
use sql::create_table::{Piece, TableDefinition};
use sql::{Dialect, Statement};

/// What a statement is in the order of building.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Extension,
    Type,
    /// A number that SQLite stores in the file for the application: `PRAGMA user_version = 3`.
    Setting,
    Sequence,
    Function,
    Table,
    /// Completes a table before its rows come: a default, an identity, a partition.
    TableChange,
    /// `OWNED BY` and the like: needs the sequence and the table.
    SequenceChange,
    PrimaryKey,
    /// Unique, check, exclude.
    Constraint,
    ForeignKey,
    Index,
    /// Needs the table's indexes: `CLUSTER ON`, `REPLICA IDENTITY`, a partition of an index.
    LateChange,
    View,
    MaterializedView,
    Trigger,
    RowSecurity,
    Policy,
    Grant,
    Comment,
    /// About the home schema itself: runs in the promote transaction.
    Home,
}

/// What identifies a component. Names as the engine stores them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) kind: ComponentKind,
    /// The table of a constraint, trigger, policy; empty for everything that the schema names.
    pub(crate) table: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(kind: ComponentKind, name: impl Into<String>) -> Self {
        Self { kind, table: String::new(), name: name.into() }
    }

    pub(crate) fn on(mut self, table: impl Into<String>) -> Self {
        self.table = table.into();
        self
    }

    /// Equal for names that the engine takes for the same.
    pub(crate) fn folded(&self, dialect: Dialect) -> Key {
        let (table, name) = (dialect.key(&self.table), dialect.key(&self.name));
        Key { kind: self.kind, table, name }
    }

    /// The name by which it is called: of a function without its argument types.
    pub(crate) fn bare(&self) -> &str {
        match self.kind {
            ComponentKind::Function => self.name.split('(').next().unwrap_or_default().trim_end(),
            _ => &self.name,
        }
    }

    /// ``index `orders_total_idx` ``
    pub(crate) fn shown(&self) -> String {
        format!("{} `{}`", self.kind.word(), self.name)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// The component that it is, or that it changes.
    pub(crate) key: Key,
    pub(crate) role: Role,
    /// Id of its step.
    pub(crate) id: String,
    /// Its name in the plan or SQL file.
    pub(crate) place: Span,
    /// The table it is on, for whatever is on one.
    pub(crate) table: Option<String>,
    pub(crate) statement: Statement,
    /// Of a table: its parts.
    pub(crate) definition: Option<Box<TableDefinition>>,
    /// Of a constraint: its parts.
    pub(crate) constraint: Option<Box<Piece>>,
    /// A change of a component, not one itself.
    pub(crate) change: bool,
    /// Part of another item's statement (a constraint of a SQLite table): no step of its own.
    pub(crate) folded: bool,
    /// An error was found in it; what follows from that is not reported again.
    pub(crate) broken: bool,
}

impl Item {
    /// What others call it: functions without their arguments, a collation by its name alone, without
    /// the word in its key.
    pub(crate) fn called(&self) -> &str {
        let own = self.statement.class.name().filter(|_| self.key.kind == ComponentKind::Type);
        own.map_or_else(|| self.key.bare(), |own| own.name.as_str())
    }
}

/// What is known of a table's columns.
#[derive(Clone, Debug)]
pub(crate) struct TableFacts {
    pub(crate) item: usize,
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
    /// There may be more columns than these (`LIKE`, `INHERITS`, `AS query`).
    pub(crate) open: bool,
    /// Rows are loaded into it: no partition, no foreign or virtual table.
    pub(crate) holds_rows: bool,
}

impl TableFacts {
    pub(crate) fn has(&self, column: &str, dialect: Dialect) -> bool {
        self.open || self.columns.iter().any(|name| dialect.same(name, column))
    }
}

/// By the name's folded form.
pub(crate) type Tables = BTreeMap<String, TableFacts>;
