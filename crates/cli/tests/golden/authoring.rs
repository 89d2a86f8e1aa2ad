//! `check`, `explain`, `compile` and `drift`.

use crate::project::{BASELINE, PLAN, Project, assert_shown};

/// The part of the plan that makes its index.
const INDEX: &str =
    "  indexes:\n    orders_customer_idx: { table: orders, columns: [customer_id] }\n";

#[test]
fn a_sound_plan() {
    let project = Project::new();
    assert_shown!(project.run(&["check", "plan.yaml"]));
    assert!(!project.path(".cutover").exists(), "check leaves nothing behind");
}

#[test]
fn a_sound_plan_for_programs() {
    assert_shown!(Project::new().run(&["check", "plan.yaml", "--format", "json"]));
}

#[test]
fn without_an_engine_the_result_says_so() {
    assert_shown!(Project::new().run(&["check", "plan.yaml", "--offline"]));
}

#[test]
fn mistakes_are_all_shown_at_their_places() {
    let project = Project::new();
    let plan = PLAN
        .replace("description", "descripton")
        .replace("columns: [customer_id] }", "columns: [custmer_id] }")
        .replace("references: customers(id)", "references: clients(id)");
    project.write("plan.yaml", &plan);
    assert_shown!(project.run(&["check", "plan.yaml"]));
}

#[test]
fn a_missing_index_names_the_line_of_the_baseline() {
    let project = Project::new();
    project.change("    orders_customer_idx: { table: orders, columns: [customer_id] }\n", "");
    project.write(
        "plan.yaml",
        &std::fs::read_to_string(project.path("plan.yaml")).unwrap().replace("  indexes:\n", ""),
    );
    assert_shown!(project.run(&["check", "plan.yaml"]));
}

#[test]
fn screen_readers_get_sentences() {
    let project = Project::new();
    project.change(INDEX, "");
    assert_shown!(project.run_with(&[("NO_GRAPHICS", "1")], &["check", "plan.yaml"]));
}

#[test]
fn a_terminal_without_unicode_gets_none() {
    let project = Project::new();
    project.change(INDEX, "");
    let text = project.run_with(&[("LC_ALL", "C")], &["check", "plan.yaml"]);
    assert!(text.is_ascii(), "{text}");
}

#[test]
fn a_missing_index_for_programs() {
    let project = Project::new();
    project.change(INDEX, "");
    assert_shown!(project.run(&["check", "plan.yaml", "--format", "json"]));
}

#[test]
fn several_plans_are_judged_together() {
    let project = Project::new();
    project.write("bad.yaml", "cutover: 1\nname: [a]\n");
    assert_shown!(project.run(&["check", "plan.yaml", "bad.yaml", "missing.yaml"]));
}

#[test]
fn a_password_in_a_plan_is_never_shown() {
    let project = Project::new();
    project
        .change("  sqlite: out/new.db", "  postgres: { url: \"postgres://me:hunter2@db/shop\" }");
    let text = project.run(&["check", "plan.yaml", "--offline"]);
    assert!(text.contains("PLN112") && !text.contains("hunter2"), "{text}");
}

#[test]
fn explain_shows_every_step() {
    assert_shown!(Project::new().run(&["explain", "plan.yaml"]));
}

#[test]
fn explain_draws_for_mermaid() {
    assert_shown!(Project::new().run(&["explain", "plan.yaml", "--format", "mermaid"]));
}

#[test]
fn explain_draws_for_graphviz() {
    assert_shown!(Project::new().run(&["explain", "plan.yaml", "--format", "dot"]));
}

#[test]
fn explain_for_programs_has_the_digest_of_the_compiled_plan() {
    let project = Project::new();
    let output = project.output(&["explain", "plan.yaml", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let compiled = project.output(&["compile", "plan.yaml", "-o", "plan.json"]);
    let digest = json["explanation"]["digest"].as_str().unwrap();
    assert!(String::from_utf8_lossy(&compiled.stdout).contains(digest), "{digest}");
    let steps = json["explanation"]["steps"].as_array().unwrap();
    assert!(steps.iter().any(|step| step["id"] == "create-index/orders_customer_idx"), "{steps:?}");
}

#[test]
fn the_same_plan_gives_the_same_bytes() {
    let project = Project::new();
    assert_shown!(project.run(&["compile", "plan.yaml", "-o", "one.json"]));
    project.run(&["compile", "plan.yaml", "-o", "two.json"]);
    let read = |name| std::fs::read(project.path(name)).unwrap();
    assert_eq!(read("one.json"), read("two.json"));
    let streamed = project.output(&["compile", "plan.yaml", "-o", "-", "--offline"]);
    assert_eq!(streamed.stdout, read("one.json"), "who compares has no say in what is compiled");
}

#[test]
fn a_compiled_plan_is_never_written_over_something_else() {
    let project = Project::new();
    let text = project.run(&["compile", "plan.yaml", "-o", "shop.db"]);
    assert_shown!(text);
    assert_eq!(project.count("shop.db", "orders"), 3);
}

#[test]
fn equal_schemas_have_no_drift() {
    let project = Project::new();
    project.sqlite("live.db", BASELINE);
    assert_shown!(project.run(&["drift", "--baseline", "baseline.sql", "--sqlite", "live.db"]));
}

#[test]
fn drift_is_listed_with_the_lines_of_the_baseline() {
    let project = Project::new();
    project.sqlite("live.db", BASELINE);
    project.sqlite("live.db", "drop index orders_customer_idx; create table scratch (a);");
    let args = ["drift", "--baseline", "baseline.sql", "--sqlite", "live.db"];
    assert_shown!(project.run(&args));
    let json = project.output(&[&args[..], &["--format", "json"]].concat());
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&json["exit_code"], &json["equal"]), (&3.into(), &false.into()));
}

#[test]
fn what_cannot_be_read_is_not_drift() {
    let project = Project::new();
    assert_shown!(project.run(&["drift", "--baseline", "baseline.sql", "--sqlite", "none.db"]));
    let args = ["drift", "--baseline", "baseline.sql", "--url", "postgres://a:hunter2@h/d"];
    let text = project.run(&args);
    assert!(text.starts_with("exit 2") && !text.contains("hunter2"), "{text}");
}
