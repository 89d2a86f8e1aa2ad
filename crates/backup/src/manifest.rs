//! The manifest beside a backup: what one needs to know to trust and restore it years later.
//!
//! It is JSON, and its last field is the SHA-256 of all bytes before that field, so that a single
//! changed bit is found. It is written last: a backup with a manifest is one that was restored and
//! compared.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use diagnostics::code;
use runtime::{EngineError, RowDigest};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::files::{self, beside, hex};

/// Raised by one whenever an older reader could misread newer manifests.
pub const FORMAT: u32 = 1;

const SUFFIX: &str = ".manifest.json";
const SUM: &str = ",\n  \"sum\": \"";
const END: &str = "\"\n}\n";

/// Sizes are bytes, times of day RFC 3339 in UTC, digests lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub format: u32,
    /// Name of the file or folder beside the manifest.
    pub file: String,
    pub size: u64,
    /// Of the file; of a folder, of the list of its files (see [`Manifest::digest_of_files`]).
    pub sha256: String,
    pub taken_at: String,
    /// `cutover 0.1.0`
    pub program: String,
    /// `SQLite 3.54.1`, `PostgreSQL 15.18`
    pub engine: String,
    /// What it is a backup of, without secrets: a path, or `database shop, schema app`.
    pub origin: String,
    pub schema_fingerprint: String,
    /// Per table: equal in the origin, the backup and the restored copy. Of SQLite, `sqlite_schema`
    /// and what it keeps for itself are among them.
    pub tables: BTreeMap<String, Content>,
    pub about: About,
    pub timings: Timings,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    pub rows: u64,
    /// `rows:digest`
    pub digest: String,
}

impl From<&RowDigest> for Content {
    fn from(digest: &RowDigest) -> Self {
        Self { rows: digest.rows, digest: digest.to_string() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum About {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl About {
    pub fn kind(&self) -> &'static str {
        match self {
            About::Sqlite(_) => "sqlite",
            About::Postgres(_) => "postgres",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sqlite {
    /// Where the origin was, absolute: the place that a restore proposes.
    pub path: PathBuf,
    /// The origin and its `-wal`, as they were when the backup began.
    pub files: Vec<OriginFile>,
    pub open_mode: String,
    pub page_size: u32,
    pub user_version: i32,
    pub application_id: i32,
    pub foreign_key_violations: u64,
    /// What virtual tables find wrong with their own indexes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub virtual_table_findings: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OriginFile {
    pub name: String,
    pub size: u64,
    pub sha256: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    pub database: String,
    /// The schemas in it, sorted.
    pub schemas: Vec<String>,
    /// Of the structure alone, without grants: for a restore that may not give objects away.
    pub structure_fingerprint: String,
    /// Extensions that its objects may need, with their schemas: a restore makes them first.
    pub extensions: BTreeMap<String, String>,
    /// Roles that own objects or have rights on them.
    pub roles: Vec<String>,
    /// Lowest and highest position that each sequence had while the dump was taken.
    pub sequences: BTreeMap<String, (i64, i64)>,
    /// `pg_dump (PostgreSQL) 15.18`
    pub pg_dump: String,
    pub pg_restore: String,
    /// Where it was restored and compared: `a private server, PostgreSQL 15.18`.
    pub restored_on: String,
    /// Files of the folder, by name.
    pub files: BTreeMap<String, FolderFile>,
    /// What of the database it does not hold, as sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

impl Postgres {
    /// The oldest server that the dump can be restored on: that of its `pg_dump`, which is never
    /// older than the server that it dumped.
    pub fn server_major(&self) -> u32 {
        let number = self.pg_dump.split_whitespace().find(|it| it.starts_with(char::is_numeric));
        let digits = number.and_then(|it| it.split(|c: char| !c.is_ascii_digit()).next());
        digits.and_then(|it| it.parse().ok()).unwrap_or(0)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderFile {
    pub size: u64,
    pub sha256: String,
}

/// Milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timings {
    /// Reading the origin, with the digests of its tables, and writing the backup.
    pub taken_ms: u64,
    /// Restoring it elsewhere and comparing every row: the measured recovery time.
    pub drill_ms: u64,
}

impl Manifest {
    /// Rows of all tables but SQLite's own.
    pub fn rows(&self) -> u64 {
        let own = self.tables.iter().filter(|(table, _)| !table.starts_with("sqlite_"));
        own.map(|(_, content)| content.rows).sum()
    }

    /// `backup` to `backup.manifest.json`.
    pub fn path_for(backup: &Path) -> PathBuf {
        beside(backup, SUFFIX)
    }

    /// The backup that a file of this name would describe; `None`: it is no manifest's name.
    pub fn backup_of(manifest: &Path) -> Option<PathBuf> {
        let name = manifest.file_name()?.to_str()?.strip_suffix(SUFFIX)?;
        (!name.is_empty()).then(|| manifest.with_file_name(name))
    }

    /// Written beside the backup, which has none yet, read-only and durable.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn write(&self, backup: &Path) -> io::Result<()> {
        let path = Self::path_for(backup);
        files::write_new_whole(&path, self.to_text().as_bytes())?;
        files::make_read_only(&path)
    }

    /// The same, not durable until the caller makes it so.
    ///
    /// # Errors
    /// Also where there is a manifest already.
    pub fn write_unsynced(&self, backup: &Path) -> io::Result<()> {
        let path = Self::path_for(backup);
        drop(files::create_new(&path, self.to_text().as_bytes())?);
        files::make_read_only(&path)
    }

    pub fn to_text(&self) -> String {
        // Maps with text keys and plain values always have a JSON form.
        let json = serde_json::to_string_pretty(self).unwrap_or_default();
        let body = json.trim_end_matches('}').trim_end();
        format!("{body}{SUM}{}{END}", hex(&Sha256::digest(body.as_bytes())))
    }

    /// Reads the manifest of a backup.
    ///
    /// # Errors
    /// `BKP101` that names the damage, `BKP102` where there is none, `BKP103`.
    pub fn read(backup: &Path) -> Result<Self, EngineError> {
        let path = Self::path_for(backup);
        let shown = path.display().to_string();
        let bytes = std::fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                EngineError::new(&code::BACKUP_UNKNOWN, "there is no manifest beside the backup")
                    .object(backup.display().to_string())
                    .help("a backup without one was not finished or not made by cutover")
            }
            _ => EngineError::new(
                &code::BACKUP_DAMAGED,
                format!("the manifest cannot be read: {}", files::reason(&error)),
            )
            .object(&shown),
        })?;
        let manifest = Self::from_bytes(&bytes).map_err(|error| error.object(&shown))?;
        let name = backup.file_name().unwrap_or_default().to_string_lossy();
        if manifest.file != name {
            return Err(damaged(format!("the manifest is that of `{}`", manifest.file))
                .object(shown)
                .help("a backup and its manifest keep their names when they are moved"));
        }
        Ok(manifest)
    }

    /// # Errors
    /// `BKP101`, `BKP103`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EngineError> {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| damaged("the manifest is not text; its bytes have changed"))?;
        if let Some(found) = version_of(text).filter(|found| *found > u64::from(FORMAT)) {
            return Err(too_new(found));
        }
        let (body, sum) = text
            .strip_suffix(END)
            .and_then(|text| text.rsplit_once(SUM))
            .ok_or_else(|| damaged("the manifest has no checksum at its end; it is cut off"))?;
        if hex(&Sha256::digest(body.as_bytes())) != sum {
            return Err(damaged("the checksum of the manifest does not match its text"));
        }
        let manifest: Self = serde_json::from_str(&format!("{body}}}"))
            .map_err(|error| damaged(format!("the manifest cannot be read: {error}")))?;
        // A newer writer may lay it out differently.
        match manifest.format {
            ..=FORMAT => Ok(manifest),
            newer => Err(too_new(newer.into())),
        }
    }

    /// The backup itself against its manifest, byte for byte.
    ///
    /// # Errors
    /// `BKP101` that names the file and what is wrong with it.
    pub fn check_bytes(&self, backup: &Path) -> Result<(), EngineError> {
        let About::Postgres(about) = &self.about else {
            let file = FolderFile { size: self.size, sha256: self.sha256.clone() };
            return check_file(backup, &file);
        };
        for (name, file) in &about.files {
            check_file(&backup.join(name), file)?;
        }
        match foreign_file(backup, &about.files) {
            None => Ok(()),
            Some(name) => Err(damaged("a file lies in the backup that is not of it")
                .object(backup.join(name).display().to_string())),
        }
    }

    /// One digest for a folder: of `sha256  name` lines in name order, as `sha256sum *` prints them.
    pub fn digest_of_files(files: &BTreeMap<String, FolderFile>) -> String {
        let lines: String =
            files.iter().map(|(name, file)| format!("{}  {name}\n", file.sha256)).collect();
        hex(&Sha256::digest(lines.as_bytes()))
    }
}

fn too_new(found: u64) -> EngineError {
    let message = format!("the manifest has format {found}, this program reads {FORMAT}");
    EngineError::new(&code::BACKUP_TOO_NEW, message)
        .help("use the version of cutover that took the backup, or a newer one")
}

fn damaged(message: impl Into<String>) -> EngineError {
    EngineError::new(&code::BACKUP_DAMAGED, message)
        .help("keep it for a second look and take a new backup; `cutover backup list` shows others")
}

/// The version comes first in every format, so that damage further on does not hide it.
fn version_of(text: &str) -> Option<u64> {
    let rest = text.strip_prefix("{\n  \"format\": ")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit())?;
    // A version behind which the line does not end is damage, not a version.
    rest[digits..].starts_with(",\n").then(|| rest[..digits].parse().ok()).flatten()
}

fn check_file(path: &Path, expected: &FolderFile) -> Result<(), EngineError> {
    let object = path.display().to_string();
    let found = std::fs::symlink_metadata(path).map_err(|error| {
        damaged(format!("the backup cannot be read: {}", files::reason(&error))).object(&object)
    })?;
    if !found.is_file() {
        return Err(damaged("this is not the file that was written").object(object));
    }
    if found.len() != expected.size {
        let message = format!("it has {} bytes, {} were written", found.len(), expected.size);
        return Err(damaged(message).object(object));
    }
    match files::sha256(path) {
        Ok(sum) if sum == expected.sha256 => Ok(()),
        Ok(_) => Err(damaged("its SHA-256 is not that of the manifest: its bytes have changed")
            .object(object)),
        Err(error) => {
            let message = format!("the backup cannot be read: {}", files::reason(&error));
            Err(damaged(message).object(object))
        }
    }
}

fn foreign_file(folder: &Path, known: &BTreeMap<String, FolderFile>) -> Option<String> {
    let entries = std::fs::read_dir(folder).ok()?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| !known.contains_key(name)).min()
}

#[cfg(test)]
pub(crate) mod tests;
