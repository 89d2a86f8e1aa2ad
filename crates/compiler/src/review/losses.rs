//! A baseline is protected: what it loses must have been retired.

use catalog::{Change, Difference, Kind, ObjectKey};
use diagnostics::{Diagnostic, code};
use plan::model::{ComponentKind, ComponentName, Retired};

/// A component that a baseline loses.
#[derive(Clone, Debug)]
pub struct Loss {
    pub key: ObjectKey,
    /// The plan's entry; `None`: nobody answers for it.
    pub retired: Option<Retired>,
}

/// What the baseline loses by `differences`, each with its entry, and a finding for every entry that
/// fits none. `since` is the revision, for people.
pub fn judge_losses(
    differences: &[Difference],
    retired: &[Retired],
    since: &str,
) -> (Vec<Loss>, Vec<Diagnostic>) {
    let mut used = vec![false; retired.len()];
    let lost = differences.iter().filter(|difference| is_loss(difference));
    let mut losses: Vec<Loss> = Vec::new();
    for key in lost.map(|difference| &difference.key) {
        // A grant loses privileges one by one.
        if losses.last().is_some_and(|last| last.key == *key) {
            continue;
        }
        let mut entry = None;
        for (one, used) in retired.iter().zip(&mut used) {
            if fits(&one.component.value, key) {
                *used = true;
                entry = entry.or(Some(one));
            }
        }
        losses.push(Loss { key: key.clone(), retired: entry.cloned() });
    }
    let unused = retired.iter().zip(used).filter(|(_, used)| !used);
    (losses, unused.map(|(one, _)| unused_entry(one, since)).collect())
}

/// A grant that keeps some privileges loses the others.
fn is_loss(difference: &Difference) -> bool {
    match &difference.change {
        Change::Missing => true,
        Change::Extra => false,
        Change::Changed { actual, .. } => {
            actual.is_none() && matches!(difference.key.kind, Kind::Grant | Kind::DefaultPrivileges)
        }
    }
}

/// `index orders_old_idx`, `orders_old_idx`, `orders.fax`, `column orders.fax`, or in the words of a
/// finding: `grant on table orders to shop_app`.
fn fits(name: &ComponentName, key: &ObjectKey) -> bool {
    let ObjectKey { parent, name: own, .. } = key;
    let bare = own.split('(').next().unwrap_or(own);
    let short = [own.clone(), bare.to_owned(), format!("{parent}.{own}")];
    let shown = key.to_string();
    let rest = shown.strip_prefix(key.kind.word()).unwrap_or(&shown).trim_start();
    if key.kind == Kind::Grant {
        // A role's name alone says too little.
        return name.name == shown || is_kind(name, key) && name.name == rest;
    }
    name.name == shown || is_kind(name, key) && (short.contains(&name.name) || name.name == rest)
}

fn is_kind(name: &ComponentName, key: &ObjectKey) -> bool {
    name.kind.is_none_or(|kind| match kind {
        ComponentKind::Extension => key.kind == Kind::Extension,
        ComponentKind::Type => matches!(key.kind, Kind::Type | Kind::Domain),
        ComponentKind::Sequence => key.kind == Kind::Sequence,
        ComponentKind::Table => {
            matches!(key.kind, Kind::Table | Kind::ForeignTable | Kind::VirtualTable)
        }
        ComponentKind::Index => key.kind == Kind::Index,
        ComponentKind::Constraint => key.kind == Kind::Constraint,
        ComponentKind::Function => key.kind == Kind::Function,
        ComponentKind::View => matches!(key.kind, Kind::View | Kind::MaterializedView),
        ComponentKind::Trigger => key.kind == Kind::Trigger,
        ComponentKind::Policy => key.kind == Kind::Policy,
        ComponentKind::Grant => matches!(key.kind, Kind::Grant | Kind::DefaultPrivileges),
        ComponentKind::Comment => false,
    })
}

fn unused_entry(entry: &Retired, since: &str) -> Diagnostic {
    let ComponentName { kind, name } = &entry.component.value;
    let word = kind.map(|kind| format!("{} ", kind.word())).unwrap_or_default();
    let message = format!("`{word}{name}` is retired, but the baseline does not lose it");
    Diagnostic::new(&code::RETIRE_UNUSED, message)
        .label(entry.component.span, format!("not lost since {since}"))
        .help("take the entry out of `retire:`")
}
