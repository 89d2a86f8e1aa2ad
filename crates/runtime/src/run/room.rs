//! Whether the sort of an index build has the room that the server permits: known from the rows
//! before one of them is loaded, and not after.

use diagnostics::code;
use ir::{CompiledPlan, Load, Settings};

use super::Finding;
use crate::binding::{self, Binding, Bindings};
use crate::engine::{
    LargeValues, Preflight, Result, RowSink, SortLimit, SortedColumn, SortedIndex, SourceEngine,
};
use crate::sources::{SourceFile, SourceSet};
use crate::{EngineError, Row, Value};

/// Index builds that certainly fail. Nothing is read where nothing is limited.
pub(super) fn judge(
    plan: &CompiledPlan,
    set: &SourceSet,
    engine: &dyn SourceEngine,
    bindings: &Bindings,
    preflight: &Preflight,
) -> Vec<Finding> {
    let Some(limit) = &preflight.sort_limit else { return Vec::new() };
    let findings = limit.indexes.iter().filter_map(|index| {
        let (step, load) = binding::loads(plan).find(|(_, load)| load.table == index.table)?;
        let room = Room { limit, index, settings: &plan.settings };
        let files = set.of(&load.source);
        let error = room.lacks(load, files, engine, bindings.get(&load.table)?).transpose()?;
        Some(Finding::of_step(step, error.unwrap_or_else(|error| error)))
    });
    findings.collect()
}

struct Room<'a> {
    limit: &'a SortLimit,
    index: &'a SortedIndex,
    settings: &'a Settings,
}

impl Room<'_> {
    fn lacks(
        &self,
        load: &Load,
        files: &[SourceFile],
        engine: &dyn SourceEngine,
        binding: &Binding,
    ) -> Result<Option<EngineError>> {
        if self.most(load, files).is_some_and(|most| most <= self.limit.bytes) {
            return Ok(None);
        }
        let mut sort = Sort::of(self.index, binding);
        for (at, file) in files.iter().enumerate() {
            let mut source = engine.open_source(&file.state, &file.parameters)?;
            source.scan(binding.scan(at)?, &mut sort)?;
        }
        Ok(self.refusal(sort.bytes))
    }

    /// What the rows can come to, without reading one: no value is longer than its file. `None`
    /// where their number is not known before.
    fn most(&self, load: &Load, files: &[SourceFile]) -> Option<u64> {
        let table = Binding::whole_table(load)?.to_lowercase();
        let rows = |file: &SourceFile| {
            let mut tables = file.state.tables.iter();
            tables.find(|(name, _)| name.to_lowercase() == table).map(|(_, rows)| *rows)
        };
        let widest = self.index.columns.iter().filter_map(|column| column.width).sum::<u64>();
        let each = self.index.entry_bytes + widest + self.index.columns.len() as u64;
        files.iter().try_fold(0, |sum, file| {
            let bytes: u64 = file.state.files.iter().map(|part| part.size).sum();
            Some(sum + rows(file)? * each + bytes)
        })
    }

    fn refusal(&self, sorted: u64) -> Option<EngineError> {
        let each = sorted / self.limit.processes.max(1);
        if each <= self.limit.bytes || sorted <= self.settings.index_memory() {
            return None;
        }
        let message = format!(
            "the build of index `{}` writes at least {} to temporary files, and the server permits {}",
            self.index.index,
            mebibytes(each),
            mebibytes(self.limit.bytes)
        );
        let help = format!(
            "raise {} (an administrator can: `alter role … set temp_file_limit = …`), or let the sort \
             fit into memory with `run: {{ index_memory: {} }}`",
            self.limit.setting,
            mebibytes(2 * sorted).replace(' ', "")
        );
        let error = EngineError::new(&code::SORT_WITHOUT_ROOM, message).help(help);
        Some(error.object(format!("table {}", self.index.table)))
    }
}

/// Rounded up, so that it is never less than what is meant.
fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}

/// The index's columns and the positions of their values in a row.
struct Sort<'a> {
    entry_bytes: u64,
    columns: Vec<(usize, &'a SortedColumn)>,
    bytes: u64,
}

impl<'a> Sort<'a> {
    fn of(index: &'a SortedIndex, binding: &Binding) -> Self {
        let place = |column: &'a SortedColumn| {
            let at = binding.into.iter().position(|into| into.column == column.name)?;
            Some((at, column))
        };
        let columns = index.columns.iter().filter_map(place).collect();
        Self { entry_bytes: index.entry_bytes, columns, bytes: 0 }
    }
}

impl RowSink for Sort<'_> {
    fn row(&mut self, row: Row<'_>) -> Result<()> {
        let of = |(at, column): &(usize, &SortedColumn)| match (row.values[*at], column.width) {
            (Value::Null, _) => 0,
            (_, Some(width)) => width,
            (Value::Text(bytes) | Value::Blob(bytes), None) => shortest(bytes.len()),
            (Value::Integer(_) | Value::Real(_), None) => 1,
        };
        self.bytes += self.entry_bytes + self.columns.iter().map(of).sum::<u64>();
        Ok(())
    }

    /// A value that is too large to be held is too large for an index, too; the build will say so.
    fn large_row(&mut self, row: Row<'_>, _: &mut dyn LargeValues) -> Result<()> {
        self.row(row)
    }
}

/// Bytes of a value in an entry at least: PostgreSQL compresses what is longer than
/// `TOAST_INDEX_TARGET` (about 500 bytes), and how well cannot be known.
fn shortest(length: usize) -> u64 {
    if length < 500 { 1 + length as u64 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_certainly_fails_is_refused() {
        let column = |name: &str, width| SortedColumn { name: name.to_owned(), width };
        let index = SortedIndex {
            index: "i".to_owned(),
            table: "t".to_owned(),
            entry_bytes: 12,
            columns: vec![column("a", Some(8)), column("b", None)],
        };
        let limit = SortLimit {
            bytes: 20 << 20,
            processes: 2,
            setting: "`temp_file_limit`".to_owned(),
            indexes: Vec::new(),
        };
        let settings = Settings::default();
        let room = Room { limit: &limit, index: &index, settings: &settings };
        assert!(room.refusal(40 << 20).is_none(), "two processes of 20 MiB");
        let refused = room.refusal((40 << 20) + 4).unwrap();
        assert!(refused.message.contains("at least 21 MiB") && refused.code.id == "RUN833");
        let settings = Settings { index_memory_bytes: 64 << 20, ..Settings::default() };
        assert!(Room { settings: &settings, ..room }.refusal(50 << 20).is_none(), "in memory");
        let (long, values) = ([b'x'; 600], [Value::Integer(1), Value::Text(b"four")]);
        let columns = index.columns.iter().enumerate().collect();
        let mut sort = Sort { entry_bytes: 12, columns, bytes: 0 };
        for values in [&values[..], &[Value::Null, Value::Text(&long)]] {
            sort.row(Row { file: "f", rowid: None, values }).unwrap();
        }
        assert_eq!(sort.bytes, 12 + 8 + 5 + 12 + 1);
    }
}
