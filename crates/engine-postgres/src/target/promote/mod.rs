//! The cutover: one short transaction in which the staged objects take their place.
//!
//! ```text
//! lock what is replaced ─► unchanged? ─► sources untouched? ─► old objects aside ─► new ones in
//!   ─► references from outside carried over ─► grants of the plan ─► checks ─► catalog once more
//!   ─► marker row ─► journal ─► COMMIT
//! ```
//! Every try has the same `lock_timeout`, and there is a last one: what cannot get its locks gives up
//! and leaves the target as it was.

mod marker;
mod moves;
mod restore;

use std::time::{Duration, Instant};

use catalog::Catalog;
use diagnostics::code::{CHECK_FAILED, LOCK_TIMEOUT, STATEMENT_FAILED, TARGET_CHANGED};
use ir::{Action, Check, CompiledPlan, Place, PostgresTarget};
use runtime::engine::{PromoteHooks, Promotion, RunInfo};
use runtime::{EngineError, ErrorClass, faults};

pub(super) use marker::{end as end_marker, exists as marker_exists, format as marker_format};
pub(super) use moves::stem;
pub(super) use restore::Restoring;

use super::existing::{self, Carry};
use super::objects::{self, Object};
use super::{compare, staging, verify};
use crate::connect::Session;
use crate::home::Home;
use crate::introspect::{Scope, introspect, set_search_path};
use crate::{check, home, ledger, quote, sqlstate};

/// The wait after the first failed try; it doubles up to [`LONGEST`].
const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(10);

/// One promote, tried as often as the plan permits.
pub(super) struct Promote<'a> {
    pub(super) plan: &'a CompiledPlan,
    pub(super) target: &'a PostgresTarget,
    pub(super) run: &'a RunInfo,
    pub(super) staging: &'a str,
    /// `None` where no preflight was made in this process.
    pub(super) before: Option<&'a str>,
    pub(super) baseline: &'a Catalog,
    pub(super) after: &'a [Check],
}

impl Promote<'_> {
    pub(super) fn run(
        &self,
        session: &mut Session,
        hooks: &mut dyn PromoteHooks,
    ) -> Result<Promotion, EngineError> {
        let attempts = self.plan.settings.promote_attempts.max(1);
        let (mut attempt, mut wait) = (1, FIRST);
        loop {
            let schema = &self.target.schema;
            let done =
                self.attempt(session, hooks).map_err(|error| blocked(session, schema, error));
            match done {
                Ok(done) => return Ok(Promotion { attempts: attempt, ..done }),
                Err(error) if error.class == ErrorClass::Transient && attempt < attempts => {
                    let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                    hooks.retrying(attempt, ms, &error.to_string());
                    std::thread::sleep(wait);
                    wait = (wait * 2).min(LONGEST);
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn attempt(
        &self,
        session: &mut Session,
        hooks: &mut dyn PromoteHooks,
    ) -> Result<Promotion, EngineError> {
        session.run("begin")?;
        let done = self.inside(session, hooks).and_then(|(promotion, locked)| {
            commit(session)?;
            let locked_ms = u64::try_from(locked.elapsed().as_millis()).unwrap_or(u64::MAX);
            Ok(Promotion { locked_ms, ..promotion })
        });
        if done.is_err() {
            // Where the session is gone the server rolls back by itself.
            drop(session.run("rollback; set search_path = pg_catalog"));
        }
        done
    }

    fn inside(
        &self,
        session: &mut Session,
        hooks: &mut dyn PromoteHooks,
    ) -> Result<(Promotion, Instant), EngineError> {
        let ms = self.plan.settings.lock_timeout_ms.max(1);
        session
            .run(&format!("set local lock_timeout = {ms}; set local search_path = pg_catalog"))?;
        let locked = Instant::now();
        let new = objects::of_schema(session, self.staging)?;
        let old = self.lock_replaced(session, &new)?;
        hooks.guard()?;
        let schema = &self.target.schema;
        let made_schema = !staging::exists(session, schema)?;
        let schema_acl = restore::acl(session, schema)?;
        let note = staging::note(session, self.staging)?.map(|note| note.to_text());
        let kept = self.exchange(session, &new, &old)?;
        self.plan_statements(session)?;
        self.checks(session, hooks)?;
        let fingerprint = self.compare(session, &new)?;
        set_search_path(session, "pg_catalog")?;
        session.run(&format!(
            "drop schema {} restrict; drop schema if exists {} cascade",
            quote(self.staging),
            quote(&staging::notes_name(self.staging))
        ))?;
        session.run(&ledger::drop_statement(&self.run.run_id))?;
        let way = marker::Way {
            schema,
            kept: kept.as_deref(),
            new: &new,
            made_schema,
            schema_acl,
            note: note.unwrap_or_default(),
        };
        marker::insert(session, self.run, &way)?;
        let sql = "select pg_current_xact_id()::text";
        let transaction: String = session.value(&STATEMENT_FAILED, sql, &[])?;
        hooks.before_commit(&transaction)?;
        Ok((Promotion { attempts: 0, locked_ms: 0, kept, fingerprint }, locked))
    }

    /// What is in the way, locked, and found to be what preflight saw.
    fn lock_replaced(
        &self,
        session: &mut Session,
        new: &[Object],
    ) -> Result<Vec<Object>, EngineError> {
        let old = objects::of_schema(session, &self.target.schema)?;
        let old = objects::replaced_by(session, old, new)?;
        moves::lock(session, &self.target.schema, &old)?;
        let Some(before) = self.before else { return Ok(old) };
        let now = existing::look(session, &self.target.schema, &old)?;
        if now.fingerprint == before {
            return Ok(old);
        }
        let message = "what the promote replaces is not what it was when the run began";
        Err(EngineError::new(&TARGET_CHANGED, message)
            .object(format!("schema {}", self.target.schema))
            .help("stop what writes to the target's tables and run again"))
    }

    /// Old objects out, new ones in, references from outside carried over.
    fn exchange(
        &self,
        session: &mut Session,
        new: &[Object],
        old: &[Object],
    ) -> Result<Option<String>, EngineError> {
        let carried = self.inbound(session, old)?;
        let kept = (!old.is_empty()).then(|| staging::kept_name(&self.run.run_id));
        if let Some(kept) = &kept {
            for carry in &carried {
                session.run(&carry.detach)?;
            }
            let name = quote(kept);
            session
                .run(&format!("create schema {name}; revoke all on schema {name} from public"))?;
            moves::to(session, old, kept)?;
        }
        moves::create_schema(session, self.target)?;
        moves::to(session, new, &self.target.schema)?;
        moves::rename_home(session, self.staging, &self.target.schema)?;
        if let Some(owner) = &self.target.owner {
            moves::give(session, &self.target.schema, new, owner)?;
        }
        for carry in &carried {
            session.run(&carry.attach)?;
        }
        if let Some(kept) = &kept {
            moves::nothing_refers_to(session, kept)?;
        }
        Ok(kept)
    }

    fn inbound(&self, session: &mut Session, old: &[Object]) -> Result<Vec<Carry>, EngineError> {
        if old.is_empty() {
            return Ok(Vec::new());
        }
        let found = existing::inbound(session, old)?;
        let permitted = self.target.inbound == ir::Inbound::Carry;
        found
            .into_iter()
            .map(|inbound| match inbound.carry {
                Some(carry) if permitted => Ok(carry),
                _ => Err(moves::refers(&inbound.shown)),
            })
            .collect()
    }

    /// Grants on the schema itself and what else the plan places here.
    fn plan_statements(&self, session: &mut Session) -> Result<(), EngineError> {
        home::enter(session, &self.target.schema)?;
        let home = Home::new(&self.target.schema);
        for step in &self.plan.steps {
            let Action::Execute { sql, place: Place::Promote } = &step.action else { continue };
            let text = catalog::at_home(sql, &home.quoted);
            session
                .run(&text)
                .map_err(|error| home.mend(error, sql).object(step.origin.to_string()))?;
        }
        Ok(())
    }

    fn checks(
        &self,
        session: &mut Session,
        hooks: &mut dyn PromoteHooks,
    ) -> Result<(), EngineError> {
        let mut failed = None;
        for check in self.after {
            let outcome = check::inside(session, check)?;
            hooks.check_done(check, &outcome);
            if !outcome.passed && failed.is_none() {
                let message = format!("check `{}` does not hold: {}", check.name, outcome.found);
                let place = check.origin.to_string();
                failed = Some(EngineError::new(&CHECK_FAILED, message).object(place));
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// The last look: everything of the baseline is in the target schema, and is right.
    fn compare(&self, session: &mut Session, new: &[Object]) -> Result<String, EngineError> {
        let built = introspect(session, &Scope::Schema(self.target.schema.clone()))?;
        let (expected, built) = moves::comparable(self.baseline, built, new);
        let found = compare::against_baseline(&expected, &built, self.plan, self.target);
        let mut wrong: Vec<String> = found.iter().map(ToString::to_string).collect();
        wrong.extend(verify::defects_of(session, &self.target.schema, new)?);
        if wrong.is_empty() {
            return Ok(catalog::fingerprint(&built, catalog::Scope::default()));
        }
        Err(EngineError::new(&diagnostics::code::CATALOG_DIFFERS, wrong.join("; "))
            .object(format!("schema {}", self.target.schema)))
    }
}

/// Names who holds what was waited for: the first thing that anybody asks.
fn blocked(session: &mut Session, schema: &str, mut error: EngineError) -> EngineError {
    if error.code != &LOCK_TIMEOUT {
        return error;
    }
    let rows = session.rows(&STATEMENT_FAILED, HOLDERS, &[&schema]);
    let holders: Vec<String> = rows.unwrap_or_default().iter().map(|row| row.get(0)).collect();
    if !holders.is_empty() {
        error.message = format!("{}; {}", error.message, holders.join("; "));
    }
    error
}

/// Sessions with a lock on tables of schema $1, the longest transaction first. Their SQL is left out:
/// it may hold anything.
const HOLDERS: &str = "\
    select format('server process %s (role %s, %s, %s, in its transaction since %s) holds %s', \
        a.pid, coalesce(a.usename, '-'), coalesce(nullif(a.application_name, ''), a.backend_type), \
        coalesce(a.state, 'active'), to_char(a.xact_start, 'YYYY-MM-DD HH24:MI:SSOF'), \
        string_agg(distinct c.relname, ', ')) \
    from pg_locks l join pg_class c on c.oid = l.relation \
    join pg_namespace n on n.oid = c.relnamespace join pg_stat_activity a on a.pid = l.pid \
    where l.locktype = 'relation' and l.granted and l.pid <> pg_backend_pid() \
      and n.nspname = $1 and c.relkind in ('r', 'p', 'v', 'm', 'S') \
      and l.database = (select oid from pg_database where datname = current_database()) \
    group by a.pid, a.usename, a.application_name, a.backend_type, a.state, a.xact_start \
    order by a.xact_start limit 3";

/// From here on only the server knows.
fn commit(session: &mut Session) -> Result<(), EngineError> {
    let point = |what| {
        faults::io(what).map_err(|error| EngineError::new(&STATEMENT_FAILED, error.to_string()))
    };
    point("send COMMIT")?;
    session.client.batch_execute("commit").map_err(|error| {
        let found = sqlstate::error(&STATEMENT_FAILED, &error);
        if session.client.is_closed() { found.class(ErrorClass::ConnectionLost) } else { found }
    })
}
