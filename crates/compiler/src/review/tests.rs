//! Which entry of `retire:` a loss has, and under which table an object is found.

use catalog::{Catalog, DiffOptions, Kind, Object, ObjectKey, diff, properties as p};
use diagnostics::{SourceId, Sources, code};

use super::{Side, Sort, change_in_words, entries, judge_losses};

fn catalog(objects: &[(ObjectKey, Object)]) -> Catalog {
    let mut catalog = Catalog::default();
    for (key, object) in objects {
        catalog.insert(key.clone(), object.clone());
    }
    catalog
}

fn on(kind: Kind, table: &str, name: &str) -> ObjectKey {
    ObjectKey::new(kind, name).on(table)
}

fn before() -> Catalog {
    let column = |name: &str| (on(Kind::Column, "orders", name), Object::default());
    let grant = Object::default().with("insert", p::GRANTED).with("select", p::GRANTED);
    catalog(&[
        (ObjectKey::new(Kind::Table, "orders"), Object::default().with(p::COLUMNS, "id, fax")),
        column("id"),
        column("fax"),
        (on(Kind::Index, "orders", "orders_old_idx"), Object::default()),
        (on(Kind::Grant, "table orders", "app"), grant),
    ])
}

fn retired(component: &str) -> Vec<plan::model::Retired> {
    let entry = format!("{{ component: {component}, reason: r, owner: o, date: 2026-12-01 }}");
    let text = format!("cutover: 1\nname: a\ntarget: {{ sqlite: a.db }}\nretire: [{entry}]\n");
    let (plan, findings) = plan::parse(SourceId(0), &text);
    assert!(findings.is_empty(), "{findings:?}");
    plan.expect("a plan").retired
}

fn side(catalog: &Catalog) -> Side<'_> {
    Side { catalog, text: None }
}

#[test]
fn nothing_differs_from_itself() {
    let one = before();
    let found = diff(&one, &one, &DiffOptions::default());
    assert!(entries(&found, side(&one), side(&one)).is_empty());
    assert!(judge_losses(&found, &[], "main").0.is_empty());
}

#[test]
fn a_loss_has_the_entry_that_names_it() {
    let names = [
        (on(Kind::Index, "orders", "orders_old_idx"), "index orders_old_idx"),
        (on(Kind::Index, "orders", "orders_old_idx"), "orders_old_idx"),
        (on(Kind::Index, "orders", "orders_old_idx"), "orders.orders_old_idx"),
        (on(Kind::Column, "orders", "fax"), "column orders.fax"),
        (on(Kind::Grant, "table orders", "app"), "grant on table orders to app"),
    ];
    for (key, name) in names {
        let mut after = before();
        after.objects.remove(&key);
        let found = diff(&before(), &after, &DiffOptions::default());
        let (losses, unused) = judge_losses(&found, &retired(name), "main");
        assert_eq!((losses.len(), unused.len()), (1, 0), "{name}");
        assert!(losses[0].key == key && losses[0].retired.is_some(), "{name}");
    }
}

#[test]
fn an_entry_for_another_kind_or_nothing_lost_is_unused() {
    let mut after = before();
    after.objects.remove(&on(Kind::Index, "orders", "orders_old_idx"));
    let found = diff(&before(), &after, &DiffOptions::default());
    let (losses, unused) = judge_losses(&found, &retired("constraint orders_old_idx"), "main");
    assert!(losses[0].retired.is_none());
    assert_eq!(unused[0].code, &code::RETIRE_UNUSED);
}

#[test]
fn a_privilege_that_goes_is_a_loss() {
    let mut after = before();
    let less = Object::default().with("select", p::GRANTED);
    after.insert(on(Kind::Grant, "table orders", "app"), less);
    let found = diff(&before(), &after, &DiffOptions::default());
    assert_eq!(judge_losses(&found, &[], "main").0.len(), 1);
    let shown = entries(&found, side(&before()), side(&after));
    assert_eq!((shown.len(), shown[0].sort), (1, Sort::Changed));
    assert_eq!(shown[0].group, ObjectKey::new(Kind::Table, "orders"));
}

#[test]
fn changes_are_sentences() {
    let quoted = |value: &str| format!("`{value}`");
    let say = |property, from, to| change_in_words(property, from, to, quoted);
    assert_eq!(say("not null", None, Some(p::YES)), "now not null");
    assert_eq!(say("data type", Some("int"), Some("text")), "data type `int` → `text`");
    assert_eq!(say("default", Some("0"), None), "no longer default `0`");
    assert_eq!(say("select", Some(p::GRANTED), None), "no longer select");
}

/// A plan's own schema has the lines of its YAML and the statements that are run.
#[test]
fn entries_have_places_and_statements() {
    struct NoFiles;
    impl crate::Files for NoFiles {
        fn read(&self, _: &str) -> Result<String, String> {
            Err("there is none".to_owned())
        }
    }
    let text = "cutover: 1\nname: a\ntarget: { sqlite: a.db }\ncomponents:\n  tables:\n    \
                t: { columns: { id: integer } }\n  indexes:\n    t_idx: { table: t, columns: id }\n";
    let mut sources = Sources::default();
    let (found, _, findings) = crate::schemas(&mut sources, "plan.yaml", text, &NoFiles);
    assert!(findings.is_empty(), "{findings:?}");
    let built = found.expect("a schema").built;
    let key = on(Kind::Index, "t", "t_idx");
    let place = built.place(&sources, &key, None).expect("a place");
    assert_eq!((place.file.as_str(), place.line), ("plan.yaml", 8));
    assert!(built.statement(&key).expect("SQL").to_lowercase().starts_with("create index"));
    assert!(built.statement(&on(Kind::Column, "t", "id")).is_none());
}
