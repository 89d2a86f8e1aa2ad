//! The comparison of two catalogs: linear, by key, in a fixed order.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;

use crate::difference::{of_object, of_property};
use crate::family::Family;
use crate::properties::{COLUMNS, DEFINITION, DETAILS_OF_DEFINITION};
use crate::{Catalog, Change, Difference, Kind, Object, ObjectKey, Scope};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiffOptions {
    pub scope: Scope,
    /// Constraints and indexes whose names the engine made are equal where all but the name is.
    pub ignore_generated_names: bool,
}

impl Default for DiffOptions {
    fn default() -> Self {
        Self { scope: Scope::default(), ignore_generated_names: true }
    }
}

type Entry<'a> = (&'a ObjectKey, &'a Object);

/// What `actual` has otherwise than `expected`, sorted by key. A missing or extra table (schema,
/// column) is one difference that counts what belongs to it.
pub fn diff(expected: &Catalog, actual: &Catalog, options: &DiffOptions) -> Vec<Difference> {
    let mut sides = Sides::of(expected, actual, options.scope);
    if options.ignore_generated_names {
        sides.pair_renamed(options.scope);
    }
    let mut out = Vec::new();
    whole(&sides.missing, &Change::Missing, &mut out);
    whole(&sides.extra, &Change::Extra, &mut out);
    let columns = ColumnNames::of(&sides);
    for (key, expected, actual) in &sides.common {
        changed(key, expected, actual, options.scope, &columns, &mut out);
    }
    out.sort();
    out
}

/// Objects by the side they are on.
struct Sides<'a> {
    missing: Vec<Entry<'a>>,
    extra: Vec<Entry<'a>>,
    /// Key as expected, both objects; only those that are not equal.
    common: Vec<(&'a ObjectKey, &'a Object, &'a Object)>,
}

impl<'a> Sides<'a> {
    fn of(expected: &'a Catalog, actual: &'a Catalog, scope: Scope) -> Self {
        let mut sides = Self { missing: Vec::new(), extra: Vec::new(), common: Vec::new() };
        let mut left = scope.objects(expected).peekable();
        let mut right = scope.objects(actual).peekable();
        while let Some(order) = next_order(&mut left, &mut right) {
            match order {
                Ordering::Less => sides.missing.extend(left.next()),
                Ordering::Greater => sides.extra.extend(right.next()),
                Ordering::Equal => {
                    let both = left.next().zip(right.next());
                    let unequal = both.filter(|((_, a), (_, b))| a != b);
                    sides.common.extend(unequal.map(|((key, a), (_, b))| (key, a, b)));
                }
            }
        }
        sides
    }

    /// Pairs what differs in nothing but a generated name; two may also have each other's name.
    fn pair_renamed(&mut self, scope: Scope) {
        let swapped = self
            .common
            .extract_if(.., |(key, a, b)| may_be_renamed(key, a) && may_be_renamed(key, b));
        for (key, expected, actual) in swapped {
            self.missing.push((key, expected));
            self.extra.push((key, actual));
        }
        self.drop_twins(scope);
        let extra: BTreeMap<_, _> = self.extra.iter().copied().collect();
        let both = self.missing.iter().filter_map(|(key, a)| Some((*key, *a, *extra.get(key)?)));
        let both: Vec<_> = both.collect();
        let keys: BTreeSet<_> = both.iter().map(|(key, ..)| *key).collect();
        self.missing.retain(|(key, _)| !keys.contains(key));
        self.extra.retain(|(key, _)| !keys.contains(key));
        self.common.extend(both);
    }

    fn drop_twins(&mut self, scope: Scope) {
        let mut places = BTreeMap::<_, Vec<usize>>::new();
        for (at, (key, object)) in self.extra.iter().enumerate().rev() {
            if may_be_renamed(key, object) {
                places.entry(likeness(key, object, scope)).or_default().push(at);
            }
        }
        let mut found = BTreeSet::new();
        self.missing.retain(|(key, object)| {
            let twin = may_be_renamed(key, object)
                .then(|| places.get_mut(&likeness(key, object, scope))?.pop())
                .flatten();
            found.extend(twin);
            twin.is_none()
        });
        let mut at = 0;
        self.extra.retain(|_| {
            at += 1;
            !found.contains(&(at - 1))
        });
    }
}

fn next_order<'a>(
    left: &mut Peekable<impl Iterator<Item = Entry<'a>>>,
    right: &mut Peekable<impl Iterator<Item = Entry<'a>>>,
) -> Option<Ordering> {
    match (left.peek(), right.peek()) {
        (None, None) => None,
        (Some(_), None) => Some(Ordering::Less),
        (None, Some(_)) => Some(Ordering::Greater),
        (Some((a, _)), Some((b, _))) => Some(a.cmp(b)),
    }
}

/// Whether another name would make no difference.
pub(crate) fn may_be_renamed(key: &ObjectKey, object: &Object) -> bool {
    object.generated_name && matches!(key.kind, Kind::Constraint | Kind::Index)
}

/// All of an object but its name.
fn likeness<'a>(
    key: &'a ObjectKey,
    object: &'a Object,
    scope: Scope,
) -> (Kind, &'a str, &'a str, Vec<(&'a str, &'a str)>) {
    (key.kind, &key.schema, &key.parent, scope.facts(key, object).collect())
}

/// Reports objects that are on one side only, children counted with their parents.
fn whole(objects: &[Entry<'_>], change: &Change, out: &mut Vec<Difference>) {
    let family = Family::of(objects);
    for (at, (key, object)) in objects.iter().enumerate() {
        if family.has_parent(at) {
            continue;
        }
        out.push(Difference {
            key: (*key).clone(),
            change: change.clone(),
            gravity: of_object(key, object),
            with: family.children(at),
        });
    }
}

fn changed(
    key: &ObjectKey,
    expected: &Object,
    actual: &Object,
    scope: Scope,
    columns: &ColumnNames<'_>,
    out: &mut Vec<Difference>,
) {
    let left: BTreeMap<_, _> = scope.facts(key, expected).collect();
    let right: BTreeMap<_, _> = scope.facts(key, actual).collect();
    let names: BTreeSet<_> = left.keys().chain(right.keys()).copied().collect();
    let differs = |name: &&str| left.get(name) != right.get(name);
    let definition = differs(&DEFINITION);
    for name in names.into_iter().filter(differs) {
        let detail = definition && DETAILS_OF_DEFINITION.contains(&name);
        if detail || (name == COLUMNS && columns.explain(key, left.get(name), right.get(name))) {
            continue;
        }
        let value = |side: &BTreeMap<_, &str>| side.get(name).map(|value| (*value).to_owned());
        out.push(Difference {
            key: key.clone(),
            change: Change::Changed {
                property: name.to_owned(),
                expected: value(&left),
                actual: value(&right),
            },
            gravity: of_property(key, expected, name),
            with: 0,
        });
    }
}

/// Columns that are reported as missing or extra, by table.
struct ColumnNames<'a> {
    missing: BTreeSet<(&'a str, &'a str, &'a str)>,
    extra: BTreeSet<(&'a str, &'a str, &'a str)>,
}

impl<'a> ColumnNames<'a> {
    fn of(sides: &Sides<'a>) -> Self {
        let columns = |entries: &[Entry<'a>]| {
            let columns = entries.iter().filter(|(key, _)| key.kind == Kind::Column);
            columns.map(|(key, _)| (&*key.schema, &*key.parent, &*key.name)).collect()
        };
        Self { missing: columns(&sides.missing), extra: columns(&sides.extra) }
    }

    /// Whether the lists of a table differ by the reported columns alone; else their order does.
    fn explain(&self, table: &ObjectKey, expected: Option<&&str>, actual: Option<&&str>) -> bool {
        let rest = |list: Option<&&'_ str>, gone: &BTreeSet<(&str, &str, &str)>| {
            let names = list.map_or_else(Vec::new, |list| crate::properties::names_of(list));
            let stays = |name: &String| {
                !gone.contains(&(table.schema.as_str(), table.name.as_str(), name.as_str()))
            };
            names.into_iter().filter(stays).collect::<Vec<_>>()
        };
        rest(expected, &self.missing) == rest(actual, &self.extra)
    }
}
