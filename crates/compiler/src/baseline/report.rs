//! Differences as findings, each with its place in the plan and its line of the baseline.

use std::collections::BTreeSet;

use catalog::{Change, Difference, Kind, ObjectKey, properties};
use diagnostics::{Diagnostic, Span, Spanned, code};
use plan::model::{Baseline, BaselineFile, ComponentName};
use sql::{Dialect, Statement};

use super::places::Places;
use crate::item::Item;
use crate::resolve::{Context, Resolved};

pub(super) struct Report<'a> {
    resolved: &'a Resolved,
    dialect: Dialect,
    /// The baseline's name in the plan.
    file: Span,
    plan: Places,
    baseline: Places,
    /// No engine was asked: expressions differ as text only.
    syntax: bool,
}

impl<'a> Report<'a> {
    pub(super) fn new(
        cx: &Context<'_>,
        resolved: &'a Resolved,
        file: &BaselineFile,
        statements: &[Statement],
        syntax: bool,
    ) -> Self {
        Self {
            resolved,
            dialect: cx.dialect,
            file: file.path.span,
            plan: Places::of(resolved.items.iter().map(|item| &item.statement)),
            baseline: Places::of(statements),
            syntax,
        }
    }

    /// Every difference that does not follow from a statement with an error of its own.
    pub(super) fn differences(
        &self,
        cx: &mut Context<'_>,
        baseline: &Baseline,
        differences: &[Difference],
        broken: &BTreeSet<String>,
    ) {
        let new: Vec<New<'_>> = baseline.new.iter().map(|name| self.new_component(name)).collect();
        let mut used = vec![false; new.len()];
        for difference in differences.iter().filter(|one| !is_about(&one.key, broken)) {
            let permitted = new.iter().position(|new| new.permits(difference, self.dialect));
            match permitted {
                Some(at) => used[at] = true,
                None => cx.find(self.finding(difference)),
            }
        }
        for (new, used) in new.iter().zip(used) {
            let is_broken = broken.contains(&new.name.value.name);
            if !used && !is_broken {
                cx.find(new.unused());
            }
        }
    }

    fn new_component<'n>(&self, name: &'n Spanned<ComponentName>) -> New<'n> {
        let wanted = self.dialect.key(&name.value.name);
        let fits = |item: &&Item| {
            let bare = item.key.bare();
            let on_table = format!("{}.{}", item.key.table, item.key.name);
            !item.change
                && name.value.kind.is_none_or(|kind| kind == item.key.kind)
                && [item.key.name.as_str(), bare, on_table.as_str()]
                    .iter()
                    .any(|own| self.dialect.key(own) == wanted)
        };
        let items: Vec<&Item> = self.resolved.items.iter().filter(fits).collect();
        let built = !items.is_empty();
        New { name, built, places: Places::of(items.into_iter().map(|item| &item.statement)) }
    }

    fn finding(&self, difference: &Difference) -> Diagnostic {
        if self.syntax && difference.key.kind == Kind::Opaque {
            return self.unread(difference);
        }
        match &difference.change {
            Change::Missing => self.missing(difference),
            Change::Extra => self.extra(difference),
            Change::Changed { property, expected, actual } => {
                self.changed(difference, property, expected.as_deref(), actual.as_deref())
            }
        }
    }

    /// A statement that only an engine understands; as text the two sides need not agree.
    fn unread(&self, difference: &Difference) -> Diagnostic {
        let message = format!(
            "`{}` stands on one side only, as text that no engine has read",
            difference.key.name
        );
        Diagnostic::new(&code::OPAQUE_OBJECT, message)
            .label(self.file, "compared with this baseline")
            .help("compile where a scratch database can be had; the run's preflight decides")
    }

    fn missing(&self, difference: &Difference) -> Diagnostic {
        let key = &difference.key;
        let message = format!("the plan does not build `{key}`{}", with(difference));
        let finding = Diagnostic::new(&code::BASELINE_MISSING_COMPONENT, message);
        let finding = match self.plan.parent(key, self.dialect) {
            Some(parent) => finding.label(parent, "the plan builds this without it"),
            None => finding.label(self.file, "compared with this baseline"),
        };
        self.baseline_label(
            finding,
            self.baseline.find(key, self.dialect),
            key,
            "the baseline has it here",
        )
        .help(
            "add it to `components:`, or take it out of the baseline if it is not wanted any more",
        )
    }

    fn extra(&self, difference: &Difference) -> Diagnostic {
        let key = &difference.key;
        let message = format!("the baseline does not have `{key}`{}", with(difference));
        let place = self.plan.find(key, self.dialect);
        let place = place.or_else(|| self.plan.parent(key, self.dialect)).unwrap_or(self.file);
        let finding = Diagnostic::new(&code::BASELINE_EXTRA_COMPONENT, message)
            .label(place, "the plan builds it here");
        let finding = match self.baseline.parent(key, self.dialect) {
            Some(parent) => finding.label(parent, "the baseline has this without it"),
            None => finding,
        };
        finding.help(
            "take it out, or list it under `new:` of the baseline (`baseline: { file: …, new: […] }`)",
        )
    }

    fn changed(
        &self,
        difference: &Difference,
        property: &str,
        expected: Option<&str>,
        actual: Option<&str>,
    ) -> Diagnostic {
        let key = &difference.key;
        let opaque = self.syntax && is_expression(key, property, expected, actual);
        let code = if opaque { &code::OPAQUE_OBJECT } else { &code::BASELINE_DIFFERENT };
        let message = if opaque {
            format!(
                "{property} of `{key}` is written differently, and no engine was asked whether it means the same"
            )
        } else {
            format!("the plan builds `{key}` otherwise than the baseline has it: {property}")
        };
        let place = self.plan.property(key, property, self.dialect);
        let place = place.or_else(|| self.plan.parent(key, self.dialect)).unwrap_or(self.file);
        let finding =
            Diagnostic::new(code, message).label(place, format!("the plan has {}", shown(actual)));
        let line = self.baseline.property(key, property, self.dialect);
        let label = format!("the baseline has {}", shown(expected));
        let finding = self.baseline_label(finding, line, key, &label);
        if opaque {
            finding.help("compile where a scratch database can be had; the run's preflight decides")
        } else {
            finding.help("make the plan build what the baseline has, or review a new baseline")
        }
    }

    /// The object's line, else its table's.
    fn baseline_label(
        &self,
        finding: Diagnostic,
        line: Option<Span>,
        key: &ObjectKey,
        label: &str,
    ) -> Diagnostic {
        match line.or_else(|| self.baseline.parent(key, self.dialect)) {
            Some(line) => finding.label(line, label),
            None => finding.note(label.to_owned()),
        }
    }
}

fn shown(value: Option<&str>) -> String {
    match value {
        Some(properties::YES) => "it".to_owned(),
        Some(value) => format!("`{}`", value.split_whitespace().collect::<Vec<_>>().join(" ")),
        None => "none".to_owned(),
    }
}

fn with(difference: &Difference) -> String {
    match difference.with {
        0 => String::new(),
        count => format!(", with {} of its own", diagnostics::plural(count, "object")),
    }
}

/// What was refused, or is on something that was.
fn is_about(key: &ObjectKey, broken: &BTreeSet<String>) -> bool {
    let bare = |text: &str| text.split('(').next().unwrap_or("").trim().to_owned();
    let parent = key.parent.rsplit(' ').next().unwrap_or_default();
    let table = parent.split('.').next().unwrap_or_default();
    [bare(&key.name), bare(parent), table.to_owned(), key.parent.clone(), key.name.clone()]
        .iter()
        .any(|name| !name.is_empty() && broken.contains(name))
}

/// Whether only an engine can say if two texts mean the same.
fn is_expression(
    key: &ObjectKey,
    property: &str,
    expected: Option<&str>,
    actual: Option<&str>,
) -> bool {
    let (Some(expected), Some(actual)) = (expected, actual) else { return false };
    let text = format!("{expected} {actual}");
    let plain = !text.contains(['\'', '<', '>', '=', '+', '*', '|', ':'])
        && !text.to_lowercase().contains(" where ");
    match property {
        properties::DEFAULT
        | properties::GENERATED
        | properties::PREDICATE
        | properties::USING
        | properties::WITH_CHECK
        | properties::PARTITION_BOUND => true,
        properties::DEFINITION => match key.kind {
            Kind::Constraint => !(plain && is_structural(&text)),
            Kind::Index => !plain,
            _ => true,
        },
        _ => property.starts_with("check "),
    }
}

/// Keys and foreign keys name columns, no expressions.
fn is_structural(definition: &str) -> bool {
    let lower = definition.trim_start().to_lowercase();
    ["primary key", "unique", "foreign key"].iter().any(|word| lower.starts_with(word))
}

/// A component that the plan adds on purpose.
struct New<'a> {
    name: &'a Spanned<ComponentName>,
    built: bool,
    places: Places,
}

impl New<'_> {
    fn permits(&self, difference: &Difference, dialect: Dialect) -> bool {
        let adds = match &difference.change {
            Change::Extra => true,
            Change::Changed { expected, .. } => expected.is_none(),
            Change::Missing => false,
        };
        adds && self.places.covers(&difference.key, dialect)
    }

    fn unused(&self) -> Diagnostic {
        let name = &self.name.value.name;
        let (message, label) = if self.built {
            (format!("`{name}` is declared new, but the baseline has it already"), "not new")
        } else {
            (format!("`{name}` is declared new, but the plan does not build it"), "not built")
        };
        Diagnostic::new(&code::BASELINE_NEW_UNUSED, message)
            .label(self.name.span, label)
            .help("take it out of `new:`")
    }
}
