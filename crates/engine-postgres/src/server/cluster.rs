//! A throw-away cluster: copied, started, used, gone. Nothing in it survives a crash, which is
//! what makes it fast; no data that anybody needs may ever be in it.

use std::fs::File;
use std::path::{Path, PathBuf};

use postgres::{Client, NoTls};
use rustix::fs::FlockOperation;
use tempfile::TempDir;

use super::account::{Account, private_folder};
use super::guardian::Guardian;
use super::{Binaries, PORT, socket_url, stale, template};

/// Measured in this project: copy, start and connect in 40 ms with these.
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "shared_buffers=16MB",
    "max_connections=40",
    "max_locks_per_transaction=256",
    "max_wal_size=1GB",
    "wal_level=minimal",
    "max_wal_senders=0",
    "jit=off",
    "restart_after_crash=off",
    // Says that the missing durability is meant: see the preflight.
    "cutover.throwaway=on",
    "log_min_messages=fatal",
    "log_min_error_statement=panic",
];

/// Field order matters: the server stops before its folder goes.
#[derive(Debug)]
pub struct Cluster {
    binaries: Binaries,
    port: u16,
    _server: Guardian,
    _lock: File,
    folder: TempDir,
}

impl Cluster {
    /// With the binaries that [`Binaries::find`] finds.
    ///
    /// # Errors
    /// A sentence for people.
    pub fn throwaway() -> Result<Cluster, String> {
        Cluster::with(&Binaries::find(None)?)
    }

    /// # Errors
    /// A sentence for people, with the end of the server's log.
    pub fn with(binaries: &Binaries) -> Result<Cluster, String> {
        Cluster::with_settings(binaries, &[])
    }

    /// With further settings, `name=value`, for tests that need an unusual server.
    ///
    /// # Errors
    /// A sentence for people, with the end of the server's log.
    pub fn with_settings(binaries: &Binaries, settings: &[&str]) -> Result<Cluster, String> {
        let account = Account::for_server();
        let parent = template::temporary_parent(account);
        stale::remove(&parent, binaries, account);
        let (folder, lock) = new_folder(&parent, account)?;
        let data = folder.path().join("data");
        template::new_data_folder(binaries, &data, account)?;
        let mut arguments: Vec<String> = ["-D", &data.to_string_lossy(), "-k"]
            .map(str::to_owned)
            .into_iter()
            .chain([folder.path().to_string_lossy().into_owned()])
            .collect();
        for setting in SETTINGS.iter().chain(settings) {
            arguments.extend(["-c".to_owned(), (*setting).to_owned()]);
        }
        let port = settings.iter().find_map(|setting| setting.strip_prefix("port="));
        let port = port.and_then(|port| port.parse().ok()).unwrap_or(PORT);
        let url = socket_url(folder.path(), port, "postgres");
        let ready = move || Client::connect(&url, NoTls).is_ok();
        let log = folder.path().join("server.log");
        let server =
            Guardian::start(&binaries.program("postgres"), arguments, account, &log, ready)?;
        Ok(Cluster { binaries: binaries.clone(), port, _server: server, _lock: lock, folder })
    }

    /// `postgres://postgres@%2Ftmp%2F…/name`; the server trusts whoever reaches its socket.
    pub fn url(&self, database: &str) -> String {
        socket_url(self.folder.path(), self.port, database)
    }

    /// The folder with the socket, the log and the data.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// Creates an empty database and returns its URL.
    ///
    /// # Errors
    /// What the server says.
    pub fn create_database(&self, name: &str) -> Result<String, String> {
        let sql = format!("create database {} strategy file_copy", crate::quote(name));
        let old = format!("create database {}", crate::quote(name));
        self.admin(if self.binaries.major() >= 15 { &sql } else { &old })?;
        Ok(self.url(name))
    }

    /// # Errors
    /// What the server says.
    pub fn drop_database(&self, name: &str) -> Result<(), String> {
        self.admin(&format!("drop database {} with (force)", crate::quote(name)))
    }

    fn admin(&self, sql: &str) -> Result<(), String> {
        Client::connect(&self.url("postgres"), NoTls)
            .and_then(|mut client| client.batch_execute(sql))
            .map_err(|error| crate::sqlstate::text(&error))
    }
}

/// `cutover-pg-…`, locked for as long as we live: whoever gets the lock later may clean it up.
fn new_folder(parent: &Path, account: Option<Account>) -> Result<(TempDir, File), String> {
    let failed = |error: std::io::Error| {
        format!("cannot create a folder in `{}`: {error}", parent.display())
    };
    let folder =
        tempfile::Builder::new().prefix(stale::PREFIX).tempdir_in(parent).map_err(failed)?;
    let lock = File::create(folder.path().join(stale::LOCK)).map_err(failed)?;
    rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)
        .map_err(|error| failed(error.into()))?;
    private_folder(folder.path(), account).map_err(failed)?;
    Ok((folder, lock))
}
