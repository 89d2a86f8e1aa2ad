//! `cutover init`: what it proposes for real databases passes `check`, goes over and verifies without a
//! hand-written line; a script that shares no code with Cutover compares every cell.

use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::{Database, root, shared};

use crate::{cutover, cutover_on};

/// The target as `init` writes it, and as a test needs it.
const LOCAL: &str = "  postgres: local          # in production: { url: { env: DATABASE_URL } }\n";
const TESTED: &str = "  postgres: { url: { env: CUTOVER_TEST_URL } }\n";

/// A copy of the database in a folder of its own, and the plan that is proposed for it.
struct Proposed {
    folder: tempfile::TempDir,
    name: String,
    said: String,
}

impl Proposed {
    fn of(file: &Path, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Bytes, not permissions: shared files may be read-only.
        std::fs::write(folder.path().join("app.db"), std::fs::read(file).unwrap()).unwrap();
        let name = format!("init_{}", file.file_stem().unwrap().to_str().unwrap());
        let given = ["init", "--from", "app.db", "--name", &name, "-o", "plan"];
        let args = [&given, options].concat();
        let before = testkit::states(folder.path());
        let said = cutover().run(folder.path(), &args).expect(0).stdout;
        let mut after = testkit::states(folder.path());
        after.retain(|name, _| !name.starts_with("plan"));
        assert_eq!(before, after, "L1: nothing beside the source is made or changed");
        Self { folder, name, said }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("plan")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.path().join("plan.yaml")).unwrap()
    }

    fn aim_at_the_test_server(&self) {
        let text = self.text();
        assert!(text.contains(LOCAL), "{text}");
        std::fs::write(self.path().join("plan.yaml"), text.replace(LOCAL, TESTED)).unwrap();
    }
}

/// Proposed, checked, run, verified, compared.
fn goes_over(file: &Path, options: &[&str]) {
    let Some(database) = Database::create() else { return };
    let proposed = Proposed::of(file, &[&["--to", "postgres"], options].concat());
    println!("{}", proposed.said);
    let program = cutover_on(&database);
    let folder = proposed.path();
    let checked = program.run(&folder, &["check", "plan.yaml"]).expect(0);
    assert!(!checked.stderr.contains("error"), "{}", checked.stderr);
    proposed.aim_at_the_test_server();
    let done = program.run(&folder, &["run", "plan.yaml", "--yes"]).expect(0);
    println!("{}: run in {:.1} s", proposed.name, done.elapsed.as_secs_f64());
    compare_cells(&proposed, &database);
    program.run(&folder, &["verify", "plan.yaml"]).expect(0);
    program.run(&folder, &["drift", "plan.yaml"]).expect(0);
}

fn compare_cells(proposed: &Proposed, database: &Database) {
    let sqlite = proposed.folder.path().join("app.db");
    let mut options: Vec<String> = converted(&proposed.text());
    options.extend(without_rows_of_their_own(&sqlite));
    let out = Command::new("python3")
        .arg(root().join("tests/scripts/compare_cells.py"))
        .args(["--url", &database.url, "--schema", &proposed.name, "--sqlite"])
        .arg(&sqlite)
        .args(&options)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    println!("{text}");
    assert!(out.status.success(), "{text}\n{}", String::from_utf8_lossy(&out.stderr));
}

/// The conversions that the plan's `load:` asks for, as options of the comparison.
fn converted(plan: &str) -> Vec<String> {
    let mut options = Vec::new();
    let mut table = "";
    for line in plan.lines().skip_while(|line| *line != "load:") {
        let named = line.strip_prefix("  ").filter(|line| !line.starts_with(' '));
        table = named.map_or(table, |line| line.trim_end_matches(':'));
        let rule = line.strip_prefix("      ").and_then(|line| line.split_once(": { as: "));
        if let Some((column, conversion)) = rule {
            let conversion = conversion.trim_end_matches(" }");
            options.push(format!("--convert={table}.{column}={conversion}"));
        }
    }
    options
}

/// Virtual tables and the tables that their modules keep: no plan moves them.
fn without_rows_of_their_own(sqlite: &Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(sqlite).unwrap();
    let sql = "select name from pragma_table_list where schema = 'main' and type in ('virtual', 'shadow')";
    let mut statement = connection.prepare(sql).unwrap();
    let names = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    names.map(|name| format!("--ignore-table={}", name.unwrap())).collect()
}

/// One test for each database, so that they run beside each other and fail by name.
macro_rules! real {
    ($($name:ident: $path:literal;)*) => {$(
        #[test]
        fn $name() {
            let Some(file) = shared(concat!("data/", $path)) else { return };
            goes_over(&file, &[]);
        }
    )*

        const REAL: &[&str] = &[$($path),*];
    };
}

real! {
    android_app_usage: "sqlite/android_app_usage.sqlite";
    android_files_master: "sqlite/android_files_master.sqlite";
    chinook: "sqlite/chinook.sqlite";
    chinook_autoincrement: "sqlite/chinook_autoincrement.sqlite";
    chrome_history_57: "sqlite/chrome_history_57.sqlite";
    chrome_history_58: "sqlite/chrome_history_58.sqlite";
    chrome_history_59: "sqlite/chrome_history_59.sqlite";
    chrome_history_v29: "sqlite/chrome_history_v29.sqlite";
    datasette_fixtures: "sqlite/datasette_fixtures.sqlite";
    kodi_myvideos107: "sqlite/kodi_myvideos107.sqlite";
    macos_tcc: "sqlite/macos_tcc.sqlite";
    matrix_sdk_event_cache: "sqlite/matrix_sdk_event_cache.sqlite";
    northwind: "sqlite/northwind.sqlite";
    windows_wpn: "sqlite/windows_wpn.sqlite";
    zeitgeist_activity: "sqlite/zeitgeist_activity.sqlite";
    airflow: "dual/airflow/airflow.sqlite";
    authelia: "dual/authelia/authelia.sqlite";
    chirpstack: "dual/chirpstack/chirpstack.sqlite";
    memos: "dual/memos/memos.sqlite";
    optuna: "dual/optuna/optuna.sqlite";
}

#[test]
fn no_shared_database_is_forgotten() {
    let Some(data) = shared("data") else { return };
    let mut found = Vec::new();
    for folder in ["sqlite", "dual"].map(|name| data.join(name)) {
        found.extend(files_of(&folder));
    }
    let of_data = |file: &PathBuf| file.strip_prefix(&data).unwrap().to_string_lossy().into_owned();
    let mut found: Vec<String> = found.iter().map(of_data).collect();
    found.retain(|file| file.ends_with(".sqlite"));
    found.sort();
    let mut tested: Vec<String> = REAL.iter().map(|path| (*path).to_owned()).collect();
    tested.sort();
    assert_eq!(found, tested);
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_of(&path) } else { vec![path] }).collect()
}
