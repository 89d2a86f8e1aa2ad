//! Values that did not fit and about which the plan says what becomes of them: each in a list in the
//! run's folder, counts of them in the journal and the report.
//!
//! The list of a table is `misfits/<table>.jsonl`, one JSON object per line, for the user of the run
//! alone (0600): it holds shortened values. Nothing of it is in the target, whose schema is the
//! baseline's and no more (L4); the rows themselves are in the kept backup, found by file and rowid.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use diagnostics::code;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::engine::{Fate, Misfit};
use crate::journal::format::MisfitCount;
use crate::{EngineError, faults, private};

/// Takes the misfits of one table while it is loaded.
pub(crate) struct MisfitLog {
    table: String,
    path: PathBuf,
    /// Made with the first misfit.
    file: Option<BufWriter<File>>,
    counts: BTreeMap<(String, Fate), u64>,
}

impl MisfitLog {
    /// What an earlier try of this run left is gone: its rows are loaded anew.
    pub(crate) fn begin(run_dir: &Path, table: &str) -> Result<Self, EngineError> {
        let path = run_dir.join("misfits").join(format!("{}.jsonl", file_name(table)));
        let log = Self { table: table.to_owned(), path, file: None, counts: BTreeMap::new() };
        match std::fs::remove_file(&log.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(log.unwritable(&error)),
            Ok(()) | Err(_) => Ok(log),
        }
    }

    pub(crate) fn take(&mut self, misfits: Vec<Misfit>) -> Result<(), EngineError> {
        for misfit in &misfits {
            self.write(misfit).map_err(|error| self.unwritable(&error))?;
            *self.counts.entry((misfit.column.clone(), misfit.fate)).or_default() += 1;
        }
        Ok(())
    }

    fn write(&mut self, misfit: &Misfit) -> io::Result<()> {
        if self.file.is_none() {
            private::create_folders(self.path.parent().unwrap_or(Path::new(".")))?;
            self.file = Some(BufWriter::new(private::create_new(&self.path)?));
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        faults::io("write to the list of misfits")?;
        let Misfit { file: source, row, column, value, type_name, reason, fate } = misfit;
        let line = json!({
            "table": self.table, "column": column, "file": source, "row": row, "value": value,
            "type": type_name, "reason": reason, "fate": fate.word(),
        });
        writeln!(file, "{line}")
    }

    /// Rows that were left out.
    pub(crate) fn rejected(&self) -> u64 {
        let of = |((_, fate), count): (&(String, Fate), &u64)| match fate {
            Fate::Rejected => *count,
            Fate::SetNull | Fate::Default => 0,
        };
        self.counts.iter().map(of).sum()
    }

    /// The list is on disk when this returns.
    pub(crate) fn end(mut self) -> Result<Vec<MisfitCount>, EngineError> {
        let written = match self.file.take() {
            None => Ok(()),
            Some(file) => file
                .into_inner()
                .map_err(io::IntoInnerError::into_error)
                .and_then(|file| file.sync_all()),
        };
        written.map_err(|error| self.unwritable(&error))?;
        let counts = self.counts.into_iter();
        Ok(counts.map(|((column, fate), count)| MisfitCount { column, fate, count }).collect())
    }

    fn unwritable(&self, error: &io::Error) -> EngineError {
        let message = format!("the list of values that do not fit cannot be written: {error}");
        EngineError::new(&code::JOURNAL_INACCESSIBLE, message)
            .object(self.path.display().to_string())
    }
}

/// The list of a table's misfits within the run's folder.
pub fn list_of(table: &str) -> PathBuf {
    Path::new("misfits").join(format!("{}.jsonl", file_name(table)))
}

/// A name that every file system takes; different tables have different ones.
fn file_name(table: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if table.len() <= 100 && !table.is_empty() && table.chars().all(plain) {
        return table.to_owned();
    }
    let kept: String = table.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    let sum: String =
        Sha256::digest(table.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{kept}.{sum}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn misfit(column: &str, fate: Fate) -> Misfit {
        Misfit {
            file: "eu.db".to_owned(),
            row: "rowid 7".to_owned(),
            column: column.to_owned(),
            value: "the text `n/a`".to_owned(),
            type_name: "integer".to_owned(),
            reason: "it is no integer".to_owned(),
            fate,
        }
    }

    #[test]
    fn misfits_are_listed_and_counted() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = MisfitLog::begin(folder.path(), "Order Details").unwrap();
        log.take(vec![misfit("a", Fate::Rejected), misfit("b", Fate::SetNull)]).unwrap();
        log.take(vec![misfit("a", Fate::Rejected)]).unwrap();
        assert_eq!(log.rejected(), 2);
        let counts = log.end().unwrap();
        let of = |column: &str, fate, count| MisfitCount { column: column.to_owned(), fate, count };
        assert_eq!(counts, [of("a", Fate::Rejected, 2), of("b", Fate::SetNull, 1)]);
        let text = std::fs::read_to_string(folder.path().join(list_of("Order Details"))).unwrap();
        assert_eq!(text.lines().count(), 3);
        assert!(text.contains(r#""row":"rowid 7","value":"the text `n/a`""#), "{text}");
    }

    #[test]
    fn another_try_begins_anew_and_no_misfit_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = MisfitLog::begin(folder.path(), "t").unwrap();
        log.take(vec![misfit("a", Fate::Rejected)]).unwrap();
        drop(log);
        let log = MisfitLog::begin(folder.path(), "t").unwrap();
        assert!(log.end().unwrap().is_empty());
        assert!(!folder.path().join(list_of("t")).exists());
    }

    #[test]
    fn tables_have_files_of_their_own() {
        assert_eq!(file_name("orders"), "orders");
        assert_ne!(file_name("Orders"), file_name("orders"));
        assert_ne!(file_name("a/b"), file_name("ab"));
        assert!(!file_name("../x").contains('/'));
    }
}
