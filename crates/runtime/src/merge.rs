//! Tables that the files of a source share: rows of several files with one key are one row, by the
//! plan's rule. What is told apart is hashes, so that memory follows the number of keys alone.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use diagnostics::{code, plural};
use ir::{Conflict, Load, Merge};
use xxhash_rust::xxh3::xxh3_128;

use crate::engine::{LoadInto, RowSink};
use crate::{EngineError, Row, Value};

/// Sends the rows of the file at this position to the sink; gives how many it read.
pub(crate) type ReadFile<'a> =
    &'a mut dyn FnMut(usize, &mut dyn RowSink) -> Result<u64, EngineError>;

/// What came of the files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scanned {
    pub rows: u64,
    /// Rows of these that another file's row stands for.
    pub merged: u64,
}

/// Bytes that a key takes in memory, with the room that the table of hashes keeps free.
pub(crate) const PER_KEY: u64 = 96;

/// How many colliding keys are told.
const TOLD: usize = 10;

/// Sends the rows of all files, given by their names, to the sink; where the load merges them, each
/// key once.
///
/// # Errors
/// `RUN834` with the keys whose rows are not the same, where they must be.
pub(crate) fn scan(
    load: &Load,
    into: &[LoadInto],
    memory: u64,
    files: &[String],
    read: ReadFile<'_>,
    sink: &mut dyn RowSink,
) -> Result<Scanned, EngineError> {
    let mut scanned = Scanned::default();
    let Some(merge) = &load.merge else {
        for file in 0..files.len() {
            scanned.rows += read(file, sink)?;
        }
        return Ok(scanned);
    };
    let mut seen = Seen::new(load, merge, into, memory)?;
    for at in 0..files.len() {
        seen.file = if merge.conflict == Conflict::Last { files.len() - 1 - at } else { at };
        scanned.rows += read(seen.file, &mut Passing { seen: &mut seen, files, sink })?;
    }
    scanned.merged = seen.merged;
    seen.end().map(|()| scanned)
}

/// The keys that have come by, and where each came from.
struct Seen<'a> {
    load: &'a Load,
    merge: &'a Merge,
    /// Positions of the key's values in a row.
    key: Vec<usize>,
    keys: HashMap<u128, First>,
    most: u64,
    /// The position of the file that is read.
    file: usize,
    merged: u64,
    conflicts: u64,
    told: Vec<String>,
    bytes: Vec<u8>,
}

struct First {
    file: usize,
    row: u128,
}

impl<'a> Seen<'a> {
    fn new(
        load: &'a Load,
        merge: &'a Merge,
        into: &[LoadInto],
        memory: u64,
    ) -> Result<Self, EngineError> {
        let position = |name: &String| {
            let fits = |into: &LoadInto| into.column.eq_ignore_ascii_case(name);
            into.iter().position(fits).ok_or_else(|| {
                let message = format!("rows are merged by `{name}`, which nothing is loaded into");
                EngineError::new(&code::LOAD_FAILED, message)
                    .object(format!("table {}", load.table))
                    .help("merge by columns that come from the files")
            })
        };
        let key = merge.by.iter().map(position).collect::<Result<_, _>>()?;
        Ok(Self {
            load,
            merge,
            key,
            keys: HashMap::new(),
            most: (memory / PER_KEY).max(1),
            file: 0,
            merged: 0,
            conflicts: 0,
            told: Vec::new(),
            bytes: Vec::new(),
        })
    }

    /// Whether the row goes on. A key that one file has twice goes on twice: the target's own key is
    /// what refuses it. One with a null is equal to no other.
    fn takes(&mut self, row: &Row<'_>, files: &[String]) -> Result<bool, EngineError> {
        let key = self.key.iter().map(|at| row.values[*at]);
        if key.clone().any(|value| value == Value::Null) {
            return Ok(true);
        }
        let key = hash(&mut self.bytes, key);
        let whole = hash(&mut self.bytes, row.values.iter().copied());
        let full = self.keys.len() as u64 >= self.most;
        match self.keys.entry(key) {
            Entry::Vacant(_) if full => Err(too_many(self.load, self.most)),
            Entry::Vacant(free) => {
                free.insert(First { file: self.file, row: whole });
                Ok(true)
            }
            Entry::Occupied(first) if first.get().file == self.file => Ok(true),
            Entry::Occupied(first) => {
                let (file, same) = (first.get().file, first.get().row == whole);
                self.merged += 1;
                if self.merge.conflict == Conflict::Equal && !same {
                    self.differs(row, &files[file], &files[self.file]);
                }
                Ok(false)
            }
        }
    }

    #[cold]
    fn differs(&mut self, row: &Row<'_>, first: &str, other: &str) {
        self.conflicts += 1;
        if self.told.len() < TOLD {
            let key = shown_key(&self.merge.by, self.key.iter().map(|at| row.values[*at]));
            self.told.push(format!("{key}: in `{first}` and in `{other}`"));
        }
    }

    fn end(self) -> Result<(), EngineError> {
        if self.conflicts == 0 {
            return Ok(());
        }
        let has = if self.conflicts == 1 { "has" } else { "have" };
        let message = format!(
            "{} of `{}` {has} another row in a further file",
            plural(self.conflicts, "key"),
            self.load.table
        );
        let more = self.conflicts - self.told.len() as u64;
        let mut lines = self.told;
        lines.extend((more > 0).then(|| format!("and {more} more")));
        lines.push("correct them in the files, or say `conflict: first` or `last`".to_owned());
        Err(EngineError::new(&code::MERGE_CONFLICT, message)
            .object(format!("table {}", self.load.table))
            .help(lines.join("\n")))
    }
}

fn too_many(load: &Load, most: u64) -> EngineError {
    let message = format!("`{}` has more than {most} keys to be merged", load.table);
    EngineError::new(&code::LOAD_FAILED, message)
        .object(format!("table {}", load.table))
        .help("raise `memory` under `run:`: merging keeps a hash of every key")
}

/// Passes the rows of one file on that are to be loaded.
struct Passing<'a, 'b> {
    seen: &'a mut Seen<'b>,
    files: &'a [String],
    sink: &'a mut dyn RowSink,
}

impl RowSink for Passing<'_, '_> {
    fn row(&mut self, row: Row<'_>) -> Result<(), EngineError> {
        if self.seen.takes(&row, self.files)? { self.sink.row(row) } else { Ok(()) }
    }
}

/// Of values with their kinds and lengths, so that no two lists of values give the same bytes.
pub(crate) fn hash<'v>(bytes: &mut Vec<u8>, values: impl Iterator<Item = Value<'v>>) -> u128 {
    bytes.clear();
    for value in values {
        let (kind, content): (u8, &[u8]) = match &value {
            Value::Null => (0, &[]),
            Value::Integer(integer) => (1, &integer.to_be_bytes()),
            Value::Real(real) => (2, &real.to_bits().to_be_bytes()),
            Value::Text(text) => (3, text),
            Value::Blob(blob) => (4, blob),
        };
        bytes.push(kind);
        bytes.extend_from_slice(&(content.len() as u64).to_be_bytes());
        bytes.extend_from_slice(content);
    }
    xxh3_128(bytes)
}

/// ``code = `rs` ``, each value shortened.
pub(crate) fn shown_key<'v>(names: &[String], values: impl Iterator<Item = Value<'v>>) -> String {
    let parts = names.iter().zip(values).map(|(name, value)| format!("{name} = {}", shown(value)));
    parts.collect::<Vec<_>>().join(", ")
}

/// Characters of a value that are shown.
const SHOWN: usize = 40;

fn shown(value: Value<'_>) -> String {
    let text = match value {
        Value::Null => return "null".to_owned(),
        Value::Integer(integer) => return integer.to_string(),
        Value::Real(real) => return real.to_string(),
        Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
        Value::Blob(blob) => blob.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect(),
    };
    let short: String = text.chars().take(SHOWN).flat_map(char::escape_default).collect();
    if text.chars().count() > SHOWN { format!("`{short}…`") } else { format!("`{short}`") }
}

#[cfg(test)]
mod tests;
