//! Files and folders of backups: private, durable, never written over.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use runtime::faults;
use rustix::fs::{AtFlags, CWD, RenameFlags, linkat, renameat_with};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use crate::unfinished::{self, Hold};

/// The folder and its missing parents, for this user alone.
///
/// # Errors
/// What the operating system says.
pub fn create_folders(path: &Path) -> io::Result<()> {
    faults::io("create folders")?;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// A folder that was not there, for this user alone.
///
/// # Errors
/// Also where it is there already.
pub fn create_new_folder(path: &Path) -> io::Result<()> {
    faults::io("create folder")?;
    fs::DirBuilder::new().mode(0o700).create(path)
}

/// A file that was not there, for this user alone, with these bytes, durable together with its name.
///
/// # Errors
/// Also where it is there already.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = create_new(path, bytes)?;
    faults::io("sync file")?;
    file.sync_all()?;
    sync_folder_of(path)
}

/// The same in one act: nobody ever finds the name with some of the bytes.
///
/// # Errors
/// Also where it is there already.
pub fn write_new_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let partial = path.with_file_name(format!("{}{name}", unfinished::BACKUP));
    let written = || {
        let file = create_new(&partial, bytes)?;
        let _held = Hold::on(&partial)?;
        file.sync_all()?;
        rename_new(&partial, path)
    };
    written().inspect_err(|_| {
        // A second error would hide the first.
        drop(fs::remove_file(&partial));
    })
}

/// The same, not durable until the caller makes it so.
///
/// # Errors
/// Also where it is there already.
pub fn create_new(path: &Path, bytes: &[u8]) -> io::Result<File> {
    faults::io("create file")?;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    faults::io("write file")?;
    file.write_all(bytes)?;
    Ok(file)
}

/// Makes everything durable that was written into the folder, and into the file system that it is
/// on: one call for thousands of files, where each alone would wait for the disk.
///
/// # Errors
/// What the operating system says; since Linux 5.8 also of writes that failed before.
pub fn sync_all_in(folder: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(folder)?)?)
}

/// Nobody writes to it by mistake.
///
/// # Errors
/// What the operating system says.
pub fn make_read_only(path: &Path) -> io::Result<()> {
    faults::io("make read-only")?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o400))
}

/// Makes the names in the folder of `path` durable.
///
/// # Errors
/// What the operating system says.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    faults::io("sync folder")?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Renames to a name that must be free: where it is taken, nothing happens.
///
/// # Errors
/// Also where the name is taken.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    faults::io("rename file")?;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // File systems without the flag; a folder cannot be linked, and `rename` refuses to put one
        // over a folder that is not empty.
        Err(Errno::INVAL | Errno::NOSYS) if from.is_dir() && !to.exists() => fs::rename(from, to)?,
        Err(Errno::INVAL | Errno::NOSYS) => {
            linkat(CWD, from, CWD, to, AtFlags::empty())?;
            fs::remove_file(from)?;
        }
        renamed => renamed?,
    }
    sync_folder_of(to)
}

/// Lower-case hexadecimal.
///
/// # Errors
/// What the operating system says.
pub fn sha256(path: &Path) -> io::Result<String> {
    let (mut file, mut hash) = (File::open(path)?, Sha256::new());
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize())),
            n => hash.update(&buffer[..n]),
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `shop.db` to `shop.db-wal`.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Without Rust's `(os error 2)`.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect())
}
