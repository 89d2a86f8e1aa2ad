//! Appends records, and syncs them before the effects that they announce.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use diagnostics::code;
use jiff::Timestamp;

use super::format::{self, Begun, FORMAT_VERSION, Line, NO_PREVIOUS, Record};
use super::{JOURNAL_FILE, PLAN_FILE, VIEW_FILE, View, reader};
use crate::EngineError;
use crate::clock::stamp;
use crate::{faults, private};

/// The open journal of a live run, or of a dead one that is being closed. While it is open the
/// file is locked; that lock, not a process number, says that a run is alive.
pub struct Journal {
    folder: PathBuf,
    file: File,
    seq: u64,
    previous: String,
    view: View,
    /// A write failed: half a line may stand at the end, so nothing may follow it.
    broken: bool,
}

impl Journal {
    /// Creates the journal in the (new, private) folder of the run, with the compiled plan beside.
    pub fn create(
        folder: &Path,
        begun: Begun,
        plan: &[u8],
        at: Timestamp,
    ) -> Result<Self, EngineError> {
        let path = folder.join(JOURNAL_FILE);
        // Whoever finds it under its name finds it locked: else another run could take it for dead.
        let unnamed = path.with_extension("new");
        let made = private::create_new(&unnamed)
            .and_then(|file| file.lock().map(|()| file))
            .and_then(|file| private::replace(&folder.join(PLAN_FILE), plan).map(|()| file))
            .and_then(|file| private::rename(&unnamed, &path).map(|()| file));
        let file = made.map_err(|error| unwritable(&path, &error))?;
        let view = View::default();
        let previous = NO_PREVIOUS.to_owned();
        let mut journal =
            Self { folder: folder.to_owned(), file, seq: 0, previous, view, broken: false };
        journal.write(at, Record::Begun(begun))?;
        journal.publish()?;
        Ok(journal)
    }

    /// Opens the journal of a run whose process is dead, to write how it ended. `None`: it lives.
    pub fn adopt(folder: &Path) -> Result<Option<Self>, EngineError> {
        let path = folder.join(JOURNAL_FILE);
        let failed = |error: &std::io::Error| unwritable(&path, error);
        let file = private::open(&path, true).map_err(|error| failed(&error))?;
        if file.try_lock().is_err() {
            return Ok(None);
        }
        let read = reader::read_run(folder)?;
        // A torn last line was never acknowledged; what follows must begin on its own line.
        file.set_len(read.whole_bytes).map_err(|error| failed(&error))?;
        Ok(Some(Self {
            folder: folder.to_owned(),
            file,
            seq: read.view.seq,
            previous: read.lines.last().map_or(NO_PREVIOUS.to_owned(), |_| read.view.head.clone()),
            view: read.view,
            broken: false,
        }))
    }

    pub fn view(&self) -> &View {
        &self.view
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn path(&self) -> PathBuf {
        self.folder.join(JOURNAL_FILE)
    }

    /// Appends one record. When this returns, a record that announces something is on disk, and
    /// with it all before it.
    pub fn write(&mut self, at: Timestamp, record: Record) -> Result<(), EngineError> {
        let at = stamp(at);
        let line =
            Line { v: FORMAT_VERSION, seq: self.seq + 1, prev: self.previous.clone(), at, record };
        let (bytes, sum) = format::encode(&line).map_err(|error| {
            EngineError::new(
                &code::JOURNAL_INACCESSIBLE,
                format!("a record cannot be written: {error}"),
            )
        })?;
        let durable = line.record.must_be_durable();
        self.append(&bytes, durable).map_err(|error| unwritable(&self.path(), &error))?;
        self.seq += 1;
        self.view.apply(&line, &sum);
        self.previous = sum;
        Ok(())
    }

    /// A failed write or sync is never tried again: the kernel may have dropped the pages.
    fn append(&mut self, bytes: &[u8], durable: bool) -> std::io::Result<()> {
        if std::mem::replace(&mut self.broken, true) {
            return Err(std::io::Error::other("an earlier write failed"));
        }
        faults::io("write to the journal")?;
        self.file.write_all(bytes)?;
        if durable {
            faults::io("sync the journal")?;
            self.file.sync_data()?;
        }
        self.broken = false;
        Ok(())
    }

    /// Rewrites the readable view. It is never ahead of what is durable in the journal.
    pub fn publish(&mut self) -> Result<(), EngineError> {
        self.append(&[], true).map_err(|error| unwritable(&self.path(), &error))?;
        let path = self.folder.join(VIEW_FILE);
        private::replace_with(&path, |file| self.view.write(file))
            .map_err(|error| unwritable(&path, &error))
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> EngineError {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    let full = matches!(error.kind(), StorageFull | QuotaExceeded);
    let code = if full { &code::DISK_FULL } else { &code::JOURNAL_INACCESSIBLE };
    EngineError::new(code, format!("`{}` cannot be written: {error}", path.display()))
        .help("the run needs a writable state folder; name another one with `--state-dir`")
}
