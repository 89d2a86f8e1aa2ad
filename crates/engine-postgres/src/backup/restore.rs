//! A backup for use: restored into a new database, compared, and put in place by its name.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use backup::manifest::{About, Manifest, Postgres};
use diagnostics::code::{RESTORE_FAILED, RESTORE_REFUSED};
use runtime::{EngineError, faults};

use super::{millis, trial};
use crate::connect::{Connector, Session};
use crate::quote;
use crate::roles;
use crate::throwaway::{self, RESTORING};

/// A restore that went well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    pub rows: u64,
    /// The name that the database in the place has now.
    pub moved_aside: Option<String>,
    pub elapsed_ms: u64,
}

/// The database in the place of a restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InPlace {
    pub size: u64,
    /// Rows of the tables in the schemas of the backup.
    pub tables: BTreeMap<String, u64>,
    /// Sessions on it, as `process 812 (role app, psql)`.
    pub sessions: Vec<String>,
}

/// Looks at what a restore would replace; nothing is changed.
///
/// # Errors
/// What the server says.
pub fn look(
    connector: &Connector,
    database: &str,
    manifest: &Manifest,
) -> Result<Option<InPlace>, EngineError> {
    let mut admin = administer(connector, database)?;
    if !exists(&mut admin, database)? {
        return Ok(None);
    }
    let sql = "select pg_database_size($1::text::name)";
    let size: i64 = admin.value(&RESTORE_FAILED, sql, &[&database])?;
    let sessions = sessions(&mut admin, database)?;
    let schemas = &of(manifest)?.schemas;
    let tables = counts(&mut connector.in_database(database).open("look")?, schemas)?;
    Ok(Some(InPlace { size: u64::try_from(size).unwrap_or(0), tables, sessions }))
}

fn counts(session: &mut Session, schemas: &[String]) -> Result<BTreeMap<String, u64>, EngineError> {
    let sql = "select n.nspname::text, c.relname::text from pg_class c \
        join pg_namespace n on n.oid = c.relnamespace \
        where n.nspname = any ($1) and c.relkind = 'r' order by 1, 2";
    let rows = session.rows(&RESTORE_FAILED, sql, &[&schemas])?;
    let names: Vec<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let mut counts = BTreeMap::new();
    for (schema, table) in names {
        let sql = format!("select count(*) from only {}.{}", quote(&schema), quote(&table));
        let rows: i64 = session.value(&RESTORE_FAILED, &sql, &[])?;
        counts.insert(format!("{schema}.{table}"), u64::try_from(rows).unwrap_or(0));
    }
    Ok(counts)
}

/// Restores the backup as `database` on the connector's server. One of this name is renamed, and
/// only where `replace` says so; it is never dropped.
///
/// # Errors
/// `BKP105` where a database is there and must stay, or is in use; `BKP101`, `BKP106`. The database
/// in the place is as it was after each of them.
pub fn restore(
    connector: &Connector,
    backup: &Path,
    manifest: &Manifest,
    database: &str,
    replace: bool,
) -> Result<Restored, EngineError> {
    let start = Instant::now();
    let about = of(manifest)?;
    let mut admin = administer(connector, database)?;
    may_be_replaced(&mut admin, database, replace)?;
    if exists(&mut admin, database)? {
        holds_all(connector, database, about)?;
    }
    manifest.check_bytes(backup)?;
    roles_are_there(&mut admin, about)?;
    let mut building = Building::create(admin, database)?;
    let came = trial::into(&connector.in_database(&building.name), backup, about)?;
    point("compare what was restored")?;
    trial::compare(manifest, about, &came)
        .map_err(|error| error.object(backup.display().to_string()))?;
    let moved_aside = building.take_place(database, replace)?;
    Ok(Restored { rows: manifest.rows(), moved_aside, elapsed_ms: millis(start) })
}

fn point(what: &str) -> Result<(), EngineError> {
    faults::io(what).map_err(|error| EngineError::new(&RESTORE_FAILED, error.to_string()))
}

fn of(manifest: &Manifest) -> Result<&Postgres, EngineError> {
    match &manifest.about {
        About::Postgres(about) => Ok(about),
        About::Sqlite(_) => {
            Err(EngineError::new(&RESTORE_FAILED, "this is no backup of a PostgreSQL database"))
        }
    }
}

/// A session on another database of the server: one cannot rename the database that it is on.
fn administer(connector: &Connector, database: &str) -> Result<Session, EngineError> {
    let own = connector.database();
    match own.filter(|own| own != database) {
        Some(_) => connector.open("restore"),
        None => connector.in_database("postgres").open("restore"),
    }
}

fn exists(admin: &mut Session, database: &str) -> Result<bool, EngineError> {
    let sql = "select exists (select from pg_database where datname = $1)";
    admin.value(&RESTORE_FAILED, sql, &[&database])
}

fn sessions(admin: &mut Session, database: &str) -> Result<Vec<String>, EngineError> {
    let sql = "select format('process %s (role %s, %s)', pid, coalesce(usename, '-'), \
        coalesce(nullif(application_name, ''), backend_type)) from pg_stat_activity \
        where datname = $1 and pid <> pg_backend_pid() order by pid";
    let rows = admin.rows(&RESTORE_FAILED, sql, &[&database])?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

fn may_be_replaced(admin: &mut Session, database: &str, replace: bool) -> Result<(), EngineError> {
    if !exists(admin, database)? {
        return Ok(());
    }
    let refused = |message: String, help: &str| {
        let object = format!("database {database}");
        Err(EngineError::new(&RESTORE_REFUSED, message).object(object).help(help))
    };
    if !replace {
        return refused(
            format!("database `{database}` is there"),
            "`--dry-run` shows what would be replaced; `--replace-existing` renames it; \
             `--database` names another one",
        );
    }
    match sessions(admin, database)?.first() {
        None => Ok(()),
        Some(session) => refused(
            format!("{session} is connected to it"),
            "stop the programs that use it: what they write would not be in the restored one",
        ),
    }
}

/// A dump of some schemas must not take the place of a database that has more: what the dump does not
/// hold would be out of sight.
fn holds_all(connector: &Connector, database: &str, about: &Postgres) -> Result<(), EngineError> {
    let mut session = connector.in_database(database).open("look")?;
    let sql = "select n.nspname::text from pg_namespace n where n.nspname <> all ($1) \
        and n.nspname !~ '^(pg_|information_schema$)' \
        and exists (select from pg_class c where c.relnamespace = n.oid and not exists ( \
            select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid \
            and d.deptype = 'e')) order by 1";
    let rows = session.rows(&RESTORE_FAILED, sql, &[&about.schemas])?;
    let more: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    if more.is_empty() {
        return Ok(());
    }
    let message = format!("the backup does not hold the schemas {}", more.join(", "));
    Err(EngineError::new(&RESTORE_REFUSED, message).object(format!("database {database}")).help(
        "restore to a database of its own with `--database NAME`, and take from it what is needed",
    ))
}

fn roles_are_there(admin: &mut Session, about: &Postgres) -> Result<(), EngineError> {
    let missing = roles::missing(admin, &about.roles)?;
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("the server does not have the roles {}", missing.join(", "));
    let create: Vec<String> =
        missing.iter().map(|role| format!("create role {} nologin;", quote(role))).collect();
    Err(EngineError::new(&RESTORE_FAILED, message)
        .help(format!("create them with their rights first, at least `{}`", create.join(" "))))
}

/// A database that is restored into; it goes unless it takes the place.
struct Building {
    admin: Session,
    name: String,
    placed: bool,
}

impl Building {
    /// Like the database in the place, where there is one: encoding and collation are its own.
    fn create(mut admin: Session, like: &str) -> Result<Self, EngineError> {
        throwaway::remove_left(&mut admin, RESTORING)?;
        let name = throwaway::claim(&mut admin, RESTORING)?;
        let sql = "select format('encoding %L lc_collate %L lc_ctype %L', \
            pg_encoding_to_char(encoding), datcollate, datctype) from pg_database \
            where datname = $1";
        let rows = admin.rows(&RESTORE_FAILED, sql, &[&like])?;
        let options: Option<String> = rows.first().map(|row| row.get(0));
        let options = options.unwrap_or_else(|| "encoding 'UTF8'".to_owned());
        point("create the database")?;
        admin.run(&format!("create database {} template template0 {options}", quote(&name)))?;
        point("restore into the database")?;
        Ok(Self { admin, name, placed: false })
    }

    /// Both names change in one transaction: whoever connects finds the old one or the new one.
    fn take_place(&mut self, database: &str, replace: bool) -> Result<Option<String>, EngineError> {
        may_be_replaced(&mut self.admin, database, replace)?;
        let aside = exists(&mut self.admin, database)?.then(|| aside(database));
        let rename = |from: &str, to: &str| {
            format!("alter database {} rename to {};", quote(from), quote(to))
        };
        let old = aside.as_ref().map(|aside| rename(database, aside)).unwrap_or_default();
        let sql = format!("begin; {old} {} commit", rename(&self.name, database));
        point("rename the databases")?;
        if let Err(error) = self.admin.run(&sql) {
            drop(self.admin.run("rollback"));
            return Err(EngineError { code: &RESTORE_FAILED, ..error }
                .object(format!("database {database}")));
        }
        self.placed = true;
        point("end the restore")?;
        Ok(aside)
    }
}

impl Drop for Building {
    fn drop(&mut self) {
        if !self.placed {
            let sql = format!("drop database if exists {} with (force)", quote(&self.name));
            // A second error would hide the first.
            drop(self.admin.run(&sql));
        }
    }
}

/// `shop_replaced_20261121053501`, within the 63 bytes of a name.
fn aside(database: &str) -> String {
    let time = runtime::clock::now().strftime("%Y%m%d%H%M%S").to_string();
    let mut kept = database.to_owned();
    while kept.len() + "_replaced_".len() + time.len() > 63 {
        kept.pop();
    }
    format!("{kept}_replaced_{time}")
}
