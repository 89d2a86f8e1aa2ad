//! The workflows of the README, each step as its service would run it, on a repository with a change:
//! sound, unsound, and with a baseline that loses something. What belongs to the services (`uses:`,
//! `gh`, `apt-get`, `cargo install`) is stood in for, and what it is given is looked at.

use std::path::PathBuf;
use std::process::Command;

use serde_yaml::Value;
use tempfile::TempDir;
use testkit::{Finished, root, tool};

use crate::blocks::blocks;
use crate::diff::replace;

/// The README's block for this file.
fn workflow(file: &str) -> String {
    let page = std::fs::read_to_string(root().join("README.md")).unwrap();
    let found = blocks(&page).into_iter().find(|block| block.file() == Some(file));
    found.unwrap_or_else(|| panic!("the README has no {file}")).text
}

/// Two example plans on `main`, which is the base, too; `cutover` and what stands in for others.
struct Repository(TempDir);

const PLAN: &str = "plans/quickstart/plan.yaml";
const SCHEMA: &str = "schemas/quickstart.sqlite.sql";

impl Repository {
    fn new() -> Self {
        let repository = Repository(tempfile::tempdir().unwrap());
        for file in [
            PLAN,
            SCHEMA,
            "schemas/quickstart.postgres.sql",
            "plans/fleet/plan.yaml",
            "schemas/fleet.postgres.sql",
        ] {
            let to = repository.at(file);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(root().join(file), to).unwrap();
        }
        repository.git(&["init", "--quiet", "--initial-branch", "main"]);
        repository.git(&["config", "user.name", "a"]);
        repository.git(&["config", "user.email", "a@example.org"]);
        repository.commit();
        repository.git(&["update-ref", "refs/remotes/origin/main", "main"]);
        repository.stand_ins();
        repository
    }

    fn at(&self, file: &str) -> PathBuf {
        self.0.path().join("work").join(file)
    }

    fn work(&self) -> PathBuf {
        self.0.path().join("work")
    }

    fn git(&self, args: &[&str]) -> String {
        std::fs::create_dir_all(self.work()).unwrap();
        tool("git", &[&["-C", self.work().to_str().unwrap()], args].concat())
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["-c", "commit.gpgsign=false", "commit", "--quiet", "--message", "a change"]);
    }

    /// Programs of the services say what they were asked for; `cargo install` gives the program under
    /// test where what it shall install is a package of this workspace.
    fn stand_ins(&self) {
        let bin = self.0.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        std::os::unix::fs::symlink(crate::cutover().binary(), bin.join("cutover-built")).unwrap();
        let told = self.0.path().join("told");
        let tells = format!("#!/bin/sh\necho \"${{0##*/}} $*\" >> {}\n", told.display());
        let copies = format!("cp review.md {}\n", self.0.path().join("comment.md").display());
        let installs = format!("ln -s cutover-built {}/cutover\n", bin.display());
        for (name, more) in [("gh", copies), ("apt-get", String::new()), ("cargo", installs)] {
            let path = bin.join(name);
            std::fs::write(&path, format!("{tells}{more}")).unwrap();
            tool("chmod", &["+x", path.to_str().unwrap()]);
        }
    }

    fn told(&self) -> String {
        std::fs::read_to_string(self.0.path().join("told")).unwrap_or_default()
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.at(file)).unwrap_or_else(|why| panic!("{file}: {why}"))
    }

    /// As a runner calls a script: `bash -e`, GitLab's with `pipefail`.
    fn script(&self, script: &str, options: &[&str], envs: &[(String, String)]) -> Finished {
        let path = format!("{}/bin:{}", self.0.path().display(), std::env::var("PATH").unwrap());
        let started = std::time::Instant::now();
        let out = Command::new("bash")
            .args(["--noprofile", "--norc", "-e"])
            .args(options)
            .args(["-c", script])
            .current_dir(self.work())
            .env("PATH", path)
            .env("GITHUB_STEP_SUMMARY", self.0.path().join("summary.md"))
            .env("CUTOVER_GIT", format!("file://{}", root().display()))
            .envs(envs.iter().cloned())
            .output()
            .unwrap();
        Finished {
            code: out.status.code(),
            stdout: String::from_utf8_lossy(&out.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&out.stderr).into_owned(),
            elapsed: started.elapsed(),
        }
    }
}

/// `package` of the command is a package of this workspace with the program `cutover`.
fn installs_the_program(told: &str) {
    let expected = format!("cargo install --locked --git file://{} cli", root().display());
    assert!(told.lines().any(|line| line == expected), "{told}");
    let manifest = std::fs::read_to_string(root().join("crates/cli/Cargo.toml")).unwrap();
    assert!(manifest.contains("[package]\nname = \"cli\"\n"));
    assert!(manifest.contains("[[bin]]\nname = \"cutover\"\n"));
    assert!(root().join("Cargo.lock").exists(), "`--locked` needs it");
}

/// GitHub's expressions, as they are for a pull request into `main`.
fn expanded(text: &str) -> String {
    let values = [
        ("github.base_ref", "main"),
        ("github.token", "token"),
        ("github.event.pull_request.number", "7"),
    ];
    let mut text = text.replace("${{ vars.CUTOVER_GIT }}", &format!("file://{}", root().display()));
    for (name, value) in values {
        text = text.replace(&format!("${{{{ {name} }}}}"), value);
    }
    assert!(!text.contains("${{"), "nothing is known of an expression in {text}");
    text
}

fn envs(of: &Value) -> Vec<(String, String)> {
    let all = of.get("env").and_then(Value::as_mapping).into_iter().flatten();
    all.map(|(key, value)| (text(key), expanded(&text(value)))).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value:?} is no text")).to_owned()
}

/// Runs the steps of the one job; those that say `always()` run after a failure, too. Gives the names of
/// the steps that failed.
fn github(repository: &Repository) -> Vec<String> {
    let workflow: Value = serde_yaml::from_str(&workflow(".github/workflows/plans.yml")).unwrap();
    assert_eq!(workflow["on"], "pull_request");
    let job = &workflow["jobs"]["plans"];
    let mut failed = Vec::new();
    for step in job["steps"].as_sequence().unwrap() {
        let always = step.get("if").is_some_and(|condition| condition == "always()");
        if !failed.is_empty() && !always {
            continue;
        }
        match step.get("uses") {
            Some(action) => uses(repository, &text(action), &step["with"]),
            None => {
                let script = expanded(&text(&step["run"]));
                let done = repository.script(&script, &[], &[envs(job), envs(step)].concat());
                println!(
                    "{}: {:?}\n{}{}",
                    text(&step["name"]),
                    done.code,
                    done.stdout,
                    done.stderr
                );
                if done.code != Some(0) {
                    failed.push(text(&step["name"]));
                }
            }
        }
    }
    failed
}

fn uses(repository: &Repository, action: &str, with: &Value) {
    match action {
        "actions/checkout@v4" => assert_eq!(with["fetch-depth"], 0, "the base is looked at"),
        "github/codeql-action/upload-sarif@v3" => {
            let log = repository.read(&text(&with["sarif_file"]));
            let log: serde_json::Value = serde_json::from_str(&log).unwrap();
            assert_eq!(log["version"], "2.1.0");
        }
        other => panic!("nothing is known of {other}"),
    }
}

fn rules(repository: &Repository) -> Vec<String> {
    let log: serde_json::Value = serde_json::from_str(&repository.read("plans.sarif")).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    results.iter().map(|result| result["ruleId"].as_str().unwrap().to_owned()).collect()
}

const INDEX: &str =
    "    orders_open_idx: { table: orders, columns: [placed_at], where: status <> 'delivered' }\n";

/// The plan and its baselines without an index.
fn lose_an_index(repository: &Repository) {
    replace(&repository.work(), PLAN, INDEX, "");
    for file in [SCHEMA, "schemas/quickstart.postgres.sql"] {
        let text = repository.read(file);
        let kept = text.lines().filter(|line| !line.contains("orders_open_idx"));
        let kept: String = kept.map(|line| format!("{line}\n")).collect();
        assert_ne!(text, kept);
        std::fs::write(repository.at(file), kept).unwrap();
    }
}

#[test]
fn github_takes_a_sound_change_and_tells_what_it_does() {
    let repository = Repository::new();
    let more = "    customers_name_idx: { table: customers, columns: [full_name] }\n";
    replace(&repository.work(), PLAN, INDEX, &format!("{INDEX}{more}"));
    let schema = repository.read(SCHEMA);
    let line = "CREATE INDEX customers_name_idx ON customers (full_name);\n";
    std::fs::write(repository.at(SCHEMA), schema + line).unwrap();
    repository.commit();
    assert_eq!(github(&repository), [""; 0]);
    assert_eq!(rules(&repository), [""; 0]);
    installs_the_program(&repository.told());
    assert!(repository.told().contains("gh pr comment 7 --body-file review.md"));
    let comment = std::fs::read_to_string(repository.0.path().join("comment.md")).unwrap();
    assert!(comment.contains("index `customers_name_idx`"), "{comment}");
    let summary = std::fs::read_to_string(repository.0.path().join("summary.md")).unwrap();
    assert_eq!(summary, comment);
}

#[test]
fn github_stops_an_unsound_change_and_shows_it_in_its_line() {
    let repository = Repository::new();
    replace(&repository.work(), PLAN, INDEX, "");
    repository.commit();
    assert_eq!(github(&repository), ["check"]);
    assert_eq!(rules(&repository), ["BAS401"]);
}

#[test]
fn github_stops_a_baseline_that_loses_what_nobody_retired() {
    let repository = Repository::new();
    lose_an_index(&repository);
    repository.commit();
    assert_eq!(github(&repository), ["review"]);
    let comment = std::fs::read_to_string(repository.0.path().join("comment.md")).unwrap();
    assert!(comment.contains("**BAS420** the baseline loses"), "{comment}");
}

#[test]
fn github_lets_a_new_plan_come() {
    let repository = Repository::new();
    let to = repository.at("plans/new/plan.yaml");
    std::fs::create_dir(to.parent().unwrap()).unwrap();
    std::fs::copy(repository.at(PLAN), to).unwrap();
    repository.commit();
    assert_eq!(github(&repository), [""; 0]);
}

/// The job's lines until one fails; gives its exit code.
fn gitlab(repository: &Repository) -> i32 {
    let file: Value = serde_yaml::from_str(&workflow(".gitlab-ci.yml")).unwrap();
    let job = &file["plans"];
    let lines = ["before_script", "script"].map(|key| job[key].as_sequence().unwrap().clone());
    let lines: Vec<String> = lines.concat().iter().map(text).collect();
    let done = repository.script(&lines.join("\n"), &["-o", "pipefail"], &[]);
    println!("{}{}", done.stdout, done.stderr);
    for report in ["codequality", "junit"] {
        repository.read(&text(&job["artifacts"]["reports"][report]));
    }
    assert_eq!(job["artifacts"]["when"], "always", "a failed job has the reports most needed");
    done.code.unwrap()
}

#[test]
fn gitlab_reports_what_it_stops() {
    let repository = Repository::new();
    assert_eq!(gitlab(&repository), 0);
    assert_eq!(repository.read("gl-code-quality-report.json").trim(), "[]");
    assert!(repository.told().contains("apt-get install --yes --no-install-recommends postgresql"));
    installs_the_program(&repository.told());

    let repository = Repository::new();
    replace(&repository.work(), PLAN, INDEX, "");
    assert_eq!(gitlab(&repository), 3);
    let report = repository.read("gl-code-quality-report.json");
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report[0]["location"]["path"], PLAN, "{report}");
    let script = "import sys, xml.etree.ElementTree as E
r = E.parse(sys.argv[1]).getroot()
print(r.get('failures'), [c.get('file') for c in r.iter('testcase') if len(c)])";
    let junit = repository.at("junit.xml");
    let read = tool("python3", &["-c", script, junit.to_str().unwrap()]);
    assert_eq!(read, format!("1 ['{PLAN}']\n"));
}

/// The hooks by pre-commit itself: what they change or refuse keeps the commit from being made.
#[test]
fn pre_commit_keeps_unsound_and_untidy_plans_out() {
    let repository = Repository::new();
    let config = workflow(".pre-commit-config.yaml");
    std::fs::write(repository.at(".pre-commit-config.yaml"), config).unwrap();
    let bin = repository.0.path().join("bin");
    std::os::unix::fs::symlink("cutover-built", bin.join("cutover")).unwrap();
    let home = repository.0.path().join("home").to_string_lossy().into_owned();
    let hooks = || {
        repository.git(&["add", "--all"]);
        let envs = [("PRE_COMMIT_HOME".to_owned(), home.clone())];
        let done = repository.script("pre-commit run", &[], &envs);
        println!("{}{}", done.stdout, done.stderr);
        done
    };
    assert!(hooks().expect(0).stdout.contains("plans are sound"));
    let text = repository.read(PLAN);
    replace(&repository.work(), PLAN, "name: quickstart\n", "name:    quickstart\n");
    let done = hooks().expect(1);
    assert!(done.stdout.contains("files were modified by this hook"), "{}", done.stdout);
    assert_eq!(repository.read(PLAN), text, "the hook has laid it out");
    hooks().expect(0);
    replace(&repository.work(), PLAN, INDEX, "");
    assert!(hooks().expect(1).stdout.contains("BAS401"));
}
