//! This process's part in the ledger, shared by its threads.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use diagnostics::code;

use crate::EngineError;
use crate::clock::Clock;
use crate::engine::{Fleet, FleetLoad, FleetUnit, Lease, Ledger, Misfit, Tally};
use crate::parallel::locked;

use super::load::Read;

/// Rows that one lease is made for: enough that a transaction costs nothing beside them, few enough
/// that little is lost with a worker.
const LEASE_ROWS: u64 = 50_000;
/// Units that one lease has at most.
const LEASE_UNITS: u64 = 250;

pub(crate) struct Shared {
    ledger: Mutex<Box<dyn Ledger>>,
    tables: BTreeMap<String, Table>,
    /// A third of a lease.
    interval: Duration,
    told: Mutex<Duration>,
}

impl Shared {
    /// `ledger`: joined just now.
    pub(crate) fn new(ledger: Box<dyn Ledger>, fleet: &Fleet, clock: &dyn Clock) -> Self {
        let tables = fleet.loads.iter().map(|load| (load.table.clone(), Table::of(load)));
        Self {
            ledger: Mutex::new(ledger),
            tables: tables.collect(),
            interval: Duration::from_secs(u64::from(fleet.lease_s)) / 3,
            told: Mutex::new(clock.monotonic()),
        }
    }

    pub(crate) fn has(&self, table: &str) -> bool {
        self.tables.contains_key(table)
    }

    /// # Errors
    /// `RUN900` where the ledger has no such unit.
    pub(crate) fn unit(&self, table: &str, unit: usize) -> Result<&FleetUnit, EngineError> {
        let known = self.tables.get(table).and_then(|table| table.units.get(unit));
        known.ok_or_else(|| {
            EngineError::new(&code::INTERNAL, format!("table `{table}` has no unit {unit}"))
        })
    }

    /// The table can be loaded; threads that have nothing else to do may help from now on.
    pub(crate) fn begin(&self, table: &str) -> Result<(), EngineError> {
        locked(&self.ledger).begin(table)?;
        self.open(table, true);
        Ok(())
    }

    fn open(&self, table: &str, open: bool) {
        if let Some(table) = self.tables.get(table) {
            table.open.store(open, Ordering::SeqCst);
        }
    }

    /// Tables with units that may not be leased yet.
    pub(crate) fn to_help_with(&self) -> Vec<&str> {
        let open = self.tables.iter().filter(|(_, table)| table.open.load(Ordering::SeqCst));
        open.map(|(name, _)| name.as_str()).collect()
    }

    pub(crate) fn is_led(&self) -> Result<bool, EngineError> {
        locked(&self.ledger).is_led()
    }

    pub(crate) fn claim(&self, table: &str) -> Result<Lease, EngineError> {
        let size = self.tables.get(table).map_or(1, |table| table.lease);
        let lease = locked(&self.ledger).claim(table, size)?;
        if lease.units.is_empty() {
            self.open(table, false);
        }
        Ok(lease)
    }

    /// After a connection was lost that may have been the ledger's.
    pub(crate) fn take_back(&self, lease: Option<&Lease>) -> Result<(), EngineError> {
        let mut ledger = locked(&self.ledger);
        ledger.rejoin_if_lost()?;
        lease.map_or(Ok(()), |lease| ledger.give_back(lease))
    }

    /// What the threads of this process have read of the table until now, with what is read just now.
    pub(crate) fn read(&self, table: &str, now: Read) -> Read {
        let Some(table) = self.tables.get(table) else { return now };
        Read {
            rows: table.rows.fetch_add(now.rows, Ordering::Relaxed) + now.rows,
            bytes: table.bytes.fetch_add(now.bytes, Ordering::Relaxed) + now.bytes,
        }
    }

    pub(crate) fn open_units(&self, table: &str) -> Result<u64, EngineError> {
        locked(&self.ledger).open_units(table)
    }

    pub(crate) fn close(&self, table: &str) -> Result<Tally, EngineError> {
        locked(&self.ledger).close(table)
    }

    pub(crate) fn misfits(
        &self,
        table: &str,
        take: &mut dyn FnMut(Vec<Misfit>) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        locked(&self.ledger).misfits(table, take)
    }

    /// Tells the ledger that this process is alive, where that is due.
    pub(crate) fn heartbeat(&self, clock: &dyn Clock) -> Result<(), EngineError> {
        let now = clock.monotonic();
        let mut told = locked(&self.told);
        if now.saturating_sub(*told) < self.interval {
            return Ok(());
        }
        *told = now;
        locked(&self.ledger).heartbeat()
    }
}

struct Table {
    units: Vec<FleetUnit>,
    /// Units per lease.
    lease: usize,
    /// Whether somebody else may find units to load.
    open: AtomicBool,
    rows: AtomicU64,
    bytes: AtomicU64,
}

impl Table {
    fn of(load: &FleetLoad) -> Self {
        Self {
            lease: lease_size(load.units.iter().map(|unit| unit.rows)),
            units: load.units.clone(),
            open: AtomicBool::new(false),
            rows: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }
}

fn lease_size(rows: impl ExactSizeIterator<Item = u64>) -> usize {
    let units = rows.len().max(1) as u64;
    let each = rows.sum::<u64>().max(1).div_ceil(units);
    usize::try_from((LEASE_ROWS / each).clamp(1, LEASE_UNITS)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::lease_size;

    #[test]
    fn small_files_are_leased_by_the_hundred_and_large_ones_alone() {
        let size = |rows: &[u64]| lease_size(rows.iter().copied());
        assert_eq!(size(&[200; 2_000]), 250);
        assert_eq!(size(&[10_000; 30]), 5);
        assert_eq!(size(&[3_000_000, 1]), 1);
        assert_eq!(size(&[0, 0]), 250);
    }
}
