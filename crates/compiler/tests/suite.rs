//! Every folder `tests/suite/<topic>/<case>` is one case: `plan.yaml` and the files it names, and
//! `expected.txt`: the findings, then the steps with their SQL and reasons.
//! `UPDATE_EXPECT=1 cargo test -p compiler` writes the expected files anew.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use catalog::offline::SyntaxNormaliser;
use compiler::{Compiled, Explanation, Files};
use diagnostics::Sources;
use sql::Dialect;

struct Folder(PathBuf);

impl Files for Folder {
    fn read(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(self.0.join(path)).map_err(|_| "there is no such file".to_owned())
    }
}

fn compile(folder: &Path) -> (Compiled, Sources) {
    let text = std::fs::read_to_string(folder.join("plan.yaml")).expect("every case has a plan");
    let mut sources = Sources::default();
    let files = Folder(folder.to_owned());
    let dialect = if text.contains("sqlite: out") { Dialect::Sqlite } else { Dialect::Postgres };
    let mut normaliser = SyntaxNormaliser { dialect, reason: "tests ask no engine".to_owned() };
    let compiled =
        compiler::compile_text(&mut sources, "plan.yaml", &text, &files, &mut normaliser);
    (compiled, sources)
}

fn show(folder: &Path) -> String {
    let (compiled, sources) = compile(folder);
    let mut out = String::new();
    for finding in &compiled.diagnostics {
        out.push_str(&diagnostics::render(finding, &sources));
    }
    let Some(plan) = compiled.plan else { return out };
    let explanation = Explanation::of(&plan);
    let _ = writeln!(out, "{}: {}", explanation.name, explanation.target);
    for step in explanation.steps {
        let _ = writeln!(out, "{}. {} [{}]", step.number, step.id, step.stage);
        if let Some(sql) = &step.sql {
            for line in sql.lines() {
                let _ = writeln!(out, "     | {line}");
            }
        }
        for detail in &step.details {
            let _ = writeln!(out, "     : {detail}");
        }
        for hazard in &step.hazards {
            let _ = writeln!(out, "     ! {hazard}");
        }
        if !step.locks.is_empty() {
            let _ = writeln!(out, "     locks {}", step.locks.join(", "));
        }
        for need in &step.needs {
            let _ = writeln!(out, "     after {}: {}", need.step, need.reason);
        }
    }
    out
}

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite");
    let mut cases: Vec<PathBuf> = folders(&root).iter().flat_map(|topic| folders(topic)).collect();
    cases.sort();
    cases
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).expect("a folder of the suite");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.filter(|path| path.is_dir()).collect()
}

#[test]
fn every_case_gives_its_expected_text() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut wrong = Vec::new();
    for case in cases() {
        let expected = case.join("expected.txt");
        let (before, now) = (std::fs::read_to_string(&expected).unwrap_or_default(), show(&case));
        if before != now && update {
            std::fs::write(&expected, &now).expect("the expected file can be written");
        } else if before != now {
            wrong.push(format!("{}\n--- expected\n{before}\n--- got\n{now}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// The example plans of the repository compile; the one that must not says what it lacks.
#[test]
fn example_plans_compile() {
    let plans = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plans");
    for plan in folders(&plans) {
        let (compiled, sources) = compile(&plan);
        let errors: Vec<&str> = compiled
            .diagnostics
            .iter()
            .filter(|finding| finding.is_error())
            .map(|finding| finding.code.id)
            .collect();
        let shown = |finding: &diagnostics::Diagnostic| diagnostics::render(finding, &sources);
        let text: String = compiled.diagnostics.iter().map(shown).collect();
        if plan.ends_with("baseline-drift") {
            assert!(!errors.is_empty() && errors.iter().all(|id| id.starts_with("BAS")), "{text}");
        } else {
            assert!(errors.is_empty(), "{}: {text}", plan.display());
        }
    }
}
