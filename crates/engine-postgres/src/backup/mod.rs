//! Backups by `pg_dump`, restored by `pg_restore` and compared before they count (L2).
//!
//! One session holds the moment: it exports its snapshot, reads every row of the schemas in it, and
//! `pg_dump` dumps that very snapshot. The dump is then restored into a scratch database and read
//! back in the same way.

mod contents;
mod restore;
mod scope;
mod tools;
mod trial;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use backup::manifest::{About, Content, FORMAT, FolderFile, Manifest, Postgres, Timings};
use backup::unfinished::Hold;
use backup::{BackupName, files};
use diagnostics::code::{BACKUP_FAILED, DISK_FULL};
use runtime::{EngineError, faults};

use crate::connect::{Connector, Session};
use crate::scratch::engine_name;
use crate::worker::canceller;
use contents::Contents;
use tools::Tools;

pub use restore::{InPlace, Restored, look, restore};
pub use trial::{Trial, drill};

/// Whether there are programs that can dump a server of this major version.
///
/// # Errors
/// `BKP107`.
pub(crate) fn tools_for(major: u32) -> Result<(), EngineError> {
    Tools::for_server(major).map(drop)
}

/// A dump that was restored and compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The folder of the dump; its manifest lies beside it.
    pub backup: PathBuf,
    pub manifest: Manifest,
}

/// A restore into a scratch database that went well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drilled {
    pub rows: u64,
    /// `a private server, PostgreSQL 15.18`
    pub on: String,
    pub elapsed_ms: u64,
}

/// How long `pg_dump` waits for a table that somebody alters.
const LOCK_WAIT: &str = "--lock-wait-timeout=60000";

/// Dumps these schemas (all where none is named) and those that they refer to into `folder`, restores
/// them on the trial's server and compares everything.
///
/// # Errors
/// `BKP107`, `SRC112`, `BKP101`, `RUN804`, `RUN818`; nothing stays then.
pub fn create(
    connector: &Connector,
    schemas: &[String],
    folder: &Path,
    trial: &Trial,
) -> Result<Taken, EngineError> {
    let start = Instant::now();
    let mut session = connector.open("backup")?;
    connector.interrupt().watch(canceller(&session));
    let tools = Tools::for_server(session.major())?;
    let (database, engine) = (database(&mut session)?, engine_name(&mut session)?);
    let name = BackupName::new(&database, runtime::clock::now(), ".pgdump");
    let taken_at = runtime::clock::now();
    let mut dump = Partial::create(folder, &name)?;
    let (contents, mut about) = take(connector, &mut session, schemas, &tools, &dump.path)?;
    about.files = seal(&dump.path).map_err(|error| failed(&dump.path, &error))?;
    let taken_ms = millis(start);
    let origin = format!("database {database}, schemas {}", about.schemas.join(", "));
    let mut manifest = Manifest {
        format: FORMAT,
        file: String::new(),
        size: about.files.values().map(|file| file.size).sum(),
        sha256: Manifest::digest_of_files(&about.files),
        taken_at: format!("{taken_at:.3}"),
        program: concat!("cutover ", env!("CARGO_PKG_VERSION")).to_owned(),
        engine,
        origin,
        schema_fingerprint: contents.fingerprint,
        tables: contents
            .tables
            .iter()
            .map(|(name, rows)| (name.clone(), Content::from(rows)))
            .collect(),
        about: About::Postgres(about.clone()),
        timings: Timings { taken_ms, drill_ms: 0 },
    };
    let (came, on) = trial::restored(&dump.path, &about, trial)?;
    trial::compare(&manifest, &about, &came)?;
    if !came.whole {
        about
            .left_out
            .push("owners and grants were dumped, but not restored and compared".to_owned());
    }
    about.restored_on = on;
    manifest.about = About::Postgres(about);
    manifest.timings.drill_ms = millis(start).saturating_sub(taken_ms);
    let backup = dump.keep(folder, &name, &mut manifest)?;
    Ok(Taken { backup, manifest })
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn database(session: &mut Session) -> Result<String, EngineError> {
    session.value(&BACKUP_FAILED, "select current_database()::text", &[])
}

/// One moment, read by us and dumped by `pg_dump`.
fn take(
    connector: &Connector,
    session: &mut Session,
    wanted: &[String],
    tools: &Tools,
    dump: &Path,
) -> Result<(Contents, Postgres), EngineError> {
    session.run("begin isolation level repeatable read, read only")?;
    let done = inside(connector, session, wanted, tools, dump);
    // Ends with the session in any case.
    drop(session.run("rollback"));
    done
}

fn inside(
    connector: &Connector,
    session: &mut Session,
    wanted: &[String],
    tools: &Tools,
    dump: &Path,
) -> Result<(Contents, Postgres), EngineError> {
    let snapshot: String = session.value(&BACKUP_FAILED, "select pg_export_snapshot()", &[])?;
    let schemas = scope::schemas(session, wanted)?;
    let before = contents::sequences(session, &schemas)?;
    tools.dump(connector, &arguments(&snapshot, &schemas, dump), &BACKUP_FAILED)?;
    let contents = contents::read(session, &schemas)?;
    let after = contents::sequences(session, &schemas)?;
    let about = Postgres {
        database: database(session)?,
        extensions: scope::extensions(session)?,
        roles: scope::roles(session, &schemas)?,
        sequences: between(before, &after),
        structure_fingerprint: contents.structure.clone(),
        pg_dump: tools.pg_dump.clone(),
        pg_restore: tools.pg_restore.clone(),
        restored_on: String::new(),
        files: BTreeMap::new(),
        left_out: scope::left_out(session, &schemas)?,
        schemas,
    };
    Ok((contents, about))
}

fn arguments(snapshot: &str, schemas: &[String], dump: &Path) -> Vec<String> {
    let mut arguments: Vec<String> =
        ["--format=directory", "--no-password", LOCK_WAIT].map(str::to_owned).to_vec();
    arguments.push(format!("--snapshot={snapshot}"));
    arguments.push(format!("--file={}", dump.display()));
    // In quotes, a pattern is a name.
    arguments.extend(
        schemas.iter().map(|schema| format!("--schema=\"{}\"", schema.replace('"', "\"\""))),
    );
    arguments
}

fn between(
    before: BTreeMap<String, i64>,
    after: &BTreeMap<String, i64>,
) -> BTreeMap<String, (i64, i64)> {
    let range = |(name, at): (String, i64)| {
        let then = after.get(&name).copied().unwrap_or(at);
        (name, (at.min(then), at.max(then)))
    };
    before.into_iter().map(range).collect()
}

/// Files of the dump with their digests; private, read-only and durable from here on.
fn seal(dump: &Path) -> io::Result<BTreeMap<String, FolderFile>> {
    faults::io("seal the dump")?;
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dump)? {
        let path = entry?.path();
        files::make_read_only(&path)?;
        let file = fs::File::open(&path)?;
        file.sync_all()?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let size = file.metadata()?.len();
        found.insert(name, FolderFile { size, sha256: files::sha256(&path)? });
    }
    fs::File::open(dump)?.sync_all()?;
    Ok(found)
}

fn failed(path: &Path, error: &io::Error) -> EngineError {
    let code = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => &DISK_FULL,
        _ => &BACKUP_FAILED,
    };
    EngineError::new(code, files::reason(error)).object(path.display().to_string())
}

/// The folder of a dump that is not verified yet; it goes with everything in it unless it is kept.
struct Partial {
    path: PathBuf,
    /// Who finds such a folder that nobody holds removes it.
    _held: Hold,
    kept: bool,
}

impl Partial {
    fn create(folder: &Path, name: &BackupName) -> Result<Self, EngineError> {
        let path = folder.join(name.partial());
        let held = files::create_folders(folder)
            .and_then(|()| files::create_new_folder(&path))
            .and_then(|()| Hold::on(&path))
            .map_err(|error| failed(&path, &error))?;
        Ok(Self { path, _held: held, kept: false })
    }

    /// The verified dump gets its name, and its manifest.
    fn keep(
        &mut self,
        folder: &Path,
        name: &BackupName,
        manifest: &mut Manifest,
    ) -> Result<PathBuf, EngineError> {
        manifest.file = name.with_digest(&manifest.sha256);
        let backup = folder.join(&manifest.file);
        // A command that dies between the two leaves a manifest of nothing, and not rows that nobody
        // knows of.
        manifest.write(&backup).map_err(|error| failed(&backup, &error))?;
        files::rename_new(&self.path, &backup).map_err(|error| {
            // It may have the name, and that is not durable.
            if !self.path.exists() {
                self.path.clone_from(&backup);
            }
            drop(fs::remove_file(Manifest::path_for(&backup)));
            failed(&backup, &error)
        })?;
        self.kept = true;
        Ok(backup)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.kept {
            // A second error would hide the first.
            drop(fs::remove_dir_all(&self.path));
        }
    }
}
