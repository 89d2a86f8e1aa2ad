//! The compiled plan: the only contract between compile and run. Versioned bytes, one digest.
//!
//! Pure. Everything here is data; nothing refers to the plan's YAML but through [`Origin`].

mod backups;
mod compiled_plan;
mod format;
mod load;
mod step;

pub use backups::{Attest, Backups, KeepRules};
pub use compiled_plan::{
    Baseline, CompiledPlan, Component, Existing, Inbound, NewComponent, OnSourceChange,
    PostgresTarget, Server, Settings, Source, SqliteTarget, Tags, Target, TlsMode, Waiver,
};
pub use format::{Digest, FORMAT_VERSION, FormatError};
pub use load::{
    ColumnSource, Conflict, Conversion, Load, LoadColumn, LoadSource, Merge, OnMisfit,
    offset_parameter,
};
pub use step::{
    Action, Check, Edge, Expect, Hazard, Invariant, LockMode, Moment, Origin, Place, Step,
    TableLock,
};
