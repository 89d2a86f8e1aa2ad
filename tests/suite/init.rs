//! `cutover init`: what it proposes for real databases passes `check`, goes over and verifies without a
//! hand-written line; a script that shares no code with Cutover compares every cell.

use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::{Database, root, shared};

use crate::{cutover, cutover_on};

/// The target as `init` writes it, and as a test needs it.
const LOCAL: &str = "  postgres: local  # in production: { url: { env: DATABASE_URL } }\n";
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

/// Proposed, then as it stands: laid out, checked, rehearsed; then run, verified, compared.
fn goes_over(file: &Path, options: &[&str]) {
    let Some(database) = Database::create() else { return };
    let proposed = Proposed::of(file, &[&["--to", "postgres"], options].concat());
    println!("{}", proposed.said);
    let program = cutover_on(&database);
    let folder = proposed.path();
    let checked = program.run(&folder, &["check", "plan.yaml"]).expect(0);
    assert!(!checked.stderr.contains("error"), "{}", checked.stderr);
    program.run(&folder, &["fmt", "--check", "plan.yaml"]).expect(0);
    let rehearsed = program.run(&folder, &["rehearse", "plan.yaml"]).expect(0);
    println!("{}: rehearsed in {:.1} s", proposed.name, rehearsed.elapsed.as_secs_f64());
    proposed.aim_at_the_test_server();
    let done = program.run(&folder, &["run", "plan.yaml", "--yes"]).expect(0);
    println!("{}: run in {:.1} s", proposed.name, done.elapsed.as_secs_f64());
    compare_cells(&proposed, &database);
    program.run(&folder, &["verify", "plan.yaml"]).expect(0);
    program.run(&folder, &["drift", "plan.yaml"]).expect(0);
}

fn compare_cells(proposed: &Proposed, database: &Database) {
    let sqlite = proposed.folder.path().join("app.db");
    let mut options: Vec<String> = ruled(&proposed.text());
    options.push("--with-generated".to_owned());
    options.extend(tables(&sqlite, &proposed.text()));
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

/// The conversions and renamed columns of the plan's `load:`, as options of the comparison.
fn ruled(plan: &str) -> Vec<String> {
    let mut options = Vec::new();
    let mut table = "";
    for line in plan.lines().skip_while(|line| *line != "load:") {
        let named = line.strip_prefix("  ").filter(|line| !line.starts_with(' '));
        table = named.map_or(table, |line| line.trim_end_matches(':'));
        let rule = line.strip_prefix("      ").and_then(|line| line.split_once(": { "));
        let Some((column, rule)) = rule else { continue };
        let rule = rule.trim_end_matches(" }");
        if let Some(conversion) = rule.strip_prefix("as: ") {
            options.push(format!("--convert={table}.{column}={conversion}"));
        } else if let Some(from) = rule.strip_prefix("from: ") {
            options.push(format!("--column={table}.{from}={column}"));
        }
    }
    options
}

/// Every table with rows of its own, and what the plan calls it: virtual tables and what their modules
/// keep is moved by no plan.
fn tables(sqlite: &Path, plan: &str) -> Vec<String> {
    let connection = rusqlite::Connection::open(sqlite).unwrap();
    let sql = "select name from pragma_table_list
        where schema = 'main' and type = 'table' and name not like 'sqlite!_%' escape '!'";
    let mut statement = connection.prepare(sql).unwrap();
    let names = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let lines: Vec<&str> = plan.lines().collect();
    let renamed = |name: &str| {
        let at = lines.iter().position(|line| *line == format!("    from: {name}"))?;
        Some(lines[at - 1].trim().trim_end_matches(':').to_owned())
    };
    let option =
        |name: String| format!("--table={name}={}", renamed(&name).unwrap_or(name.clone()));
    names.map(|name| option(name.unwrap())).collect()
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

/// Names that fold, collide, are reserved, too long or the server's own; values of every kind; keys and
/// rows that PostgreSQL does not take as they are.
const HOSTILE: &str = r#"
    CREATE TABLE "Order" ("Select" INTEGER PRIMARY KEY AUTOINCREMENT, "ctid" TEXT, "a b" TEXT, "x,y[z]: #" INT,
        "null" TEXT, "on" BOOLEAN NOT NULL DEFAULT 0, "Ümläut" TEXT DEFAULT 'it''s', "1st" REAL, "q""uote" TEXT);
    CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT UNIQUE, active INT NOT NULL CHECK (active IN (0, 1)),
        seen DATETIME, born DATE, made TIMESTAMP DEFAULT CURRENT_TIMESTAMP, score NUMERIC(6, 2), big INTEGER,
        token TEXT, doc TEXT, raw BLOB, anything, zoned TEXT, "total%" AS (score * 2) STORED,
        CHECK (score >= 0), CHECK (typeof(big) = 'integer'));
    CREATE TABLE orders (id INT PRIMARY KEY, customer_id INT REFERENCES customers(id) ON DELETE CASCADE,
        lost INT REFERENCES customers(id), nowhere INT REFERENCES gone(id), body TEXT, state TEXT);
    CREATE TABLE "a_very_long_name_of_a_table_that_goes_on_and_on_until_postgresql_cuts_it" ("c.d" TEXT, PRIMARY KEY ("c.d")) WITHOUT ROWID;
    CREATE TABLE "a_very_long_name_of_a_table_that_goes_on_and_on_until_postgresql_cuts_it_too" (x);
    CREATE TABLE empty_keys (a DATETIME, b BOOLEAN, c, PRIMARY KEY (a, b));
    CREATE INDEX customers_pkey ON customers (active, seen DESC) WHERE active = 1;
    CREATE INDEX Orders_Body ON orders (body);
    CREATE UNIQUE INDEX "strange index" ON orders (lower(state));
    CREATE INDEX state ON orders (state COLLATE NOCASE) WHERE state <> 'x' AND id BETWEEN 1 AND 1000;
    CREATE VIEW v AS SELECT * FROM orders;
    CREATE TRIGGER tr AFTER INSERT ON orders BEGIN SELECT 1; END;
    CREATE VIRTUAL TABLE words USING fts5(word);
    INSERT INTO "Order" VALUES (1, 'a', 'b', 3, 'd', 1, 'ü', 1.5, 'q'), (9, NULL, '', -1, 'null', 0, '#', -0.0, NULL);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150)
    INSERT INTO customers (id, email, active, seen, born, made, score, big, token, doc, raw, anything, zoned)
        SELECT i, 'c' || i || '@example.org', i % 2, 1600000000 + i, date('2000-01-01', i || ' days'),
            datetime('2020-01-01 10:00', i || ' minutes'), i / 4.0, i * 1000000000000,
            printf('%08x-0000-4000-8000-%012x', i, i), json_object('n', i, 'a', json_array(i)), randomblob(i),
            CASE i % 3 WHEN 0 THEN i WHEN 1 THEN 'text' ELSE NULL END, strftime('%Y-%m-%dT%H:%M:%SZ', i, 'unixepoch')
        FROM n;
    INSERT INTO orders SELECT id, 1 + id % 150, CASE id WHEN 7 THEN 99999 END, NULL,
        CASE id WHEN 5 THEN printf('%.*c', 4000, 'x') ELSE 'body' END, 's' || id FROM customers;
    INSERT INTO "a_very_long_name_of_a_table_that_goes_on_and_on_until_postgresql_cuts_it" VALUES ('k'), ('');
    INSERT INTO "a_very_long_name_of_a_table_that_goes_on_and_on_until_postgresql_cuts_it_too" VALUES (1), (2.5);
    INSERT INTO empty_keys VALUES (NULL, 1, x'00ff'), (NULL, NULL, NULL);
    INSERT INTO words VALUES ('one');
"#;

fn hostile() -> (tempfile::TempDir, PathBuf) {
    database(HOSTILE)
}

fn database(sql: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hostile.sqlite");
    let connection = rusqlite::Connection::open(&path).unwrap();
    // Off in SQLite as it comes, which is how such rows get in.
    connection.execute_batch(&format!("pragma foreign_keys = off; {sql}")).unwrap();
    (folder, path)
}

#[test]
fn a_generated_database_of_hostile_names_and_values() {
    let (_folder, path) = hostile();
    goes_over(&path, &[]);
}

#[test]
fn the_same_as_sql() {
    let (_folder, path) = hostile();
    goes_over(&path, &["--style", "sql"]);
}

#[test]
fn what_is_proposed_for_hostile_values_is_what_was_seen() {
    let (_folder, path) = hostile();
    let proposed = Proposed::of(&path, &["--to", "postgres"]);
    let text = proposed.text();
    for line in [
        "email: text ",
        "active: boolean not null ",
        "seen: timestamptz ",
        "born: date ",
        "made: timestamp default (now() at time zone 'utc') ",
        "score: numeric(6, 2) ",
        "big: bigint ",
        "token: uuid ",
        "doc: jsonb ",
        "raw: bytea ",
        "zoned: timestamptz ",
        "# 150 values, all 0 or 1",
        "# 150 values, all Unix seconds",
        "customers_pkey_2: { table: customers, columns: [active, seen desc], where: active }",
        "orders_body: ",
        "seen: { as: unix-seconds }",
    ] {
        assert!(text.contains(line), "`{line}` is missing in\n{text}");
    }
    for question in [
        "1 row refers to no row of `customers`",
        "there is no table `gone`",
        "values are up to 4,000 bytes long",
        "without its primary key: 3 nulls",
        "virtual table words",
        "trigger tr",
        "view v",
        "`typeof` is not read the same way",
        "generated in the source as `score * 2`",
    ] {
        assert!(text.contains(question), "`{question}` is missing in\n{text}");
    }
}

#[test]
fn a_sqlite_database_goes_into_a_new_file() {
    for (style, file) in [("yaml", "plan.yaml"), ("sql", "schema.sql")] {
        // What refers to nothing is refused by a SQLite target, as it must be.
        let sound = HOSTILE.replace("REFERENCES gone(id)", "");
        let (_folder, path) = database(&sound.replace("CASE id WHEN 7 THEN 99999 END", "NULL"));
        let proposed = Proposed::of(&path, &["--to", "sqlite", "--style", style]);
        assert!(proposed.path().join(file).exists());
        let folder = proposed.path();
        cutover().run(&folder, &["fmt", "--check", "plan.yaml"]).expect(0);
        cutover().run(&folder, &["check", "plan.yaml"]).expect(0);
        cutover().run(&folder, &["rehearse", "plan.yaml"]).expect(0);
        cutover().run(&folder, &["run", "plan.yaml", "--yes"]).expect(0);
        cutover().run(&folder, &["verify", "plan.yaml"]).expect(0);
        let made = folder.join("out").join(format!("{}.sqlite", proposed.name));
        let count = |path: &Path| -> i64 {
            let connection = rusqlite::Connection::open(path).unwrap();
            connection.query_row("select count(*) from customers", [], |row| row.get(0)).unwrap()
        };
        assert_eq!((count(&made), count(&path)), (150, 150));
    }
}

#[test]
fn nothing_is_ever_written_over() {
    let (folder, path) = hostile();
    let program = cutover();
    let args = ["init", "--from", path.to_str().unwrap(), "--to", "postgres", "-o", "there"];
    std::fs::create_dir(folder.path().join("there")).unwrap();
    let refused = program.run(folder.path(), &args).expect(1);
    assert!(refused.stderr.contains("`there` is there already"), "{}", refused.stderr);
    assert!(refused.stderr.contains("-o"), "{}", refused.stderr);
    assert_eq!(std::fs::read_dir(folder.path().join("there")).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no half folder is left");
}

#[test]
fn what_cannot_be_proposed_for_has_its_own_diagnostic() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    put("empty.db", b"");
    put("text.db", &b"no database at all\n".repeat(300));
    // What SQLCipher leaves of a header: nothing.
    put("encrypted.db", &(0..8192_u32).map(|n| (n * 197 % 251) as u8).collect::<Vec<_>>());
    let with = |name: &str, sql: &str| {
        let path = folder.path().join(name);
        rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
    };
    with("none.db", "pragma user_version = 1");
    with("views.db", "create view v as select 1");
    let cases = [
        ("empty.db", "SRC103", 1),
        ("text.db", "SRC102", 1),
        ("encrypted.db", "SRC120", 1),
        ("none.db", "SRC103", 1),
        ("views.db", "only the view `v`", 1),
        ("missing.db", "SRC101", 1),
        (".", "this is a folder", 1),
    ];
    for (file, expected, code) in cases {
        let args = ["init", "--from", file, "--to", "postgres", "-o", "plan"];
        let said = cutover().run(folder.path(), &args).expect(code);
        assert!(said.stderr.contains(expected), "{file}: {}", said.stderr);
        assert!(said.stderr.contains("help"), "{file}: {}", said.stderr);
        assert!(!folder.path().join("plan").exists());
    }
    let args = ["init", "--from", "views.db", "--to", "postgres", "--name", "No Name"];
    let said = cutover().run(folder.path(), &args).expect(2);
    assert!(said.stderr.contains("`No Name` is no name for a plan"), "{}", said.stderr);
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
