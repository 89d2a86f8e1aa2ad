//! `fmt`.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use crate::project::{Project, assert_shown, command, shown};

const UNTIDY: &str =
    "name:   shop\ncutover: 1   # the language\n# where to\ntarget:\n    sqlite: {path: new.db}\n";
const TIDY: &str =
    "cutover: 1  # the language\nname: shop\n\n# where to\ntarget:\n  sqlite: { path: new.db }\n";

#[test]
fn a_plan_is_laid_out_in_place_and_keeps_its_permissions() {
    let project = Project::new();
    project.write("untidy.yaml", UNTIDY);
    let mode = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(project.path("untidy.yaml"), mode).unwrap();
    std::os::unix::fs::symlink("untidy.yaml", project.path("link.yaml")).unwrap();
    assert_shown!(project.run(&["fmt", "link.yaml", "plan.yaml"]));
    assert_eq!(std::fs::read_to_string(project.path("untidy.yaml")).unwrap(), TIDY);
    let after = std::fs::symlink_metadata(project.path("untidy.yaml")).unwrap();
    assert_eq!(after.permissions().mode() & 0o777, 0o640);
    assert!(std::fs::symlink_metadata(project.path("link.yaml")).unwrap().is_symlink());
}

#[test]
fn check_shows_the_change_and_makes_none() {
    let project = Project::new();
    project.write("untidy.yaml", UNTIDY);
    assert_shown!(project.run(&["fmt", "--check", "untidy.yaml"]));
    assert_eq!(std::fs::read_to_string(project.path("untidy.yaml")).unwrap(), UNTIDY);
}

#[test]
fn what_cannot_be_read_does_not_keep_the_others() {
    let project = Project::new();
    project.write("untidy.yaml", UNTIDY);
    project.write("broken.yaml", "name: [shop\n");
    assert_shown!(project.run(&["fmt", "broken.yaml", "missing.yaml", "untidy.yaml"]));
    assert_eq!(std::fs::read_to_string(project.path("untidy.yaml")).unwrap(), TIDY);
    assert_eq!(std::fs::read_to_string(project.path("broken.yaml")).unwrap(), "name: [shop\n");
}

#[test]
fn a_stream_is_laid_out_to_stdout() {
    let project = Project::new();
    let mut command = command(&project.path(""), &["fmt", "-"]);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    child.stdin.take().unwrap().write_all(UNTIDY.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), TIDY, "{}", shown(&output));
}
