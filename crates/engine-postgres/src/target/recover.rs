//! Going on with a staging schema that a dead run left, going back to the schema that a run replaced.

use std::time::Instant;

use diagnostics::code::{NOTHING_TO_RECOVER, STATEMENT_FAILED, UNDECIDED};
use ir::CompiledPlan;
use runtime::EngineError;
use runtime::engine::{Adopted, Area, Recover, Restore, Restored, Result, RunInfo, Staging};

use super::promote::{self, Restoring};
use super::{PostgresEngine, RESTART, outcome, staging};
use crate::quote;

impl Recover for PostgresEngine {
    fn area(&mut self, run: &RunInfo) -> Result<Area> {
        self.reconnect()?;
        promote::marker_format(&mut self.lead)?;
        let mut there = |name: String| {
            let exists = staging::exists(&mut self.lead, &name)?;
            Ok::<_, EngineError>(exists.then_some(name))
        };
        Ok(Area {
            staging: there(staging::name(&run.run_id))?,
            kept: there(staging::kept_name(&run.run_id))?,
        })
    }

    fn adopt_staging(&mut self, _: &CompiledPlan, run: &RunInfo) -> Result<Option<Adopted>> {
        let name = staging::name(&run.run_id);
        self.end_dead_sessions(run)?;
        let Some(note) = staging::note(&mut self.lead, &name)? else { return Ok(None) };
        let notes = staging::notes_name(&name);
        if note.compiled_digest != run.compiled_digest || !staging::exists(&mut self.lead, &notes)?
        {
            staging::remove(&mut self.lead, &name)?;
            return Ok(None);
        }
        let executed = staging::executed(&mut self.lead, &name)?;
        self.staging = Some(name.clone());
        Ok(Some(Adopted { staging: Staging { name }, executed }))
    }

    fn restore(&mut self, request: &Restore<'_>) -> Result<Restored> {
        let restoring = Restoring { request: *request, target: &self.target };
        let mut session = self.connector.open("rollback")?;
        restoring.run(&mut session)
    }

    fn release(&mut self, run: &RunInfo) -> Result<()> {
        self.reconnect()?;
        if !promote::marker_exists(&mut self.lead, &run.run_id)? {
            let message = format!("the database does not hold run {}", run.run_id);
            return Err(EngineError::new(&NOTHING_TO_RECOVER, message));
        }
        let kept = staging::kept_name(&run.run_id);
        staging::empty(&mut self.lead, &kept)?;
        self.lead.run("begin")?;
        let sql = format!("drop schema if exists {} cascade", quote(&kept));
        let done = self
            .lead
            .run(&sql)
            .and_then(|()| promote::end_marker(&mut self.lead, &run.run_id, "accepted"))
            .and_then(|()| self.lead.run("commit"));
        done.inspect_err(|_| drop(self.lead.run("rollback")))
    }
}

impl PostgresEngine {
    /// The last mebibyte of the server's log.
    ///
    /// # Errors
    /// Where the role may not read it, or the server writes none.
    pub fn server_log(&mut self) -> Result<String> {
        let sql = "select convert_from(pg_read_binary_file(f, greatest(s.size - 1048576, 0), \
                1048576), 'SQL_ASCII') \
            from pg_current_logfile() f, pg_stat_file(f) s where f is not null";
        self.lead.value(&STATEMENT_FAILED, sql, &[])
    }

    /// A server works on for a while after its client has died; nothing of the dead process may still
    /// write where we go on.
    fn end_dead_sessions(&mut self, run: &RunInfo) -> Result<()> {
        let mut own: Vec<i32> = vec![self.lead.pid()?];
        if let Some(holder) = &mut self.holder {
            own.push(holder.pid()?);
        }
        let start = Instant::now();
        while start.elapsed() < RESTART * 4 {
            // It asks them to end every time: a session that is about to begin a statement is missed.
            let left = self.lead.rows(&STATEMENT_FAILED, END_OTHERS, &[&run.run_id, &own])?;
            if left.is_empty() {
                return Ok(());
            }
            std::thread::sleep(outcome::PAUSE);
        }
        Err(EngineError::new(&UNDECIDED, "server processes of the dead run do not end")
            .help("end them (`pg_terminate_backend`), then resume again"))
    }
}

/// Those of the process that led the run; who joined it lives on. PostgreSQL cuts application names at
/// 63 bytes; a run id with its stage has fewer.
const END_OTHERS: &str = "\
    select pg_terminate_backend(pid) from pg_catalog.pg_stat_activity \
    where application_name in (select 'cutover:' || $1 || ':' || stage \
            from unnest(array['lead', 'lock', 'worker', 'promote', 'rollback']) stage) \
      and pid <> all ($2)";
