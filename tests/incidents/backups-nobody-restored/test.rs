//! See README.md.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use testkit::{Database, Finished, Program, Seeded};

use crate::cutover_on;

const SCHEMA: &str = "\
create table app.orders (
  id bigint primary key,
  note text
);
";

/// A target with rows that a plan replaces.
struct Case {
    folder: tempfile::TempDir,
    database: Database,
}

impl Case {
    fn new(tail: &str) -> Option<Case> {
        let database = Database::create()?;
        database.psql(
            "create schema app; create table app.orders (id bigint primary key, note text); \
             insert into app.orders select i, 'old ' || i from generate_series(1, 300) i",
        );
        let case = Case { folder: tempfile::tempdir().unwrap(), database };
        std::fs::write(case.path().join("schema.sql"), SCHEMA).unwrap();
        rusqlite::Connection::open(case.path().join("app.db"))
            .unwrap()
            .execute_batch(
                "create table orders (id integer primary key, note text); \
                            insert into orders values (1, 'new')",
            )
            .unwrap();
        case.plan(tail);
        Some(case)
    }

    fn plan(&self, tail: &str) {
        let plan = format!(
            "cutover: 1
name: app
sources: {{ app: app.db }}
target: {{ postgres: {{ url: {{ env: CUTOVER_TEST_URL }}, schema: app, existing: replace }} }}
baseline: schema.sql
components: {{ include: [schema.sql] }}
{tail}"
        );
        std::fs::write(self.path().join("plan.yaml"), plan).unwrap();
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn program(&self) -> Program {
        cutover_on(&self.database).env("CUTOVER_SCRATCH_URL", &self.database.url)
    }

    fn cutover(&self, args: &[&str]) -> Finished {
        self.program().run(self.path(), args)
    }

    fn run(&self) -> Finished {
        self.cutover(&["run", "plan.yaml", "--yes"])
    }

    fn rows(&self) -> String {
        self.database.psql("select count(*) || ' ' || min(note) from app.orders")
    }

    /// The dump of the last run.
    fn dump(&self) -> PathBuf {
        let found = find(&self.path().join(".cutover/backups"), ".pgdump");
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    }
}

/// Files and folders whose names end so, below the folder.
fn find(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().ends_with(end) {
            found.push(path);
        } else if path.is_dir() {
            found.extend(find(&path, end));
        }
    }
    found
}

const REPLACES: &str =
    "  - { allow: replaces-table, reason: a test, owner: tests, expires: 2999-01-01 }\n";

fn waivers(more: &str) -> String {
    format!("waivers:\n{REPLACES}{more}")
}

/// What a run replaces lies restorable in its backups, and nobody prunes it while the run is open.
#[test]
fn l2_a_run_saves_what_it_replaces_and_prune_keeps_it() {
    let Some(case) = Case::new(&format!("backup: {{ keep: 0s }}\n{}", waivers(""))) else { return };
    case.run().expect(0);
    assert_eq!(case.rows(), "1 new\n");
    let dump = case.dump();
    // The oracle is pg_restore with the dump alone.
    let restore = testkit::tool("pg_restore", &["--data-only", "-f", "-", &dump.to_string_lossy()]);
    assert_eq!(restore.lines().filter(|line| line.contains("\told ")).count(), 300);
    let listed = case.cutover(&["backup", "list"]).expect(0).stdout;
    assert!(listed.contains("2 backups") && listed.matches("verified").count() == 2, "{listed}");
    case.cutover(&["backup", "verify"]).expect(0);
    let pruned = case.cutover(&["backup", "prune"]).expect(0).stdout;
    assert!(
        pruned.contains("0 backups removed") && pruned.contains("is not accepted yet"),
        "{pruned}"
    );
    assert!(dump.exists());
}

/// Bytes of backups and manifests changed at seeded places: each is named, none is trusted.
#[test]
fn l2_damage_is_found_before_a_backup_is_needed() {
    let Some(case) = Case::new(&waivers("")) else { return };
    case.run().expect(0);
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(11);
    println!("SEED={seed}");
    let mut chance = Seeded::new(seed);
    let mut files = find(&case.path().join(".cutover/backups"), ".manifest.json");
    files.extend(find(&case.path().join(".cutover/backups"), "00000-app.db"));
    files.extend(std::fs::read_dir(case.dump()).unwrap().map(|entry| entry.unwrap().path()));
    for file in files {
        let whole = std::fs::read(&file).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let at = usize::try_from(chance.below(whole.len() as u64)).unwrap();
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << chance.below(8);
        for (what, bytes) in [("flipped", &flipped[..]), ("cut", &whole[..at])] {
            std::fs::write(&file, bytes).unwrap();
            let told = case.cutover(&["backup", "verify", "--quick"]);
            assert!(!told.stderr.contains("panicked"), "{}", told.stderr);
            assert!(
                told.stdout.contains("1 of 2 backups cannot be trusted"),
                "{what} at {at}: {}",
                told.stdout
            );
            assert!(told.stdout.contains("the newest good one is"), "{}", told.stdout);
            assert!(told.stderr.contains("BKP101"), "{}", told.stderr);
            told.expect(1);
        }
        std::fs::write(&file, whole).unwrap();
    }
    case.cutover(&["backup", "verify"]).expect(0);
}

/// PostgreSQL's programs with something wrong about them, for `CUTOVER_PG_BINDIR`.
fn programs(folder: &Path, pg_dump: &str) -> PathBuf {
    let programs = folder.join("programs");
    std::fs::create_dir(&programs).unwrap();
    let real = testkit::cluster().unwrap().binaries().folder.clone();
    let pg_dump = format!("#!/bin/sh\nreal={}\n{pg_dump}", real.display());
    std::fs::write(programs.join("pg_dump"), pg_dump).unwrap();
    std::fs::set_permissions(programs.join("pg_dump"), std::fs::Permissions::from_mode(0o755))
        .unwrap();
    std::os::unix::fs::symlink(real.join("pg_restore"), programs.join("pg_restore")).unwrap();
    programs
}

/// Runs the plan with these programs, which stops before anything is changed.
fn stopped(pg_dump: &str, code: &str, message: &str) {
    let Some(case) = Case::new(&waivers("")) else { return };
    let programs = programs(case.path(), pg_dump);
    let out = case
        .program()
        .env("CUTOVER_PG_BINDIR", &programs.to_string_lossy())
        .run(case.path(), &["run", "plan.yaml", "--yes"]);
    let words = out.stderr.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>();
    let told = words.join(" ");
    assert!(told.contains(code) && told.contains(message), "{}", out.stderr);
    out.expect(1);
    assert_eq!(case.rows(), "300 old 1\n");
    let left = find(&case.path().join(".cutover/backups"), ".pgdump");
    assert!(left.is_empty(), "what was not verified is no backup: {left:?}");
}

/// A dump with half of its rows, which `pg_restore` takes without an error.
#[test]
fn l2_a_dump_that_was_cut_stops_the_run() {
    let script = r#""$real/pg_dump" "$@" || exit 1
for word; do case $word in --file=*) folder=${word#--file=};; --version) exit 0;; esac; done
for file in "$folder"/[0-9]*.dat.gz; do
    { gzip -dc "$file" | head -n 150; printf '\\.\n\n\n'; } | gzip > "$folder/half"
    mv "$folder/half" "$file"
done
"#;
    stopped(script, "BKP101", "was restored with 150 rows that are not the 300 that were dumped");
}

#[test]
fn l2_a_dump_program_older_than_the_server_is_refused_before_the_window() {
    let script = "echo 'pg_dump (PostgreSQL) 9.6.24'\n";
    stopped(script, "BKP107", "pg_dump (PostgreSQL) 9.6.24 is older than the server");
}

/// Leaving it out is a decision that somebody signs.
#[test]
fn l2_no_backup_without_a_waiver() {
    let none = "backup: { target: none }\n";
    let Some(case) = Case::new(&format!("{none}{}", waivers(""))) else { return };
    let out = case.cutover(&["check", "plan.yaml"]);
    assert!(
        out.stderr.contains("HAZ504") || out.stdout.contains("HAZ504"),
        "{}{}",
        out.stdout,
        out.stderr
    );
    let waived = "  - { allow: replaces-without-backup, reason: a copy of production, owner: tests, expires: 2999-01-01 }\n";
    case.plan(&format!("{none}{}", waivers(waived)));
    case.run().expect(0);
    assert!(find(&case.path().join(".cutover/backups"), ".pgdump").is_empty());
}

/// An external backup counts where a command proves that one was restored.
#[test]
fn l2_an_external_backup_is_proved_or_the_run_stops() {
    let attest =
        "backup: { attest: { command: [sh, prove.sh], max_age: 24h, max_restore_age: 30d } }\n";
    let Some(case) = Case::new(&format!("{attest}{}", waivers(""))) else { return };
    let prove = |restored: &str| {
        let script = format!(
            "echo \"{{\\\"backup\\\": \\\"F1\\\", \\\"taken_at\\\": \\\"$(date -u +%FT%TZ)\\\", \
             \\\"restored_at\\\": {restored}}}\""
        );
        std::fs::write(case.path().join("prove.sh"), script).unwrap();
    };
    for (restored, told) in [
        ("null", "no backup was ever restored"),
        ("\\\"2020-01-01T00:00:00Z\\\"", "a backup was last restored"),
    ] {
        prove(restored);
        let out = case.run();
        assert!(out.stderr.contains("BKP110") && out.stderr.contains(told), "{}", out.stderr);
        out.expect(1);
        assert_eq!(case.rows(), "300 old 1\n");
    }
    prove("\\\"$(date -u +%FT%TZ)\\\"");
    case.run().expect(0);
    assert_eq!(case.rows(), "1 new\n");
}
