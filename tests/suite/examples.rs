//! Every example plan does what its README block says.

use testkit::{Database, LocalServers, example, root, tool};

use crate::cutover;

/// Takes the `url` of a test database instead of the private local server, so that the tests share
/// one server; the quickstart test below runs the local server itself.
fn on_database(plan: &std::path::Path, database: &Database) {
    let file = plan.join("plan.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replace("server: local", "url: { env: CUTOVER_TEST_URL }");
    assert!(text.contains("CUTOVER_TEST_URL"), "{text}");
    std::fs::write(&file, text).unwrap();
    database.roles(&["shop_app", "code_reader", "app_reader"]);
}

/// As a shell gives the pattern of the README to the program.
#[test]
fn every_example_is_in_the_one_layout() {
    let told = tool("sh", &["-c", &format!("ls {}/plans/*/plan.yaml", root().display())]);
    let plans: Vec<&str> = told.lines().collect();
    assert!(plans.len() >= 4, "{told}");
    cutover().run(&root(), &[&["fmt", "--check"], &plans[..]].concat()).expect(0);
}

#[test]
fn quickstart_arrives_in_a_new_file() {
    let (_keep, plan) = example("quickstart");
    let sources = testkit::states(&plan.join("data"));
    cutover().run(&plan, &["check", "plan.yaml"]).expect(0);
    cutover().run(&plan, &["run", "plan.yaml", "--yes"]).expect(0);
    let target = plan.join("out/shop.sqlite");
    let count = |sql: &str| tool("sqlite3", &[&target.to_string_lossy(), sql]);
    assert_eq!(count("select count(*) from orders"), "600\n");
    assert_eq!(count("pragma foreign_key_check"), "");
    assert_eq!(count("pragma integrity_check"), "ok\n");
    for table in ["customers", "products", "orders", "order_items"] {
        let sql = format!("select * from {table} order by 1, 2");
        let source = plan.join("data/shop.db");
        assert_eq!(tool("sqlite3", &[&source.to_string_lossy(), &sql]), count(&sql), "{table}");
    }
    assert_eq!(sources, testkit::states(&plan.join("data")), "L1: the source is untouched");
    cutover().run(&plan, &["status", "plan.yaml"]).expect(0);
    cutover().run(&plan, &["verify", "plan.yaml"]).expect(0);
    cutover().run(&plan, &["drift", "plan.yaml"]).expect(0);
    // A second run finds the target there and the plan does not say `replace`.
    cutover().run(&plan, &["run", "plan.yaml", "--yes"]).expect(1);
}

#[test]
fn quickstart_goes_to_a_private_postgres_by_its_target_alone() {
    if testkit::cluster().is_none() {
        return;
    }
    let (keep, plan) = example("quickstart");
    let _servers = LocalServers::below(keep.path());
    let file = plan.join("plan.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let changed = text.replace("target:\n  sqlite: out/shop.sqlite", "target: { postgres: local }");
    assert_ne!(text, changed);
    std::fs::write(&file, changed).unwrap();
    cutover().run(&plan, &["run", "plan.yaml", "--yes"]).expect(0);
    cutover().run(&plan, &["drift", "plan.yaml"]).expect(0);
    cutover().run(&plan, &["local", "stop", "plan.yaml"]).expect(0);
}

#[test]
fn shop_arrives_with_every_kind_of_component_and_again() {
    let Some(database) = Database::create() else { return };
    let (_keep, plan) = example("shop-postgres");
    on_database(&plan, &database);
    let program = cutover().env("CUTOVER_TEST_URL", &database.url);
    program.run(&plan, &["run", "plan.yaml", "--yes"]).expect(0);
    let first = database.dump(&["--schema=shop"]);
    for part in [
        "CREATE VIEW shop.order_totals",
        "CREATE TRIGGER orders_touch",
        "CREATE POLICY",
        "CREATE TYPE shop.order_status",
        "GRANT SELECT ON TABLE shop.products TO shop_app",
        "COMMENT ON COLUMN shop.orders.placed_at",
        "gin_trgm_ops",
        "START WITH 1000",
    ] {
        assert!(first.contains(part), "{part} in\n{first}");
    }
    assert_eq!(database.psql("set role shop_app; select count(*) from shop.products"), "40\n");
    assert_eq!(database.psql("select shop.order_total(7) > 0"), "t\n");
    assert_eq!(
        database.psql(
            "insert into shop.orders (customer_id, placed_at) values (1, now()) returning id"
        ),
        "601\n"
    );
    // Replaced as a whole: the row above is in the kept tables, not in the new ones.
    program.run(&plan, &["run", "plan.yaml", "--yes"]).expect(0);
    assert_eq!(first, database.dump(&["--schema=shop"]));
    program.run(&plan, &["verify", "plan.yaml"]).expect(0);
    program.run(&plan, &["drift", "plan.yaml"]).expect(0);
    database.psql("drop index shop.orders_open_idx");
    let drift = program.run(&plan, &["drift", "plan.yaml"]).expect(3);
    assert!(drift.stdout.contains("orders_open_idx") || drift.stderr.contains("orders_open_idx"));
}

#[test]
fn fleet_becomes_one_schema() {
    let Some(database) = Database::create() else { return };
    let (_keep, plan) = example("fleet");
    on_database(&plan, &database);
    let program = cutover().env("CUTOVER_TEST_URL", &database.url);
    program.run(&plan, &["run", "plan.yaml", "--yes"]).expect(0);
    assert_eq!(
        database.psql("select count(*), count(distinct repo) from code.symbols"),
        "3600|36\n"
    );
}

#[test]
fn a_plan_that_falls_short_of_its_baseline_says_so() {
    let (_keep, plan) = example("baseline-drift");
    let found = cutover().run(&plan, &["check", "plan.yaml"]).expect(3);
    let expected = plan.join("expected.txt");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(root().join("plans/baseline-drift/expected.txt"), &found.stderr).unwrap();
    }
    assert_eq!(found.stderr, std::fs::read_to_string(expected).unwrap_or_default());
}
