//! What was built against the baseline, with the plan's own exceptions.

use catalog::{Catalog, Change, DiffOptions, Difference, Kind, ObjectKey, diff};
use ir::{CompiledPlan, NewComponent, PostgresTarget};

/// What `actual` has otherwise than `expected`, without what the plan says is new and without what is
/// no matter of the plan's schema.
pub(super) fn against_baseline(
    expected: &Catalog,
    actual: &Catalog,
    plan: &CompiledPlan,
    target: &PostgresTarget,
) -> Vec<Difference> {
    let found = diff(expected, actual, &DiffOptions::default());
    let matters = |difference: &Difference| {
        let extra = difference.change == Change::Extra;
        !(is_owners_grant(&difference.key, target)
            || extra && is_new(&difference.key, &plan.baseline.new)
            || extra && is_foreign_extension(&difference.key, target))
    };
    found.into_iter().filter(matters).collect()
}

/// Grants on the schema itself are made in the promote, so a staging schema has none.
pub(super) fn without_schema_grants(mut catalog: Catalog) -> Catalog {
    catalog.objects.retain(|key, _| !(key.kind == Kind::Grant && key.parent == "schema"));
    catalog
}

/// The owner of the promoted objects has every right on them, which is no grant.
fn is_owners_grant(key: &ObjectKey, target: &PostgresTarget) -> bool {
    key.kind == Kind::Grant && target.owner.as_ref() == Some(&key.name)
}

/// Installed in the database for something else.
fn is_foreign_extension(key: &ObjectKey, target: &PostgresTarget) -> bool {
    key.kind == Kind::Extension && !target.extensions.contains(&key.name)
}

/// The component itself, or something of a new table, view, ….
fn is_new(key: &ObjectKey, new: &[NewComponent]) -> bool {
    new.iter().any(|component| {
        let kind = component.kind.as_deref();
        let itself = key.name == component.name || function_name(key) == Some(&component.name);
        let child =
            key.parent == component.name || key.parent.ends_with(&format!(" {}", component.name));
        itself && kind.is_none_or(|kind| covers(kind, key.kind))
            || child && kind.is_none_or(|kind| kind != "index" && kind != "constraint")
            || key.kind == Kind::Grant
                && kind.is_none_or(|kind| kind == "grant")
                && is_grant(key, &component.name)
    })
}

/// `select on orders to shop_app` is the grant on `table orders` to `shop_app`.
fn is_grant(key: &ObjectKey, name: &str) -> bool {
    let Some((rest, role)) = name.rsplit_once(" to ") else { return false };
    let Some((_, object)) = rest.split_once(" on ") else { return false };
    role == key.name && (key.parent == object || key.parent.ends_with(&format!(" {object}")))
}

/// `total(integer)` has the name `total`.
fn function_name(key: &ObjectKey) -> Option<&str> {
    (key.kind == Kind::Function).then(|| key.name.split('(').next()).flatten()
}

/// Whether the plan's word for a component covers this kind of object.
fn covers(word: &str, kind: Kind) -> bool {
    word == kind.word()
        || matches!(
            (word, kind),
            ("type", Kind::Domain)
                | ("view", Kind::MaterializedView)
                | ("table", Kind::ForeignTable)
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_components_cover_their_objects() {
        let new = |kind: &str, name: &str| {
            [NewComponent { kind: Some(kind.to_owned()), name: name.to_owned() }]
        };
        let index = ObjectKey::new(Kind::Index, "orders_total_idx").on("orders");
        assert!(is_new(&index, &new("index", "orders_total_idx")));
        assert!(!is_new(&index, &new("constraint", "orders_total_idx")));
        assert!(is_new(&index, &new("table", "orders")));
        let grant = ObjectKey::new(Kind::Grant, "app").on("table orders");
        assert!(is_new(&grant, &new("grant", "select on orders to app")));
        assert!(!is_new(&grant, &new("grant", "select on orders to other")));
        assert!(is_new(&ObjectKey::new(Kind::Function, "f(integer)"), &new("function", "f")));
    }
}
