//! Many files into one schema, whatever dies meanwhile: the client, a worker, the server. `resume`
//! loads what is missing and no file twice, and no source changes.
//!
//! The oracle is psql: a digest of all rows, in the order of their keys.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use engine_postgres::server::Local;
use rusqlite::Connection;
use tempfile::TempDir;
use testkit::{Database, Program, Seeded, example};

use crate::cutover_on;

fn seed() -> u64 {
    std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_121)
}

/// 50 tries are the bar; fewer say most of it in every build.
fn kills() -> u64 {
    std::env::var("KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(6)
}

/// The example `fleet` with files so large that each table takes several leases.
struct Fleet {
    _keep: TempDir,
    folder: PathBuf,
    database: Database,
    program: Program,
}

const SYMBOLS: i64 = 4_000;

impl Fleet {
    fn new() -> Option<Self> {
        let database = Database::create()?;
        database.roles(&["code_reader"]);
        let (keep, folder) = example("fleet");
        let file = folder.join("plan.yaml");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace("server: local", "url: { env: CUTOVER_TEST_URL }"))
            .unwrap();
        for number in 0..36 {
            more_symbols(&folder.join(format!("data/repo-{number:02}.db")));
        }
        let program = cutover_on(&database);
        Some(Self { _keep: keep, folder, database, program })
    }

    fn run(&self, args: &[&str]) -> testkit::Finished {
        self.program.run(&self.folder, args)
    }

    /// As `psql` sees the target; empty before.
    fn rows(&self) -> String {
        let there = self.database.psql("select to_regclass('code.symbols') is not null");
        if there != "t\n" {
            return String::new();
        }
        self.database.psql(
            "select 'files', count(*), md5(string_agg(f::text, E'\\n' order by repo, id)) \
             from code.files f union all \
             select 'symbols', count(*), md5(string_agg(s::text, E'\\n' order by repo, id)) \
             from code.symbols s",
        )
    }

    /// The state before any run.
    fn reset(&self) {
        self.database.psql(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity \
               where application_name like 'cutover%' and datname = current_database(); \
             drop schema if exists code cascade; \
             do $$ declare s text; begin for s in select nspname from pg_namespace \
               where nspname like 'cutover%' \
             loop execute format('drop schema %I cascade', s); end loop; end $$;",
        );
        drop(std::fs::remove_dir_all(self.folder.join(".cutover")));
    }

    fn start(&self, args: &[&str]) -> Child {
        self.program.spawn(&self.folder, args)
    }

    /// Waits until the run has a ledger that workers can join.
    fn ledger(&self, leader: &mut Child) {
        let end = Instant::now() + Duration::from_secs(60);
        let sql = "select count(*) from pg_namespace where nspname like 'cutover_ledger_%'";
        while self.database.psql(sql) != "1\n" {
            assert!(leader.try_wait().unwrap().is_none(), "the run ended without a ledger");
            assert!(Instant::now() < end, "no ledger in a minute");
        }
    }

    /// Waits until a lease has been loaded.
    fn first_units(&self, leader: &mut Child) {
        let schema = "select nspname from pg_namespace where nspname like 'cutover_ledger_%'";
        let schema = self.database.psql(schema);
        let sql =
            format!("select count(*) > 0 from {}.unit where done_at is not null", schema.trim());
        while self.database.psql(&sql) != "t\n" {
            assert!(leader.try_wait().unwrap().is_none(), "the run ended without a load");
        }
    }

    /// Nothing of the run is left beside the promoted schema.
    fn nothing_left(&self) {
        let sql = "select nspname from pg_namespace where nspname ~ '^cutover_(stage|ledger)'";
        assert_eq!(self.database.psql(sql), "");
    }

    /// The rows that a whole run gives; then the leader of another one is killed after its first units.
    fn left_by_its_leader(&self) -> String {
        self.run(&["run", "plan.yaml", "--yes"]).expect(0);
        let expected = self.rows();
        self.reset();
        let mut leader = self.start(&["run", "plan.yaml", "--yes"]);
        self.ledger(&mut leader);
        self.first_units(&mut leader);
        leader.kill().unwrap();
        leader.wait().unwrap();
        expected
    }
}

fn more_symbols(file: &Path) {
    let sql = format!(
        "WITH RECURSIVE n (i) AS (SELECT 101 UNION ALL SELECT i + 1 FROM n WHERE i < {SYMBOLS}) \
         INSERT INTO symbols SELECT i, 1 + i % 20, 'more_' || i, 'type', i FROM n"
    );
    Connection::open(file).unwrap().execute_batch(&sql).unwrap();
}

#[test]
fn a_killed_client_resumes_to_the_same_rows() {
    let Some(fleet) = Fleet::new() else { return };
    let sources = testkit::states(&fleet.folder.join("data"));
    let whole = fleet.run(&["run", "plan.yaml", "--yes"]).expect(0).elapsed;
    let expected = fleet.rows();
    assert!(expected.contains(&format!("symbols|{}|", 36 * SYMBOLS)), "{expected}");
    let mut random = Seeded::new(seed());
    let (mut resumed, mut anew) = (0, 0);
    for kill in 0..kills() {
        fleet.reset();
        let moment = Duration::from_micros(random.below(u64::try_from(whole.as_micros()).unwrap()));
        let alive = fleet.program.kill_after(&fleet.folder, &["run", "plan.yaml", "--yes"], moment);
        if !alive {
            assert_eq!(fleet.rows(), expected, "kill {kill}: the run had ended");
        } else if has_journal(&fleet.folder) {
            fleet.run(&["resume", "plan.yaml"]).expect(0);
            resumed += 1;
        } else {
            fleet.run(&["run", "plan.yaml", "--yes"]).expect(0);
            anew += 1;
        }
        assert_eq!(fleet.rows(), expected, "kill {kill} at {moment:?} (seed {})", seed());
        assert_eq!(sources, testkit::states(&fleet.folder.join("data")), "L1, kill {kill}");
        fleet.nothing_left();
    }
    println!("client: seed {}, {resumed} resumed, {anew} before the journal", seed());
    assert!(resumed > 0, "no kill hit the run");
}

fn has_journal(folder: &Path) -> bool {
    let runs = std::fs::read_dir(folder.join(".cutover/runs")).into_iter().flatten();
    runs.flatten().any(|run| run.path().join("journal.jsonl").exists())
}

#[test]
fn workers_share_the_load_and_may_die() {
    let Some(fleet) = Fleet::new() else { return };
    fleet.run(&["run", "plan.yaml", "--yes"]).expect(0);
    let expected = fleet.rows();
    let mut random = Seeded::new(seed());
    for kill in 0..kills() {
        fleet.reset();
        let mut leader = fleet.start(&["run", "plan.yaml", "--yes"]);
        fleet.ledger(&mut leader);
        let delay = Duration::from_millis(random.below(700));
        fleet.program.kill_after(&fleet.folder, &["worker", "plan.yaml"], delay);
        assert!(leader.wait().unwrap().success(), "kill {kill} after {delay:?} (seed {})", seed());
        assert_eq!(fleet.rows(), expected, "kill {kill} after {delay:?} (seed {})", seed());
        fleet.nothing_left();
    }
}

fn signal(process: &Child, name: &str) {
    let pid = process.id().to_string();
    assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
}

/// A worker that falls silent with its connection open, as where a network breaks: its lease ends by
/// time, somebody else loads its files, and what it had half sent is not waited for.
#[test]
fn the_lease_of_a_silent_worker_ends_and_no_file_comes_twice() {
    let Some(fleet) = Fleet::new() else { return };
    let expected = fleet.left_by_its_leader();
    let mut worker = fleet.start(&["worker", "plan.yaml"]);
    let schema = "select nspname from pg_namespace where nspname like 'cutover_ledger_%'";
    let ledger = fleet.database.psql(schema).trim().to_owned();
    let held = format!(
        "select count(*) > 0 from {ledger}.unit u join {ledger}.member m on m.id = u.member \
         where not m.leads and u.done_at is null"
    );
    while fleet.database.psql(&held) != "t\n" {
        assert!(worker.try_wait().unwrap().is_none(), "the worker ended without a lease");
    }
    signal(&worker, "-STOP");
    assert_eq!(fleet.database.psql(&held), "t\n", "it holds files that it does not load");
    fleet.database.psql(&format!("update {ledger}.run set lease_s = 2"));
    fleet.run(&["resume", "plan.yaml"]).expect(0);
    assert_eq!(fleet.rows(), expected);
    signal(&worker, "-CONT");
    worker.wait().unwrap();
    assert_eq!(fleet.rows(), expected, "what comes late changes nothing");
    fleet.nothing_left();
}

#[test]
fn workers_go_on_when_the_leader_dies_and_resume_promotes() {
    let Some(fleet) = Fleet::new() else { return };
    let expected = fleet.left_by_its_leader();
    let worker = fleet.run(&["worker", "plan.yaml", "--format", "json"]).expect(0);
    let said: serde_json::Value =
        serde_json::from_str(worker.stdout.lines().last().unwrap()).unwrap();
    assert!(said["units"].as_u64().unwrap() > 0, "{said}");
    assert_eq!(fleet.rows(), "", "a worker promotes nothing");
    fleet.run(&["resume", "plan.yaml"]).expect(0);
    assert_eq!(fleet.rows(), expected);
    fleet.nothing_left();
}

#[test]
fn a_worker_with_another_plan_or_other_files_is_refused() {
    let Some(fleet) = Fleet::new() else { return };
    let mut leader = fleet.start(&["run", "plan.yaml", "--yes"]);
    fleet.ledger(&mut leader);
    leader.kill().unwrap();
    leader.wait().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = |from: &Path, to: &Path| {
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from, to).unwrap();
    };
    let here = elsewhere.path().join("plans/fleet");
    for entry in std::fs::read_dir(fleet.folder.join("data")).unwrap() {
        let path = entry.unwrap().path();
        copy(&path, &here.join("data").join(path.file_name().unwrap()));
    }
    let baseline = "schemas/fleet.postgres.sql";
    copy(&fleet.folder.join("../..").join(baseline), &elsewhere.path().join(baseline));
    let text = std::fs::read_to_string(fleet.folder.join("plan.yaml")).unwrap();
    let changed = format!("{text}\nrun: {{ connections: 3 }}\n");
    std::fs::write(here.join("plan.yaml"), changed).unwrap();
    let refused = fleet.program.run(&here, &["worker", "plan.yaml"]).expect(1);
    assert!(
        refused.stderr.contains("RUN830") && refused.stderr.contains("compiles to"),
        "{}",
        refused.stderr
    );
    std::fs::write(here.join("plan.yaml"), &text).unwrap();
    more_symbols_of(&here.join("data/repo-07.db"));
    let refused = fleet.program.run(&here, &["worker", "plan.yaml"]).expect(1);
    assert!(
        refused.stderr.contains("RUN830") && refused.stderr.contains("repo-07.db"),
        "{}",
        refused.stderr
    );
    let none = fleet
        .program
        .run(&here, &["worker", "plan.yaml", "--run", "20200101-000000-000000"])
        .expect(1);
    assert!(none.stderr.contains("RUN831"), "{}", none.stderr);
}

/// What a newer program wrote is not read, by nobody who would load from it or remove it.
#[test]
fn a_ledger_of_a_newer_program_is_left_alone() {
    let Some(fleet) = Fleet::new() else { return };
    let mut leader = fleet.start(&["run", "plan.yaml", "--yes"]);
    fleet.ledger(&mut leader);
    leader.kill().unwrap();
    leader.wait().unwrap();
    let schema = "select nspname from pg_namespace where nspname like 'cutover_ledger_%'";
    let schema = fleet.database.psql(schema);
    let schema = schema.trim();
    assert_eq!(
        fleet.database.psql(&format!("select obj_description('{schema}.run'::regclass)")),
        "cutover format 1\n"
    );
    fleet.database.psql(&format!("comment on table {schema}.run is 'cutover format 99'"));
    for args in [&["worker", "plan.yaml"][..], &["resume", "plan.yaml"]] {
        let found = fleet.run(args);
        assert_ne!(found.code, Some(0), "{args:?}");
        let said = found.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in ["RUN843", "has format 99", "reads up to 1", "the version of cutover that"] {
            assert!(said.contains(part), "{args:?}: {part} in {said}");
        }
    }
    assert_eq!(fleet.rows(), "");
}

fn more_symbols_of(file: &Path) {
    Connection::open(file)
        .unwrap()
        .execute_batch("UPDATE symbols SET line = 0 WHERE id = 1")
        .unwrap();
}

/// The server's own process and all that it started end at once, as in a crash.
fn kill_server(data: &Path) -> bool {
    let Ok(pid) = std::fs::read_to_string(data.join("postmaster.pid")) else { return false };
    let pid = pid.lines().next().unwrap_or_default().to_owned();
    let killed = Command::new("kill").args(["-9", &pid]).stderr(Stdio::null()).status().unwrap();
    killed.success()
}

/// Server processes that outlive their parent keep the memory that a new server needs.
fn started(local: &Local) -> String {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        match local.start() {
            Ok(url) => return url,
            Err(why) => assert!(Instant::now() < end, "{why}"),
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_killed_server_loses_nothing_that_resume_does_not_load() {
    let Some(cluster) = testkit::cluster() else { return };
    let client = cluster.binaries().program("psql");
    let (_keep, folder) = example("fleet");
    for number in 0..36 {
        more_symbols(&folder.join(format!("data/repo-{number:02}.db")));
    }
    let local = Local::new(&folder.join(".cutover")).unwrap();
    let program = crate::cutover();
    let psql = |sql: &str| {
        let url = started(&local);
        let args = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &url, "-c", sql];
        testkit::tool(&client.to_string_lossy(), &args)
    };
    psql("create role code_reader");
    let digest = "select count(*), md5(string_agg(s::text, E'\\n' order by repo, id)) \
                  from code.symbols s";
    let whole = program.run(&folder, &["run", "plan.yaml", "--yes"]).expect(0).elapsed;
    let expected = psql(digest);
    let mut random = Seeded::new(seed());
    let (mut resumed, mut before, mut after) = (0, 0, 0);
    for kill in 0..kills().div_ceil(2) {
        psql("drop schema code cascade");
        let mut run = program.spawn(&folder, &["run", "plan.yaml", "--yes"]);
        let moment = Duration::from_micros(random.below(u64::try_from(whole.as_micros()).unwrap()));
        std::thread::sleep(moment);
        assert!(kill_server(&local.status().folder.join("data")), "kill {kill}");
        let code = run.wait().unwrap().code();
        started(&local);
        match code {
            Some(0) => after += 1,
            Some(5) => {
                program.run(&folder, &["resume", "plan.yaml"]).expect(0);
                resumed += 1;
            }
            _ => {
                program.run(&folder, &["run", "plan.yaml", "--yes"]).expect(0);
                before += 1;
            }
        }
        assert_eq!(psql(digest), expected, "kill {kill} at {moment:?} (seed {})", seed());
    }
    println!("server: seed {}, {resumed} resumed, {before} taken back, {after} done", seed());
    local.remove().unwrap();
}

/// What another member took over is loaded by that one alone: who lost it takes its rows back.
#[test]
fn who_loses_its_units_takes_their_rows_back() {
    let Some(fleet) = Fleet::new() else { return };
    let ended = std::thread::scope(|scope| {
        let run = scope.spawn(|| fleet.run(&["run", "plan.yaml", "--yes"]));
        let ledger = "select nspname from pg_namespace where nspname like 'cutover_ledger_%'";
        let mut taken = String::new();
        while taken.trim().is_empty() && !run.is_finished() {
            let ledger = fleet.database.psql(ledger);
            if ledger.trim().is_empty() {
                continue;
            }
            // As a member does that finds the other silent.
            taken = fleet.database.psql(&format!(
                "update {}.unit set member = null where member is not null and done_at is null \
                 returning position",
                ledger.trim()
            ));
        }
        run.join().unwrap()
    });
    let ended = ended.expect(4);
    let words: Vec<_> = ended.stderr.split_whitespace().filter(|word| *word != "│").collect();
    let words = words.join(" ");
    assert!(words.contains("RUN832") && words.contains("were taken over by another"), "{words}");
    assert_eq!(fleet.rows(), "", "nothing was promoted");
    fleet.nothing_left();
}
