//! What the catalog knows of one backup.

use std::path::{Path, PathBuf};

use diagnostics::{code, did_you_mean};
use jiff::Timestamp;
use runtime::{EngineError, faults};
use rusqlite::{Connection, Row, named_params, params};

use super::Catalog;
use crate::manifest::About;
use crate::retention::Known;
use crate::{Keep, Manifest};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path below the folder of backups.
    pub name: String,
    /// `sqlite`, `postgres`
    pub kind: String,
    pub origin: String,
    pub engine: String,
    pub taken_at: Timestamp,
    pub size: u64,
    pub rows: u64,
    pub sha256: String,
    pub run: Option<String>,
    pub created_by: String,
    pub keep: Keep,
    pub procedure: String,
    /// Oldest first.
    pub tests: Vec<Test>,
}

impl Entry {
    /// Its newest test passed, and one of them restored it.
    pub fn is_verified(&self) -> bool {
        self.tests.last().is_some_and(|test| test.passed) && self.recovery_ms().is_some()
    }

    /// How long the last restore took that went well: the measured recovery time.
    pub fn recovery_ms(&self) -> Option<u64> {
        let restores = |test: &&Test| test.passed && test.kind != TestKind::Checksum;
        self.tests.iter().rfind(restores).map(|test| test.elapsed_ms)
    }

    pub fn known(&self) -> Known {
        Known {
            name: self.name.clone(),
            origin: self.origin.clone(),
            taken_at: self.taken_at,
            verified: self.is_verified(),
            run: self.run.clone(),
            keep: self.keep,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestKind {
    /// Bytes against the manifest.
    Checksum,
    /// Restored somewhere else and every row compared.
    RestoreDrill,
    /// Restored for use.
    Restore,
}

impl TestKind {
    pub const ALL: [TestKind; 3] = [TestKind::Checksum, TestKind::RestoreDrill, TestKind::Restore];

    /// As it is stored.
    pub fn word(self) -> &'static str {
        match self {
            TestKind::Checksum => "checksum",
            TestKind::RestoreDrill => "restore-drill",
            TestKind::Restore => "restore",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    pub kind: TestKind,
    /// RFC 3339.
    pub at: String,
    pub elapsed_ms: u64,
    pub passed: bool,
    /// What was compared, or why it failed.
    pub detail: String,
    pub rows: u64,
}

const INSERT: &str = "insert into backup (name, kind, origin, engine, taken_at, size, row_count, \
    sha256, run, created_by, keep, procedure) values (:name, :kind, :origin, :engine, :taken_at, \
    :size, :rows, :sha256, :run, :by, :keep, :procedure) \
    on conflict (name) do update set sha256 = excluded.sha256, pruned_at = null";

const COLUMNS: &str = "name, kind, origin, engine, taken_at, size, row_count, sha256, run, \
    created_by, keep, procedure";

impl Catalog {
    /// Enters a backup with the drill that its manifest tells of; `procedure` is how to come back.
    ///
    /// # Errors
    /// `BKP104`.
    pub fn add(
        &mut self,
        backup: &Path,
        manifest: &Manifest,
        keep: Keep,
    ) -> Result<(), EngineError> {
        let name = self.name_of(backup)?;
        let drill = Test {
            kind: TestKind::RestoreDrill,
            at: manifest.taken_at.clone(),
            elapsed_ms: manifest.timings.drill_ms,
            passed: true,
            detail: "restored elsewhere and compared when it was taken".to_owned(),
            rows: manifest.rows(),
        };
        let keep = serde_json::to_string(&keep).unwrap_or_default();
        let values = named_params! {
            ":name": name, ":kind": manifest.about.kind(), ":origin": manifest.origin,
            ":engine": manifest.engine, ":taken_at": manifest.taken_at,
            ":size": signed(manifest.size), ":rows": signed(manifest.rows()),
            ":sha256": manifest.sha256, ":run": run_of(&name), ":by": user(),
            ":keep": keep, ":procedure": procedure(&name, &manifest.about),
        };
        // Both or none: an entry without its drill would not count as verified.
        let both = || {
            let transaction = self.conn.unchecked_transaction()?;
            transaction.execute(INSERT, values)?;
            insert(&transaction, &name, &drill)?;
            transaction.commit()
        };
        self.changed("enter the backup", both)
    }

    /// # Errors
    /// `BKP104`.
    pub fn record(&self, backup: &str, test: &Test) -> Result<(), EngineError> {
        self.changed("record the test", || insert(&self.conn, backup, test))
    }

    fn changed(
        &self,
        what: &str,
        change: impl FnOnce() -> rusqlite::Result<()>,
    ) -> Result<(), EngineError> {
        let point = || {
            let point = faults::io(what);
            point.map_err(|error| super::unusable(&self.path(), &error.to_string()))
        };
        point()?;
        change().map_err(|error| self.failed(&error))?;
        point()
    }

    /// All backups that were not removed, the oldest first.
    ///
    /// # Errors
    /// `BKP104`.
    pub fn list(&self) -> Result<Vec<Entry>, EngineError> {
        let sql =
            format!("select {COLUMNS} from backup where pruned_at is null order by taken_at, name");
        let read = || {
            let mut statement = self.conn.prepare(&sql)?;
            let mut entries: Vec<Entry> =
                statement.query_map([], entry)?.collect::<rusqlite::Result<_>>()?;
            for entry in &mut entries {
                entry.tests = self.tests(&entry.name)?;
            }
            Ok(entries)
        };
        read().map_err(|error| self.failed(&error))
    }

    fn tests(&self, backup: &str) -> rusqlite::Result<Vec<Test>> {
        let sql = "select test, tested_at, elapsed_ms, passed, detail, row_count \
            from verification where backup = ?1 order by id";
        let mut statement = self.conn.prepare_cached(sql)?;
        statement.query_map([backup], test)?.collect()
    }

    /// The one backup that this names: its whole name, or a part of it that no other has (the
    /// digits at its end are short and copy well).
    ///
    /// # Errors
    /// `BKP102` where it is none or several.
    pub fn find(&self, wanted: &str) -> Result<Entry, EngineError> {
        let mut all = self.list()?;
        if let Some(at) = all.iter().position(|entry| entry.name == wanted) {
            return Ok(all.swap_remove(at));
        }
        let mut fitting: Vec<usize> =
            (0..all.len()).filter(|at| all[*at].name.contains(wanted)).collect();
        match (fitting.pop(), fitting.len()) {
            (Some(at), 0) => Ok(all.swap_remove(at)),
            (None, _) => Err(unknown(wanted, &all)),
            (Some(_), more) => {
                let message = format!("`{wanted}` fits {} backups", more + 1);
                Err(EngineError::new(&code::BACKUP_UNKNOWN, message)
                    .help("give more of its name; `cutover backup list` shows them"))
            }
        }
    }

    /// Where the backup lies.
    pub fn location(&self, entry: &Entry) -> PathBuf {
        self.folder().join(&entry.name)
    }

    pub(crate) fn mark_pruned(
        &self,
        name: &str,
        at: Timestamp,
        why: &str,
    ) -> Result<(), EngineError> {
        let sql = "update backup set pruned_at = ?2, pruned_why = ?3 where name = ?1";
        let values = params![name, format!("{at:.3}"), why];
        self.changed("mark the backup as pruned", || self.conn.execute(sql, values).map(drop))
    }

    /// Its path below the folder of backups.
    pub(super) fn name_of(&self, backup: &Path) -> Result<String, EngineError> {
        let inside = backup.strip_prefix(self.folder()).ok().and_then(Path::to_str);
        inside.map(str::to_owned).ok_or_else(|| {
            EngineError::new(&code::BACKUP_CATALOG, "the backup lies outside the folder of backups")
                .object(backup.display().to_string())
        })
    }
}

fn insert(conn: &Connection, backup: &str, test: &Test) -> rusqlite::Result<()> {
    let sql = "insert into verification \
        (backup, test, tested_at, elapsed_ms, passed, detail, row_count) \
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let Test { kind, at, elapsed_ms, passed, detail, rows } = test;
    let values =
        params![backup, kind.word(), at, signed(*elapsed_ms), passed, detail, signed(*rows)];
    conn.execute(sql, values).map(drop)
}

/// Runs put their backups into folders of their own names.
fn run_of(name: &str) -> Option<&str> {
    name.split_once('/').map(|(run, _)| run)
}

fn unknown(wanted: &str, all: &[Entry]) -> EngineError {
    let error = EngineError::new(&code::BACKUP_UNKNOWN, format!("there is no backup `{wanted}`"));
    match did_you_mean(wanted, all.iter().map(|entry| entry.name.as_str())) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help("`cutover backup list` shows what there is"),
    }
}

/// What to type, in this order, when the original is lost or wrong.
fn procedure(name: &str, about: &About) -> String {
    let server = match about {
        About::Sqlite(_) => "",
        About::Postgres(_) => " --url-env NAME",
    };
    format!(
        "stop the programs that use the database; \
         `cutover backup verify {name}`; \
         `cutover backup restore {name}{server} --dry-run`; \
         `cutover backup restore {name}{server} --replace-existing`; \
         start the programs and look at their data"
    )
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let (taken, keep): (String, String) = (row.get(4)?, row.get(10)?);
    Ok(Entry {
        name: row.get(0)?,
        kind: row.get(1)?,
        origin: row.get(2)?,
        engine: row.get(3)?,
        taken_at: taken.parse().map_err(|error| unreadable(4, error))?,
        size: unsigned(row.get(5)?),
        rows: unsigned(row.get(6)?),
        sha256: row.get(7)?,
        run: row.get(8)?,
        created_by: row.get(9)?,
        keep: serde_json::from_str(&keep).map_err(|error| unreadable(10, error))?,
        procedure: row.get(11)?,
        tests: Vec::new(),
    })
}

fn test(row: &Row<'_>) -> rusqlite::Result<Test> {
    let word: String = row.get(0)?;
    let kind = TestKind::ALL.into_iter().find(|kind| kind.word() == word);
    Ok(Test {
        kind: kind.ok_or_else(|| unreadable(0, "an unknown kind of test".to_owned()))?,
        at: row.get(1)?,
        elapsed_ms: unsigned(row.get(2)?),
        passed: row.get(3)?,
        detail: row.get(4)?,
        rows: unsigned(row.get(5)?),
    })
}

fn unreadable(
    column: usize,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
}

/// SQLite's integers have a sign; no size or count reaches it.
fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

fn user() -> String {
    ["USER", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .unwrap_or_else(|| format!("uid {}", rustix::process::geteuid().as_raw()))
}
