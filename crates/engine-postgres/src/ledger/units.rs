//! Rows of the units of one lease, and their entries, in one transaction.

use diagnostics::code::{LEASE_LOST, LOAD_FAILED};
use postgres::Client;
use runtime::engine::{LargeValues, Lease, LoadInto, Loaded, Misfit, Result, RowSink, UnitSink};
use runtime::{EngineError, Row, RowDigest};

use super::entries;
use crate::copy::{self, Appending};
use crate::{guard, quote, sqlstate};

pub(crate) struct Units<'a> {
    lease: &'a Lease,
    copy: Appending<'a>,
    /// What had been taken when the last unit ended.
    before: Loaded,
    entries: Entries,
}

/// By column, as the statement takes them.
#[derive(Default)]
struct Entries {
    positions: Vec<i32>,
    scanned: Vec<i64>,
    bytes: Vec<i64>,
    digests: Vec<String>,
    misfits: Vec<Option<String>>,
}

impl<'a> Units<'a> {
    /// Does not wait for the disk at its commit: if the server dies, rows and entries are lost
    /// together, and the ledger is made durable before anybody builds on it.
    pub(crate) fn begin(
        client: &'a mut Client,
        lease: &'a Lease,
        columns: &[LoadInto],
    ) -> Result<Self> {
        client
            .batch_execute("begin; set local synchronous_commit = off")
            .map_err(|error| sqlstate::error(&LOAD_FAILED, &error))?;
        let copy = copy::append(client, &lease.table, columns)?;
        Ok(Self { lease, copy, before: Loaded::default(), entries: Entries::default() })
    }
}

impl RowSink for Units<'_> {
    fn row(&mut self, row: Row<'_>) -> Result<()> {
        self.copy.row(row)
    }

    fn large_row(&mut self, row: Row<'_>, large: &mut dyn LargeValues) -> Result<()> {
        self.copy.large_row(row, large)
    }

    fn misfits(&mut self) -> Vec<Misfit> {
        self.copy.misfits()
    }
}

impl UnitSink for Units<'_> {
    fn unit_done(&mut self, unit: usize, scanned: u64, misfits: &[Misfit]) -> Result<Loaded> {
        let now = self.copy.so_far();
        let loaded = since(&self.before, &now);
        self.before = now;
        self.entries.add(unit, scanned, &loaded);
        self.entries.misfits.push(entries::of_misfits(misfits)?);
        Ok(loaded)
    }

    fn commit(self: Box<Self>) -> Result<()> {
        let Self { lease, copy, entries, .. } = *self;
        let client = copy.end()?;
        let done = enter(client, lease, &entries)
            .and_then(|()| guard::untouched(client))
            .and_then(|()| run(client, "commit"));
        done.inspect_err(|_| drop(client.batch_execute("rollback")))
    }
}

/// Writes the entries of the units that are this member's still.
fn enter(client: &mut Client, lease: &Lease, entries: &Entries) -> Result<()> {
    let sql = format!(
        "update {}.unit u set done_at = clock_timestamp(), scanned = e.scanned, bytes = e.bytes, \
             digest = e.digest, misfits = e.misfits \
         from unnest($1::integer[], $2::bigint[], $3::bigint[], $4::text[], $5::text[]) \
             as e (position, scanned, bytes, digest, misfits) \
         where u.loads = $6 and u.position = e.position and u.member = $7 and u.done_at is null",
        quote(&lease.ledger)
    );
    let Entries { positions, scanned, bytes, digests, misfits } = entries;
    let entered = client
        .execute(&sql, &[positions, scanned, bytes, digests, misfits, &lease.table, &lease.member])
        .map_err(|error| sqlstate::error(&LOAD_FAILED, &error))?;
    if entered == positions.len() as u64 {
        return Ok(());
    }
    let message = format!(
        "{} of {} units were taken over by another worker before they were loaded",
        positions.len() as u64 - entered,
        positions.len()
    );
    Err(EngineError::new(&LEASE_LOST, message)
        .object(format!("table {}", lease.table))
        .help("the rows of this attempt were taken back; find out why this worker was silent"))
}

fn run(client: &mut Client, sql: &str) -> Result<()> {
    client.batch_execute(sql).map_err(|error| sqlstate::error(&LOAD_FAILED, &error))
}

fn since(before: &Loaded, now: &Loaded) -> Loaded {
    Loaded {
        digest: RowDigest {
            rows: now.digest.rows - before.digest.rows,
            sum: now.digest.sum.wrapping_sub(before.digest.sum),
        },
        bytes: now.bytes - before.bytes,
    }
}

impl Entries {
    /// PostgreSQL has no unsigned integers; none of these comes near the limit.
    fn add(&mut self, unit: usize, scanned: u64, loaded: &Loaded) {
        self.positions.push(i32::try_from(unit).unwrap_or(i32::MAX));
        self.scanned.push(i64::try_from(scanned).unwrap_or(i64::MAX));
        self.bytes.push(i64::try_from(loaded.bytes).unwrap_or(i64::MAX));
        self.digests.push(loaded.digest.to_string());
    }
}
