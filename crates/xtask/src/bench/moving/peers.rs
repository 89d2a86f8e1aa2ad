//! What else moves the same rows on this machine: raw COPY, pgloader, DuckDB.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use engine_postgres::server::Cluster;

use super::cases::{Case, Sources};
use super::measure::{self, Finished};

/// Of a throw-away server that was given no other.
const PORT: u16 = 5432;

/// The rows of a moved case as binary COPY gives them, in memory.
pub(super) struct Rows {
    folder: tempfile::TempDir,
    pub(super) bytes: u64,
}

impl Rows {
    /// Takes them from the schema `bench` of the database.
    ///
    /// # Errors
    /// What psql says.
    pub(super) fn take(case: Case, cluster: &Cluster, url: &str) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("bench-").tempdir_in("/dev/shm");
        let folder = folder.map_err(|error| format!("/dev/shm: {error}"))?;
        let out: String = case
            .table_names()
            .iter()
            .map(|table| {
                let file = file_of(folder.path(), table);
                format!("\\copy (select * from bench.{table}) to '{file}' with (format binary)\n")
            })
            .collect();
        psql(cluster, url, &out)?;
        let sizes = fs::read_dir(folder.path()).map_err(|error| error.to_string())?;
        let sizes = sizes.flatten().filter_map(|file| file.metadata().ok());
        Ok(Self { bytes: sizes.map(|file| file.len()).sum(), folder })
    }

    /// `COPY … FREEZE` of every table by psql, in one session, into tables that this makes.
    ///
    /// # Errors
    /// What psql says.
    pub(super) fn copy_raw(
        &self,
        case: Case,
        cluster: &Cluster,
        url: &str,
    ) -> Result<Finished, String> {
        psql(cluster, url, case.tables())?;
        checkpoint(cluster)?;
        let copies = case.table_names().into_iter().map(|table| {
            let file = file_of(self.folder.path(), table);
            format!(
                "begin;\ntruncate {table};\n\
                 \\copy {table} from '{file}' with (format binary, freeze)\ncommit;\n"
            )
        });
        psql(cluster, url, &copies.collect::<String>())
    }
}

fn file_of(folder: &Path, table: &str) -> String {
    folder.join(table).display().to_string()
}

/// # Errors
/// What psql says.
pub(super) fn psql(cluster: &Cluster, url: &str, script: &str) -> Result<Finished, String> {
    let file = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
    fs::write(file.path(), script).map_err(|error| error.to_string())?;
    let mut command = Command::new(cluster.binaries().program("psql"));
    command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-f"]).arg(file.path());
    measure::run(&mut command)
}

/// What was written before is not written out while something else is measured.
pub(super) fn checkpoint(cluster: &Cluster) -> Result<(), String> {
    psql(cluster, &cluster.url("postgres"), "checkpoint;\n").map(drop)
}

/// A program that is installed, or why it is not measured.
pub(super) fn missing(peer: &str) -> Option<String> {
    let found = match peer {
        "pgloader" => answers("pgloader", &["--version"]),
        "duckdb" => answers(&python(), &["-c", DUCKDB_THERE]),
        _ => return Some("it is not known here".to_owned()),
    };
    let how = match peer {
        "pgloader" => "apt-get install pgloader",
        _ => {
            "pip install duckdb-extensions duckdb-extension-postgres-scanner \
             duckdb-extension-sqlite-scanner; BENCH_PYTHON names the interpreter"
        }
    };
    (!found).then(|| format!("not installed ({how})"))
}

fn answers(program: &str, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    let status = command.args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn python() -> String {
    std::env::var("BENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

const DUCKDB_THERE: &str = "\
from duckdb_extensions import import_extension
import_extension('postgres_scanner'); import_extension('sqlite_scanner')";

/// One pgloader run of one file with everything that it does: tables, rows, keys, indexes.
///
/// # Errors
/// What pgloader says.
pub(super) fn pgloader(cluster: &Cluster, database: &str, file: &Path) -> Result<Finished, String> {
    // Its URL wants the socket's folder in its own spelling.
    let target =
        format!("postgresql://postgres@unix:{}:{}/{database}", cluster.folder().display(), PORT);
    // With its default its heap of 1 GB does not hold the rows of a wide table.
    let rows = ["--with", "prefetch rows = 5000"];
    measure::run(Command::new("pgloader").args(rows).arg(file).arg(target))
}

/// DuckDB's load of every table, without keys and indexes.
///
/// # Errors
/// What it says.
pub(super) fn duckdb(
    case: Case,
    cluster: &Cluster,
    url: &str,
    sources: &Sources,
) -> Result<Finished, String> {
    psql(cluster, url, case.tables())?;
    checkpoint(cluster)?;
    let script = format!(
        "import duckdb\n{DUCKDB_THERE}\nd = duckdb.connect()\n\
         d.execute('load postgres_scanner; load sqlite_scanner')\n\
         d.execute(\"attach '{source}' as s (type sqlite)\")\n\
         d.execute(\"attach '{url}' as p (type postgres)\")\n\
         for table in {tables:?}: d.execute(f'insert into p.public.{{table}} select * from s.{{table}}')\n",
        source = sources.files[0].display(),
        tables = case.table_names(),
    );
    measure::run(Command::new(python()).args(["-c", &script]))
}

/// Files per second of one pgloader per file, from the first few.
///
/// # Errors
/// What pgloader says.
pub(super) fn pgloader_per_file(
    cluster: &Cluster,
    database: &str,
    sources: &Sources,
) -> Result<(usize, Duration), String> {
    const SAMPLE: usize = 10;
    let files = &sources.files[..sources.files.len().min(SAMPLE)];
    let times: Result<Vec<_>, _> =
        files.iter().map(|file| pgloader(cluster, database, file).map(|end| end.took)).collect();
    Ok((files.len(), times?.iter().sum()))
}
