//! Tables that the files of a fleet share: merged by the plan's rule, or told where they collide.

use std::path::PathBuf;

use rusqlite::Connection;
use testkit::{Database, Finished};

use crate::cutover_on;

const BASELINE: &str = "\
CREATE TABLE languages (code text PRIMARY KEY, name text NOT NULL);
CREATE TABLE files (repo text NOT NULL, id bigint NOT NULL, code text NOT NULL REFERENCES languages (code),
  PRIMARY KEY (repo, id));
CREATE INDEX files_code ON files (code);
";

const PLAN: &str = r#"
cutover: 1
name: shared
sources: { repos: { glob: "data/*.db" } }
target: { postgres: { url: { env: CUTOVER_TEST_URL } } }
baseline: base.sql
components: { include: base.sql }
load:
  languages: { merge: { by: code, conflict: last } }
  files: { columns: { repo: { sql: ":file_stem" } } }
"#;

struct Case {
    folder: tempfile::TempDir,
    database: Database,
}

impl Case {
    fn new(plan: &str) -> Option<Self> {
        let database = Database::create()?;
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        std::fs::write(folder.path().join("base.sql"), BASELINE).unwrap();
        std::fs::write(folder.path().join("plan.yaml"), plan).unwrap();
        let case = Self { folder, database };
        case.file("a", "('rs', 'Rust'), ('py', 'Python')");
        case.file("b", "('rs', 'Rust'), ('c', 'C')");
        case.file("c", "('py', 'Python 3'), ('c', 'C')");
        Some(case)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("data/{name}.db"))
    }

    fn file(&self, name: &str, languages: &str) {
        let file = Connection::open(self.path(name)).unwrap();
        file.execute_batch(&format!(
            "CREATE TABLE languages (code TEXT PRIMARY KEY, name TEXT NOT NULL);
             CREATE TABLE files (id INTEGER PRIMARY KEY, code TEXT NOT NULL);
             INSERT INTO languages VALUES {languages};
             INSERT INTO files SELECT row_number() OVER (), code FROM languages"
        ))
        .unwrap();
    }

    fn run(&self, args: &[&str]) -> Finished {
        cutover_on(&self.database).run(self.folder.path(), args)
    }

    fn languages(&self) -> String {
        self.database
            .psql("select string_agg(code || '=' || name, ' ' order by code) from shared.languages")
    }

    fn untouched(&self) {
        let sql = "select nspname from pg_namespace where nspname ~ '^(cutover|shared)'";
        assert_eq!(self.database.psql(sql), "");
    }
}

/// As a person reads it, whatever the width of the terminal.
fn words(text: &str) -> String {
    let bare: String = text.chars().filter(|c| *c != '│').collect();
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn rows_of_several_files_become_one_by_the_stated_rule() {
    for (rule, python) in [("first", "Python"), ("last", "Python 3")] {
        let Some(case) = Case::new(&PLAN.replace("last", rule)) else { return };
        let done = case.run(&["run", "plan.yaml", "--yes", "--format", "json"]).expect(0);
        assert_eq!(case.languages(), format!("c=C py={python} rs=Rust\n"));
        let report: serde_json::Value =
            serde_json::from_str(done.stdout.lines().last().unwrap()).unwrap();
        let tables = report["tables"].as_array().unwrap();
        let table = tables.iter().find(|table| table["table"] == "languages").unwrap();
        let count = |key: &str| table[key].as_u64().unwrap();
        assert_eq!((count("scanned"), count("written"), count("merged")), (6, 3, 3));
        case.run(&["verify", "plan.yaml"]).expect(0);
        case.database.psql("update shared.languages set name = 'Perl' where code = 'rs'");
        let differs = case.run(&["verify", "plan.yaml"]);
        assert!(
            words(&differs.stderr).contains("`name` otherwise in the target"),
            "{}",
            differs.stderr
        );
    }
}

#[test]
fn rows_that_must_be_the_same_stop_the_run_with_their_keys_and_files() {
    let Some(case) = Case::new(&PLAN.replace(", conflict: last", "")) else { return };
    let refused = case.run(&["run", "plan.yaml", "--yes"]).expect(4);
    for part in ["RUN834", "code = `py`: in `data/a.db` and in `data/c.db`", "conflict: first"] {
        assert!(words(&refused.stderr).contains(part), "{part} in\n{}", refused.stderr);
    }
    assert!(!words(&refused.stderr).contains("`rs`"), "rows that are the same do not collide");
    case.untouched();
    Connection::open(case.path("c"))
        .unwrap()
        .execute_batch("UPDATE languages SET name = 'Python' WHERE code = 'py'")
        .unwrap();
    case.run(&["run", "plan.yaml", "--yes"]).expect(0);
    assert_eq!(case.languages(), "c=C py=Python rs=Rust\n");
}

#[test]
fn keys_that_collide_are_told_with_the_files_they_come_from() {
    let plan = PLAN.replace("  languages: { merge: { by: code, conflict: last } }\n", "");
    let Some(case) = Case::new(&plan) else { return };
    let refused = case.run(&["run", "plan.yaml", "--yes"]).expect(4);
    let said = words(&refused.stderr);
    for key in [
        "`py`: in `data/a.db`, rowid 2, and in `data/c.db`, rowid 1,",
        "`rs`: in `data/a.db`",
        "`c`: in `data/b.db`",
    ] {
        assert!(said.contains(&format!("code = {key}")), "{key} in\n{}", refused.stderr);
    }
    case.untouched();
}

#[test]
fn a_rule_that_cannot_hold_is_a_finding_at_its_place() {
    let plan = PLAN.replace("by: code", "by: [kode, id]");
    let Some(case) = Case::new(&plan) else { return };
    let refused = case.run(&["check", "plan.yaml"]).expect(1);
    for part in ["REF208", "no column `kode`", "did you mean `code`?"] {
        assert!(words(&refused.stderr).contains(part), "{part} in\n{}", refused.stderr);
    }
}
