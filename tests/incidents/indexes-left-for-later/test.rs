//! See README.md.

use testkit::{Database, tool};

use crate::case::{Case, SCHEMA, assert_says};

/// A sort of this index needs more temporary files than the server gives.
const LIMITS: &[&str] =
    &["temp_file_limit=64kB", "maintenance_work_mem=1MB", "max_parallel_maintenance_workers=0"];
const MANY: &str = "\
with recursive n(i) as (select 10 union all select i + 1 from n where i < 60000)
insert into customers select i, 'somebody-with-a-long-name-' || i || '@example.org', 20 from n;";

/// A build that would hit the limit is known before a row is loaded, and its retry hides nothing.
#[test]
fn l3_an_index_build_that_would_fail_leaves_no_invalid_index_and_no_bare_table() {
    let Some(database) = Database::on_own_server(LIMITS) else { return };
    let case = Case::on(database, "", "run: { index_memory: 1MiB }\n", MANY);
    for _ in ["the build", "its retry"] {
        let found = case.run().expect(1);
        assert_says(&found.stderr, &["RUN833", "temp_file_limit"]);
        assert_eq!(case.schemas(), "public\n");
        let invalid = "select count(*) from pg_index where not indisvalid or not indisready";
        assert_eq!(case.database.psql(invalid), "0\n");
    }
}

/// The plan that would have left it for later.
#[test]
fn l4_a_plan_without_an_index_of_its_baseline_does_not_compile() {
    let Some(case) = Case::new("", "", "") else { return };
    let index = "create index orders_customer_idx on app.orders (customer_id);\n";
    assert!(SCHEMA.contains(index));
    case.write("simplified.sql", &SCHEMA.replace(index, ""));
    let plan = std::fs::read_to_string(case.path().join("plan.yaml")).unwrap();
    case.write("plan.yaml", &plan.replace("include: [schema.sql]", "include: [simplified.sql]"));
    let found = case.run().expect(3);
    assert_says(&found.stderr, &["BAS401", "orders_customer_idx"]);
    assert_eq!(case.schemas(), "public\n");
}

/// The branch that would have shipped it: plan and baseline both lose the index.
#[test]
fn l4_a_baseline_that_loses_an_index_is_an_error_in_review() {
    let Some(case) = Case::new("", "", "") else { return };
    let folder = case.path().to_string_lossy().into_owned();
    let git = |args: &[&str]| {
        let who = ["-C", &folder, "-c", "user.name=test", "-c", "user.email=test@example.org"];
        tool("git", &[&who[..], args].concat())
    };
    git(&["init", "-q"]);
    git(&["add", "plan.yaml", "schema.sql"]);
    git(&["commit", "-qm", "reviewed"]);
    let index = "create index orders_customer_idx on app.orders (customer_id);\n";
    case.write("schema.sql", &SCHEMA.replace(index, ""));
    let found = case.program().run(case.path(), &["diff", "plan.yaml", "--against", "HEAD"]);
    let text = format!("{}{}", found.stdout, found.stderr);
    assert_says(&text, &["orders_customer_idx", "BAS420"]);
    assert_eq!(found.code, Some(1), "{text}");
}
