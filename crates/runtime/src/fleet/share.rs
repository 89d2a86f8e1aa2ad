//! This process's part in the ledger, shared by its threads.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use crate::EngineError;
use crate::clock::Clock;
use crate::engine::{Fleet, Lease, Ledger, Misfit, Tally};
use crate::parallel::locked;

/// Rows that one lease is made for: enough that a transaction costs nothing beside them, few enough
/// that little is lost with a worker.
const LEASE_ROWS: u64 = 50_000;
/// Files that one lease has at most.
const LEASE_FILES: u64 = 250;

pub(crate) struct Shared {
    ledger: Mutex<Box<dyn Ledger>>,
    /// Files per lease, by table.
    sizes: BTreeMap<String, usize>,
    /// A third of a lease.
    interval: Duration,
    told: Mutex<Duration>,
}

impl Shared {
    /// `ledger`: joined just now.
    pub(crate) fn new(ledger: Box<dyn Ledger>, fleet: &Fleet, clock: &dyn Clock) -> Self {
        let size = |load: &crate::engine::FleetLoad| (load.table.clone(), lease_size(&load.rows));
        Self {
            ledger: Mutex::new(ledger),
            sizes: fleet.loads.iter().map(size).collect(),
            interval: Duration::from_secs(u64::from(fleet.lease_s)) / 3,
            told: Mutex::new(clock.monotonic()),
        }
    }

    pub(crate) fn has(&self, table: &str) -> bool {
        self.sizes.contains_key(table)
    }

    pub(crate) fn begin(&self, table: &str) -> Result<(), EngineError> {
        locked(&self.ledger).begin(table)
    }

    pub(crate) fn is_led(&self) -> Result<bool, EngineError> {
        locked(&self.ledger).is_led()
    }

    pub(crate) fn claim(&self, table: &str) -> Result<Lease, EngineError> {
        let size = self.sizes.get(table).copied().unwrap_or(1);
        locked(&self.ledger).claim(table, size)
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

fn lease_size(rows: &[u64]) -> usize {
    let each = rows.iter().sum::<u64>().max(1).div_ceil(rows.len().max(1) as u64);
    usize::try_from((LEASE_ROWS / each).clamp(1, LEASE_FILES)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::lease_size;

    #[test]
    fn small_files_are_leased_by_the_hundred_and_large_ones_alone() {
        assert_eq!(lease_size(&[200; 2_000]), 250);
        assert_eq!(lease_size(&[10_000; 30]), 5);
        assert_eq!(lease_size(&[3_000_000, 1]), 1);
        assert_eq!(lease_size(&[0, 0]), 250);
    }
}
