//! Findings for other tools, read by programs that are not ours: Python's XML and JSON readers, and
//! the rules of GitHub's workflow commands.

use std::path::Path;

use serde_json::Value;
use testkit::tool;

use crate::cutover;

/// A plan with two mistakes, and one that is sound, in a folder of a repository.
struct Repository(tempfile::TempDir);

impl Repository {
    fn new() -> Repository {
        let repository = Repository(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(repository.folder()).unwrap();
        std::fs::create_dir(repository.0.path().join(".git")).unwrap();
        repository.write("schema.sql", "create table t (id integer primary key);\n");
        repository.write("good.yaml", &plan("components: { include: [schema.sql] }"));
        let bad = "colour: \"a, b: 100% <&>\"\ncomponents: { include: [schema.sql], tabels: { } }";
        repository.write("bad plan.yaml", &plan(bad));
        repository
    }

    /// Not the root: paths must start there all the same.
    fn folder(&self) -> std::path::PathBuf {
        self.0.path().join("plans")
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.folder().join(file), text).unwrap();
    }

    fn check(&self, format: &str) -> String {
        let args = ["check", "good.yaml", "bad plan.yaml", "--format", format];
        let done = cutover().run(&self.folder(), &args).expect(1);
        assert_eq!(done.stderr, "", "findings are the data here");
        done.stdout
    }
}

fn plan(rest: &str) -> String {
    format!(
        "cutover: 1\nname: shop\nsources: {{ shop: shop.db }}\ntarget: {{ sqlite: out/new.db }}\n\
         baseline: schema.sql\n{rest}\n"
    )
}

#[test]
fn junit_is_what_an_xml_parser_reads() {
    let repository = Repository::new();
    std::fs::write(repository.0.path().join("report.xml"), repository.check("junit")).unwrap();
    let script = "import sys, json, xml.etree.ElementTree as E
r = E.parse(sys.argv[1]).getroot()
print(json.dumps([r.tag, r.get('tests'), r.get('failures'), [
    [s.get('name'), len(s), [(c.get('file'), c.get('line'), [f.get('type') for f in c]) for c in s]]
    for s in r]]))";
    let report = repository.0.path().join("report.xml");
    let read = tool("python3", &["-c", script, &report.to_string_lossy()]);
    let read: Value = serde_json::from_str(&read).unwrap();
    let file = "plans/bad plan.yaml";
    let failure = |line: &str| serde_json::json!([file, line, ["unknown-key"]]);
    let expected = serde_json::json!([
        "testsuites",
        "3",
        "2",
        [["good.yaml", 1, [[null, null, []]]], ["bad plan.yaml", 2, [failure("6"), failure("7")]],]
    ]);
    assert_eq!(read, expected);
}

#[test]
fn sarif_names_paths_from_the_root_of_the_repository() {
    let log: Value = serde_json::from_str(&Repository::new().check("sarif")).unwrap();
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 2, "{results:#?}");
    for result in results {
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "plans/bad%20plan.yaml");
        assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
        let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], result["ruleId"]);
    }
    assert_eq!(run["invocations"][0]["exitCode"], 1);
}

/// Reads a line as the runner does: `::word properties::message`, split at `,` and `=`.
fn annotation(line: &str) -> (String, Vec<(String, String)>, String) {
    let (head, message) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
    let (word, properties) = head.split_once(' ').unwrap();
    let read = |text: &str| {
        let text = text.replace("%3A", ":").replace("%2C", ",");
        text.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
    };
    let properties = properties.split(',').map(|property| {
        let (name, value) = property.split_once('=').unwrap();
        (name.to_owned(), read(value))
    });
    (word.to_owned(), properties.collect(), read(message))
}

#[test]
fn github_annotations_come_back_as_they_were() {
    let text = Repository::new().check("github");
    let all: Vec<_> = text.lines().map(annotation).collect();
    assert_eq!(all.len(), 2, "{text}");
    let (word, properties, message) = &all[0];
    assert_eq!(word, "error");
    let value =
        |name| properties.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
    assert_eq!(value("file"), Some("plans/bad plan.yaml"));
    assert_eq!((value("line"), value("col")), (Some("6"), Some("1")));
    assert_eq!(value("title"), Some("PLN104 unknown-key"));
    assert!(message.contains("colour"), "{message}");
}

#[test]
fn gitlab_fingerprints_stay_when_lines_move() {
    let repository = Repository::new();
    let prints = |repository: &Repository| -> Vec<Value> {
        let all: Value = serde_json::from_str(&repository.check("gitlab")).unwrap();
        all.as_array().unwrap().iter().map(|one| one["fingerprint"].clone()).collect()
    };
    let before = prints(&repository);
    let path = repository.folder().join("bad plan.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("# a line more\n\n{text}")).unwrap();
    assert_eq!(before, prints(&repository));
    assert_ne!(before[0], before[1]);
}

#[test]
fn every_command_with_findings_has_every_form() {
    let repository = Repository::new();
    let folder = repository.folder();
    let commands: &[&[&str]] = &[
        &["check", "bad plan.yaml"],
        &["compile", "bad plan.yaml", "-o", "plan.json"],
        &["run", "bad plan.yaml", "--yes"],
        &["drift", "bad plan.yaml"],
        &["verify", "bad plan.yaml"],
    ];
    for command in commands {
        for format in ["sarif", "github", "gitlab", "junit", "markdown", "json"] {
            let done = cutover().run(&folder, &[*command, &["--format", format]].concat());
            let code = if command[0] == "verify" { "JRN905" } else { "PLN104" };
            assert!(matches!(done.code, Some(1 | 3)), "{command:?} {format}: {}", done.stderr);
            assert!(done.stdout.contains(code), "{command:?} {format}: {}", done.stdout);
            assert!(well_formed(&folder, format, &done.stdout), "{command:?}: {}", done.stdout);
        }
    }
}

fn well_formed(folder: &Path, format: &str, text: &str) -> bool {
    match format {
        "sarif" | "gitlab" | "json" => serde_json::from_str::<Value>(text).is_ok(),
        "github" => text.lines().all(|line| line.starts_with("::")),
        "junit" => {
            let file = folder.join("any.xml");
            std::fs::write(&file, text).unwrap();
            let script = "import sys, xml.dom.minidom as M; print(M.parse(sys.argv[1]).encoding)";
            tool("python3", &["-c", script, &file.to_string_lossy()]) == "UTF-8\n"
        }
        _ => text.starts_with("**cutover "),
    }
}

#[test]
fn findings_of_a_run_are_told_beside_its_report() {
    let folder = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| std::fs::write(folder.path().join(file), text).unwrap();
    write("schema.sql", "create table t (id integer not null primary key);\n");
    write("plan.yaml", &plan("components: { include: [schema.sql] }"));
    let args = ["run", "plan.yaml", "--yes", "--format", "junit"];
    let done = cutover().run(folder.path(), &args).expect(1);
    assert!(done.stdout.contains("SRC101") && done.stdout.contains("<failure"), "{}", done.stdout);
    assert!(done.stderr.contains("stopped: nothing was touched"), "{}", done.stderr);
}
