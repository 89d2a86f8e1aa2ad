//! Which plans are meant: files, folders and patterns of the command line, less those of which no file
//! changed since a revision.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use diagnostics::{Diagnostic, SourceId, code};
use glob::MatchOptions;

use crate::args::Check;
use crate::failure::Failure;
use crate::git::{Changed, Revision};
use crate::{exit_code, folders, plan_input};

/// What a plan is called where a folder is named.
const NAMES: [&str; 2] = ["plan.yaml", "plan.yml"];

pub(super) struct Selection {
    /// In the order named; of a folder or pattern by name.
    pub(super) plans: Vec<PathBuf>,
    /// How many were left out.
    pub(super) unchanged: usize,
}

/// # Errors
/// Where a word names no plan, or git cannot say what changed.
pub(super) fn select(args: &Check) -> Result<Selection, Failure> {
    let (mut seen, mut plans) = (BTreeSet::new(), Vec::new());
    for word in &args.plan {
        let named = named(word)?;
        plans.extend(named.into_iter().filter(|path| seen.insert(path.clone())));
    }
    let all = plans.len();
    if let (Some(revision), Some(first)) = (&args.since, plans.first()) {
        let changed = Revision::find(&folders::folder_of(first), revision)?.changed()?;
        let mut kept = Vec::new();
        for path in plans {
            if is_changed(&path, &changed)? {
                kept.push(path);
            }
        }
        plans = kept;
    }
    Ok(Selection { unchanged: all - plans.len(), plans })
}

/// A file that is not there is a finding of its own check, so that the others are still checked.
fn named(word: &Path) -> Result<Vec<PathBuf>, Failure> {
    if word.is_dir() {
        let mut found = Vec::new();
        below(word, &mut found)?;
        return at_least_one(found, word, "there is no plan.yaml below it");
    }
    let text = word.to_string_lossy();
    if word.exists() || !text.contains(['*', '?', '[']) {
        return Ok(vec![word.to_path_buf()]);
    }
    // As in a shell, `*` is no hidden folder.
    let as_a_shell = MatchOptions { require_literal_leading_dot: true, ..MatchOptions::new() };
    let paths = glob::glob_with(&text, as_a_shell);
    let paths = paths.map_err(|error| nothing(word, &error.to_string()))?;
    let files = paths.filter_map(Result::ok).filter(|path| path.is_file());
    at_least_one(files.collect(), word, "no file fits")
}

/// Hidden folders (`.git`, `.cutover`) and links are passed over.
fn below(folder: &Path, out: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |error: std::io::Error| nothing(folder, &plan_input::reason(&error));
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        entries.push(entry.map_err(unreadable)?);
    }
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() && !name.to_string_lossy().starts_with('.') {
            below(&entry.path(), out)?;
        } else if kind.is_file() && NAMES.iter().any(|plan| name == *plan) {
            out.push(entry.path());
        }
    }
    Ok(())
}

fn at_least_one(found: Vec<PathBuf>, word: &Path, why: &str) -> Result<Vec<PathBuf>, Failure> {
    if found.is_empty() { Err(nothing(word, why)) } else { Ok(found) }
}

fn nothing(word: &Path, why: &str) -> Failure {
    let message = format!("`{}` names no plan: {why}", word.display());
    Failure::new(Diagnostic::new(&code::FILE_UNREADABLE, message), exit_code::FINDINGS)
}

/// Where it cannot be known, a plan is checked: what cannot be read, or lies in no repository.
fn is_changed(path: &Path, changed: &Changed) -> Result<bool, Failure> {
    let Ok(plan) = path.canonicalize() else { return Ok(true) };
    match changed.has(&plan) {
        None => return Err(outside(path)),
        Some(true) => return Ok(true),
        Some(false) => {}
    }
    let Some(files) = files(&plan) else { return Ok(true) };
    Ok(files.iter().any(|file| changed.has(file) != Some(false)))
}

/// What the plan reads, absolute: by the name it gives and, where that leads over a link, by the
/// real one too. `None` where the plan itself cannot be read.
fn files(plan: &Path) -> Option<Vec<PathBuf>> {
    let bytes = plan_input::read_file(plan).ok()?;
    let (parsed, _) = plan::parse_bytes(SourceId(0), &bytes);
    let parsed = parsed?;
    let folder = folders::folder_of(plan);
    let named = compiler::files_of(&parsed).into_iter().map(|file| folder.join(file));
    let both = named.flat_map(|file| {
        let real = file.canonicalize().ok();
        std::iter::once(PathBuf::from(plan_input::tidy(&file))).chain(real)
    });
    Some(both.collect())
}

fn outside(path: &Path) -> Failure {
    let message = format!("`{}` is not in the repository of the first plan", path.display());
    let diagnostic = Diagnostic::new(&code::REVISION, message)
        .help("check the plans of one repository at a time");
    Failure::new(diagnostic, exit_code::FINDINGS)
}
