//! The ledger of a run's loads, in a private schema beside the staging schema.
//!
//! ```text
//! claim ─► COPY of the units' rows ─┐
//!                                   ├─ one transaction
//!          their entries ───────────┘
//! ```
//!
//! A unit's rows and its entry commit together, so after any crash the ledger says exactly which
//! rows are in the staged tables. Who loads is leased its units (`FOR UPDATE SKIP LOCKED`); the last
//! statement before the commit writes the entries of those units that are leased to it still, and
//! rolls back where one has been taken over: a worker that was only slow cannot load a file twice.

mod entries;
mod lease;
mod units;

use diagnostics::code::{INTERNAL, LEDGER_DIFFERS, NOTHING_TO_JOIN, STATEMENT_FAILED};
use runtime::engine::{Fleet, Lease, Ledger, Loaded, Misfit, Result, Tally};
use runtime::{EngineError, ErrorClass, RowDigest};

use crate::connect::{Connector, Session};
use crate::target::staging;
use crate::{quote, record};

pub(crate) use units::Units;

const PREFIX: &str = "cutover_ledger_";

/// Raised by one whenever an older program could misread a ledger; its table `run` says it.
const FORMAT: u32 = 1;

/// The ledger's schema.
pub(crate) fn name(run_id: &str) -> String {
    format!("{PREFIX}{}", run_id.replace('-', "_"))
}

/// Nothing to drop is fine.
pub(crate) fn drop_statement(run_id: &str) -> String {
    format!("drop schema if exists {} cascade", quote(&name(run_id)))
}

/// Runs that have a ledger here, sorted.
pub(crate) fn runs(session: &mut Session) -> Result<Vec<String>> {
    let sql = "select nspname::text from pg_catalog.pg_namespace where starts_with(nspname, $1) \
        order by nspname";
    let rows = session.rows(&STATEMENT_FAILED, sql, &[&PREFIX])?;
    Ok(rows.iter().map(|row| row.get::<_, &str>(0)[PREFIX.len()..].replace('_', "-")).collect())
}

pub(crate) struct PostgresLedger {
    connector: Connector,
    session: Session,
    run_id: String,
    schema: String,
    member: Option<i32>,
}

/// What its session is for, in the application's name.
const SESSION: &str = "ledger";

impl PostgresLedger {
    pub(crate) fn connect(connector: &Connector, run_id: &str) -> Result<Self> {
        Ok(Self {
            session: connector.open(SESSION)?,
            connector: connector.clone(),
            run_id: run_id.to_owned(),
            schema: name(run_id),
            member: None,
        })
    }

    /// # Errors
    /// `RUN843` where a newer program made it: then nothing of it is read.
    fn exists(&mut self) -> Result<bool> {
        record::format_of(&mut self.session, (&self.schema, "run"), FORMAT)?;
        let sql = "select to_regclass($1) is not null";
        let unit = format!("{}.unit", quote(&self.schema));
        self.session.value(&STATEMENT_FAILED, sql, &[&unit])
    }

    fn member(&self) -> Result<i32> {
        self.member.ok_or_else(|| EngineError::new(&INTERNAL, "the ledger was not joined"))
    }

    /// A ledger that is gone is a run that has ended.
    fn gone(&self, error: EngineError) -> EngineError {
        match error.sqlstate.as_deref() {
            // Undefined table, invalid schema name.
            Some("42P01" | "3F000") => nothing_to_join(&self.run_id),
            _ => error,
        }
    }
}

fn nothing_to_join(run_id: &str) -> EngineError {
    EngineError::new(&NOTHING_TO_JOIN, "the run has no ledger in this target, or has ended")
        .object(format!("run {run_id}"))
        .help("`cutover status` shows the runs; only a run that loads many files or chunks can be joined")
}

impl Ledger for PostgresLedger {
    fn open(&mut self, fleet: &Fleet) -> Result<()> {
        if self.exists()? {
            let found = entries::read(&mut self.session, &self.schema)?;
            same(&self.run_id, &found, fleet)?;
        } else {
            entries::create(&mut self.session, &self.schema, &self.run_id, fleet)?;
        }
        self.member = Some(lease::join(&mut self.session, &self.schema, true)?);
        Ok(())
    }

    fn join(&mut self) -> Result<Fleet> {
        if !self.exists()? {
            return Err(nothing_to_join(&self.run_id));
        }
        let fleet = entries::read(&mut self.session, &self.schema)?;
        self.member = Some(lease::join(&mut self.session, &self.schema, false)?);
        Ok(fleet)
    }

    fn begin(&mut self, table: &str) -> Result<()> {
        let sql = format!(
            "update {}.load set began_at = clock_timestamp() where loads = $1",
            quote(&self.schema)
        );
        self.session.rows(&STATEMENT_FAILED, &sql, &[&table]).map(drop)
    }

    fn is_led(&mut self) -> Result<bool> {
        lease::is_led(&mut self.session, &self.schema).map_err(|error| self.gone(error))
    }

    fn claim(&mut self, table: &str, units: usize) -> Result<Lease> {
        let member = self.member()?;
        let units = lease::claim(&mut self.session, &self.schema, member, table, units)
            .map_err(|error| self.gone(error))?;
        Ok(Lease { table: table.to_owned(), ledger: self.schema.clone(), member, units })
    }

    fn give_back(&mut self, lease: &Lease) -> Result<()> {
        lease::give_back(&mut self.session, &self.schema, lease)
    }

    fn rejoin_if_lost(&mut self) -> Result<()> {
        if !self.session.client.is_closed() {
            return Ok(());
        }
        let member = self.member()?;
        let lost = |error: EngineError| error.class(ErrorClass::ConnectionLost);
        let mut session = self.connector.open(SESSION).map_err(lost)?;
        lease::rejoin(&mut session, &self.schema, member)?;
        self.session = session;
        Ok(())
    }

    fn open_units(&mut self, table: &str) -> Result<u64> {
        let sql = format!(
            "select count(*) from {}.unit where loads = $1 and done_at is null",
            quote(&self.schema)
        );
        let count: i64 = self
            .session
            .value(&STATEMENT_FAILED, &sql, &[&table])
            .map_err(|error| self.gone(error))?;
        Ok(count.unsigned_abs())
    }

    fn close(&mut self, table: &str) -> Result<Tally> {
        if self.open_units(table)? > 0 {
            return Err(EngineError::new(&INTERNAL, "a table is closed before all its units"));
        }
        lease::end_latecomers(&mut self.session, &staging::name(&self.run_id), table)?;
        // Units commit without waiting for the disk; whoever waits for this waits for all of them.
        let schema = quote(&self.schema);
        let sql =
            format!("update {schema}.load set closed_at = clock_timestamp() where loads = $1");
        self.session.rows(&STATEMENT_FAILED, &sql, &[&table])?;
        let sql = format!("select scanned, bytes, digest from {schema}.unit where loads = $1");
        let rows = self.session.rows(&STATEMENT_FAILED, &sql, &[&table])?;
        rows.iter().try_fold(Tally::default(), |tally, row| {
            let (scanned, bytes, digest): (i64, i64, &str) = (row.get(0), row.get(1), row.get(2));
            let digest: RowDigest =
                digest.parse().map_err(|text: String| EngineError::new(&INTERNAL, text))?;
            Ok(Tally {
                units: tally.units + 1,
                scanned: tally.scanned + scanned.unsigned_abs(),
                loaded: Loaded {
                    digest: tally.loaded.digest.merge(digest),
                    bytes: tally.loaded.bytes + bytes.unsigned_abs(),
                },
            })
        })
    }

    fn misfits(
        &mut self,
        table: &str,
        take: &mut dyn FnMut(Vec<Misfit>) -> Result<()>,
    ) -> Result<()> {
        entries::misfits(&mut self.session, &self.schema, table, take)
    }

    fn heartbeat(&mut self) -> Result<()> {
        let member = self.member()?;
        lease::heartbeat(&mut self.session, &self.schema, member).map_err(|error| self.gone(error))
    }
}

/// What is loaded already must be what this run would load.
fn same(run_id: &str, found: &Fleet, now: &Fleet) -> Result<()> {
    let what = if found.compiled_digest != now.compiled_digest {
        "another compiled plan"
    } else if found.files != now.files {
        "source files with other bytes"
    } else if found.loads != now.loads {
        "other columns"
    } else {
        return Ok(());
    };
    let message = format!("what this run has loaded is of {what}");
    Err(EngineError::new(&LEDGER_DIFFERS, message)
        .object(format!("run {run_id}"))
        .help("begin anew with `cutover run`: it removes what this run has built"))
}
