//! Which source column goes into which target column, for every load and file, known before the
//! window. Names are compared exactly first, then without regard to case.

mod gathered;
mod matching;

use std::collections::BTreeMap;
use std::sync::Arc;

use diagnostics::{code, did_you_mean};
use ir::{Action, ColumnSource, CompiledPlan, Load, LoadColumn, LoadSource, Step};

use gathered::Said;
use matching::Matched;

use crate::EngineError;
use crate::engine::{
    FleetUnit, LoadInto, Scan, ScanColumn, Snapshot, SourceColumn, SourceEngine, TargetColumn,
};
use crate::fleet::groups;
use crate::parallel;
use crate::run::Finding;
use crate::sources::{SourceFile, SourceSet};

/// How one table is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binding {
    pub into: Vec<LoadInto>,
    /// One per file of the source, in its order; all give the columns of `into`.
    pub scans: Vec<Arc<Scan>>,
}

impl Binding {
    /// How the rows of the file at this position are read.
    pub(crate) fn scan(&self, file: usize) -> Result<&Scan, EngineError> {
        self.scans.get(file).map(Arc::as_ref).ok_or_else(|| {
            EngineError::new(&code::INTERNAL, format!("file {file} is not bound to its tables"))
        })
    }

    /// How the rows of the unit are read.
    pub(crate) fn scan_of(&self, unit: &FleetUnit) -> Result<Scan, EngineError> {
        self.scan(unit.file).map(|scan| Scan { rowids: unit.rowids, ..scan.clone() })
    }

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
            on_misfit: into.on_misfit.clone(),
        };
        self.into.iter().zip(columns).map(rule).collect()
    }

    /// From the journal, for so many files.
    pub(crate) fn of_rules(load: &Load, rules: &[LoadColumn], files: usize) -> Self {
        let into = rules.iter().map(|rule| LoadInto {
            column: rule.column.clone(),
            conversion: rule.conversion,
            on_misfit: rule.on_misfit.clone(),
        });
        let columns = rules.iter().filter_map(|rule| match &rule.value {
            ColumnSource::Column(name) => Some(ScanColumn::Column(name.clone())),
            ColumnSource::Sql(sql) => Some(ScanColumn::Sql(sql.clone())),
            ColumnSource::Omit => None,
        });
        let scan = Scan {
            from: load.from.clone(),
            columns: columns.collect(),
            filter: load.filter.clone(),
            rowids: None,
        };
        // One scan for all files: thousands of them would each hold the same.
        let scans = std::iter::repeat_n(Arc::new(scan), files).collect();
        Self { into: into.collect(), scans }
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
        let groups = groups(files);
        let threads = plan.settings.connections as usize;
        // Files with one schema are bound in one way, so one of them is asked.
        let per_group = parallel::each(&groups, threads, |group| {
            bind_file(&files[group.files[0]], &loads, engine, target)
        });
        let mut said = Said::new(files);
        for (group, bound) in groups.iter().zip(per_group) {
            said.take(&group.files, &loads, bound);
        }
        findings.extend(said.into_bindings(&mut bindings));
    }
    (bindings, findings)
}

pub(crate) fn loads(plan: &CompiledPlan) -> impl Iterator<Item = (&Step, &Load)> {
    plan.steps.iter().filter_map(|step| match &step.action {
        Action::Load(load) => Some((step, load)),
        Action::Preflight
        | Action::Backup { .. }
        | Action::BackupTarget
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
type Bound = Result<(Vec<LoadInto>, Arc<Scan>, Vec<EngineError>), Vec<EngineError>>;

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
    let Matched { pairs, errors, warnings } = matching::matched(load, &from, columns);
    if !errors.is_empty() {
        return Err(errors.into_iter().chain(warnings).collect());
    }
    let (into, scanned) = pairs.into_iter().unzip();
    let (from, filter) = (load.from.clone(), load.filter.clone());
    let scan = Scan { from, columns: scanned, filter, rowids: None };
    match source.prove(&scan) {
        Ok(()) => Ok((into, Arc::new(scan), warnings)),
        Err(error) => Err(std::iter::once(error).chain(warnings).collect()),
    }
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
