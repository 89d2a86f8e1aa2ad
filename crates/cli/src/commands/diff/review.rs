//! What a reviewer is told: the differences of the schemas, and what the baseline loses.

use catalog::{Catalog, Change, DiffOptions, Difference, Kind, ObjectKey, diff};
use compiler::Schema;
use compiler::review::{
    Entry, Loss, Permission, Side, Sort, Subject, Turn, entries, judge_losses,
    permissions as permissions_of,
};
use diagnostics::{Diagnostic, Sources, code};

use super::read::Read;
use crate::args::{Diff, Scope};

pub(super) struct Review {
    pub(super) from: Read,
    pub(super) to: Read,
    pub(super) items: Vec<Item>,
    /// What one plan permits and the other does not; nothing where a side is no plan.
    pub(super) permissions: Vec<Permission>,
    /// About the baseline; the places are in the sources of `to`.
    pub(super) findings: Vec<Diagnostic>,
}

pub(super) struct Item {
    pub(super) entry: Entry,
    /// The plan builds the same as before; only its baseline differs.
    pub(super) in_baseline_alone: bool,
    /// The baseline loses it.
    pub(super) loss: Option<Loss>,
}

impl Review {
    pub(super) fn of(mut from: Read, mut to: Read, args: &Diff) -> Self {
        let ignore_generated_names = args.counts.ignore_generated_names;
        let options = DiffOptions { scope: facts(&args.counts.scope), ignore_generated_names };
        for catalog in from.catalogs().chain(to.catalogs()) {
            catalog.ignore_partitions(&args.counts.ignore_partitions);
        }
        let mut found = diff(&from.catalog, &to.catalog, &options);
        leave_out_extensions(&mut found, &from, &to);
        let items = entries(&found, side(&from), side(&to));
        let item = |entry| Item { entry, in_baseline_alone: false, loss: None };
        let items = items.into_iter().map(item).collect();
        let permissions = from.permits().zip(to.permits());
        let permissions = permissions
            .map(|(from, to)| permissions_of(from, to, &crate::today().to_string()))
            .unwrap_or_default();
        let mut review = Review { items, permissions, findings: Vec::new(), from, to };
        if let Some(revision) = &args.against {
            review.protect(&found, revision, args.baseline.is_some(), &options);
        }
        review
    }

    /// `alone`: the file itself is a baseline.
    fn protect(
        &mut self,
        found: &[Difference],
        revision: &str,
        alone: bool,
        options: &DiffOptions,
    ) {
        let (lost, others) = match (baseline(&self.from), baseline(&self.to)) {
            (Some(was), Some(is)) => {
                let lost = diff(was.catalog, is.catalog, options);
                let others = entries(&lost, was, is);
                (lost, others)
            }
            (Some(_), None) => {
                self.findings.push(no_baseline(revision));
                return;
            }
            (None, _) if alone => (found.to_vec(), Vec::new()),
            // What was not there cannot be lost; entries of `retire:` are unused then.
            (None, _) => (Vec::new(), Vec::new()),
        };
        let retired = self.to.plan.as_ref().map(|plan| plan.retired.clone()).unwrap_or_default();
        let (losses, mut findings) = judge_losses(&lost, &retired, &format!("`{revision}`"));
        self.add(others);
        for loss in losses {
            if loss.retired.is_none() {
                findings.push(self.unretired(&loss.key, revision));
            }
            let item = self.items.iter_mut().find(|item| item.entry.key == loss.key);
            if let Some(item) = item {
                item.loss = Some(loss);
            }
        }
        diagnostics::sort(&mut findings);
        self.findings = findings;
    }

    /// What the baselines differ in and the built schemas do not.
    fn add(&mut self, others: Vec<Entry>) {
        for entry in others {
            let known = |item: &Item| item.entry.key == entry.key && item.entry.sort == entry.sort;
            if !self.items.iter().any(known) {
                self.items.push(Item { entry, in_baseline_alone: true, loss: None });
            }
        }
        self.items.sort_by(|a, b| {
            let place = |item: &Item| (item.entry.group.clone(), item.entry.sort);
            (place(a), &a.entry.key).cmp(&(place(b), &b.entry.key))
        });
    }

    fn unretired(&self, key: &ObjectKey, revision: &str) -> Diagnostic {
        let message = format!("the baseline loses `{key}`, which it has at `{revision}`");
        let finding = Diagnostic::new(&code::BASELINE_LOSES, message);
        let was = baseline(&self.from).unwrap_or(side(&self.from)).text;
        let finding = match was.and_then(|(schema, sources)| schema.place(sources, key, None)) {
            Some(at) => finding.note(format!("it was at {}:{}", at.file, at.line)),
            None => finding,
        };
        let Some(plan) = &self.to.plan else {
            return finding.help(
                "bring it back; a loss that is meant is retired in the plan, with `retire:`",
            );
        };
        let finding = match &plan.named {
            Some(path) => finding.label(path.span, "this baseline"),
            None => finding,
        };
        finding.help(format!(
            "bring it back, or add `- {{ component: {}, reason: …, owner: …, date: … }}` to `retire:`",
            yaml(&key.to_string())
        ))
    }

    pub(super) fn of_sort(&self, sort: Sort) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| item.entry.sort == sort)
    }

    pub(super) fn lost(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.loss.is_some())
    }

    /// What only expired differs in nothing.
    pub(super) fn is_equal(&self) -> bool {
        let differs = |one: &Permission| one.turn != Turn::Expired || !one.changes.is_empty();
        self.items.is_empty() && !self.permissions.iter().any(differs)
    }

    /// `1 removed, 2 changed; waivers: 1 added`; `no difference`.
    pub(super) fn count(&self) -> String {
        let sorts = Sort::ALL.map(|sort| (self.of_sort(sort).count(), sort.word()));
        let turns = |subject| {
            let of = |one: &&Permission, turn| one.subject == subject && one.turn == turn;
            let count = |turn| self.permissions.iter().filter(|one| of(one, turn)).count();
            Turn::ALL.map(|turn| (count(turn), turn.word()))
        };
        let windows = counted("windows: ", &turns(Subject::Window));
        let waivers = counted("waivers: ", &turns(Subject::Waiver));
        let parts = [counted("", &sorts), windows, waivers];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        if parts.is_empty() { "no difference".to_owned() } else { parts.join("; ") }
    }
}

/// `1 removed, 2 changed`, without what there is none of.
fn counted(what: &str, counts: &[(usize, &str)]) -> String {
    let some = counts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = some.map(|(count, word)| format!("{count} {word}")).collect();
    if parts.is_empty() { String::new() } else { format!("{what}{}", parts.join(", ")) }
}

fn side(read: &Read) -> Side<'_> {
    Side { catalog: &read.catalog, text: read.text.as_ref().map(|text| (text, &read.sources)) }
}

fn baseline(read: &Read) -> Option<Side<'_>> {
    let (catalog, schema): (&Catalog, &Schema) =
        read.plan.as_ref()?.baseline.as_ref().map(|(catalog, schema)| (catalog, schema))?;
    let sources: &Sources = &read.sources;
    Some(Side { catalog, text: Some((schema, sources)) })
}

fn no_baseline(revision: &str) -> Diagnostic {
    let message = format!("the plan names no baseline; at `{revision}` it has one");
    Diagnostic::new(&code::BASELINE_LOSES, message).help("name the baseline again")
}

/// Extensions belong to the database: one that other schemas use is no difference of this one.
fn leave_out_extensions(found: &mut Vec<Difference>, from: &Read, to: &Read) {
    if from.whole || to.whole {
        return;
    }
    let of_a_database = |it: &Difference| match it.change {
        Change::Missing => from.text.is_none(),
        Change::Extra => to.text.is_none(),
        Change::Changed { .. } => false,
    };
    found.retain(|it| it.key.kind != Kind::Extension || !of_a_database(it));
}

fn facts(scope: &[Scope]) -> catalog::Scope {
    let has = |one| scope.contains(&one);
    catalog::Scope {
        structure: has(Scope::Structure),
        grants: has(Scope::Grants),
        owners: has(Scope::Owners),
        comments: has(Scope::Comments),
    }
}

/// Between braces a comma ends a value, so what is not plain words is quoted.
fn yaml(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | ' ');
    if text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "''"))
}
