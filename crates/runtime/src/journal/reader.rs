//! Reads journals: tolerates what a crash leaves, reports everything else.

use std::path::Path;

use diagnostics::code;

use super::format::{self, Bad, Line, NO_PREVIOUS, Record};
use super::{JOURNAL_FILE, VIEW_FILE, View};
use crate::{EngineError, private};

/// A journal that holds together.
#[derive(Clone, Debug)]
pub struct Read {
    pub lines: Vec<Line>,
    pub view: View,
    pub tail: Tail,
    /// Length of the whole lines; what follows was never acknowledged.
    pub whole_bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    Whole,
    /// The process died while it wrote the last line; so many bytes of it are there.
    Torn {
        bytes: usize,
    },
}

/// Reads the journal in the folder of a run.
///
/// # Errors
/// `JRN901` for damage, also for whole lines that are missing at the end (the readable view tells),
/// `JRN903` for a newer format, `JRN905` where there is no journal.
pub fn read_run(folder: &Path) -> Result<Read, EngineError> {
    let path = folder.join(JOURNAL_FILE);
    let read =
        parse(&bytes_of(&path)?).map_err(|error| error.object(path.display().to_string()))?;
    match published(folder) {
        Some(seq) if seq > read.view.seq => {
            Err(corrupt(format!("the records {} to {seq} are missing", read.view.seq + 1))
                .object(path.display().to_string()))
        }
        Some(_) | None => Ok(read),
    }
}

/// Reads the bytes of a journal. Never panics, whatever the bytes are.
pub fn parse(bytes: &[u8]) -> Result<Read, EngineError> {
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let (whole, torn) = bytes.split_at(end);
    let mut read = Read {
        lines: Vec::new(),
        view: View::default(),
        tail: if torn.is_empty() { Tail::Whole } else { Tail::Torn { bytes: torn.len() } },
        whole_bytes: end as u64,
    };
    if let Err(Bad::TooNew(version)) = format::decode(torn) {
        return Err(too_new(version));
    }
    for line in whole.split_inclusive(|byte| *byte == b'\n') {
        take(&mut read, &line[..line.len() - 1])?;
    }
    Ok(read)
}

fn take(read: &mut Read, bytes: &[u8]) -> Result<(), EngineError> {
    let number = read.lines.len() as u64 + 1;
    let (line, sum) = format::decode(bytes).map_err(|bad| match bad {
        Bad::TooNew(version) => too_new(version),
        Bad::Damaged(why) => corrupt(format!("record {number} is damaged: {why}")),
    })?;
    let expected = if number == 1 { NO_PREVIOUS } else { &read.view.head };
    if line.seq != number || line.prev != expected {
        return Err(corrupt(format!("record {number} does not follow the one before it")));
    }
    let may_begin = matches!(line.record, Record::Begun(_) | Record::Closed { .. });
    if may_begin != (number == 1) && !matches!(line.record, Record::Closed { .. }) {
        return Err(corrupt(format!("record {number} is not in its place")));
    }
    read.view.apply(&line, &sum);
    read.lines.push(line);
    Ok(())
}

pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> EngineError {
    EngineError::new(&code::JOURNAL_INACCESSIBLE, format!("reading the journal failed: {error}"))
        .object(path.display().to_string())
        .help("where its disk is lost, move the file away: the target still says what it holds")
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, EngineError> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let read = private::open(path, false).and_then(|mut file| file.read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(EngineError::new(&code::NO_RUN, "there is no journal")
                .object(path.display().to_string()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => {
            Err(corrupt(format!("this is no journal: {error}")).object(path.display().to_string()))
        }
        // It may be whole: who takes it for damaged would go on without it.
        Err(error) => Err(unreadable(path, &error)),
    }
}

/// How far the readable view had come; it is published after the records are durable.
fn published(folder: &Path) -> Option<u64> {
    let view: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join(VIEW_FILE)).ok()?).ok()?;
    view.get("seq")?.as_u64()
}

fn corrupt(message: String) -> EngineError {
    EngineError::new(&code::JOURNAL_CORRUPT, message).help(
        "keep the folder as it is; the target's own marker still says whether the run was promoted",
    )
}

fn too_new(version: u64) -> EngineError {
    let message = format!(
        "the journal has format {version}, this program reads up to {}",
        format::FORMAT_VERSION
    );
    EngineError::new(&code::JOURNAL_TOO_NEW, message).help("use the version that wrote it")
}
