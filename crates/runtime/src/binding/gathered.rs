//! Bindings and findings of many files, gathered into one binding per table and one finding per
//! cause.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use diagnostics::code;
use ir::{Load, Step};

use super::{Binding, Bindings, Bound};
use crate::EngineError;
use crate::engine::{LoadInto, Scan};
use crate::fleet::few;
use crate::run::Finding;
use crate::sources::SourceFile;

/// The columns of a table, and how each file is read for it.
type Columns = (Vec<LoadInto>, BTreeMap<usize, Arc<Scan>>);

/// What the files of one source say, by groups of files that say the same.
pub(super) struct Said<'a> {
    files: &'a [SourceFile],
    /// Equal ones gathered with the positions of their files; by place in the plan, then as found.
    findings: Vec<(Finding, Vec<usize>)>,
    bound: BTreeMap<String, Columns>,
}

impl<'a> Said<'a> {
    pub(super) fn new(files: &'a [SourceFile]) -> Self {
        Self { files, findings: Vec::new(), bound: BTreeMap::new() }
    }

    /// What the files at these positions say about each load.
    pub(super) fn take(&mut self, files: &[usize], loads: &[(&Step, &Load)], bound: Vec<Bound>) {
        for ((step, load), bound) in loads.iter().zip(bound) {
            match bound {
                Ok((into, scan, warnings)) => {
                    self.keep(files, step, load, into, &scan);
                    warnings.into_iter().for_each(|warning| self.add(files, step, warning));
                }
                Err(errors) => errors.into_iter().for_each(|error| self.add(files, step, error)),
            }
        }
    }

    fn keep(
        &mut self,
        files: &[usize],
        step: &Step,
        load: &Load,
        into: Vec<LoadInto>,
        scan: &Arc<Scan>,
    ) {
        let fresh = || (into.clone(), BTreeMap::new());
        let (first, scans) = self.bound.entry(load.table.clone()).or_insert_with(fresh);
        scans.extend(files.iter().map(|file| (*file, Arc::clone(scan))));
        if *first != into {
            let message = format!(
                "the files of source `{}` differ in the columns they give to `{}`: {}",
                load.source,
                load.table,
                differing(first, &into)
            );
            let help = "make them equal with `query:`, or name them as two sources";
            let error = EngineError::new(&code::SOURCE_TABLE_MISSING, message).help(help);
            self.add(files, step, error);
        }
    }

    fn add(&mut self, files: &[usize], step: &Step, error: EngineError) {
        let same = self.findings.iter_mut().find(|(finding, _)| {
            finding.step.as_deref() == Some(&step.id) && finding.error == error
        });
        match same {
            Some((_, all)) => all.extend(files),
            None => {
                self.findings.push((Finding::of_step(step, error), files.to_vec()));
            }
        }
    }

    pub(super) fn into_bindings(self, bindings: &mut Bindings) -> Vec<Finding> {
        let Self { files, findings, bound } = self;
        bindings.extend(bound.into_iter().map(|(table, (into, scans))| {
            (table, Binding { into, scans: scans.into_values().collect() })
        }));
        let named = |(mut finding, mut positions): (Finding, Vec<usize>)| {
            positions.sort_unstable();
            let shown = positions.iter().map(|file| files[*file].state.path.shown.clone());
            let shown: Vec<String> = shown.collect();
            finding.error.object.get_or_insert_with(|| few(&shown));
            finding
        };
        findings.into_iter().map(named).collect()
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
