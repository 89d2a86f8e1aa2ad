//! Schemas of real applications: each is included in a plan and is the baseline of the same plan,
//! so there must be nothing to find. They are not part of the repository; without them the tests
//! say that they were skipped.

use std::path::{Path, PathBuf};

use catalog::offline::SyntaxNormaliser;
use compiler::Files;
use diagnostics::Sources;
use sql::Dialect;

#[allow(clippy::print_stderr, reason = "a skipped test must say so")]
fn shared() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let path = std::env::var_os("CUTOVER_SHARED").map_or(beside, PathBuf::from);
    let there = path.join("data").is_dir();
    if !there {
        eprintln!("skipped: no real schemas at {} (set CUTOVER_SHARED)", path.display());
    }
    there.then_some(path)
}

struct One(String);

impl Files for One {
    fn read(&self, _: &str) -> Result<String, String> {
        Ok(self.0.clone())
    }
}

/// Errors of a plan that includes the schema and has it as its baseline.
fn errors(schema: String, target: &str, dialect: Dialect) -> (usize, String) {
    let plan = format!(
        "cutover: 1\nname: real\nsources: {{ app: app.db }}\n\
         target: {target}\nbaseline: schema.sql\ncomponents:\n  include: [schema.sql]\n"
    );
    let mut sources = Sources::default();
    let mut normaliser = SyntaxNormaliser { dialect, reason: "tests ask no engine".to_owned() };
    let compiled =
        compiler::compile_text(&mut sources, "plan.yaml", &plan, &One(schema), &mut normaliser);
    let shown = |finding: &diagnostics::Diagnostic| diagnostics::render(finding, &sources);
    let errors: Vec<String> = compiled
        .diagnostics
        .iter()
        .filter(|finding| finding.is_error() && !is_right(finding))
        .map(shown)
        .collect();
    (compiled.plan.map_or(0, |plan| plan.steps.len()), errors.concat())
}

/// Some of the files hold rows, several schemas, or statements about the whole server.
fn is_right(finding: &diagnostics::Diagnostic) -> bool {
    ["REF211", "REF212", "BAS405"].contains(&finding.code.id)
}

fn sql_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of schemas") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.to_string_lossy().ends_with(".sql") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn real_postgres_schemas_compile_against_themselves() {
    let Some(shared) = shared() else { return };
    let mut wrong = String::new();
    for file in sql_files(&shared.join("data")) {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.contains("schema") && !name.contains("structure") {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        let (steps, errors) = errors(text.clone(), "{ postgres: local }", Dialect::Postgres);
        let whole = text.contains("\nINSERT INTO") || text.matches("\nCREATE SCHEMA").count() > 1;
        if !errors.is_empty() || steps == 0 && !whole {
            wrong.push_str(&format!("{}\n{errors}\n", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
