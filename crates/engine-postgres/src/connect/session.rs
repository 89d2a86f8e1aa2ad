//! A connection whose settings are what the run relies on, whatever the server's defaults are.

use std::sync::{Arc, Mutex, PoisonError};

use diagnostics::Code;
use diagnostics::code::{STATEMENT_FAILED, TLS_REQUIRED, UNREACHABLE};
use ir::TlsMode;
use postgres::config::SslMode;
use postgres::types::ToSql;
use postgres::{CancelToken, Client, NoTls, Row, SimpleQueryMessage};
use runtime::{EngineError, ErrorClass};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::interrupt::Interrupt;
use super::{Address, tls};
use crate::sqlstate;

/// Limits of every session; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pins {
    pub statement_timeout_ms: u64,
    pub lock_timeout_ms: u64,
}

/// Opens sessions on one server.
#[derive(Clone)]
pub struct Connector {
    pub(super) address: Address,
    pub(super) tls: Option<MakeRustlsConnect>,
    pub(super) mode: TlsMode,
    pins: Pins,
    /// `cutover:<run>`; the stage is appended.
    pub(super) name: String,
    interrupt: Arc<Interrupt>,
}

impl Connector {
    /// # Errors
    /// Where TLS is due and no certificates can be had.
    pub fn new(address: Address, mode: TlsMode, pins: Pins) -> Result<Self, EngineError> {
        let tls = tls::connector(&address, mode)?;
        let (name, interrupt) = ("cutover".to_owned(), Arc::default());
        Ok(Self { address, tls, mode, pins, name, interrupt })
    }

    /// What the application names of the sessions begin with.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Sessions opened from now on carry the run's id as their application name.
    pub fn set_run(&mut self, run_id: &str) {
        self.name = format!("cutover:{run_id}");
    }

    pub(crate) fn interrupt(&self) -> &Arc<Interrupt> {
        &self.interrupt
    }

    /// Ends with the other one, when a person wants it to.
    pub(crate) fn end_with(&mut self, other: &Connector) {
        self.interrupt = Arc::clone(&other.interrupt);
    }

    /// The same server and settings, another database.
    #[must_use]
    pub fn in_database(&self, database: &str) -> Self {
        let mut other = self.clone();
        other.address = other.address.with_database(database);
        other
    }

    /// The same server and database, with other limits.
    #[must_use]
    pub fn with_pins(&self, pins: Pins) -> Self {
        Self { pins, ..self.clone() }
    }

    /// The database that sessions are on, where the URL names one.
    pub fn database(&self) -> Option<String> {
        self.address.config.get_dbname().map(str::to_owned)
    }

    pub fn address(&self) -> &Address {
        &self.address
    }

    /// # Errors
    /// `RUN802`, `RUN809`, without any secret.
    pub fn open(&self, stage: &str) -> Result<Session, EngineError> {
        let notices = Notices::default();
        let sink = notices.clone();
        let mut config = self.address.config.clone();
        config.application_name(&format!("{}:{stage}", self.name));
        config.notice_callback(move |notice| sink.push(&notice));
        let client = match &self.tls {
            Some(tls) => config.ssl_mode(SslMode::Require).connect(tls.clone()),
            None => config.ssl_mode(SslMode::Disable).connect(NoTls),
        };
        let client = client.map_err(|error| refused(&error, &self.address))?;
        let connector = Box::new(self.clone());
        let mut session = Session { client, notices, version: 0, connector };
        session.pin(self.pins)?;
        Ok(session)
    }
}

fn refused(error: &postgres::Error, address: &Address) -> EngineError {
    let mut found = sqlstate::error(&UNREACHABLE, error);
    found.object = Some(address.shown());
    let text = found.message.to_lowercase();
    if error.as_db_error().is_none() && (text.contains("tls") || text.contains("certificate")) {
        return EngineError::new(&TLS_REQUIRED, found.message).object(address.shown()).help(
            "enable TLS on the server with a certificate for its host name, name its CA with \
             `sslrootcert` in the URL, or say `tls: insecure-disable` in the plan",
        );
    }
    // Nothing was sent yet, so nothing is unknown.
    if found.class == ErrorClass::ConnectionLost {
        found.code = &UNREACHABLE;
        found.class = ErrorClass::Permanent;
        found.help = Some("see that the server runs and that the URL names it".to_owned());
    }
    found
}

/// Warnings and notices of one connection, oldest first.
#[derive(Clone, Default)]
struct Notices(Arc<Mutex<Vec<Notice>>>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) warning: bool,
    pub(crate) sqlstate: String,
    pub(crate) message: String,
}

impl Notices {
    fn push(&self, notice: &postgres::error::DbError) {
        let warning = notice.parsed_severity() == Some(postgres::error::Severity::Warning);
        let sqlstate = notice.code().code().to_owned();
        let message = notice.message().to_owned();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(Notice { warning, sqlstate, message });
    }

    fn take(&self) -> Vec<Notice> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One connection. Errors carry the given code unless their SQLSTATE has a better one.
pub struct Session {
    pub client: Client,
    notices: Notices,
    version: u32,
    /// How it was opened.
    connector: Box<Connector>,
}

impl Session {
    /// Of the server process.
    ///
    /// # Errors
    /// What the server says.
    pub(crate) fn pid(&mut self) -> Result<i32, EngineError> {
        self.value(&UNREACHABLE, "select pg_catalog.pg_backend_pid()", &[])
    }

    /// How to open another one like it.
    pub(crate) fn connector(&self) -> &Connector {
        &self.connector
    }

    /// `server_version_num`: 150018.
    pub fn version(&self) -> u32 {
        self.version
    }

    pub fn major(&self) -> u32 {
        self.version / 10_000
    }

    /// # Errors
    /// What the server says, with the offset in `sql`.
    pub fn run(&mut self, sql: &str) -> Result<(), EngineError> {
        self.client
            .batch_execute(sql)
            .map_err(|error| sqlstate::in_sql(&STATEMENT_FAILED, &error, sql))
    }

    /// # Errors
    /// What the server says.
    pub fn rows(
        &mut self,
        code: &'static Code,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, EngineError> {
        self.client.query(sql, parameters).map_err(|error| sqlstate::in_sql(code, &error, sql))
    }

    /// One value of one row.
    ///
    /// # Errors
    /// What the server says, or where there is no such row.
    pub fn value<T: for<'a> postgres::types::FromSql<'a>>(
        &mut self,
        code: &'static Code,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<T, EngineError> {
        let row = self
            .client
            .query_one(sql, parameters)
            .map_err(|error| sqlstate::in_sql(code, &error, sql))?;
        row.try_get(0).map_err(|error| sqlstate::error(code, &error))
    }

    /// Rows as text through the simple protocol, which needs no types.
    ///
    /// # Errors
    /// What the server says, with the offset in `sql`.
    pub fn text(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, EngineError> {
        let messages = self
            .client
            .simple_query(sql)
            .map_err(|error| sqlstate::in_sql(&STATEMENT_FAILED, &error, sql))?;
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect())
            }
            _ => None,
        });
        Ok(rows.collect())
    }

    /// What the server warned of since the last call.
    pub(crate) fn notices(&mut self) -> Vec<Notice> {
        self.notices.take()
    }

    pub(crate) fn canceller(&self) -> (CancelToken, Option<MakeRustlsConnect>) {
        (self.client.cancel_token(), self.connector.tls.clone())
    }

    fn pin(&mut self, pins: Pins) -> Result<(), EngineError> {
        let number = self.text("select pg_catalog.current_setting('server_version_num')")?;
        let number = number.into_iter().flatten().flatten().next().unwrap_or_default();
        self.version = number.parse().unwrap_or(0);
        self.run(&pin_statements(pins, self.version))
    }
}

/// Values are those that the run relies on: names resolve to the system catalog alone, text forms
/// are the same everywhere, and the server notices when we are gone.
fn pin_statements(pins: Pins, version: u32) -> String {
    let mut settings = vec![
        ("search_path", "pg_catalog".to_owned()),
        ("statement_timeout", pins.statement_timeout_ms.to_string()),
        ("lock_timeout", pins.lock_timeout_ms.to_string()),
        ("idle_in_transaction_session_timeout", "0".to_owned()),
        ("synchronous_commit", "on".to_owned()),
        ("default_transaction_isolation", "read committed".to_owned()),
        ("default_transaction_read_only", "off".to_owned()),
        ("default_transaction_deferrable", "off".to_owned()),
        ("datestyle", "ISO, YMD".to_owned()),
        ("intervalstyle", "postgres".to_owned()),
        ("extra_float_digits", "1".to_owned()),
        ("bytea_output", "hex".to_owned()),
        ("timezone", "UTC".to_owned()),
        ("standard_conforming_strings", "on".to_owned()),
        ("quote_all_identifiers", "off".to_owned()),
        ("row_security", "off".to_owned()),
        ("check_function_bodies", "off".to_owned()),
        // Compiling the queries on the system catalog takes longer than running them.
        ("jit", "off".to_owned()),
        ("client_min_messages", "notice".to_owned()),
    ];
    if version >= 140_000 {
        settings.push(("client_connection_check_interval", "1s".to_owned()));
        settings.push(("idle_session_timeout", "0".to_owned()));
    }
    if version >= 170_000 {
        settings.push(("transaction_timeout", "0".to_owned()));
    }
    settings.iter().map(|(name, value)| format!("set {name} = '{value}';")).collect()
}
