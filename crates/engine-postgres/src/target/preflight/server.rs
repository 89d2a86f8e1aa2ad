//! Is it the right server, in the right state, with enough of everything?

use diagnostics::code::{PREFLIGHT, WEAK_TLS, WRONG_TARGET};
use runtime::EngineError;

use super::Checks;

/// What one look at the server says.
struct Facts {
    database: String,
    encoding: String,
    in_recovery: bool,
    read_only: String,
    not_durable: String,
    throwaway: bool,
    environment: Option<String>,
    free_connections: i32,
    /// `max_connections`, or what limits the role or the database more.
    limited_by: String,
    temp_file_limit: String,
}

/// Settings that others may not read come back as null and are then not judged.
const FACTS: &str = "select current_database()::text, current_setting('server_encoding'), \
    pg_is_in_recovery(), current_setting('transaction_read_only'), \
    concat_ws(' and ', case when current_setting('fsync') = 'off' then '`fsync`' end, \
        case when current_setting('full_page_writes') = 'off' then '`full_page_writes`' end), \
    coalesce(current_setting('cutover.throwaway', true) = 'on', false), \
    nullif(current_setting('cutover.environment', true), ''), \
    room.free, room.what, current_setting('temp_file_limit') \
    from (select current_setting('max_connections')::int \
            - current_setting('superuser_reserved_connections')::int \
            - (select count(*)::int from pg_stat_activity where backend_type = 'client backend'), \
            '`max_connections` of the server' \
        union all select rolconnlimit - (select count(*)::int from pg_stat_activity a \
            where a.usesysid = r.oid), format('the connection limit of role `%s`', rolname) \
            from pg_roles r where rolname = current_user and rolconnlimit >= 0 and not rolsuper \
        union all select datconnlimit - (select count(*)::int from pg_stat_activity a \
            where a.datid = d.oid), format('the connection limit of database `%s`', datname) \
            from pg_database d where datname = current_database() and datconnlimit >= 0 \
        ) room (free, what) order by room.free limit 1";

impl Checks<'_> {
    pub(super) fn server(&mut self) -> Result<(), EngineError> {
        let rows = self.session.rows(&PREFLIGHT, FACTS, &[])?;
        let Some(row) = rows.first() else { return Ok(()) };
        let facts = Facts {
            database: row.get(0),
            encoding: row.get(1),
            in_recovery: row.get(2),
            read_only: row.get(3),
            not_durable: row.get(4),
            throwaway: row.get(5),
            environment: row.get(6),
            free_connections: row.get(7),
            limited_by: row.get(8),
            temp_file_limit: row.get(9),
        };
        self.trust();
        self.version();
        self.right_target(&facts);
        self.state(&facts);
        self.connections(&facts);
        self.passed(format!("temp_file_limit is {}", facts.temp_file_limit));
        self.recovery(facts.throwaway)
    }

    fn trust(&mut self) {
        if self.verified {
            return self.passed("the server is on this machine, or its certificate was verified");
        }
        let message = "the plan's `tls` lets anybody on the way pose as the server";
        self.finding(
            EngineError::new(&WEAK_TLS, message)
                .help("take `tls` out of the plan and name the server's CA with `sslrootcert`"),
        );
    }

    fn version(&mut self) {
        let version = self.session.version();
        if version < 130_000 {
            let message =
                format!("the server is PostgreSQL {}, 13 or newer is needed", version / 10_000);
            self.finding(EngineError::new(&PREFLIGHT, message));
        } else {
            self.passed(format!("PostgreSQL {}.{}", version / 10_000, version % 10_000));
        }
    }

    fn right_target(&mut self, facts: &Facts) {
        if let Some(wanted) = self.target.database.clone().filter(|name| *name != facts.database) {
            let message =
                format!("the database is `{}`, the plan names `{wanted}`", facts.database);
            self.finding(EngineError::new(&WRONG_TARGET, message).help("check the URL"));
        }
        let Some(wanted) = self.target.environment.clone() else { return };
        if facts.environment.as_ref() == Some(&wanted) {
            return self.passed(format!("the environment is {wanted}"));
        }
        let message = match &facts.environment {
            Some(found) => {
                format!("the environment of the database is `{found}`, the plan names `{wanted}`")
            }
            None => format!(
                "the database does not say which environment it is, the plan names `{wanted}`"
            ),
        };
        let database = crate::quote(&facts.database);
        let label = sql::quote_literal(&wanted);
        self.finding(EngineError::new(&WRONG_TARGET, message).help(format!(
            "check the URL; a database is labelled with `alter database {database} set \
             cutover.environment = {label}`"
        )));
    }

    fn state(&mut self, facts: &Facts) {
        if facts.encoding != "UTF8" {
            let message = format!("the database's encoding is {}, UTF8 is needed", facts.encoding);
            self.finding(EngineError::new(&PREFLIGHT, message));
        }
        if facts.in_recovery || facts.read_only == "on" {
            let message = "the server is a standby or read-only";
            self.finding(EngineError::new(&PREFLIGHT, message).help("connect to the primary"));
        }
        if !facts.not_durable.is_empty() && !facts.throwaway && !self.own_server {
            let message =
                format!("{} is off: a crash would corrupt the database", facts.not_durable);
            self.finding(
                EngineError::new(&PREFLIGHT, message).help("turn it on and restart the server"),
            );
        }
    }

    /// The workers, and one to spare: the lead and the lock's session are there already, and the
    /// promote's comes when the workers are gone.
    fn connections(&mut self, facts: &Facts) {
        let free = facts.free_connections;
        let needed = self.plan.settings.connections.saturating_add(1);
        if i64::from(free) >= i64::from(needed) {
            return self.passed(format!("{free} connections are free, {needed} are needed"));
        }
        let message = format!("the run needs {needed} more connections, {free} may be opened");
        let help = format!("lower `connections` under `run:`, or raise {}", facts.limited_by);
        self.finding(EngineError::new(&PREFLIGHT, message).help(help));
    }

    /// Moving a table takes two locks at most (its own and its owned sequence's); replaced ones are
    /// moved as well. Source: measured on 6,000 tables.
    pub(super) fn lock_budget(&mut self, objects: usize) -> Result<(), EngineError> {
        let sql = "select (current_setting('max_locks_per_transaction')::bigint \
            * (current_setting('max_connections')::bigint \
                + current_setting('max_prepared_transactions')::bigint)) \
            - (select count(*) from pg_locks)";
        let free: i64 = self.session.value(&PREFLIGHT, sql, &[])?;
        let needed = 4 * i64::try_from(objects).unwrap_or(i64::MAX / 8) + 64;
        if needed > free {
            let message =
                format!("the promote needs about {needed} locks, the server has room for {free}");
            self.finding(
                EngineError::new(&PREFLIGHT, message)
                    .help("raise `max_locks_per_transaction` of the server and restart it"),
            );
        } else {
            self.passed(format!("room for {free} locks, about {needed} are needed"));
        }
        Ok(())
    }
}
