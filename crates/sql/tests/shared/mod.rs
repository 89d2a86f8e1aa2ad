//! The real SQL files that lie beside the repository, where they do.

use std::path::{Path, PathBuf};

use diagnostics::{SourceText, Sources, Span};
use sql::Dialect;

pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) text: SourceText,
}

/// All `*.sql` below `CUTOVER_SHARED/<folder>`, or `../shared/<folder>` beside the workspace.
pub(crate) fn sql_files(folder: &str) -> Vec<File> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let root = std::env::var_os("CUTOVER_SHARED").map_or_else(beside, PathBuf::from);
    let mut paths = Vec::new();
    collect(&root.join(folder), &mut paths);
    paths.sort();
    if paths.is_empty() {
        println!("SKIPPED: no SQL files in {}/{folder}", root.display());
    }
    let mut sources = Sources::default();
    let read = |path: PathBuf| {
        let text = String::from_utf8_lossy(&std::fs::read(&path).expect("a file that was listed"))
            .into_owned();
        let id = sources.add(path.display().to_string(), text.clone());
        let span = Span::new(id, 0..text.len());
        File { path, text: SourceText::verbatim(text, span) }
    };
    paths.into_iter().map(read).collect()
}

fn collect(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("an entry of the folder").path();
        if path.is_dir() {
            collect(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "sql") {
            out.push(path);
        }
    }
}

pub(crate) fn dialect_of(path: &Path) -> Dialect {
    if path.to_string_lossy().contains("sqlite") { Dialect::Sqlite } else { Dialect::Postgres }
}
