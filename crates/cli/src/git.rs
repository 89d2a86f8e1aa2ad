//! Files as they were at a git revision. Git itself is asked, as a child process without a shell;
//! nothing in the repository is changed.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use compiler::Files;
use diagnostics::{Diagnostic, code};

use crate::exit_code;
use crate::failure::Failure;
use crate::plan_input::MAX_FILE_BYTES;

pub(crate) struct Revision {
    /// As it was typed.
    pub(crate) name: String,
    /// The commit's full hash: the name may move while the files are read.
    commit: String,
    /// Where relative paths start.
    folder: PathBuf,
}

impl Revision {
    /// # Errors
    /// Where git is not installed, the folder is in no repository, or there is no such revision.
    pub(crate) fn find(folder: &Path, name: &str) -> Result<Self, Failure> {
        let inside = git(folder).args(["rev-parse", "--is-inside-work-tree"]).output();
        let inside = inside.map_err(|error| not_started(&error))?;
        if !inside.status.success() {
            let message = format!("`{}` is in no git repository", folder.display());
            return Err(failure(said(Diagnostic::new(&code::REVISION, message), &inside)));
        }
        let unknown = || format!("this repository has no revision `{name}`");
        if name.starts_with('-') {
            return Err(failure(Diagnostic::new(&code::REVISION, unknown())));
        }
        let wanted = format!("{name}^{{commit}}");
        let found = git(folder).args(["rev-parse", "--verify", "--quiet", &wanted]).output();
        let found = found.map_err(|error| not_started(&error))?;
        if !found.status.success() {
            let help = "name a commit, branch or tag; in CI it must have been fetched";
            return Err(failure(Diagnostic::new(&code::REVISION, unknown()).help(help)));
        }
        let commit = String::from_utf8_lossy(&found.stdout).trim().to_owned();
        Ok(Self { name: name.to_owned(), commit, folder: folder.to_path_buf() })
    }

    /// The bytes of a file; the path is relative to the folder.
    ///
    /// # Errors
    /// Why they cannot be had, as the end of a sentence.
    pub(crate) fn bytes(&self, path: &str) -> Result<Vec<u8>, String> {
        if Path::new(path).is_absolute() {
            return Err("an absolute path is in no revision".to_owned());
        }
        // `./` makes git start at the folder and not at the root of the repository.
        let object = format!("{}:./{path}", self.commit);
        let mut child = git(&self.folder)
            .args(["cat-file", "blob", &object])
            .spawn()
            .map_err(|error| format!("git cannot be started: {error}"))?;
        let mut bytes = Vec::new();
        if let Some(out) = child.stdout.take() {
            let read = out.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes);
            read.map_err(|error| format!("git stopped: {error}"))?;
        }
        if bytes.len() as u64 > MAX_FILE_BYTES {
            // It waits for a reader that does not read on.
            let ended = child.kill().and_then(|()| child.wait());
            ended.map_err(|error| format!("git does not stop: {error}"))?;
            let most = crate::ui::figures::bytes(MAX_FILE_BYTES);
            return Err(format!("it is larger than {most} at `{}`", self.name));
        }
        let output = child.wait_with_output().map_err(|error| format!("git stopped: {error}"))?;
        if output.status.success() { Ok(bytes) } else { Err(self.why(&output)) }
    }

    /// What is not as it was at the revision: changed, deleted and new files, those that git does
    /// not know yet too.
    ///
    /// # Errors
    /// Where git cannot say it.
    pub(crate) fn changed(&self) -> Result<Changed, Failure> {
        let top = asked(&self.folder, &["rev-parse", "--show-toplevel"])?;
        let top = PathBuf::from(String::from_utf8_lossy(&top).trim_end_matches('\n'));
        let tracked = ["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", &self.commit];
        let new = ["ls-files", "--others", "--exclude-standard", "-z"];
        let mut files = BTreeSet::new();
        for args in [&tracked[..], &new[..]] {
            let names = asked(&top, args)?;
            let names = names.split(|byte| *byte == 0).filter(|name| !name.is_empty());
            files.extend(names.map(|name| top.join(OsStr::from_bytes(name))));
        }
        Ok(Changed { top, files })
    }

    fn why(&self, output: &Output) -> String {
        let text = String::from_utf8_lossy(&output.stderr);
        // Messages of git's `die_verify_filename` and `diagnose_invalid_oid_path`.
        if text.contains("does not exist in") || text.contains("but not in") {
            return format!("it is not in revision `{}`", self.name);
        }
        if text.contains("is outside repository") {
            return "it is outside the repository".to_owned();
        }
        format!("git says: {}", first_line(&text))
    }
}

impl Files for Revision {
    fn read(&self, path: &str) -> Result<String, String> {
        String::from_utf8(self.bytes(path)?).map_err(|_| "it is not UTF-8".to_owned())
    }
}

/// Files of one repository, by their absolute paths.
pub(crate) struct Changed {
    top: PathBuf,
    files: BTreeSet<PathBuf>,
}

impl Changed {
    /// `None` for a file of another repository, or of none.
    pub(crate) fn has(&self, path: &Path) -> Option<bool> {
        path.starts_with(&self.top).then(|| self.files.contains(path))
    }
}

fn asked(folder: &Path, args: &[&str]) -> Result<Vec<u8>, Failure> {
    let output = git(folder).args(args).output().map_err(|error| not_started(&error))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let message = format!("git cannot say what changed in `{}`", folder.display());
    Err(failure(said(Diagnostic::new(&code::REVISION, message), &output)))
}

/// Messages are matched, so they must be English; a question never waits for an answer.
fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0");
    // Set by git for its hooks, relative to a folder that is not this one.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn not_started(error: &io::Error) -> Failure {
    let message = match error.kind() {
        io::ErrorKind::NotFound => "a revision needs git, which is not installed".to_owned(),
        _ => format!("git cannot be started: {error}"),
    };
    failure(Diagnostic::new(&code::REVISION, message))
}

/// With git's own words where they say more (an owner that git does not trust).
fn said(diagnostic: Diagnostic, output: &Output) -> Diagnostic {
    let text = String::from_utf8_lossy(&output.stderr);
    if text.contains("not a git repository") {
        return diagnostic.help("without a revision the command works anywhere");
    }
    diagnostic.note(format!("git says: {}", first_line(&text)))
}

fn first_line(text: &str) -> &str {
    let line = text.lines().next().unwrap_or("nothing");
    line.strip_prefix("fatal: ").unwrap_or(line)
}

fn failure(diagnostic: Diagnostic) -> Failure {
    Failure::new(diagnostic, exit_code::FINDINGS)
}
