//! Which files a plan reads, and what they were like before the run.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use diagnostics::{code, plural};
use ir::{CompiledPlan, Source, Target};

use crate::engine::{FileParameters, SourceEngine, SourcePath, SourceSchema, SourceState};
use crate::events::SourceGroup;
use crate::fleet::tags::{self, Tagged};
use crate::fleet::{FaultNames, few, told};
use crate::run::Finding;
use crate::{EngineError, parallel};

/// One file of a source, found but not opened yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub path: SourcePath,
    pub parameters: FileParameters,
}

#[derive(Clone, Debug)]
pub(crate) struct SourceFile {
    pub state: SourceState,
    pub parameters: FileParameters,
}

impl SourceFile {
    /// `None` where it is no ordinary table of the file. SQLite folds the case.
    pub(crate) fn rows(&self, table: &str) -> Option<u64> {
        let mut tables = self.state.tables.iter();
        tables.find(|(name, _)| name.eq_ignore_ascii_case(table)).map(|(_, rows)| *rows)
    }
}

/// The files of every source, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct SourceSet {
    by_source: BTreeMap<String, Vec<SourceFile>>,
}

impl SourceSet {
    pub(crate) fn of(&self, source: &str) -> &[SourceFile] {
        self.by_source.get(source).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &SourceFile> {
        self.by_source.values().flatten()
    }

    /// Finds what SQL on each file may name.
    fn tag(
        &mut self,
        plan: &CompiledPlan,
        source: &Source,
        engine: &dyn SourceEngine,
    ) -> Vec<Finding> {
        let Some(files) = self.by_source.get_mut(&source.name) else { return Vec::new() };
        let states: Vec<_> = files.iter().map(|file| file.state.clone()).collect();
        let open =
            |at: usize, parameters: &FileParameters| engine.open_source(&states[at], parameters);
        let mut tagged: Vec<_> = files
            .iter_mut()
            .zip(&states)
            .map(|(file, state)| Tagged {
                shown: &state.path.shown,
                parameters: &mut file.parameters,
            })
            .collect();
        let errors = tags::find(plan, source, &mut tagged, &open);
        gathered(errors, |at| states[at].path.shown.clone())
            .into_iter()
            .map(|error| at(source, error))
            .collect()
    }

    /// Rows of a table over all files; `None` where no file has it.
    pub(crate) fn rows(&self, source: &str, table: &str) -> Option<u64> {
        let counts = self.of(source).iter().filter_map(|file| file.rows(table));
        counts.fold(None, |sum, rows| Some(sum.unwrap_or(0) + rows))
    }

    /// Whether it is an ordinary table in every file.
    pub(crate) fn all_have(&self, source: &str, table: &str) -> bool {
        self.of(source).iter().all(|file| file.rows(table).is_some())
    }

    /// Rows of the largest table: the only guess there is for a query.
    pub(crate) fn largest(&self, source: &str) -> u64 {
        let tables = self.of(source).iter().flat_map(|file| file.state.tables.values());
        tables.copied().max().unwrap_or(0)
    }
}

/// The files of all sources that are there now: no output of a run may be one of them. What is
/// missing is a finding of the run itself.
pub fn source_files(plan: &CompiledPlan, plan_dir: &Path) -> Vec<PathBuf> {
    find(plan, plan_dir).0.into_iter().map(|found| found.path.path).collect()
}

/// All files of all sources, each source's sorted by path.
pub(crate) fn find(plan: &CompiledPlan, plan_dir: &Path) -> (Vec<Found>, Vec<Finding>) {
    let mut all = Vec::new();
    let mut findings = Vec::new();
    for source in &plan.sources {
        let mut paths = BTreeSet::new();
        for pattern in &source.paths {
            match matches(pattern, plan_dir) {
                Ok(found) => paths.extend(found),
                Err(error) => findings.push(at(source, error)),
            }
        }
        let companions: Vec<_> =
            paths.iter().filter(|path| is_companion(path, &paths)).cloned().collect();
        companions.iter().for_each(|path| {
            paths.remove(path);
        });
        all.extend(
            paths.iter().enumerate().map(|(index, path)| found(source, index, path, plan_dir)),
        );
    }
    (all, findings)
}

fn at(source: &Source, error: EngineError) -> Finding {
    Finding { origin: Some(source.origin.clone()), ..Finding::from(error) }
}

/// Where the plan names the source.
pub(crate) fn of(plan: &CompiledPlan, source: &str, error: EngineError) -> Finding {
    match plan.sources.iter().find(|planned| planned.name == source) {
        Some(planned) => at(planned, error),
        None => error.into(),
    }
}

/// `shop.db-wal` beside `shop.db` is a part of it, which a wide pattern catches by accident.
fn is_companion(path: &Path, all: &BTreeSet<PathBuf>) -> bool {
    let Some(text) = path.to_str() else { return false };
    let main = ["-wal", "-shm", "-journal"].iter().find_map(|end| text.strip_suffix(end));
    main.is_some_and(|main| all.contains(Path::new(main)))
}

fn found(source: &Source, index: usize, path: &Path, plan_dir: &Path) -> Found {
    let text = |part: Option<&std::ffi::OsStr>| {
        part.map(|part| part.to_string_lossy().into_owned()).unwrap_or_default()
    };
    let shown = path.strip_prefix(plan_dir).unwrap_or(path).display().to_string();
    Found {
        path: SourcePath { source: source.name.clone(), shown, path: path.to_owned() },
        parameters: FileParameters {
            file_name: text(path.file_name()),
            file_stem: text(path.file_stem()),
            file_index: i64::try_from(index).unwrap_or(i64::MAX),
            named: BTreeMap::new(),
        },
    }
}

/// A name that exists is taken as it is, whatever characters it holds; then it is a pattern.
fn matches(pattern: &str, plan_dir: &Path) -> Result<Vec<PathBuf>, EngineError> {
    let literal = plan_dir.join(pattern);
    match std::fs::symlink_metadata(&literal) {
        Ok(_) => return Ok(vec![literal]),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            return Err(unreadable(pattern, "its folder may not be entered"));
        }
        Err(_) => {}
    }
    if !pattern.contains(['*', '?', '[']) {
        return Err(EngineError::new(&code::SOURCE_MISSING, format!("`{pattern}` is not there"))
            .object(pattern)
            .help("paths start at the folder of the plan"));
    }
    let found = expand(pattern, plan_dir)?;
    if found.is_empty() {
        return Err(EngineError::new(
            &code::SOURCE_MISSING,
            format!("no file matches `{pattern}`"),
        )
        .object(pattern)
        .help("patterns start at the folder of the plan; `*` does not cross folders, `**` does"));
    }
    Ok(found)
}

fn unreadable(pattern: &str, why: &str) -> EngineError {
    EngineError::new(&code::SOURCE_UNREADABLE, format!("`{pattern}` cannot be read: {why}"))
        .object(pattern)
        .help("the file and its folder must be readable for the user of this run")
}

fn expand(pattern: &str, plan_dir: &Path) -> Result<Vec<PathBuf>, EngineError> {
    let options = glob::MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: true,
    };
    let folder = glob::Pattern::escape(&plan_dir.to_string_lossy());
    let whole = if Path::new(pattern).is_absolute() || folder.is_empty() {
        pattern.to_owned()
    } else {
        format!("{folder}/{pattern}")
    };
    let paths = glob::glob_with(&whole, options).map_err(|error| {
        EngineError::new(&code::SOURCE_MISSING, format!("`{pattern}` is not a pattern: {error}"))
            .object(pattern)
    })?;
    let paths: Result<Vec<_>, _> = paths.collect();
    let paths = paths.map_err(|error| {
        let folder = error.path().strip_prefix(plan_dir).unwrap_or(error.path()).display();
        unreadable(pattern, &format!("the folder `{folder}` cannot be listed"))
    })?;
    Ok(paths.into_iter().filter(|path| !path.is_dir()).collect())
}

/// Files that are the target, and files that one source would read twice. Compared by device and
/// inode, so that links and mounts do not hide it; nothing is opened.
pub(crate) fn same_files(found: &[Found], plan: &CompiledPlan, plan_dir: &Path) -> Vec<Finding> {
    let target = target_path(plan, plan_dir).and_then(|path| Some((identity(&path)?, path)));
    let mut seen: BTreeMap<(&str, (u64, u64)), &str> = BTreeMap::new();
    let mut findings = Vec::new();
    for file in found {
        let Some(id) = identity(&file.path.path) else { continue };
        if target.as_ref().is_some_and(|(target, _)| *target == id) {
            findings.push(of(plan, &file.path.source, is_target(file)));
        }
        if let Some(other) = seen.insert((&file.path.source, id), &file.path.shown) {
            findings.push(of(plan, &file.path.source, is_twice(file, other)));
        }
    }
    findings
}

fn is_target(file: &Found) -> EngineError {
    let message = format!("`{}` is the target of the plan", file.path.shown);
    let help = "a source is never written: give the target another path";
    EngineError::new(&code::SOURCE_TARGET_SAME_FILE, message).object(&file.path.shown).help(help)
}

fn is_twice(file: &Found, other: &str) -> EngineError {
    let message = format!("`{}` and `{other}` are the same file", file.path.shown);
    EngineError::new(&code::SOURCE_TWICE, message)
        .object(&file.path.shown)
        .help("its rows would come in twice: name it once")
}

pub(crate) fn target_path(plan: &CompiledPlan, plan_dir: &Path) -> Option<PathBuf> {
    match &plan.target {
        Target::Sqlite(target) => Some(plan_dir.join(&target.path)),
        Target::Postgres(_) => None,
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|data| (data.dev(), data.ino()))
}

/// Opens and describes every file; all that cannot be read are reported, with what groups of files
/// there are in each source that has several.
pub(crate) fn inspect(
    plan: &CompiledPlan,
    found: Vec<Found>,
    engine: &dyn SourceEngine,
) -> (SourceSet, Vec<Finding>, Vec<Grouped>) {
    let threads = plan.settings.connections as usize;
    let schemas = Schemas::default();
    let states = parallel::each(&found, threads, |file| {
        let state = engine.inspect(&file.path)?;
        Ok(SourceState { schema: schemas.one(state.schema), ..state })
    });
    let mut set = SourceSet::default();
    let mut faults = BTreeMap::<String, Faults>::new();
    for (file, state) in found.into_iter().zip(states) {
        match state {
            Ok(state) => {
                let files = set.by_source.entry(file.path.source).or_default();
                files.push(SourceFile { state, parameters: file.parameters });
            }
            Err(error) => {
                let faults = faults.entry(file.path.source).or_default();
                faults.add(file.path.shown, error);
            }
        }
    }
    let grouped = plan.sources.iter().filter_map(|source| {
        let none = Faults::default();
        Grouped::of(&source.name, set.of(&source.name), faults.get(&source.name).unwrap_or(&none))
    });
    let grouped = grouped.collect();
    // Also where a file cannot be read: what its tags mean for the others is no fault of theirs.
    let tagless: Vec<_> =
        plan.sources.iter().flat_map(|source| set.tag(plan, source, engine)).collect();
    let findings = faults.into_iter().flat_map(|(source, faults)| {
        let errors = faults.into_errors(&source).into_iter();
        errors.map(|error| of(plan, &source, error)).collect::<Vec<_>>()
    });
    (set, findings.chain(tagless).collect(), grouped)
}

/// Thousands of files have the same schema, which is kept once.
#[derive(Default)]
struct Schemas(Mutex<BTreeSet<Arc<SourceSchema>>>);

impl Schemas {
    fn one(&self, schema: Arc<SourceSchema>) -> Arc<SourceSchema> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(&schema) {
            return Arc::clone(known);
        }
        known.insert(Arc::clone(&schema));
        schema
    }
}

/// The files of one source that has several, as they are told.
pub(crate) struct Grouped {
    pub source: String,
    pub files: usize,
    pub groups: Vec<SourceGroup>,
}

impl Grouped {
    fn of(source: &str, files: &[SourceFile], faults: &Faults) -> Option<Self> {
        let all = files.len() + faults.count();
        let groups = || told(files, &faults.names());
        (all > 1).then(|| Self { source: source.to_owned(), files: all, groups: groups() })
    }

    pub(crate) fn sentence(&self) -> String {
        SourceGroup::sentence(&self.groups)
    }
}

/// What is wrong with files of one source, by code.
#[derive(Default)]
struct Faults(BTreeMap<&'static str, Vec<(String, EngineError)>>);

/// So many files with one fault have a diagnostic each; of more, the rest are named in one.
const EACH: usize = 3;

impl Faults {
    fn add(&mut self, shown: String, error: EngineError) {
        self.0.entry(error.code.id).or_default().push((shown, error));
    }

    fn count(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    fn names(&self) -> FaultNames {
        let names = |(id, faults): (&&'static str, &Vec<(String, EngineError)>)| {
            let code = faults.first().map(|(_, error)| error.code)?;
            Some((*id, (code, faults.iter().map(|(shown, _)| shown.clone()).collect())))
        };
        self.0.iter().filter_map(names).collect()
    }

    fn into_errors(self, source: &str) -> Vec<EngineError> {
        self.0.into_values().flat_map(|faults| limited(source, faults)).collect()
    }
}

/// Equal errors of several files as one that names them.
fn gathered(
    errors: Vec<(usize, EngineError)>,
    shown: impl Fn(usize) -> String,
) -> Vec<EngineError> {
    let mut all: Vec<(EngineError, Vec<String>)> = Vec::new();
    for (at, error) in errors {
        match all.iter_mut().find(|(known, _)| *known == error) {
            Some((_, files)) => files.push(shown(at)),
            None => all.push((error, vec![shown(at)])),
        }
    }
    all.into_iter()
        .map(|(error, files)| EngineError { object: Some(few(&files)), ..error })
        .collect()
}

fn limited(source: &str, mut faults: Vec<(String, EngineError)>) -> Vec<EngineError> {
    let rest = faults.split_off(faults.len().min(EACH + 1));
    if rest.is_empty() {
        return faults.into_iter().map(|(_, error)| error).collect();
    }
    let last = faults.pop().into_iter();
    let (names, errors): (Vec<String>, Vec<EngineError>) = last.chain(rest).unzip();
    let mut shown: Vec<EngineError> = faults.into_iter().map(|(_, error)| error).collect();
    if let Some(first) = errors.into_iter().next() {
        let message = format!(
            "{} of source `{source}` have the same fault",
            plural(names.len(), "more file")
        );
        shown.push(EngineError { message, object: Some(few(&names)), ..first });
    }
    shown
}

/// How closely sources are held against their first state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Names, sizes and times: for the moment when locks are held.
    Quick,
    /// Every byte.
    Full,
}

/// Every source that is not what it was, with what to do about it.
pub(crate) fn changes(
    set: &SourceSet,
    engine: &dyn SourceEngine,
    look: Look,
    threads: usize,
) -> Vec<EngineError> {
    let files: Vec<_> = set.all().collect();
    let answers = parallel::each(&files, threads, |file| match look {
        Look::Quick => engine.touched_since(&file.state),
        Look::Full => engine.changed_since(&file.state),
    });
    let changed = files.iter().zip(answers).filter_map(|(file, answer)| match answer {
        Ok(None) => None,
        Ok(Some(what)) => Some(changed(&file.state.path.shown, &what)),
        Err(error) => Some(error),
    });
    changed.collect()
}

fn changed(shown: &str, what: &str) -> EngineError {
    EngineError::new(&code::SOURCE_CHANGED, format!("`{shown}` changed after its snapshot: {what}"))
        .object(shown)
        .help(
            "stop what writes to it and run again to take the new rows along, or set \
             `run: { on_source_change: warn }` to promote the rows as the snapshot has them",
        )
}
