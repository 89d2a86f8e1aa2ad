//! One difference with all there is to say about it: the baseline's line, how grave it is, and the
//! SQL that would mend it.

use catalog::{Catalog, Change, Difference, Gravity, Mend};
use compiler::BaselineLines;
use diagnostics::{Diagnostic, code, plural};
use ir::{Baseline, Origin};
use plan::model::EngineKind;
use serde_json::{Value, json};
use sql::Dialect;

use crate::origin;
use crate::plan_input::Texts;

/// Longer SQL than this is for the machine form alone.
const SHOWN: usize = 300;

pub(super) struct Finding {
    difference: Difference,
    /// Where the baseline gives the property, the object, or what it is on.
    origin: Option<Origin>,
    mend: Vec<String>,
}

/// What was compared.
pub(super) struct Sides<'a> {
    pub(super) expected: &'a Catalog,
    pub(super) actual: &'a Catalog,
    pub(super) baseline: &'a Baseline,
    pub(super) engine: EngineKind,
}

impl Sides<'_> {
    /// The gravest first.
    pub(super) fn findings(&self, differences: &[Difference], home: &str) -> Vec<Finding> {
        let dialect = match self.engine {
            EngineKind::Postgres => Dialect::Postgres,
            EngineKind::Sqlite => Dialect::Sqlite,
        };
        let mend = Mend { expected: self.expected, actual: self.actual, home, dialect };
        let lines = BaselineLines::of(self.baseline, self.engine);
        let mut sorted: Vec<&Difference> = differences.iter().collect();
        sorted.sort_by_key(|difference| std::cmp::Reverse(difference.gravity));
        let finding = |difference: &Difference| Finding {
            origin: lines.find(&difference.key, property_of(difference)),
            mend: mend.statements(difference),
            difference: difference.clone(),
        };
        sorted.into_iter().map(finding).collect()
    }
}

impl Finding {
    pub(super) fn diagnostic(&self, texts: &mut Texts) -> Diagnostic {
        let message = format!("{}: {}", word(self.difference.gravity), self.difference);
        let diagnostic = Diagnostic::new(&code::DRIFT_FOUND, message);
        let label = match &self.difference.change {
            Change::Missing => "the baseline has it here",
            Change::Extra => "the baseline has this without it",
            Change::Changed { .. } => "the baseline says otherwise",
        };
        let place = self.origin.as_ref().map(|origin| (origin, origin::span(origin, texts)));
        let diagnostic = match place {
            Some((_, Some(span))) => diagnostic.label(span, label),
            Some((at, None)) => diagnostic.note(format!("{label}: {}:{}", at.file, at.line)),
            None => diagnostic,
        };
        match self.help() {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }

    fn help(&self) -> Option<String> {
        let sql = self.mend.join("; ");
        let words = match self.difference.change {
            Change::Extra => "if it is not wanted",
            Change::Missing | Change::Changed { .. } => "this would mend it",
        };
        match sql.len() {
            0 => None,
            length if length <= SHOWN => Some(format!("{words}: {sql};")),
            _ => {
                let count = plural(self.mend.len(), "statement");
                Some(format!("{words}: {count}, see `--format json`"))
            }
        }
    }

    pub(super) fn json(&self) -> Value {
        let Difference { key, change, gravity, with } = &self.difference;
        let (word_of_change, property, baseline, live) = match change {
            Change::Missing => ("missing", None, None, None),
            Change::Extra => ("extra", None, None, None),
            Change::Changed { property, expected, actual } => {
                ("changed", Some(property), expected.as_ref(), actual.as_ref())
            }
        };
        json!({
            "object": key.to_string(),
            "key": key,
            "change": word_of_change,
            "property": property,
            "baseline": baseline,
            "live": live,
            "gravity": word(*gravity),
            "with": with,
            "written_at": self.origin.as_ref().map(|at| json!({ "file": at.file, "line": at.line })),
            "mend": self.mend,
        })
    }
}

/// The property that a difference is about.
fn property_of(difference: &Difference) -> Option<&str> {
    match &difference.change {
        Change::Changed { property, .. } => Some(property),
        Change::Missing | Change::Extra => None,
    }
}

fn word(gravity: Gravity) -> &'static str {
    match gravity {
        Gravity::Critical => "critical",
        Gravity::Major => "major",
        Gravity::Minor => "minor",
    }
}
