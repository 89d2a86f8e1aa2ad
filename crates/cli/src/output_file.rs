//! Files that a command writes: under another name first, then in one rename, so that nobody ever
//! reads half of one. What is no file (`/dev/null`, `/dev/stdout`, a named pipe) is written into:
//! a rename would put a file in its place, for every program of the machine.

use std::fs::{OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use diagnostics::{Diagnostic, code};
use tempfile::{Builder, NamedTempFile};

use crate::exit_code;
use crate::failure::Failure;
use crate::folders;

/// Writes `path`, over what is there. A file that is there keeps its permissions and, behind a
/// symbolic link, its place; a new one is readable as the umask says.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if is_stream(path) {
        return write_into(path, bytes);
    }
    let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let before = std::fs::metadata(&real).ok().map(|found| found.permissions());
    let made = || -> io::Result<()> {
        let file = filled(&real, bytes)?;
        if let Some(permissions) = before {
            file.as_file().set_permissions(permissions)?;
        }
        file.persist(&real).map(drop).map_err(|error| error.error)
    };
    made().map_err(|error| unwritable(path, &error))
}

/// Whether `path`, behind its symbolic links, takes bytes and keeps none: a device, a pipe, a
/// socket.
pub(crate) fn is_stream(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

fn write_into(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let opened = OpenOptions::new().write(true).open(path);
    opened.and_then(|mut into| into.write_all(bytes)).map_err(|error| unwritable(path, &error))
}

/// Writes `path`, which must not be there; not even a file that appears meanwhile is written over.
///
/// # Errors
/// `help` says what to do about a file that is there.
pub(crate) fn create(path: &Path, bytes: &[u8], help: &str) -> Result<(), Failure> {
    let file = filled(path, bytes).map_err(|error| unwritable(path, &error))?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(is_there(path, help))
        }
        Err(error) => Err(unwritable(path, &error.error)),
    }
}

pub(crate) fn is_there(path: &Path, help: &str) -> Failure {
    let message = format!("`{}` is there already", path.display());
    let diagnostic = Diagnostic::new(&code::OUTPUT, message).help(help);
    Failure::new(diagnostic, exit_code::FINDINGS)
}

fn filled(path: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    // What is written here is for review, no secret: the umask decides who reads it.
    let mut file = Builder::new()
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folders::folder_of(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

pub(crate) fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let message = format!("`{}` cannot be written: {error}", path.display());
    Failure::new(Diagnostic::new(&code::OUTPUT, message), exit_code::FINDINGS)
}
