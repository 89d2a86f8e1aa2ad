//! Where a dump is restored to be tried, and how.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use backup::manifest::{About, Manifest, Postgres};
use diagnostics::code::{BACKUP_DAMAGED, NO_SCRATCH, RESTORE_FAILED};
use ir::TlsMode;
use runtime::{EngineError, RowDigest};

use super::contents::{self, Contents};
use super::tools::Tools;
use super::{Drilled, millis};
use crate::connect::{Address, Connector, Pins, Session};
use crate::quote;
use crate::roles::MadeRoles;
use crate::scratch::{Database, engine_name};
use crate::server::{Binaries, Cluster};
use crate::worker::canceller;

/// A server on which a database may be made for a moment.
pub struct Trial {
    connector: Connector,
    shown: &'static str,
    /// Stops when dropped.
    _cluster: Option<Cluster>,
}

impl Trial {
    /// On the server of this URL.
    ///
    /// # Errors
    /// Without the text of the URL.
    pub fn on_server(url: &str) -> Result<Self, EngineError> {
        let connector =
            Connector::new(Address::from_url(url)?, TlsMode::VerifyFull, Pins::default())?;
        Ok(Self { connector, shown: "the scratch server", _cluster: None })
    }

    /// On the server that the backup is of.
    pub fn on_same_server(connector: &Connector) -> Self {
        Self { connector: connector.clone(), shown: "the same server", _cluster: None }
    }

    /// On a throw-away server of this major version or newer.
    ///
    /// # Errors
    /// `CAT304` where there are no such programs, or it does not start.
    pub fn private(major: u32) -> Result<Self, EngineError> {
        let none = |why: String| {
            EngineError::new(&NO_SCRATCH, format!("no private server can be had: {why}")).help(
                "name a server with `--scratch-url` or CUTOVER_SCRATCH_URL, or let the role create \
                 databases",
            )
        };
        let binaries = Binaries::find(None).map_err(none)?;
        if binaries.major() < major {
            return Err(none(format!(
                "PostgreSQL {} is here, the backup is of PostgreSQL {major}",
                binaries.version
            )));
        }
        let cluster = Cluster::with(&binaries).map_err(none)?;
        let connector = Trial::on_server(&cluster.url("postgres"))?.connector;
        Ok(Self { connector, shown: "a private server", _cluster: Some(cluster) })
    }

    /// A person who wants the run to end at once ends the trial too.
    pub(crate) fn end_with(&mut self, run: &Connector) {
        self.connector.end_with(run);
    }

    fn describe(&self, session: &mut Session) -> Result<String, EngineError> {
        Ok(format!("{}, {}", self.shown, engine_name(session)?))
    }
}

/// What came back from a restored dump.
pub(super) struct Came {
    pub(super) contents: Contents,
    pub(super) sequences: BTreeMap<String, i64>,
    /// Owners and grants were restored and compared.
    pub(super) whole: bool,
}

/// Restores the dump into a database of its own on the trial's server and reads all of it.
pub(super) fn restored(
    dump: &Path,
    about: &Postgres,
    trial: &Trial,
) -> Result<(Came, String), EngineError> {
    let mut admin = trial.connector.open("drill")?;
    let shown = trial.describe(&mut admin)?;
    let database = Database::create(&trial.connector)?;
    let connector = trial.connector.in_database(database.name());
    let mut roles = MadeRoles::make(admin, &about.roles)?;
    let came = into(&connector, dump, about);
    // Roles go when nothing of theirs is left.
    drop(database);
    roles.remove();
    Ok((came?, shown))
}

/// Restores into the connector's database, which is empty.
pub(super) fn into(
    connector: &Connector,
    dump: &Path,
    about: &Postgres,
) -> Result<Came, EngineError> {
    let mut session = connector.open("restore")?;
    connector.interrupt().watch(canceller(&session));
    let superuser: bool = session.value(
        &RESTORE_FAILED,
        "select rolsuper from pg_roles where rolname = current_user",
        &[],
    )?;
    prepare(&mut session, about)?;
    let tools = Tools::for_server(session.major())?;
    let list = without_schemas(&tools.list(dump, &BACKUP_DAMAGED)?);
    let mut arguments: Vec<String> =
        ["--exit-on-error", "--no-password", "--dbname"].map(str::to_owned).to_vec();
    arguments.push(connector.database().unwrap_or_default());
    if !superuser {
        // Who is none may not give objects to others.
        arguments.extend(["--no-owner", "--no-privileges"].map(str::to_owned));
    }
    arguments.push(dump.display().to_string());
    tools.restore(connector, &arguments, &list, &RESTORE_FAILED)?;
    Ok(Came {
        contents: contents::read(&mut session, &about.schemas)?,
        sequences: contents::sequences(&mut session, &about.schemas)?,
        whole: superuser,
    })
}

/// Schemas and extensions come first: a dump of schemas holds no extensions, and one of them may
/// lie in a schema of the dump.
fn prepare(session: &mut Session, about: &Postgres) -> Result<(), EngineError> {
    for schema in about.schemas.iter().chain(about.extensions.values()) {
        session.run(&format!("create schema if not exists {}", quote(schema)))?;
    }
    for (extension, schema) in &about.extensions {
        let sql = format!(
            "create extension if not exists {} schema {} cascade",
            quote(extension),
            quote(schema)
        );
        session.run(&sql).map_err(|error| {
            let message =
                format!("extension `{extension}` cannot be made on this server: {}", error.message);
            EngineError::new(&RESTORE_FAILED, message)
                .help("restore on a server that has it: `--scratch-url`, CUTOVER_SCRATCH_URL")
        })?;
    }
    Ok(())
}

/// The schemas are there already. Their grants and comments have entries of their own.
fn without_schemas(list: &str) -> String {
    let is_schema = |line: &str| {
        let mut words = line.split_whitespace();
        words.nth(3) == Some("SCHEMA") && words.next() == Some("-")
    };
    list.lines().filter(|line| !is_schema(line)).flat_map(|line| [line, "\n"]).collect()
}

/// Restores the backup on the trial's server and compares every row with the manifest.
///
/// # Errors
/// `BKP101` that says what differs; others where it cannot be tried.
pub fn drill(backup: &Path, manifest: &Manifest, trial: &Trial) -> Result<Drilled, EngineError> {
    let start = Instant::now();
    let About::Postgres(about) = &manifest.about else {
        return Err(EngineError::new(
            &RESTORE_FAILED,
            "this is no backup of a PostgreSQL database",
        )
        .object(backup.display().to_string()));
    };
    manifest.check_bytes(backup)?;
    let (came, on) = restored(backup, about, trial)?;
    compare(manifest, about, &came).map_err(|error| error.object(backup.display().to_string()))?;
    Ok(Drilled { rows: manifest.rows(), on, elapsed_ms: millis(start) })
}

/// What came back against what the manifest says.
pub(super) fn compare(
    manifest: &Manifest,
    about: &Postgres,
    came: &Came,
) -> Result<(), EngineError> {
    let damaged = |message: String| EngineError::new(&BACKUP_DAMAGED, message);
    let (expected, found) = match came.whole {
        true => (&manifest.schema_fingerprint, &came.contents.fingerprint),
        false => (&about.structure_fingerprint, &came.contents.structure),
    };
    if expected != found {
        return Err(damaged("the restored schema is not the one that was dumped".to_owned()));
    }
    let expected: BTreeMap<&String, String> =
        manifest.tables.iter().map(|(table, content)| (table, content.digest.clone())).collect();
    let found: BTreeMap<&String, String> =
        came.contents.tables.iter().map(|(table, digest)| (table, digest.to_string())).collect();
    let tables = expected.keys().chain(found.keys());
    for table in tables {
        if expected.get(*table) != found.get(*table) {
            let rows = |content: Option<u64>| content.unwrap_or(0);
            let before = rows(manifest.tables.get(*table).map(|content| content.rows));
            let now = rows(came.contents.tables.get(*table).map(|digest: &RowDigest| digest.rows));
            return Err(damaged(format!(
                "table `{table}` was restored with {now} rows that are not the {before} that were \
                 dumped"
            )));
        }
    }
    sequences(about, &came.sequences).map_or(Ok(()), |message| Err(damaged(message)))
}

/// Sequences go on while a dump is taken: each must stand between where it was before and after.
fn sequences(about: &Postgres, found: &BTreeMap<String, i64>) -> Option<String> {
    about.sequences.iter().find_map(|(name, (low, high))| match found.get(name) {
        Some(at) if low <= at && at <= high => None,
        Some(at) => Some(format!("sequence `{name}` came back at {at}, it was at {low} to {high}")),
        None => Some(format!("sequence `{name}` did not come back")),
    })
}

#[cfg(test)]
mod tests {
    use super::without_schemas;

    #[test]
    fn schemas_go_and_what_is_said_of_them_stays() {
        let list = ";\n; Archive\n5; 2615 16385 SCHEMA - app postgres\n\
            3411; 0 0 COMMENT - SCHEMA app postgres\n3412; 0 0 ACL - SCHEMA app postgres\n\
            215; 1259 16390 TABLE app SCHEMA postgres\n";
        let kept = without_schemas(list);
        assert!(!kept.contains("5; 2615") && kept.contains("COMMENT") && kept.contains("ACL"));
        assert!(kept.contains("TABLE app SCHEMA"));
    }
}
