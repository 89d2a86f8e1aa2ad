//! Whom PostgreSQL's programs run as.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// The account of the server's processes, where it is not our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// `nobody` on every Linux distribution; the last resort.
const NOBODY: Account = Account { uid: 65534, gid: 65534 };

impl Account {
    /// `None` unless we are root.
    pub(super) fn for_server() -> Option<Account> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        Some(named(&passwd, "postgres").or_else(|| named(&passwd, "nobody")).unwrap_or(NOBODY))
    }
}

fn named(passwd: &str, name: &str) -> Option<Account> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    let (uid, gid) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    (uid != 0).then_some(Account { uid, gid })
}

/// A command that runs as `account`, without the locale and PG* settings of the caller.
pub(super) fn command(program: &Path, account: Option<Account>) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).env("LC_ALL", "C").env("TZ", "UTC").current_dir("/");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    if let Some(Account { uid, gid }) = account {
        command.uid(uid).gid(gid);
    }
    command
}

/// Hands a whole folder tree to `account`.
pub(super) fn give(tree: &Path, account: Option<Account>) -> io::Result<()> {
    let Some(account) = account else { return Ok(()) };
    let metadata = fs::symlink_metadata(tree)?;
    if metadata.is_dir() {
        for entry in fs::read_dir(tree)? {
            give(&entry?.path(), Some(account))?;
        }
    }
    std::os::unix::fs::lchown(tree, Some(account.uid), Some(account.gid))
}

/// A folder that only `account` (and root) can enter.
pub(super) fn private_folder(path: &Path, account: Option<Account>) -> io::Result<()> {
    fs::create_dir_all(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    match account {
        Some(account) => chown(path, Some(account.uid), Some(account.gid)),
        None => Ok(()),
    }
}

/// Whether `account` can reach the folder: every folder on the way must be open to it.
pub(super) fn reaches(path: &Path, account: Option<Account>) -> bool {
    account.is_none()
        || path
            .ancestors()
            .filter(|ancestor| ancestor.exists())
            .all(|ancestor| fs::metadata(ancestor).is_ok_and(|folder| searchable(&folder, account)))
}

fn searchable(folder: &fs::Metadata, account: Option<Account>) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let mode = folder.permissions().mode();
    let owned = account.is_some_and(|account| account.uid == folder.uid());
    mode & 0o001 != 0 || (owned && mode & 0o100 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_come_from_passwd_and_are_never_root() {
        let passwd = "root:x:0:0::/root:/bin/sh\npostgres:x:101:104:,,,:/var/lib:/bin/sh\n";
        assert_eq!(named(passwd, "postgres"), Some(Account { uid: 101, gid: 104 }));
        assert_eq!(named(passwd, "root"), None);
        assert_eq!(named(passwd, "nobody"), None);
    }
}
