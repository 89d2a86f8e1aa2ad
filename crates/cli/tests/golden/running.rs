//! `run`, `status` and `verify`, into a SQLite file.

use crate::project::{PLAN, Project, assert_shown};

#[test]
fn a_run_that_succeeds() {
    let project = Project::new();
    assert_shown!(project.run(&["run", "plan.yaml"]));
    assert_eq!(project.count("out/new.db", "orders"), 3);
}

#[test]
fn a_log_has_a_line_for_the_start_and_the_end_of_every_stage() {
    let project = Project::new();
    let output = project.output(&["run", "plan.yaml"]);
    let log = String::from_utf8(output.stderr).unwrap();
    for stage in ["preflight", "backup", "create", "load", "verify", "promote", "settle"] {
        let line = |end: &str| log.contains(&format!("  {stage}: {end}"));
        assert!(
            (line("1 step") || line("3 steps") || line("4 steps")) && line("done in "),
            "{log}"
        );
    }
}

#[test]
fn what_happens_after_a_success() {
    let project = Project::new();
    project.run(&["run", "plan.yaml"]);
    assert_shown!(
        ["status", "verify", "drift"].map(|word| project.run(&[word, "plan.yaml"])).join("\n")
    );
}

#[test]
fn status_for_programs() {
    let project = Project::new();
    project.run(&["run", "plan.yaml"]);
    assert_shown!(project.run(&["status", "plan.yaml", "--format", "json"]));
}

#[test]
fn a_run_for_programs_is_one_object_per_line() {
    let project = Project::new();
    let output = project.output(&["run", "plan.yaml", "--format", "json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["event"], "run-started");
    let report = lines.last().unwrap();
    assert_eq!((&report["command"], &report["outcome"]), (&"run".into(), &"done".into()));
    assert_eq!(report["tables"][1]["written"], 3);
}

#[test]
fn what_stops_a_run_before_it_starts_is_an_answer_for_programs_too() {
    let project = Project::new();
    project.change("sqlite: out/new.db", "sqlte: out/new.db");
    let output = project.output(&["run", "plan.yaml", "--format", "json"]);
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["command"], &answer["exit_code"]), (&"run".into(), &1.into()));
    assert_eq!(answer["diagnostics"][0]["code"], "PLN104", "{answer}");
}

#[test]
fn a_dry_run_changes_nothing() {
    let project = Project::new();
    assert_shown!(project.run(&["run", "plan.yaml", "--dry-run"]));
    assert!(!project.path("out/new.db").exists() && !project.path(".cutover").exists());
}

#[test]
fn another_digest_than_the_reviewed_one_is_refused() {
    let project = Project::new();
    assert_shown!(project.run(&["run", "plan.yaml", "--expect", "0123456789ab"]));
    assert!(!project.path("out/new.db").exists() && !project.path(".cutover").exists());
}

#[test]
fn the_reviewed_digest_runs_from_the_compiled_plan() {
    let project = Project::new();
    project.run(&["compile", "plan.yaml", "-o", "plan.json"]);
    let shown = project.output(&["explain", "plan.json", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    let digest = json["explanation"]["digest"].as_str().unwrap();
    let output = project.output(&["run", "plan.json", "--expect", &digest[..12]]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(project.count("out/new.db", "customers"), 2);
}

#[test]
fn a_digest_too_short_to_mean_anything_is_a_mistake() {
    assert_shown!(Project::new().run(&["run", "plan.yaml", "--expect", "01"]));
}

#[test]
fn a_failed_check_takes_the_run_back() {
    let project = Project::new();
    project.sqlite("shop.db", "insert into orders values (4, 1, 0)");
    assert_shown!(project.run(&["run", "plan.yaml"]));
    assert_shown!(project.run(&["status", "plan.yaml"]));
    assert!(!project.path("out/new.db").exists());
}

#[test]
fn replacing_a_file_must_be_confirmed() {
    let project = Project::new();
    project.run(&["run", "plan.yaml"]);
    let replacing = "  sqlite: { path: out/new.db, existing: replace }";
    project.write("plan.yaml", &PLAN.replace("  sqlite: out/new.db", replacing));
    assert_shown!(project.run(&["run", "plan.yaml"]));
    project.sqlite("shop.db", "insert into orders values (4, 1, 5)");
    let output = project.output(&["run", "plan.yaml", "--yes"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(project.count("out/new.db", "orders"), 4);
}

#[test]
fn an_occupied_target_is_refused() {
    let project = Project::new();
    project.sqlite("out/new.db", "create table precious (a); insert into precious values (1)");
    assert_shown!(project.run(&["run", "plan.yaml", "--yes"]));
    assert_eq!(project.count("out/new.db", "precious"), 1);
}

#[test]
fn a_missing_source_is_said_with_its_line() {
    let project = Project::new();
    std::fs::remove_file(project.path("shop.db")).unwrap();
    assert_shown!(project.run(&["run", "plan.yaml"]));
}

#[test]
fn no_run_yet() {
    assert_shown!(Project::new().run(&["status", "plan.yaml"]));
}
