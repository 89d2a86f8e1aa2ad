//! Files and folders that nobody else reads (0600, 0700) and no link can redirect.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use crate::faults;

/// Creates the file, which must not exist: `O_EXCL | O_NOFOLLOW`, 0600.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    faults::io("create file")?;
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?))
}

/// Opens an existing file without following a link in its place, or waiting for a pipe's other end:
/// those are `InvalidInput`.
pub(crate) fn open(path: &Path, write: bool) -> io::Result<File> {
    faults::io("open file")?;
    let access = if write { OFlags::RDWR | OFlags::APPEND } else { OFlags::RDONLY };
    let flags = access | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let opened = rustix::fs::open(path, flags, Mode::empty());
    let file = match opened {
        Err(rustix::io::Errno::LOOP) => return Err(no_file("a link")),
        opened => File::from(opened?),
    };
    if file.metadata()?.is_file() { Ok(file) } else { Err(no_file("no file")) }
}

fn no_file(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("what is there is {what}"))
}

/// Creates the folder, which must not exist, with mode 0700, and makes its name durable.
pub(crate) fn create_new_folder(path: &Path) -> io::Result<()> {
    faults::io("create folder")?;
    rustix::fs::mkdir(path, Mode::RWXU)?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Creates the folder and its parents with mode 0700 where they are missing.
pub(crate) fn create_folders(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    faults::io("create folders")?;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes names that were created, renamed or removed in the folder durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    faults::io("sync folder")?;
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    File::open(path)?.sync_all()
}

/// Replaces the file as one act: temporary file beside it, fsync, rename, fsync of the folder.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_with(path, |file| file.write_all(bytes))
}

/// The same with what `write` gives, which need not be in memory as a whole.
pub(crate) fn replace_with(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    match std::fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = BufWriter::new(create_new(&temporary)?);
    faults::io("write file")?;
    write(&mut file)?;
    file.flush()?;
    faults::io("sync file")?;
    file.get_ref().sync_all()?;
    rename(&temporary, path)
}

/// Gives the file its name, and makes that durable.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    faults::io("rename file")?;
    std::fs::rename(from, to)?;
    to.parent().map_or(Ok(()), sync_folder)
}
