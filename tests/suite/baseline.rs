//! L4: a plan that leaves a component of its baseline out does not compile; the message names the
//! object and the baseline's line.

use testkit::example;

use crate::cutover;

/// Takes the part out of the plan and expects `check` to name the object and the baseline's line
/// that holds `line_text`.
fn missing(part: &str, object: &str, line_text: &str) {
    let (keep, plan) = example("shop-postgres");
    let file = plan.join("plan.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.matches(part).count(), 1, "{part}");
    std::fs::write(&file, text.replace(part, "")).unwrap();
    let baseline = std::fs::read_to_string(keep.path().join("schemas/shop.postgres.sql")).unwrap();
    let line = baseline.lines().position(|line| line.contains(line_text)).unwrap() + 1;
    let found = cutover().run(&plan, &["check", "plan.yaml"]).expect(3);
    assert!(found.stderr.contains(object), "{object}: {}", found.stderr);
    let place = format!("shop.postgres.sql:{line}:");
    assert!(found.stderr.contains(&place), "{place}: {}", found.stderr);
}

#[test]
fn an_index() {
    missing(
        "    orders_open_idx: { table: orders, columns: [placed_at], where: status <> 'delivered' }\n",
        "orders_open_idx",
        "CREATE INDEX orders_open_idx",
    );
}

#[test]
fn a_foreign_key() {
    missing(
        "    orders_customer_fk: { table: orders, foreign_key: [customer_id], references: customers(id) }\n",
        "orders_customer_fk",
        "ADD CONSTRAINT orders_customer_fk",
    );
}

#[test]
fn a_grant() {
    missing(
        "    - { grant: [select, insert, update], on: [customers, orders, order_items], to: shop_app }\n",
        "shop_app",
        "GRANT SELECT,INSERT,UPDATE ON TABLE shop.customers",
    );
}

#[test]
fn a_grant_on_the_schema() {
    missing(
        "    - { grant: usage, on: schema, to: shop_app }\n",
        "shop_app",
        "GRANT USAGE ON SCHEMA shop",
    );
}
