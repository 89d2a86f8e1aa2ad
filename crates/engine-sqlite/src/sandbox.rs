//! Landlock: after it, the kernel refuses every write outside the given folders, to root as well.
//!
//! Measured (ABI 7): `open(source, "w+")`, append, truncate and unlink all fail with EACCES, while
//! reading works. The restriction is inherited by child processes and threads that are started
//! later, and it sets `no_new_privs`, so set-user-ID programs gain nothing. It cannot be undone.

use std::path::Path;

use landlock::{
    ABI, AccessFs, BitFlags, CompatLevel, Compatible, LandlockStatus, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus,
};

/// What became of the restriction; the journal records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Enforcement {
    Full,
    /// The kernel knows only some of the rights: which way in remains.
    Partial(String),
    NotEnforced(String),
}

impl std::fmt::Display for Enforcement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Enforcement::Full => f.write_str("enforced"),
            Enforcement::Partial(why) => write!(f, "partly enforced: {why}"),
            Enforcement::NotEnforced(why) => write!(f, "not enforced: {why}"),
        }
    }
}

/// The rights that are taken away: everything that writes. `ABI::V5` has all of them that concern
/// files; connecting to sockets (V9) stays free, because a local server is reached through one.
const RIGHTS: ABI = ABI::V5;

/// Restricts this thread, and the threads and processes it starts from now on, to writing below
/// `writable` (folders that exist), to devices, and to shared memory. Call it on the main thread
/// before any other is started. Temporary files of other libraries need a folder among `writable`.
pub fn restrict(writable: &[&Path]) -> Enforcement {
    match try_restrict(writable) {
        Ok(enforcement) => enforcement,
        Err(error) => Enforcement::NotEnforced(error.to_string().to_lowercase()),
    }
}

fn try_restrict(writable: &[&Path]) -> Result<Enforcement, RulesetError> {
    let all = AccessFs::from_write(RIGHTS);
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(all)?
        .create()?;
    for folder in writable {
        rules = allow(rules, folder, all)?;
    }
    // `/dev/null`, terminals; and the shared memory of a PostgreSQL server started later.
    let devices = AccessFs::WriteFile | AccessFs::Truncate | AccessFs::IoctlDev;
    rules = allow(rules, Path::new("/dev"), devices)?;
    rules = allow(rules, Path::new("/dev/shm"), all)?;
    let status = rules.restrict_self()?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => Enforcement::Full,
        RulesetStatus::PartiallyEnforced => Enforcement::Partial(why(&status.landlock)),
        RulesetStatus::NotEnforced => Enforcement::NotEnforced(why(&status.landlock)),
    })
}

/// A folder that is not there cannot be written anyway.
fn allow(
    rules: RulesetCreated,
    folder: &Path,
    rights: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    match PathFd::new(folder) {
        Ok(fd) => rules.add_rule(PathBeneath::new(fd, rights)),
        Err(_) => Ok(rules),
    }
}

fn why(status: &LandlockStatus) -> String {
    match status {
        LandlockStatus::NotEnabled => "Landlock is disabled in this kernel".to_owned(),
        LandlockStatus::NotImplemented => "this kernel has no Landlock".to_owned(),
        LandlockStatus::Available { effective_abi, .. } => {
            format!("this kernel's Landlock has version {effective_abi:?} only")
        }
    }
}

/// Runs `work` on a thread of its own that can write only below `writable`. Its connections must
/// not leave it. `None`: it panicked.
pub(crate) fn on_restricted_thread<T: Send>(
    writable: &[&Path],
    work: impl FnOnce(Enforcement) -> T + Send,
) -> Option<T> {
    std::thread::scope(|scope| scope.spawn(|| work(restrict(writable))).join().ok())
}

#[cfg(test)]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_restricted_thread_writes_only_where_it_may() {
        let dir = tempfile::tempdir().unwrap();
        let (inside, outside) = (dir.path().join("in"), dir.path().join("out"));
        fs::create_dir(&inside).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("source"), "bytes").unwrap();
        on_restricted_thread(&[&inside], |enforcement| {
            fs::write(inside.join("a"), "a").unwrap();
            fs::rename(inside.join("a"), inside.join("b")).unwrap();
            fs::write("/dev/null", "x").unwrap();
            if let Enforcement::NotEnforced(why) = enforcement {
                eprintln!("skipped: Landlock is not enforced here ({why})");
                return;
            }
            let write = fs::OpenOptions::new().write(true).open(outside.join("source"));
            assert_eq!(write.unwrap_err().kind(), std::io::ErrorKind::PermissionDenied);
            assert!(fs::remove_file(outside.join("source")).is_err());
            assert!(fs::write(outside.join("new"), "x").is_err());
            assert_eq!(fs::read(outside.join("source")).unwrap(), b"bytes");
            assert!(std::process::Command::new("true").status().is_ok_and(|s| s.success()));
        })
        .unwrap();
        fs::write(outside.join("new"), "the other threads are free").unwrap();
    }
}
