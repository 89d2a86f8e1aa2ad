//! Rows that a unique key of the target refuses: which keys collide, and which files they come from.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::Context;
use crate::binding::loads;
use crate::engine::RowSink;
use crate::error::BrokenKey;
use crate::merge::{PER_KEY, hash, shown_key};
use crate::{EngineError, Row, Value};

/// How many keys are told.
const TOLD: usize = 10;

/// The error with the keys, where it is about one of a table that rows were loaded into. Its sources
/// are read once more for that: the target's rows do not say where they come from.
pub(super) fn told(context: &Context<'_>, mut error: EngineError) -> EngineError {
    let Some(key) = error.key.take() else { return error };
    let lines = match collisions(context, &key) {
        Ok(lines) => lines,
        Err(why) => vec![format!("which rows they are could not be found out: {why}")],
    };
    error.help = Some(lines.into_iter().chain(error.help).collect::<Vec<_>>().join("\n"));
    error
}

/// Nothing where the key has expressions or columns that no source fills, nor where rows were merged:
/// those that are gone would be told, too.
fn collisions(context: &Context<'_>, key: &BrokenKey) -> Result<Vec<String>, EngineError> {
    let mut loads = loads(context.session.plan);
    let load = loads.find(|(_, load)| load.table == key.table && load.merge.is_none());
    let Some((_, load)) = load else { return Ok(Vec::new()) };
    let binding = context.binding(&key.table)?;
    let place = |name: &String| binding.into.iter().position(|into| into.column == *name);
    let Some(places) = key.columns.iter().map(place).collect::<Option<Vec<_>>>() else {
        return Ok(Vec::new());
    };
    let most = context.session.plan.settings.memory_bytes / PER_KEY;
    let mut doubles = Doubles::new(&key.columns, places, most);
    for (at, file) in context.files.of(&load.source).iter().enumerate() {
        context.go_on()?;
        doubles.files.push(file.state.path.shown.clone());
        context.snapshot(&load.source, at)?.scan(binding.scan(at)?, &mut doubles)?;
    }
    let Doubles { mut lines, further, .. } = doubles;
    lines.extend((further > 0).then(|| format!("and {further} more")));
    Ok(lines)
}

struct Doubles<'a> {
    columns: &'a [String],
    /// Positions of the key's values in a row.
    places: Vec<usize>,
    /// Where a key came by first, by its hash.
    first: HashMap<u128, Place>,
    /// Names of the files until now; the last one is read.
    files: Vec<String>,
    /// Keys that are remembered: of a larger table some collisions are told, not all.
    most: u64,
    lines: Vec<String>,
    further: u64,
    bytes: Vec<u8>,
}

struct Place {
    /// Position in the names of the files.
    file: usize,
    rowid: Option<i64>,
}

impl<'a> Doubles<'a> {
    fn new(columns: &'a [String], places: Vec<usize>, most: u64) -> Self {
        let (first, files, lines, bytes) = Default::default();
        Self { columns, places, first, files, most, lines, further: 0, bytes }
    }
}

impl RowSink for Doubles<'_> {
    fn row(&mut self, row: Row<'_>) -> Result<(), EngineError> {
        let values = || self.places.iter().map(|at| row.values[*at]);
        if values().any(|value| value == Value::Null) {
            return Ok(());
        }
        let full = self.first.len() as u64 >= self.most;
        let hash = hash(&mut self.bytes, self.places.iter().map(|at| row.values[*at]));
        match self.first.entry(hash) {
            Entry::Vacant(_) if full => {}
            Entry::Vacant(free) => {
                free.insert(Place { file: self.files.len() - 1, rowid: row.rowid });
            }
            Entry::Occupied(_) if self.lines.len() >= TOLD => self.further += 1,
            Entry::Occupied(first) => {
                let key = shown_key(self.columns, self.places.iter().map(|at| row.values[*at]));
                let first = shown(&self.files[first.get().file], first.get().rowid);
                self.lines.push(format!(
                    "{key}: in {first} and in {}",
                    shown(&self.files[self.files.len() - 1], row.rowid)
                ));
            }
        }
        Ok(())
    }
}

fn shown(file: &str, rowid: Option<i64>) -> String {
    rowid.map_or_else(|| format!("`{file}`"), |rowid| format!("`{file}`, rowid {rowid},"))
}
