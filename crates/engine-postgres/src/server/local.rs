//! The server behind `target: { postgres: local }`: one per project, durable, kept between runs.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use sha2::{Digest as _, Sha256};

use super::account::{Account, command, private_folder, reaches};
use super::{Binaries, PORT, SOCKET_FOLDER_MAX, socket_url, template};

/// Settings of ours, written anew at each start; the person's own go into `postgresql.conf`.
const CONFIGURATION: &str = "cutover.conf";

/// A cluster under the state folder of a project.
#[derive(Clone, Debug)]
pub struct Local {
    folder: PathBuf,
    socket: PathBuf,
    account: Option<Account>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalStatus {
    pub running: bool,
    /// Whether it was ever started.
    pub exists: bool,
    pub folder: PathBuf,
    pub url: String,
    /// What to type to look around.
    pub psql: String,
}

impl Local {
    /// The server of the project whose state folder (`.cutover`) is `state`; nothing is started.
    ///
    /// Where root runs us in a folder that the server's account cannot reach (`/root`), and where
    /// the path is too long for a socket, a private folder under `/var/tmp` or `/tmp` is used,
    /// named by a hash of the state folder's path.
    ///
    /// # Errors
    /// A sentence for people, where the folder has no absolute path.
    pub fn new(state: &Path) -> Result<Local, String> {
        let state = std::path::absolute(state)
            .map_err(|error| format!("cannot resolve `{}`: {error}", state.display()))?;
        let account = Account::for_server();
        let hash = Sha256::digest(state.as_os_str().as_encoded_bytes());
        let name: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let inside = state.join("local");
        let folder = if reaches(&state, account) {
            inside
        } else {
            PathBuf::from(format!("/var/tmp/cutover-local-{name}"))
        };
        let socket = if folder.as_os_str().len() <= SOCKET_FOLDER_MAX {
            folder.clone()
        } else {
            PathBuf::from(format!("/tmp/cutover-local-{name}"))
        };
        Ok(Local { folder, socket, account })
    }

    pub fn url(&self, database: &str) -> String {
        socket_url(&self.socket, PORT, database)
    }

    pub fn status(&self) -> LocalStatus {
        let socket = self.socket.to_string_lossy();
        LocalStatus {
            running: self.is_running(),
            exists: self.data().is_dir(),
            folder: self.folder.clone(),
            url: self.url("postgres"),
            psql: format!("psql -h {socket} -U {} postgres", super::SUPERUSER),
        }
    }

    /// Starts it where it is not running, creating it the first time; returns the URL.
    ///
    /// # Errors
    /// A sentence for people.
    pub fn start(&self) -> Result<String, String> {
        if self.is_running() {
            return Ok(self.url("postgres"));
        }
        let binaries = self.binaries()?;
        let _alone = self.alone()?;
        if self.is_running() {
            return Ok(self.url("postgres"));
        }
        self.prepare(&binaries)?;
        let log = self.folder.join("server.log");
        let output = command(&binaries.program("pg_ctl"), self.account)
            .args(["start", "--wait", "--silent", "-D"])
            .arg(self.data())
            .arg("-l")
            .arg(&log)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status();
        match output {
            Ok(status) if status.success() => Ok(self.url("postgres")),
            Ok(_) => Err(format!("the local server does not start; see `{}`", log.display())),
            Err(error) => Err(format!("cannot run `pg_ctl`: {error}")),
        }
    }

    /// Stops it after its last transaction; `false` where it was not running.
    ///
    /// # Errors
    /// A sentence for people.
    pub fn stop(&self) -> Result<bool, String> {
        if !self.is_running() {
            return Ok(false);
        }
        let output = command(&self.binaries()?.program("pg_ctl"), self.account)
            .args(["stop", "--mode=fast", "--wait", "--silent", "-D"])
            .arg(self.data())
            .output()
            .map_err(|error| format!("cannot run `pg_ctl`: {error}"))?;
        let text = String::from_utf8_lossy(&output.stderr);
        if output.status.success() { Ok(true) } else { Err(text.trim().to_owned()) }
    }

    /// Stops it and removes all that it holds; nothing to remove is fine.
    ///
    /// # Errors
    /// A sentence for people.
    pub fn remove(&self) -> Result<(), String> {
        self.stop()?;
        for folder in [&self.folder, &self.socket] {
            match fs::remove_dir_all(folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(format!("cannot remove `{}`: {error}", folder.display()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Held while the server is being made and started: two runs may want it at once.
    fn alone(&self) -> Result<File, String> {
        let failed =
            |error: io::Error| format!("cannot prepare `{}`: {error}", self.folder.display());
        self.own(&self.folder).map_err(failed)?;
        let lock = File::create(self.folder.join("lock")).map_err(failed)?;
        rustix::fs::flock(&lock, FlockOperation::LockExclusive)
            .map_err(|error| failed(error.into()))?;
        Ok(lock)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// A server answers on the socket, or holds the data folder and will soon.
    fn is_running(&self) -> bool {
        postgres::Client::connect(&self.url("postgres"), postgres::NoTls).is_ok()
    }

    /// A cluster runs only under the major version that made it.
    fn binaries(&self) -> Result<Binaries, String> {
        let found = Binaries::find(None)?;
        let Ok(made) = fs::read_to_string(self.data().join("PG_VERSION")) else { return Ok(found) };
        if made.trim() == found.major().to_string() {
            return Ok(found);
        }
        Err(format!(
            "the local server was made by PostgreSQL {}, the programs found are {}; name the folder \
             of the right ones in CUTOVER_PG_BINDIR, or remove `{}`",
            made.trim(),
            found.version,
            self.folder.display()
        ))
    }

    fn prepare(&self, binaries: &Binaries) -> Result<(), String> {
        let failed =
            |error: io::Error| format!("cannot prepare `{}`: {error}", self.folder.display());
        self.own(&self.folder).map_err(failed)?;
        self.own(&self.socket).map_err(failed)?;
        let data = self.data();
        if !data.exists() {
            let unfinished = self.folder.join("data.unfinished");
            drop(fs::remove_dir_all(&unfinished));
            template::new_data_folder(binaries, &unfinished, self.account)?;
            let main = unfinished.join("postgresql.conf");
            fs::read_to_string(&main)
                .and_then(|text| fs::write(&main, format!("{text}\ninclude = '{CONFIGURATION}'\n")))
                .and_then(|()| fs::rename(&unfinished, &data))
                .map_err(failed)?;
        }
        fs::write(data.join(CONFIGURATION), self.configuration()).map_err(failed)?;
        super::account::give(&data, self.account).map_err(failed)
    }

    /// Creates a private folder; one that belongs to somebody else is refused, not used.
    fn own(&self, folder: &Path) -> io::Result<()> {
        let uid = self.account.map_or_else(|| rustix::process::geteuid().as_raw(), |it| it.uid);
        let parent = folder.parent().unwrap_or(folder);
        fs::create_dir_all(parent)?;
        match fs::symlink_metadata(folder) {
            Ok(found) if !found.is_dir() || (found.uid() != uid && found.uid() != 0) => {
                Err(io::Error::other("it belongs to somebody else"))
            }
            _ => private_folder(folder, self.account),
        }
    }

    /// Durable, and reachable through the private socket only.
    fn configuration(&self) -> String {
        let socket = self.socket.to_string_lossy().replace('\'', "''");
        format!(
            "# Written by cutover at each start of the local server.\n\
             listen_addresses = ''\n\
             unix_socket_directories = '{socket}'\n\
             unix_socket_permissions = 0700\n\
             max_wal_size = '1GB'\n\
             max_locks_per_transaction = 256\n\
             log_min_error_statement = panic\n"
        )
    }
}
