//! A data folder made once by `initdb` and copied for every cluster: 20 ms instead of 400.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use super::account::{Account, command, give, private_folder, reaches};
use super::{Binaries, SUPERUSER};

/// Raised whenever the way templates are made changes.
const TEMPLATE_VERSION: u32 = 1;

/// Copies the template to `data`, which must not exist, and gives it to `account`.
pub(super) fn new_data_folder(
    binaries: &Binaries,
    data: &Path,
    account: Option<Account>,
) -> Result<(), String> {
    let template = template(binaries, account)?;
    copy_tree(&template, data)
        .and_then(|()| give(data, account))
        .map_err(|error| format!("cannot create the data folder `{}`: {error}", data.display()))
}

fn template(binaries: &Binaries, account: Option<Account>) -> Result<PathBuf, String> {
    let cache = cache_folder()?;
    let template = cache.join(format!("pg-{}-{TEMPLATE_VERSION}", binaries.version));
    let failed = |error| format!("cannot write to the cache `{}`: {error}", cache.display());
    let lock = File::create(cache.join("lock")).map_err(failed)?;
    rustix::fs::flock(&lock, FlockOperation::LockExclusive)
        .map_err(|error| failed(error.into()))?;
    if !template.exists() {
        make(binaries, &template, account)?;
    }
    Ok(template)
}

/// Under the lock, and renamed into place when complete: nobody ever copies half a template.
fn make(binaries: &Binaries, template: &Path, account: Option<Account>) -> Result<(), String> {
    let failed = |error: io::Error| format!("cannot create a PostgreSQL template: {error}");
    let work = tempfile::Builder::new()
        .prefix("cutover-initdb-")
        .tempdir_in(temporary_parent(account))
        .map_err(failed)?;
    private_folder(work.path(), account).map_err(failed)?;
    let data = work.path().join("data");
    let output = command(&binaries.program("initdb"), account)
        .args(["--no-sync", "--no-instructions", "--locale=C", "--encoding=UTF8"])
        .args(["--auth=trust", "--wal-segsize=1", "--username", SUPERUSER, "--pgdata"])
        .arg(&data)
        .output()
        .map_err(failed)?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`initdb` failed: {}", text.trim()));
    }
    let unfinished = template.with_extension("unfinished");
    drop(fs::remove_dir_all(&unfinished));
    copy_tree(&data, &unfinished).and_then(|()| fs::rename(&unfinished, template)).map_err(failed)
}

/// `$XDG_CACHE_HOME/cutover` or `~/.cache/cutover`; else a folder of ours in the temporary one.
fn cache_folder() -> Result<PathBuf, String> {
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or(home);
    let uid = rustix::process::geteuid().as_raw();
    let preferred = cache.filter(|path| path.is_absolute()).map(|path| path.join("cutover"));
    let fallback = std::env::temp_dir().join(format!("cutover-cache-{uid}"));
    preferred
        .into_iter()
        .chain([fallback])
        .find(|path| is_ours(path, uid))
        .ok_or_else(|| "no cache folder can be written; set XDG_CACHE_HOME".to_owned())
}

/// Creates the folder where needed; a folder of somebody else is never trusted.
fn is_ours(path: &Path, uid: u32) -> bool {
    let created = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    created.is_ok()
        && fs::symlink_metadata(path).is_ok_and(|found| found.is_dir() && found.uid() == uid)
        && tempfile::tempfile_in(path).is_ok()
}

/// A folder for temporary clusters that the server's account can reach.
pub(super) fn temporary_parent(account: Option<Account>) -> PathBuf {
    let usual = std::env::temp_dir();
    let short =
        usual.as_os_str().len() < super::SOCKET_FOLDER_MAX - "/cutover-pg-4194304-abcdef".len();
    if short && reaches(&usual, account) { usual } else { PathBuf::from("/tmp") }
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
