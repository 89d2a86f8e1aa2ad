//! Two digests differ: which rows are it?
//!
//! No key is needed for that. Rows fall into parts by the first bits of their hash, on both sides
//! alike; a part whose digest is the same on both sides holds the same rows. A second pass keeps the
//! rows of a few of the parts that differ, and what both sides have cancels out. So memory is bounded
//! whatever the size of the table, and tables without keys, queries and fleets are narrowed down too.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_128;

use crate::engine::{LoadInto, LoadSink, Misfit, RowSink, Tell, Watch};
use crate::{EngineError, Row, RowDigest};

/// Bits of the hash that choose the part.
const BITS: u32 = 12;

/// Parts that are looked into, and rows that are told: who has more has another problem than rows.
const LOOKED_INTO: usize = 8;
const TOLD: usize = 20;

/// Bytes of rows that are kept to be compared column by column.
const KEPT: usize = 8 << 20;

/// Sends every row of the sources to the sink, as the load did.
pub(crate) type Replay<'a> = &'a mut dyn FnMut(&mut dyn RowSink) -> Result<(), EngineError>;

/// The error with the rows that it is about, where the engine can tell them apart.
pub(crate) fn with_rows(
    mut error: EngineError,
    tell: Option<&mut dyn Tell>,
    table: &str,
    columns: &[LoadInto],
    replay: Replay<'_>,
) -> EngineError {
    let Some(tell) = tell else { return error };
    let lines = match rows_that_differ(tell, table, columns, replay) {
        Ok(lines) => lines,
        Err(why) => vec![format!("which rows they are could not be found out: {why}")],
    };
    error.help = Some(lines.into_iter().chain(error.help).collect::<Vec<_>>().join("\n"));
    error
}

/// One line for each row that differs, at most 20, and one more where there are others.
fn rows_that_differ(
    tell: &mut dyn Tell,
    table: &str,
    columns: &[LoadInto],
    replay: Replay<'_>,
) -> Result<Vec<String>, EngineError> {
    let (sent, found) = (Parts::default(), Parts::default());
    watch(tell, table, columns, &sent, replay)?;
    tell.watch_found(table, columns, &found)?;
    let differing = sent.differing(&found);
    let chosen = &differing[..differing.len().min(LOOKED_INTO)];
    let (sent, found) = (Rows::of(chosen), Rows::of(chosen));
    watch(tell, table, columns, &sent, replay)?;
    tell.watch_found(table, columns, &found)?;
    let (missing, surplus) = without_common(sent, found);
    let more = differing.len() > chosen.len() || missing.len().max(surplus.len()) > TOLD;
    let mut lines = told(tell, table, columns, missing, surplus)?;
    if more {
        lines.push("and further rows".to_owned());
    }
    Ok(lines)
}

/// Passes rows to the engine's sink and remembers where the one on its way comes from.
struct Placing<'a, W> {
    sink: Box<dyn LoadSink + 'a>,
    watch: &'a W,
}

/// Knows where the row on its way comes from.
trait Placed: Watch {
    fn comes_from(&self, _row: &Row<'_>) {}
}

impl<W: Placed> RowSink for Placing<'_, W> {
    fn row(&mut self, row: Row<'_>) -> Result<(), EngineError> {
        self.watch.comes_from(&row);
        self.sink.row(row)?;
        // They were told when the rows were loaded.
        drop(self.sink.misfits());
        Ok(())
    }

    fn misfits(&mut self) -> Vec<Misfit> {
        Vec::new()
    }
}

fn watch<W: Placed>(
    tell: &mut dyn Tell,
    table: &str,
    columns: &[LoadInto],
    watch: &W,
    replay: Replay<'_>,
) -> Result<(), EngineError> {
    let sink = tell.watch_sent(table, columns, watch)?;
    let mut placing = Placing { sink, watch };
    replay(&mut placing)?;
    placing.sink.finish().map(drop)
}

fn part_of(hash: u128) -> usize {
    (hash >> (128 - BITS)) as usize
}

/// The digest of each part.
struct Parts(RefCell<Vec<RowDigest>>);

impl Default for Parts {
    fn default() -> Self {
        Self(RefCell::new(vec![RowDigest::default(); 1 << BITS]))
    }
}

impl Placed for Parts {}

impl Watch for Parts {
    fn row(&self, canonical: &[u8], _: &dyn Fn() -> String) {
        self.0.borrow_mut()[part_of(xxh3_128(canonical))].add(canonical);
    }
}

impl Parts {
    fn differing(&self, other: &Parts) -> Vec<usize> {
        let (here, there) = (self.0.borrow(), other.0.borrow());
        let pairs = here.iter().zip(there.iter()).enumerate();
        pairs.filter(|(_, (a, b))| a != b).map(|(part, _)| part).collect()
    }
}

/// A row of a part that was looked into.
struct Kept {
    at: String,
    /// `None`: there was no room for it.
    canonical: Option<Vec<u8>>,
}

/// The rows of some parts, by hash.
struct Rows<'a> {
    parts: &'a [usize],
    rows: RefCell<BTreeMap<u128, Vec<Kept>>>,
    comes_from: RefCell<String>,
    room: Cell<usize>,
}

impl<'a> Rows<'a> {
    fn of(parts: &'a [usize]) -> Self {
        Self {
            parts,
            rows: RefCell::default(),
            comes_from: RefCell::default(),
            room: Cell::new(KEPT),
        }
    }

    fn keep(&self, canonical: &[u8]) -> Option<Vec<u8>> {
        let room = self.room.get().checked_sub(canonical.len())?;
        self.room.set(room);
        Some(canonical.to_vec())
    }
}

impl Placed for Rows<'_> {
    fn comes_from(&self, row: &Row<'_>) {
        use std::fmt::Write as _;
        let mut place = self.comes_from.borrow_mut();
        place.clear();
        // Writing into a string does not fail.
        let _ = match row.rowid {
            Some(rowid) => write!(place, "`{}`, rowid {rowid}", row.file),
            None => write!(place, "a row of `{}`", row.file),
        };
    }
}

impl Watch for Rows<'_> {
    fn row(&self, canonical: &[u8], at: &dyn Fn() -> String) {
        let hash = xxh3_128(canonical);
        if self.parts.binary_search(&part_of(hash)).is_err() {
            return;
        }
        let (at, comes_from) = (at(), self.comes_from.borrow());
        let at = if at.is_empty() { comes_from.clone() } else { at };
        let kept = Kept { at, canonical: self.keep(canonical) };
        self.rows.borrow_mut().entry(hash).or_default().push(kept);
    }
}

/// What only one side has, in the order of the hashes.
fn without_common(sent: Rows<'_>, found: Rows<'_>) -> (Vec<Kept>, Vec<Kept>) {
    let (sent, mut found) = (sent.rows.into_inner(), found.rows.into_inner());
    let mut missing = Vec::new();
    for (hash, mut rows) in sent {
        let Some(there) = found.get_mut(&hash) else {
            missing.append(&mut rows);
            continue;
        };
        let common = rows.len().min(there.len());
        missing.extend(rows.drain(common..));
        there.drain(..common);
    }
    (missing, found.into_values().flatten().collect())
}

fn told(
    tell: &mut dyn Tell,
    table: &str,
    columns: &[LoadInto],
    mut missing: Vec<Kept>,
    mut surplus: Vec<Kept>,
) -> Result<Vec<String>, EngineError> {
    missing.truncate(TOLD);
    surplus.truncate(TOLD);
    let at: Vec<_> = surplus.iter().map(|row| row.at.clone()).collect();
    let names = tell.names(table, columns, &at)?;
    let mut surplus: Vec<_> = surplus.into_iter().zip(names).map(Some).collect();
    let mut lines = Vec::new();
    for row in missing {
        let nearest = nearest(tell, columns.len(), &row, &surplus);
        let line = match nearest.and_then(|(at, differing)| Some((surplus[at].take()?, differing)))
        {
            Some(((_, name), differing)) => {
                let names: Vec<_> =
                    differing.iter().map(|at| format!("`{}`", columns[*at].column)).collect();
                format!("{}: {} otherwise in the target ({name})", row.at, names.join(", "))
            }
            None => format!("{}: not in the target", row.at),
        };
        lines.push(line);
    }
    let left = surplus.into_iter().flatten();
    lines.extend(left.map(|(_, name)| format!("{name}: in the target, but nobody sent it so")));
    lines.sort();
    Ok(lines)
}

/// The row that agrees in most columns, if it does in half of them, and where it does not.
fn nearest(
    tell: &dyn Tell,
    columns: usize,
    row: &Kept,
    others: &[Option<(Kept, String)>],
) -> Option<(usize, Vec<usize>)> {
    let canonical = row.canonical.as_ref()?;
    let compared = others.iter().enumerate().filter_map(|(at, other)| {
        let other = other.as_ref()?.0.canonical.as_ref()?;
        Some((at, tell.differing(canonical, other)))
    });
    let (at, differing) = compared.min_by_key(|(_, differing)| differing.len())?;
    (2 * differing.len() <= columns).then_some((at, differing))
}
