//! Differences of catalogs: what is reported, how it is grouped, how fast.

#![allow(clippy::print_stdout)] // One test says how long it took.

use std::time::Instant;

use catalog::{
    Catalog, Change, DiffOptions, Gravity, Kind, Object, ObjectKey, Scope, diff, fingerprint,
};
use proptest::prelude::*;

fn key(kind: Kind, table: &str, name: &str) -> ObjectKey {
    ObjectKey::new(kind, name).on(table)
}

/// A table with columns `id` and `total`, a key with a generated name, an index and a grant.
fn add_table(catalog: &mut Catalog, name: &str) {
    let column = |kind: &str| Object::default().with("data type", kind).with("not null", "yes");
    let mut pkey = Object::default().with("type", "primary key").with("columns", "id");
    pkey.generated_name = true;
    let index = Object::default().with("definition", "USING btree (total)");
    catalog
        .insert(ObjectKey::new(Kind::Table, name), Object::default().with("columns", "id, total"));
    catalog.insert(key(Kind::Column, name, "id"), column("bigint"));
    catalog.insert(key(Kind::Column, name, "total"), column("numeric"));
    catalog.insert(key(Kind::Constraint, name, &format!("{name}_pkey")), pkey);
    catalog.insert(key(Kind::Index, name, &format!("{name}_total_idx")), index);
    let grant = Object::default().with("select", "granted");
    catalog.insert(key(Kind::Grant, &format!("table {name}"), "app"), grant);
}

fn tables(names: &[&str]) -> Catalog {
    let mut catalog = Catalog::default();
    names.iter().for_each(|name| add_table(&mut catalog, name));
    catalog
}

/// The differences from `a` to `b` as sentences.
fn told(a: &Catalog, b: &Catalog) -> Vec<String> {
    diff(a, b, &DiffOptions::default()).iter().map(ToString::to_string).collect()
}

#[test]
fn a_missing_table_is_one_difference() {
    let (both, one) = (tables(&["a", "b"]), tables(&["a"]));
    assert_eq!(told(&both, &one), ["table b is missing, with 5 objects that belong to it"]);
    assert_eq!(told(&one, &both), ["table b is not expected, with 5 objects that belong to it"]);
}

#[test]
fn a_missing_column_is_exactly_that_column() {
    let (full, mut less) = (tables(&["a"]), tables(&["a"]));
    less.objects.remove(&key(Kind::Column, "a", "total"));
    less.insert(ObjectKey::new(Kind::Table, "a"), Object::default().with("columns", "id"));
    assert_eq!(told(&full, &less), ["column a.total is missing"]);
}

#[test]
fn an_order_of_columns_is_a_difference_of_the_table() {
    let (a, mut b) = (tables(&["a"]), tables(&["a"]));
    let table = ObjectKey::new(Kind::Table, "a");
    *b.objects.get_mut(&table).unwrap() = Object::default().with("columns", "total, id");
    assert_eq!(told(&a, &b), ["table a has columns `total, id` instead of `id, total`"]);
}

#[test]
fn generated_names_make_no_difference() {
    let (a, mut b) = (tables(&["a"]), tables(&["a"]));
    let pkey = b.objects.remove(&key(Kind::Constraint, "a", "a_pkey")).unwrap();
    b.insert(key(Kind::Constraint, "a", "a_pkey1"), pkey.clone());
    assert_eq!(told(&a, &b), [""; 0]);
    assert_eq!(fingerprint(&a, Scope::default()), fingerprint(&b, Scope::default()));
    let chosen = Object { generated_name: false, ..pkey };
    b.objects.remove(&key(Kind::Constraint, "a", "a_pkey1"));
    b.insert(key(Kind::Constraint, "a", "mine"), chosen);
    assert_eq!(told(&a, &b).len(), 2);
}

#[test]
fn one_change_is_told_once_with_its_gravity() {
    let (mut a, mut b) = (tables(&["a"]), tables(&["a"]));
    let index = key(Kind::Index, "a", "a_total_idx");
    a.insert(index.clone(), Object::default().with("definition", "X").with("method", "btree"));
    b.insert(index.clone(), Object::default().with("definition", "Y").with("method", "gin"));
    b.objects.get_mut(&key(Kind::Column, "a", "id")).unwrap().comment = Some("the id".to_owned());
    let found = diff(&a, &b, &DiffOptions::default());
    assert_eq!(
        found.iter().map(|d| (d.to_string(), d.gravity)).collect::<Vec<_>>(),
        [
            ("column a.id has comment `the id`, which is not expected".to_owned(), Gravity::Minor),
            ("index a_total_idx on a has definition `Y` instead of `X`".to_owned(), Gravity::Major),
        ]
    );
}

#[test]
fn a_grant_is_outside_a_scope_without_grants() {
    let (a, mut b) = (tables(&["a"]), tables(&["a"]));
    b.objects.remove(&key(Kind::Grant, "table a", "app"));
    let found = diff(&a, &b, &DiffOptions::default());
    assert_eq!((found.len(), found[0].gravity), (1, Gravity::Critical));
    let scope = Scope { grants: false, ..Scope::default() };
    assert!(diff(&a, &b, &DiffOptions { scope, ..DiffOptions::default() }).is_empty());
    assert_eq!(fingerprint(&a, scope), fingerprint(&b, scope));
    assert_ne!(fingerprint(&a, Scope::default()), fingerprint(&b, Scope::default()));
}

#[test]
fn large_catalogs_are_compared() {
    let names: Vec<_> = (0..10_000).map(|n| format!("t{n:05}")).collect();
    let a = tables(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut b = tables(&names.iter().map(String::as_str).rev().collect::<Vec<_>>());
    b.objects.remove(&key(Kind::Index, "t05000", "t05000_total_idx"));
    let start = Instant::now();
    let found = told(&a, &b);
    let took = start.elapsed();
    println!("{} objects compared in {took:?}", a.len());
    assert_eq!(found, ["index t05000_total_idx on t05000 is missing"]);
    let all = told(&a, &Catalog::default());
    assert_eq!(all.len(), 10_000);
}

fn any_catalog() -> impl Strategy<Value = Catalog> {
    let kinds = prop::sample::select(vec![
        Kind::Table,
        Kind::Column,
        Kind::Constraint,
        Kind::Index,
        Kind::Grant,
        Kind::View,
    ]);
    let key = (kinds, "[ab]?", "[ab]?", "[abc]").prop_map(|(kind, schema, parent, name)| {
        ObjectKey::new(kind, name).in_schema(schema).on(parent)
    });
    let properties = prop::collection::btree_map("[xy]", "[01]", 0..3);
    let object = (properties, any::<bool>()).prop_map(|(properties, generated_name)| Object {
        properties,
        generated_name,
        ..Object::default()
    });
    prop::collection::btree_map(key, object, 0..12).prop_map(|objects| Catalog { objects })
}

proptest! {
    #[test]
    fn a_catalog_does_not_differ_from_itself(a in any_catalog()) {
        prop_assert!(diff(&a, &a.clone(), &DiffOptions::default()).is_empty());
    }

    #[test]
    fn no_difference_and_equal_fingerprints_are_the_same(a in any_catalog(), b in any_catalog()) {
        let none = diff(&a, &b, &DiffOptions::default()).is_empty();
        let scope = Scope::default();
        prop_assert_eq!(none, fingerprint(&a, scope) == fingerprint(&b, scope));
    }

    #[test]
    fn differences_are_mirrored(a in any_catalog(), b in any_catalog()) {
        let (there, back) =
            (diff(&a, &b, &DiffOptions::default()), diff(&b, &a, &DiffOptions::default()));
        let count = |all: &[catalog::Difference], change| all.iter().filter(|d| d.change == change).count();
        prop_assert_eq!(count(&there, Change::Missing), count(&back, Change::Extra));
        prop_assert_eq!(there.len(), back.len());
    }
}
