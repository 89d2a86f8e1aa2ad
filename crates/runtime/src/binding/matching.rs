//! The columns of one load in one file: each target column looks for its value, each source column
//! for its place.

use std::collections::BTreeSet;

use diagnostics::{Severity, code, did_you_mean};
use ir::{ColumnSource, Load, LoadColumn, LoadSource, OnMisfit};

use crate::EngineError;
use crate::engine::{LoadInto, ScanColumn, SourceColumn, TargetColumn};

/// What came of it.
pub(super) struct Matched {
    /// In the order of the target's columns.
    pub(super) pairs: Vec<(LoadInto, ScanColumn)>,
    pub(super) errors: Vec<EngineError>,
    pub(super) warnings: Vec<EngineError>,
}

pub(super) fn matched(load: &Load, from: &[SourceColumn], columns: &[TargetColumn]) -> Matched {
    let mut matching = Matching { load, from, used: BTreeSet::new(), errors: Vec::new() };
    matching.unknown_rules(columns);
    let pairs = columns.iter().filter_map(|column| matching.column(column)).collect();
    matching.unplaced();
    let is_error = |error: &EngineError| error.code.severity == Severity::Error;
    let (errors, warnings) = matching.errors.into_iter().partition(is_error);
    Matched { pairs, errors, warnings }
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
            Some(rule @ LoadColumn { value: ColumnSource::Column(name), .. }) => {
                let found = self.source(name)?;
                Some((self.ruled(column, rule), ScanColumn::Column(found)))
            }
            Some(rule @ LoadColumn { value: ColumnSource::Sql(sql), .. }) => {
                self.mentioned(sql);
                Some((self.ruled(column, rule), ScanColumn::Sql(sql.clone())))
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
                    Some((plain(column), ScanColumn::Column(from.name.clone())))
                }
                None => {
                    self.nothing(column);
                    None
                }
            },
        }
    }

    fn ruled(&mut self, column: &TargetColumn, rule: &LoadColumn) -> LoadInto {
        if rule.on_misfit == OnMisfit::SetNull && column.not_null {
            let message = format!(
                "column `{}.{}` is not null, so what does not fit it cannot be set to null",
                self.load.table, column.name
            );
            let help = "say `misfit: reject`, or `misfit: { default: … }` with a value that fits";
            self.errors.push(EngineError::new(&code::COLUMN_WITHOUT_VALUE, message).help(help));
        }
        LoadInto {
            column: column.name.clone(),
            conversion: rule.conversion,
            on_misfit: rule.on_misfit.clone(),
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

fn plain(column: &TargetColumn) -> LoadInto {
    LoadInto { column: column.name.clone(), conversion: None, on_misfit: OnMisfit::Stop }
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
