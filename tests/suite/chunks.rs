//! A large table is loaded in chunks: by several connections, each chunk once, whatever dies.
//!
//! The oracles are psql and sqlite3: the rows of both, sorted, as text.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use testkit::{Database, Finished, Program, Seeded, tool};

use crate::{cutover_on, kills};

const ROWS: usize = 20_000;

/// Rowids with gaps, below zero, and the least and greatest that there are; values that are read piece by
/// piece; a table without rowids, and one that is empty.
const SOURCE: &str = "\
create table events (id integer primary key, kind text not null, body text);
with recursive n (i) as (select 1 union all select i + 1 from n where i < 19995)
insert into events select (i - 9000) * (1 + i % 3 * 1000000), 'kind ' || i % 7, 'row ' || i from n
where true on conflict do nothing;
insert into events select -20000000000 - value, 'filler', '' from generate_series(1, 19995 - (select count(*) from events));
insert into events values (-9223372036854775808, 'least', ''), (9223372036854775807, 'greatest', ''),
  (777, 'large', hex(zeroblob(1500000))), (30000000000, 'large', hex(zeroblob(800000))),
  (40000000000, 'text', 'x')
  on conflict do update set kind = excluded.kind, body = excluded.body;
create table pairs (a integer, b text, primary key (a, b)) without rowid;
with recursive n (i) as (select 1 union all select i + 1 from n where i < 3000)
insert into pairs select i, 'b' || i from n;
create table blank (id integer primary key);
";

const SCHEMA: &str = "\
create table app.events (id bigint primary key, kind text not null, body text);
create table app.pairs (a bigint, b text, primary key (a, b));
create table app.blank (id bigint primary key);
create index events_kind_idx on app.events (kind);
";

struct Large {
    folder: tempfile::TempDir,
    database: Database,
}

impl Large {
    /// `None` where no server can be had.
    fn new(settings: &str) -> Option<Large> {
        let database = Database::create()?;
        let large = Large { folder: tempfile::tempdir().unwrap(), database };
        std::fs::create_dir(large.path().join("data")).unwrap();
        tool("sqlite3", &[&large.source(), SOURCE]);
        std::fs::write(large.path().join("schema.sql"), SCHEMA).unwrap();
        let plan = format!(
            "cutover: 1
name: app
sources: {{ app: data/app.db }}
target: {{ postgres: {{ url: {{ env: CUTOVER_TEST_URL }}, schema: app }} }}
baseline: schema.sql
components: {{ include: [schema.sql] }}
run: {{ {settings} }}
"
        );
        std::fs::write(large.path().join("plan.yaml"), plan).unwrap();
        Some(large)
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn source(&self) -> String {
        self.path().join("data/app.db").display().to_string()
    }

    fn program(&self) -> Program {
        cutover_on(&self.database).env("CUTOVER_SCRATCH_URL", &self.database.url)
    }

    fn run(&self, args: &[&str]) -> Finished {
        self.program().run(self.path(), args)
    }

    fn reset(&self) {
        self.database.psql(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity
               where application_name like 'cutover%' and datname = current_database();
             drop schema if exists app cascade;
             do $$ declare s text; begin for s in select nspname from pg_namespace where nspname like 'cutover%'
             loop execute format('drop schema %I cascade', s); end loop; end $$;",
        );
        drop(std::fs::remove_dir_all(self.path().join(".cutover")));
    }

    /// Both sides hold the same rows, as their own programs print them.
    fn is_whole(&self, what: &str) {
        let sql = "select id || '|' || kind || '|' || body from events order by id";
        let there = tool("sqlite3", &[&self.source(), sql]);
        let here = self.database.psql(&sql.replace("events", "app.events"));
        assert_eq!(here.lines().count(), there.lines().count(), "{what}");
        assert!(here == there, "{what}: the rows differ");
        assert_eq!(self.database.psql("select count(*) from app.pairs"), "3000\n", "{what}");
        let left = "select nspname from pg_namespace where nspname ~ '^cutover_(stage|ledger)'";
        assert_eq!(self.database.psql(left), "", "{what}");
    }

    /// How many units of the table the ledger has, and how many of them are loaded.
    fn units(&self, table: &str) -> Option<(u64, u64)> {
        let schema = "select nspname from pg_namespace where nspname like 'cutover_ledger_%'";
        let schema = self.database.psql(schema).trim().to_owned();
        if schema.is_empty() {
            return None;
        }
        let sql = format!(
            "select count(*) || ' ' || count(done_at) from {schema}.unit where loads = '{table}'"
        );
        let counts = self.database.psql(&sql);
        let (units, done) = counts.trim().split_once(' ')?;
        Some((units.parse().ok()?, done.parse().ok()?))
    }
}

#[test]
fn every_row_arrives_once_whatever_its_rowid() {
    for settings in [
        "connections: 3, chunk_rows: 1000",
        "connections: 1, chunk_rows: 1000",
        "connections: 4, chunk_rows: 1999",
        "connections: 2",
    ] {
        let Some(large) = Large::new(settings) else { return };
        let sources = testkit::states(&large.path().join("data"));
        large.run(&["run", "plan.yaml", "--yes"]).expect(0);
        large.is_whole(settings);
        large.run(&["verify", "plan.yaml"]).expect(0);
        assert_eq!(sources, testkit::states(&large.path().join("data")), "L1");
    }
}

#[test]
fn a_run_that_died_goes_on_at_its_chunk() {
    let Some(large) = Large::new("connections: 3, chunk_rows: 1000") else { return };
    let some = |large: &Large| large.units("events").is_some_and(|(_, done)| done > 3);
    assert!(
        large.program().kill_when(large.path(), &["run", "plan.yaml", "--yes"], &|| some(&large))
    );
    let (units, done) = large.units("events").unwrap();
    assert_eq!(units, ROWS as u64 / 1000, "a chunk is a unit");
    assert!(large.units("pairs").unwrap() == (0, 0), "a table without rowids is loaded whole");
    let lines = large.run(&["resume", "plan.yaml", "--format", "json"]).expect(0).stdout;
    large.is_whole("resumed");
    if done < units {
        // What was loaded before is not read again.
        let read = lines
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter(|event| event["event"] == "rows" && event["table"] == "events")
            .filter_map(|event| event["done"].as_u64())
            .max();
        assert!(
            read.is_none_or(|read| read <= (units - done) * 1000),
            "{read:?} of {done}/{units}"
        );
    }
}

#[test]
fn killed_at_any_moment_it_comes_to_the_same_rows() {
    let Some(large) = Large::new("connections: 3, chunk_rows: 1000") else { return };
    let whole = large.run(&["run", "plan.yaml", "--yes"]).expect(0).elapsed;
    let mut random = Seeded::new(kills::seed());
    let mut resumed = 0;
    for kill in 0..5 {
        large.reset();
        let moment = whole.mul_f64(random.below(1000) as f64 / 1000.0);
        let what = format!("kill {kill} after {moment:?} (seed {})", kills::seed());
        let run = ["run", "plan.yaml", "--yes"];
        if large.program().kill_after(large.path(), &run, moment) {
            let again = large.run(&["resume", "plan.yaml"]);
            // It may have died before its journal was there.
            if again.code == Some(0) {
                resumed += 1;
            } else {
                large.run(&run).expect(0);
            }
        }
        large.is_whole(&what);
    }
    assert!(resumed > 0, "no kill hit the run");
}

#[test]
fn a_lost_connection_costs_its_chunk() {
    let Some(large) = Large::new("connections: 3, chunk_rows: 1000") else { return };
    let more = "insert into events select value, 'more', hex(zeroblob(100))
        from generate_series(50000000001, 50000300000)";
    tool("sqlite3", &[&large.source(), more]);
    let done = AtomicBool::new(false);
    let end_copies = "select count(pg_terminate_backend(pid)) from pg_stat_progress_copy
        where datname = current_database() and command = 'COPY FROM'";
    let run = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) && large.database.psql(end_copies) == "0\n" {
                std::thread::yield_now();
            }
        });
        let run = large.run(&["run", "plan.yaml", "--yes", "--format", "json"]);
        done.store(true, Ordering::SeqCst);
        run.expect(0)
    });
    assert!(run.stdout.contains("\"event\":\"load-again\""), "{}", run.stdout);
    large.is_whole("a connection was ended");
}

#[test]
fn the_ledgers_own_connection_may_be_lost() {
    let Some(large) = Large::new("connections: 2, chunk_rows: 1000") else { return };
    let done = AtomicBool::new(false);
    let end_ledger = "select count(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and application_name like 'cutover%ledger%'";
    let (run, ended) = std::thread::scope(|scope| {
        let ender = scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                let loading = large.units("events").is_some_and(|(_, done)| done > 5);
                if loading && large.database.psql(end_ledger) != "0\n" {
                    return true;
                }
            }
            false
        });
        let run = large.run(&["run", "plan.yaml", "--yes", "--format", "json"]);
        done.store(true, Ordering::SeqCst);
        (run, ender.join().unwrap())
    });
    assert!(ended, "the ledger's session was never seen");
    run.expect(0);
    large.is_whole("the ledger's session was ended");
}
