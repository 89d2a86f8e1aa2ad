//! Help, mistakes on the command line, and the small commands.

use std::path::Path;

use crate::project::{assert_shown, cutover, shown};

fn here(args: &[&str]) -> String {
    shown(&cutover(Path::new("."), args))
}

#[test]
fn nothing_at_all_shows_the_short_help() {
    assert_shown!(here(&[]));
}

#[test]
fn a_mistyped_command_is_corrected() {
    assert_shown!(here(&["chekc", "plan.yaml"]));
}

#[test]
fn an_unknown_flag_is_corrected() {
    assert_shown!(here(&["run", "plan.yaml", "--dryrun"]));
}

#[test]
fn a_plan_and_a_baseline_exclude_each_other() {
    assert_shown!(here(&["drift", "plan.yaml", "--baseline", "b.sql", "--sqlite", "a.db"]));
}

#[test]
fn the_version_is_data() {
    let output = cutover(Path::new("."), &["--version"]);
    assert_eq!(output.stdout, format!("cutover {}\n", env!("CARGO_PKG_VERSION")).into_bytes());
}

#[test]
fn a_code_is_explained_by_number_and_by_name() {
    assert_shown!(here(&["explain", "bas401"]));
    assert_eq!(here(&["explain", "BAS401"]), here(&["explain", "baseline-component-missing"]));
}

#[test]
fn what_may_be_waived_says_how() {
    assert_shown!(here(&["explain", "replaces-table"]));
}

#[test]
fn a_mistyped_code_is_not_taken_for_a_file() {
    assert_shown!(here(&["explain", "BAS499"]));
    let near = here(&["explain", "unused-waver"]);
    assert!(near.contains("did you mean `unused-waiver`?"), "{near}");
}

#[test]
fn a_file_that_init_does_not_find_is_not_looked_for_beside_a_plan() {
    let told = here(&["init", "--from", "nope.db", "--to", "sqlite"]);
    assert!(told.contains("SRC101") && told.contains("`--from` takes the path"), "{told}");
}

#[test]
fn help_names_every_exit_code() {
    let help = here(&["--help"]);
    for (code, meaning) in cli::exit_code::ALL {
        assert!(help.contains(&format!("{code:4}  {meaning}\n")), "{code} {meaning}\n{help}");
    }
}

#[test]
fn every_code_is_listed() {
    let text = here(&["codes"]);
    let lines = text.lines().filter(|line| !line.starts_with("exit") && !line.starts_with("---"));
    assert_eq!(lines.count(), diagnostics::code::ALL.len());
    let json = cutover(Path::new("."), &["codes", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["codes"].as_array().unwrap().len(), diagnostics::code::ALL.len());
    assert_eq!(json["version"], 1);
}

#[test]
fn completions_and_the_manual_page_know_every_command() {
    for args in [&["completions", "bash"][..], &["completions", "zsh"], &["man"]] {
        let text = here(args);
        for command in cli::command().get_subcommands() {
            assert!(text.contains(command.get_name()), "{args:?} {}", command.get_name());
        }
    }
}

#[test]
fn the_schema_is_json() {
    let output = cutover(Path::new("."), &["schema"]);
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(schema["properties"]["components"].is_object());
}

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_cutover"))
        .args(["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
