//! Which source column goes into which target column, for every load and file, known before the
//! window. Names are compared exactly first, then without regard to case.

use std::collections::{BTreeMap, BTreeSet};

use diagnostics::{code, did_you_mean, plural};
use ir::{Action, ColumnSource, CompiledPlan, Load, LoadColumn, LoadSource, Step};

use crate::EngineError;
use crate::engine::{
    LoadInto, Scan, ScanColumn, Snapshot, SourceColumn, SourceEngine, TargetColumn,
};
use crate::parallel;
use crate::run::Finding;
use crate::sources::{SourceFile, SourceSet};

/// How one table is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binding {
    pub into: Vec<LoadInto>,
    /// One per file of the source, in its order; all give the columns of `into`.
    pub scans: Vec<Scan>,
}

impl Binding {
    /// The same as rules, for the journal. The names of the first file stand for all: SQLite
    /// folds the case of names.
    pub(crate) fn rules(&self) -> Vec<LoadColumn> {
        let columns = self.scans.first().map_or(&[][..], |scan| scan.columns.as_slice());
        let rule = |(into, from): (&LoadInto, &ScanColumn)| LoadColumn {
            column: into.column.clone(),
            value: match from {
                ScanColumn::Column(name) => ColumnSource::Column(name.clone()),
                ScanColumn::Sql(sql) => ColumnSource::Sql(sql.clone()),
            },
            conversion: into.conversion,
        };
        self.into.iter().zip(columns).map(rule).collect()
    }

    /// From the journal, for so many files.
    pub(crate) fn of_rules(load: &Load, rules: &[LoadColumn], files: usize) -> Self {
        let into = rules
            .iter()
            .map(|rule| LoadInto { column: rule.column.clone(), conversion: rule.conversion });
        let columns = rules.iter().filter_map(|rule| match &rule.value {
            ColumnSource::Column(name) => Some(ScanColumn::Column(name.clone())),
            ColumnSource::Sql(sql) => Some(ScanColumn::Sql(sql.clone())),
            ColumnSource::Omit => None,
        });
        let scan = Scan {
            from: load.from.clone(),
            columns: columns.collect(),
            filter: load.filter.clone(),
        };
        Self { into: into.collect(), scans: vec![scan; files] }
    }

    /// The table that is taken whole: its rows can be counted beforehand.
    pub(crate) fn whole_table(load: &Load) -> Option<&str> {
        match (&load.from, &load.filter) {
            (LoadSource::Table(table), None) => Some(table),
            (LoadSource::Table(_) | LoadSource::Query(_), _) => None,
        }
    }
}

pub(crate) type Bindings = BTreeMap<String, Binding>;
pub(crate) type TargetTables = BTreeMap<String, Vec<TargetColumn>>;

/// Binds every load of the plan; all findings at once, equal ones of many files as one.
pub(crate) fn bind(
    plan: &CompiledPlan,
    set: &SourceSet,
    engine: &dyn SourceEngine,
    target: &TargetTables,
) -> (Bindings, Vec<Finding>) {
    let mut bindings = Bindings::new();
    let mut findings = Vec::new();
    for source in &plan.sources {
        let loads: Vec<_> = loads(plan).filter(|(_, load)| load.source == source.name).collect();
        let files = set.of(&source.name);
        let threads = plan.settings.connections as usize;
        let per_file =
            parallel::each(files, threads, |file| bind_file(file, &loads, engine, target));
        let mut said = Said::default();
        for (file, bound) in files.iter().zip(per_file) {
            said.take(file, &loads, bound, &mut bindings);
        }
        findings.extend(said.into_findings());
    }
    (bindings, findings)
}

pub(crate) fn loads(plan: &CompiledPlan) -> impl Iterator<Item = (&Step, &Load)> {
    plan.steps.iter().filter_map(|step| match &step.action {
        Action::Load(load) => Some((step, load)),
        Action::Preflight
        | Action::Backup { .. }
        | Action::CreateStaging
        | Action::Execute { .. }
        | Action::SetSequences { .. }
        | Action::Analyze { .. }
        | Action::VerifyRows { .. }
        | Action::VerifyCatalog
        | Action::Check(_)
        | Action::Invariant(_)
        | Action::Promote { .. }
        | Action::Settle => None,
    })
}

/// What one file says about one load.
type Bound = Result<(Vec<LoadInto>, Scan, Vec<EngineError>), Vec<EngineError>>;

fn bind_file(
    file: &SourceFile,
    loads: &[(&Step, &Load)],
    engine: &dyn SourceEngine,
    target: &TargetTables,
) -> Vec<Bound> {
    let mut source = match engine.open_source(&file.state, &file.parameters) {
        Ok(source) => source,
        Err(error) => return vec![Err(vec![error])],
    };
    loads.iter().map(|(_, load)| bind_load(file, load, source.as_mut(), target)).collect()
}

fn bind_load(
    file: &SourceFile,
    load: &Load,
    source: &mut dyn Snapshot,
    target: &TargetTables,
) -> Bound {
    let Some(columns) = columns_of(target, &load.table) else {
        let message = format!("the target says nothing about the columns of `{}`", load.table);
        return Err(vec![EngineError::new(&code::INTERNAL, message)]);
    };
    let from = source_columns(file, load, source).map_err(|error| vec![error])?;
    let mut matching = Matching { load, from: &from, used: BTreeSet::new(), errors: Vec::new() };
    matching.unknown_rules(columns);
    let pairs: Vec<_> = columns.iter().filter_map(|column| matching.column(column)).collect();
    matching.unplaced();
    let (warnings, errors): (Vec<_>, Vec<_>) = std::mem::take(&mut matching.errors)
        .into_iter()
        .partition(|error| error.code.severity != diagnostics::Severity::Error);
    if !errors.is_empty() {
        return Err(errors.into_iter().chain(warnings).collect());
    }
    let (into, scanned) = pairs.into_iter().unzip();
    let scan = Scan { from: load.from.clone(), columns: scanned, filter: load.filter.clone() };
    Ok((into, scan, warnings))
}

/// PostgreSQL folds the names of tables that are not quoted, SQLite compares them so.
pub(crate) fn columns_of<'a>(target: &'a TargetTables, table: &str) -> Option<&'a [TargetColumn]> {
    let exact = target.get_key_value(table);
    let folded = || target.iter().find(|(name, _)| name.to_lowercase() == table.to_lowercase());
    exact.or_else(folded).map(|(_, columns)| columns.as_slice())
}

fn source_columns(
    file: &SourceFile,
    load: &Load,
    source: &mut dyn Snapshot,
) -> Result<Vec<SourceColumn>, EngineError> {
    if let LoadSource::Table(table) = &load.from
        && !source.has_table(table)?
    {
        let known = file.state.tables.keys().map(String::as_str);
        let help = match did_you_mean(table, known) {
            Some(near) => {
                format!("did you mean `{near}`? `load: {{ {}: {{ from: {near} }} }}`", load.table)
            }
            None => format!(
                "say where the rows of `{}` come from under `load:`, or `{}: none` for no rows",
                load.table, load.table
            ),
        };
        let message = format!("source `{}` has no table `{table}`", load.source);
        return Err(EngineError::new(&code::SOURCE_TABLE_MISSING, message).help(help));
    }
    source.columns(&load.from)
}

/// The matching of one load's columns in one file.
struct Matching<'a> {
    load: &'a Load,
    from: &'a [SourceColumn],
    /// Source columns that have found a place.
    used: BTreeSet<&'a str>,
    errors: Vec<EngineError>,
}

impl<'a> Matching<'a> {
    /// Rules for columns that the target does not have.
    fn unknown_rules(&mut self, columns: &[TargetColumn]) {
        for rule in &self.load.columns {
            if by_name(columns, |column| &column.name, &rule.column).is_none() {
                let known = columns.iter().map(|column| column.name.as_str());
                let message =
                    format!("table `{}` has no column `{}`", self.load.table, rule.column);
                let error = EngineError::new(&code::UNKNOWN_COLUMN, message);
                self.errors.push(meant(error, &rule.column, known));
            }
        }
    }

    fn column(&mut self, column: &TargetColumn) -> Option<(LoadInto, ScanColumn)> {
        let rule = by_name(&self.load.columns, |rule| &rule.column, &column.name);
        match rule {
            Some(LoadColumn { value: ColumnSource::Omit, .. }) => {
                self.omitted(column);
                None
            }
            Some(_) if column.generated => {
                self.errors.push(self.generated(column));
                None
            }
            Some(LoadColumn { value: ColumnSource::Column(name), conversion, .. }) => {
                let found = self.source(name)?;
                Some((into(column, *conversion), ScanColumn::Column(found)))
            }
            Some(LoadColumn { value: ColumnSource::Sql(sql), conversion, .. }) => {
                self.mentioned(sql);
                Some((into(column, *conversion), ScanColumn::Sql(sql.clone())))
            }
            None if column.generated => {
                // The engine computes it; the source's own values of it have no other place.
                self.used.extend(
                    by_name(self.from, |from| &from.name, &column.name)
                        .map(|from| from.name.as_str()),
                );
                None
            }
            None => match by_name(self.from, |from| &from.name, &column.name) {
                Some(from) => {
                    self.used.insert(&from.name);
                    Some((into(column, None), ScanColumn::Column(from.name.clone())))
                }
                None => {
                    self.nothing(column);
                    None
                }
            },
        }
    }

    fn source(&mut self, name: &str) -> Option<String> {
        if let Some(from) = by_name(self.from, |from| &from.name, name) {
            self.used.insert(&from.name);
            return Some(from.name.clone());
        }
        let message = format!("{} has no column `{name}`", self.origin());
        let error = EngineError::new(&code::SOURCE_TABLE_MISSING, message);
        self.errors.push(meant(error, name, self.from.iter().map(|from| from.name.as_str())));
        None
    }

    /// Columns that an expression names count as placed. Words in its texts count too: the check
    /// for forgotten columns must not stop a plan that has its reasons.
    fn mentioned(&mut self, sql: &str) {
        let words: BTreeSet<String> = sql
            .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
            .map(str::to_lowercase)
            .collect();
        let folded = sql.to_lowercase();
        for from in self.from {
            let name = from.name.to_lowercase();
            if words.contains(&name) || (name.contains(' ') && folded.contains(&name)) {
                self.used.insert(&from.name);
            }
        }
    }

    fn omitted(&mut self, column: &TargetColumn) {
        self.used.extend(
            by_name(self.from, |from| &from.name, &column.name).map(|from| from.name.as_str()),
        );
        if must_be_given(column) {
            let message = format!(
                "column `{}.{}` is omitted, but it is not null and has no default",
                self.load.table, column.name
            );
            let help = "give it a default in the table, or a value under `columns:`";
            self.errors.push(EngineError::new(&code::COLUMN_WITHOUT_VALUE, message).help(help));
        }
    }

    /// Nothing in the source has the target column's name.
    fn nothing(&mut self, column: &TargetColumn) {
        let (table, name) = (&self.load.table, &column.name);
        if must_be_given(column) {
            let message = format!(
                "column `{table}.{name}` is not null, has no default, and {} has no column of its name",
                self.origin()
            );
            let free = self.from.iter().map(|from| from.name.as_str());
            let help = match did_you_mean(name, free) {
                Some(near) => format!("did you mean `{near}`? `columns: {{ {name}: {near} }}`"),
                None => format!(
                    "say where it comes from: `load: {{ {table}: {{ columns: {{ {name}: … }} }} }}`"
                ),
            };
            self.errors.push(EngineError::new(&code::COLUMN_WITHOUT_VALUE, message).help(help));
        } else if !column.has_default && !column.identity {
            let message = format!(
                "column `{table}.{name}` gets null in every row: {} has no column of its name",
                self.origin()
            );
            let help = format!("`columns: {{ {name}: omit }}` says that this is meant");
            self.errors.push(EngineError::new(&code::COLUMN_LEFT_NULL, message).help(help));
        }
    }

    fn generated(&self, column: &TargetColumn) -> EngineError {
        let message = format!(
            "column `{}.{}` is generated by the target and cannot be loaded",
            self.load.table, column.name
        );
        EngineError::new(&code::PREFLIGHT, message)
            .help(format!("write `{}: omit`, or leave the column out of `columns:`", column.name))
    }

    fn unplaced(&mut self) {
        let (left, kept): (Vec<_>, Vec<_>) = self
            .from
            .iter()
            .map(|from| from.name.as_str())
            .partition(|name| !self.used.contains(name));
        for name in left {
            let message = format!(
                "column `{name}` of {} has no place in table `{}`",
                self.origin(),
                self.load.table
            );
            let help = match &self.load.from {
                LoadSource::Table(table) => format!(
                    "add the column, map it under `columns:`, or leave it out on purpose: \
                     `load: {{ {}: {{ query: select {} from {table} }} }}`",
                    self.load.table,
                    kept.join(", ")
                ),
                LoadSource::Query(_) => {
                    "add the column, map it under `columns:`, or leave it out of the query"
                        .to_owned()
                }
            };
            self.errors.push(EngineError::new(&code::COLUMN_UNPLACED, message).help(help));
        }
    }

    fn origin(&self) -> String {
        match &self.load.from {
            LoadSource::Table(table) => format!("table `{table}` of source `{}`", self.load.source),
            LoadSource::Query(_) => {
                format!("the query for `{}` on source `{}`", self.load.table, self.load.source)
            }
        }
    }
}

fn must_be_given(column: &TargetColumn) -> bool {
    column.not_null && !column.has_default && !column.identity && !column.generated
}

fn into(column: &TargetColumn, conversion: Option<ir::Conversion>) -> LoadInto {
    LoadInto { column: column.name.clone(), conversion }
}

fn by_name<'a, T>(items: &'a [T], name_of: impl Fn(&T) -> &str, name: &str) -> Option<&'a T> {
    let exact = items.iter().find(|item| name_of(item) == name);
    exact.or_else(|| items.iter().find(|item| name_of(item).to_lowercase() == name.to_lowercase()))
}

fn meant<'a>(error: EngineError, given: &str, known: impl Iterator<Item = &'a str>) -> EngineError {
    match did_you_mean(given, known) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error,
    }
}

/// Findings of the files of one source, equal ones gathered with the files they are about.
#[derive(Default)]
struct Said {
    /// By place in the plan, then in the order found.
    findings: Vec<(Finding, Vec<String>)>,
}

impl Said {
    fn take(
        &mut self,
        file: &SourceFile,
        loads: &[(&Step, &Load)],
        bound: Vec<Bound>,
        bindings: &mut Bindings,
    ) {
        for ((step, load), bound) in loads.iter().zip(bound) {
            match bound {
                Ok((into, scan, warnings)) => {
                    self.keep(file, step, load, (into, scan), bindings);
                    warnings.into_iter().for_each(|warning| self.add(file, step, warning));
                }
                Err(errors) => errors.into_iter().for_each(|error| self.add(file, step, error)),
            }
        }
    }

    fn keep(
        &mut self,
        file: &SourceFile,
        step: &Step,
        load: &Load,
        (into, scan): (Vec<LoadInto>, Scan),
        bindings: &mut Bindings,
    ) {
        let binding = bindings
            .entry(load.table.clone())
            .or_insert_with(|| Binding { into: into.clone(), scans: Vec::new() });
        if binding.into != into {
            let differing = differing(&binding.into, &into);
            let message = format!(
                "the files of source `{}` differ in the columns they give to `{}`: {differing}",
                load.source, load.table
            );
            let help = "make them equal with `query:`, or name them as two sources";
            self.add(file, step, EngineError::new(&code::SOURCE_TABLE_MISSING, message).help(help));
        }
        binding.scans.push(scan);
    }

    fn add(&mut self, file: &SourceFile, step: &Step, error: EngineError) {
        let shown = file.state.path.shown.clone();
        let same = self.findings.iter_mut().find(|(finding, _)| {
            finding.step.as_deref() == Some(&step.id) && finding.error == error
        });
        match same {
            Some((_, files)) => files.push(shown),
            None => {
                let finding = Finding {
                    error,
                    stage: Some(step.stage.clone()),
                    step: Some(step.id.clone()),
                    origin: Some(step.origin.clone()),
                };
                self.findings.push((finding, vec![shown]));
            }
        }
    }

    fn into_findings(self) -> Vec<Finding> {
        self.findings
            .into_iter()
            .map(|(mut finding, files)| {
                let others = match files.len() - 1 {
                    0 => String::new(),
                    more => format!(" and {}", plural(more, "other file")),
                };
                finding.error.object.get_or_insert(format!("{}{others}", files[0]));
                finding
            })
            .collect()
    }
}

fn differing(a: &[LoadInto], b: &[LoadInto]) -> String {
    let names = |list: &[LoadInto]| -> BTreeSet<String> {
        list.iter().map(|into| into.column.clone()).collect()
    };
    let (a, b) = (names(a), names(b));
    let only: Vec<_> = a.symmetric_difference(&b).map(|name| format!("`{name}`")).collect();
    only.join(", ")
}
