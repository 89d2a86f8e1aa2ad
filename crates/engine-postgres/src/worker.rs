//! One connection that builds in the staging schema (or reads the live one).

use std::sync::{Arc, Mutex, PoisonError};

use catalog::at_home;
use diagnostics::code::{SKIPPED_BY_WARNING, STATEMENT_FAILED};
use ir::{Check, Settings};
use postgres::{CancelToken, NoTls, SimpleQueryMessage};
use runtime::engine::{
    Cancel, CheckOutcome, Executed, Lease, LoadInto, LoadSink, Result, Tell, UnitSink, Watch,
    Worker,
};
use runtime::{EngineError, ErrorClass, RowDigest};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::connect::{Connector, Session};
use crate::home::{self, Home};
use crate::ledger::Units;
use crate::{check, copy, extension, guard, quote, sqlstate};

pub(crate) struct PostgresWorker {
    connector: Connector,
    /// The part of the application's name that says what the connection is for.
    stage: String,
    schema: String,
    session: Session,
    /// What was set on the session, for the one that takes its place.
    settings: Vec<String>,
    /// Stops the session that there is now.
    stopper: Arc<Mutex<Canceller>>,
    home: Home,
    /// The schema whose table `step` lists what was executed; `None` on the live schema.
    notes: Option<String>,
}

impl PostgresWorker {
    /// Opens a connection whose first schema is `schema`.
    pub(crate) fn open(connector: &Connector, stage: &str, schema: &str) -> Result<Self> {
        let mut session = connector.open(stage)?;
        let home = Home::new(schema);
        home::enter(&mut session, schema)?;
        Ok(Self {
            connector: connector.clone(),
            stage: stage.to_owned(),
            schema: schema.to_owned(),
            settings: Vec::new(),
            stopper: Arc::new(Mutex::new(Canceller::of(&session))),
            session,
            home,
            notes: None,
        })
    }

    /// Sets something on this session and on every one that takes its place.
    fn with(mut self, setting: String) -> Result<Self> {
        self.session.run(&setting)?;
        self.settings.push(setting);
        Ok(self)
    }

    /// What is executed once is noted there.
    pub(crate) fn noting_in(mut self, schema: String) -> Self {
        self.notes = Some(schema);
        self
    }

    /// The connection builds, and must leave the schema `live` alone.
    pub(crate) fn apart_from(self, live: &str) -> Result<Self> {
        self.with(guard::setting(live))
    }

    /// What index builds may use on this connection.
    pub(crate) fn building(self, settings: &Settings) -> Result<Self> {
        self.with(format!(
            "set maintenance_work_mem = '{}kB'; set max_parallel_maintenance_workers = {}",
            settings.index_memory() >> 10,
            settings.index_workers()
        ))
    }

    /// The connection can no longer write.
    pub(crate) fn read_only(self) -> Result<Self> {
        self.with("set default_transaction_read_only = 'on'".to_owned())
    }
}

impl Worker for PostgresWorker {
    fn execute(&mut self, sql: &str) -> Result<Executed> {
        self.transact(sql, None)
    }

    fn execute_once(&mut self, step: &str, sql: &str) -> Result<Executed> {
        self.transact(sql, Some(step))
    }

    fn load<'a>(&'a mut self, table: &str, columns: &[LoadInto]) -> Result<Box<dyn LoadSink + 'a>> {
        copy::load(&mut self.session.client, table, columns)
    }

    fn load_units<'a>(
        &'a mut self,
        lease: &'a Lease,
        columns: &[LoadInto],
    ) -> Result<Box<dyn UnitSink + 'a>> {
        Ok(Box::new(Units::begin(&mut self.session.client, lease, columns)?))
    }

    fn digest_sink<'a>(
        &'a mut self,
        table: &str,
        columns: &[LoadInto],
    ) -> Result<Box<dyn LoadSink + 'a>> {
        copy::digest_sink(&mut self.session.client, table, columns)
    }

    fn row_digest(&mut self, table: &str, columns: &[LoadInto]) -> Result<RowDigest> {
        copy::row_digest(&mut self.session.client, table, columns)
    }

    fn tell(&mut self) -> Option<&mut dyn Tell> {
        Some(self)
    }

    fn set_sequences(&mut self, table: &str) -> Result<()> {
        let rows = self.session.rows(&STATEMENT_FAILED, SEQUENCES, &[&quote(table)])?;
        for row in rows {
            let (sequence, column): (String, String) = (row.get(0), row.get(1));
            let sql = set_sequence(table, &column, &sequence, row.get(2), row.get(3), row.get(4));
            self.session
                .run(&sql)
                .map_err(|error| error.object(format!("sequence of column {table}.{column}")))?;
        }
        Ok(())
    }

    fn analyze(&mut self, table: &str) -> Result<()> {
        drop(self.session.notices());
        self.session.run(&format!("analyze {}", quote(table)))?;
        self.refuse_skipped(|notice| notice.warning)?;
        let sql =
            "select reltuples::float8 from pg_catalog.pg_class where oid = $1::text::regclass";
        let estimate: f64 = self.session.value(&STATEMENT_FAILED, sql, &[&quote(table)])?;
        if estimate < 0.0 {
            return Err(EngineError::new(&SKIPPED_BY_WARNING, "no statistics were gathered")
                .object(format!("table {table}")));
        }
        Ok(())
    }

    fn check(&mut self, check: &Check) -> Result<CheckOutcome> {
        check::alone(&mut self.session, check)
    }

    fn query(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
        self.session.text(sql)
    }

    fn reconnect(&mut self) -> Result<()> {
        let opened = self.connector.open(&self.stage).and_then(|mut session| {
            home::enter(&mut session, &self.schema)?;
            self.settings.iter().try_for_each(|setting| session.run(setting))?;
            Ok(session)
        });
        // A server that restarts cannot be reached for a while: that is no reason to give up.
        self.session = opened.map_err(|error| error.class(ErrorClass::ConnectionLost))?;
        *self.stopper.lock().unwrap_or_else(PoisonError::into_inner) = Canceller::of(&self.session);
        Ok(())
    }

    fn canceller(&self) -> Box<dyn Cancel> {
        Box::new(Stopper(Arc::clone(&self.stopper)))
    }
}

impl Tell for PostgresWorker {
    fn watch_sent<'a>(
        &'a mut self,
        table: &str,
        columns: &[LoadInto],
        watch: &'a dyn Watch,
    ) -> Result<Box<dyn LoadSink + 'a>> {
        copy::watch_sent(&mut self.session.client, table, columns, watch)
    }

    fn watch_found(&mut self, table: &str, columns: &[LoadInto], watch: &dyn Watch) -> Result<()> {
        copy::watch_found(&mut self.session.client, table, columns, watch)
    }

    fn names(&mut self, table: &str, columns: &[LoadInto], at: &[String]) -> Result<Vec<String>> {
        copy::names(&mut self.session.client, table, columns, at)
    }

    fn differing(&self, one: &[u8], other: &[u8]) -> Vec<usize> {
        copy::differing(one, other)
    }
}

/// Stops what the session is doing.
pub(crate) fn canceller(session: &Session) -> Box<dyn Cancel> {
    Box::new(Canceller::of(session))
}

impl PostgresWorker {
    /// Runs the statement in a transaction of its own, with the note that the step is done.
    fn transact(&mut self, sql: &str, step: Option<&str>) -> Result<Executed> {
        if extension::is_done(&mut self.session, sql)? {
            return Ok(Executed::default());
        }
        drop(self.session.notices());
        self.session.run("begin")?;
        let done = self.inside(sql).and_then(|done| {
            guard::untouched(&mut self.session.client)?;
            self.note(step)?;
            self.session.run("commit")?;
            Ok(done)
        });
        done.inspect_err(|_| drop(self.session.client.batch_execute("rollback")))
    }

    fn note(&mut self, step: Option<&str>) -> Result<()> {
        let (Some(schema), Some(step)) = (&self.notes, step) else { return Ok(()) };
        let sql = format!("insert into {}.step values ($1) on conflict do nothing", quote(schema));
        self.session.rows(&STATEMENT_FAILED, &sql, &[&step]).map(drop)
    }

    /// Runs the statement in the open transaction.
    fn inside(&mut self, sql: &str) -> Result<Executed> {
        let text = at_home(sql, &self.home.quoted);
        let messages = self.session.client.simple_query(&text).map_err(|error| {
            self.home.mend(sqlstate::in_sql(&STATEMENT_FAILED, &error, &text), sql)
        })?;
        let counts = messages.iter().map(|message| match message {
            SimpleQueryMessage::CommandComplete(rows) => *rows,
            _ => 0,
        });
        let rows_affected = counts.sum();
        self.refuse_skipped(is_skip)?;
        Ok(Executed { rows_affected })
    }

    fn refuse_skipped(&mut self, is_skip: fn(&crate::connect::Notice) -> bool) -> Result<()> {
        match self.session.notices().into_iter().find(is_skip) {
            None => Ok(()),
            Some(notice) => {
                let mut error = EngineError::new(&SKIPPED_BY_WARNING, notice.message);
                error.sqlstate = Some(notice.sqlstate);
                Err(error)
            }
        }
    }
}

/// Privileges that were not granted or revoked (01007, 01006), and whatever exists already: in a
/// fresh schema that means that something else made it.
fn is_skip(notice: &crate::connect::Notice) -> bool {
    matches!(
        notice.sqlstate.as_str(),
        "01006" | "01007" | "42P07" | "42701" | "42710" | "42P06" | "42723"
    )
}

/// Sequences of identity columns, those owned by a column, and those that its default draws from:
/// name, column, increment, start, and whether the column has it for itself.
const SEQUENCES: &str = "\
    select distinct on (s.seqrelid) s.seqrelid::regclass::text, a.attname::text, s.seqincrement, \
        s.seqstart, d.classid = 'pg_class'::regclass \
    from pg_depend d \
    left join pg_attrdef f on d.classid = 'pg_attrdef'::regclass and f.oid = d.objid \
    join pg_sequence s on s.seqrelid = case when f.oid is null then d.objid else d.refobjid end \
    join pg_attribute a on a.attrelid = coalesce(f.adrelid, d.refobjid) \
        and a.attnum = coalesce(f.adnum, d.refobjsubid) \
    where a.attrelid = $1::text::regclass and a.attnum > 0 and not a.attisdropped \
        and (f.oid is not null and d.refclassid = 'pg_class'::regclass \
            or d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass \
                and d.deptype in ('a', 'i')) \
    order by s.seqrelid, d.classid = 'pg_class'::regclass desc";

/// Past the highest value (the lowest, where the sequence counts down); the start where the table
/// is empty or its values lie before it. A sequence that other tables draw from too never goes back.
fn set_sequence(
    table: &str,
    column: &str,
    sequence: &str,
    increment: i64,
    start: i64,
    own: bool,
) -> String {
    let (outermost, beyond) = if increment > 0 { ("max", ">=") } else { ("min", "<=") };
    let last = format!("(select last_value from {sequence})");
    let ahead = if own { String::new() } else { format!(" and v {beyond} {last}") };
    let reset = if own { "true" } else { "false" };
    format!(
        "select case when v {beyond} {start}{ahead} then setval({name}, v, true) \
         when {reset} then setval({name}, {start}, false) end \
         from (select {outermost}({column})::bigint from {table}) as t (v)",
        name = sql::quote_literal(sequence),
        column = quote(column),
        table = quote(table),
    )
}

struct Canceller {
    token: CancelToken,
    tls: Option<MakeRustlsConnect>,
}

impl Canceller {
    fn of(session: &Session) -> Self {
        let (token, tls) = session.canceller();
        Self { token, tls }
    }
}

/// Stops the session that a worker has at the time.
struct Stopper(Arc<Mutex<Canceller>>);

impl Cancel for Stopper {
    fn cancel(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).cancel();
    }
}

impl Cancel for Canceller {
    /// A request that does not arrive is answered by the statement's own end.
    fn cancel(&self) {
        drop(match &self.tls {
            Some(tls) => self.token.cancel_query(tls.clone()),
            None => self.token.cancel_query(NoTls),
        });
    }
}
