//! Bindings and findings of many files, gathered into one binding per table and one finding per
//! cause.

use std::collections::BTreeSet;

use diagnostics::{code, plural};
use ir::{Load, Step};

use super::{Binding, Bindings, Bound};
use crate::EngineError;
use crate::engine::{LoadInto, Scan};
use crate::run::Finding;
use crate::sources::SourceFile;

/// Findings of the files of one source, equal ones gathered with the files they are about.
#[derive(Default)]
pub(super) struct Said {
    /// By place in the plan, then in the order found.
    findings: Vec<(Finding, Vec<String>)>,
}

impl Said {
    pub(super) fn take(
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

    pub(super) fn into_findings(self) -> Vec<Finding> {
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
