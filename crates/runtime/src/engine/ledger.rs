//! The ledger of a run's loads: which units are loaded, who loads which, and what a unit is.

use ir::LoadColumn;
use serde::{Deserialize, Serialize};

use super::{FileParameters, Loaded, Misfit, Result, RowSink, Rowids};

/// What has been loaded of each file, in the target itself: a unit (one file for one table) is
/// loaded exactly once, whoever loads it and however often a process dies.
///
/// Whoever loads is a member. A unit is leased to one member; the lease ends when the member's
/// session is gone or when it has not been heard of for [`Fleet::lease_s`] seconds. Then another
/// takes the unit over, and what the first one still sends cannot be committed any more.
pub trait Ledger: Send {
    /// Makes the ledger, or finds the one that an earlier process of this run made; joins it.
    ///
    /// # Errors
    /// `RUN830` where the one that is there is of another plan or of other files.
    fn open(&mut self, fleet: &Fleet) -> Result<()>;

    /// What another process made, and joins it.
    ///
    /// # Errors
    /// `RUN831` where there is none.
    fn join(&mut self) -> Result<Fleet>;

    /// The table is there and complete: from now on its units can be leased.
    fn begin(&mut self, table: &str) -> Result<()>;

    /// Whether the member that leads the run is alive.
    fn is_led(&mut self) -> Result<bool>;

    /// Leases up to so many units of the table that nobody has loaded or is loading; none of a table
    /// that has not begun.
    fn claim(&mut self, table: &str, units: usize) -> Result<Lease>;

    /// What of the lease is not loaded can be leased again: the connection that loaded it is lost.
    fn give_back(&mut self, lease: &Lease) -> Result<()>;

    /// Where the ledger's own connection is lost: goes on as the same member on another one, so that
    /// what the threads of this process are loading stays leased to them.
    ///
    /// # Errors
    /// With [`crate::ErrorClass::ConnectionLost`] where the server cannot be reached.
    fn rejoin_if_lost(&mut self) -> Result<()>;

    /// How many units of the table are not loaded, leased ones among them.
    ///
    /// # Errors
    /// `RUN831` where the ledger is gone: the run has ended.
    fn open_units(&mut self, table: &str) -> Result<u64>;

    /// All units of the table together. Durable when this returns: units are not, each by itself.
    ///
    /// # Errors
    /// `INT999` where one is not loaded.
    fn close(&mut self, table: &str) -> Result<Tally>;

    /// What did not fit of the rows of all units, file by file, whoever read them.
    fn misfits(
        &mut self,
        table: &str,
        take: &mut dyn FnMut(Vec<Misfit>) -> Result<()>,
    ) -> Result<()>;

    /// This member is alive. At least every third of a lease.
    fn heartbeat(&mut self) -> Result<()>;
}

/// A run that reads many files, as its ledger has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fleet {
    pub compiled_digest: String,
    /// How long a member may be silent.
    pub lease_s: u32,
    /// By source, then by position.
    pub files: Vec<FleetFile>,
    /// By table.
    pub loads: Vec<FleetLoad>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FleetFile {
    pub parameters: FileParameters,
    pub source: String,
    pub shown: String,
    /// The main file, then its `-wal`. Times do not count: a copy on another machine has its own.
    pub files: Vec<FileContent>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileContent {
    pub name: String,
    pub size: u64,
    /// Lower-case hexadecimal.
    pub sha256: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FleetLoad {
    pub table: String,
    pub source: String,
    /// What goes into which column, every name resolved.
    pub columns: Vec<LoadColumn>,
    /// In the order of the files, and of the rowids within a file.
    pub units: Vec<FleetUnit>,
}

/// What one transaction loads of one table: a file's rows, or a chunk of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FleetUnit {
    /// Position of the file in its source.
    pub file: usize,
    /// To be expected: what leases are measured by.
    pub rows: u64,
    /// `None`: all rows of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rowids: Option<Rowids>,
}

/// Units of one table that a member alone may load now, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub table: String,
    /// The engine's own handle to the ledger.
    pub ledger: String,
    pub member: i32,
    /// Positions of the units in their load.
    pub units: Vec<usize>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub units: u64,
    /// Rows read from the files.
    pub scanned: u64,
    /// What was sent of all of them, whoever sent it.
    pub loaded: Loaded,
}

/// Takes the rows of the units of one lease, one unit after the other.
pub trait UnitSink: RowSink {
    /// The rows since the last call were those of this unit; `scanned` is how many were read, and
    /// `misfits` is what did not fit of them.
    fn unit_done(&mut self, unit: usize, scanned: u64, misfits: &[Misfit]) -> Result<Loaded>;

    /// Commits the rows and their entries.
    ///
    /// # Errors
    /// `RUN832` where the lease was lost to another member: nothing of it is kept.
    fn commit(self: Box<Self>) -> Result<()>;
}
