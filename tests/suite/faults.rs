//! L3, L6 and L1 at every fault point: the program fails there, and is killed there; the target is as
//! before or as after, `status` names the command that ends it, the journal closes, and no source
//! changed.
//!
//! A seeded sample by default; `FAULTS=all` takes every point until none fires any more (`cargo xtask
//! faults --all`), `FAULTS=every:9` every ninth.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;
use testkit::{Database, Finished, Program, Seeded, example, tool};

use crate::{cutover, cutover_on};

/// How many points of a loop are tried where nobody asks for more.
const SAMPLE: u64 = 8;

/// A plan, its target as an independent program sees it, and the means to put it back.
struct Bench<'a> {
    name: &'a str,
    program: Program,
    folder: &'a Path,
    /// The state "before".
    reset: &'a dyn Fn(),
    state: &'a dyn Fn() -> String,
    /// What a run builds in; empty where nothing is left of any.
    left: &'a dyn Fn() -> String,
    /// The command that fails or dies, on the state that `reset` makes.
    command: &'a [&'a str],
}

#[derive(Default)]
struct Tally {
    tries: u64,
    before: u64,
    after: u64,
    cases: BTreeMap<String, u64>,
    points: BTreeSet<String>,
}

/// What the states are called: a rollback goes from "after" to "before".
struct States {
    start: String,
    end: String,
}

impl Bench<'_> {
    fn run(&self, args: &[&str]) -> Finished {
        self.program.run(self.folder, args)
    }

    /// Runs the command with one fault; the point that it hit, if it was reached.
    fn with_fault(&self, fault: &str) -> (Finished, Option<String>) {
        // The program may write there and, confined as it is, in few other places.
        let state = self.folder.join(".cutover");
        std::fs::create_dir_all(&state).unwrap();
        let hit = state.join("fault");
        drop(std::fs::remove_file(&hit));
        let program = self
            .program
            .clone()
            .env("CUTOVER_FAULT", fault)
            .env("CUTOVER_FAULT_FILE", &hit.to_string_lossy());
        let done = program.run(self.folder, self.command);
        let hit = std::fs::read_to_string(&hit).ok();
        (done, hit.map(|text| text.trim_end().to_owned()))
    }

    fn states(&self) -> States {
        (self.reset)();
        let start = (self.state)();
        self.run(self.command).expect(0);
        let end = (self.state)();
        assert_ne!(start, end, "{}: the command changes nothing", self.name);
        States { start, end }
    }

    /// The numbers to be tried, of so many points.
    fn numbers(&self, points: u64) -> Vec<u64> {
        match std::env::var("FAULTS").ok().as_deref() {
            // Threads race, so that a run may pass some points more or fewer.
            Some("all") => (1..points + 20).collect(),
            Some(text) => {
                let step = text.strip_prefix("every:").and_then(|step| step.parse().ok());
                (1..=points).step_by(step.unwrap_or(1)).collect()
            }
            None => {
                let seed = crate::kills::seed();
                let mut random = Seeded::new(seed ^ points);
                // The last point of all is among them: the loop must reach "after".
                let sample = (1..SAMPLE).map(|_| random.below(points) + 1);
                sample.chain([points.saturating_sub(2)]).collect()
            }
        }
    }

    fn go(&self) {
        let states = self.states();
        (self.reset)();
        let (_, listed) = self.with_fault("count:0");
        let points = listed.unwrap_or_default().lines().count() as u64;
        assert!(points > 20, "{}: {points} points", self.name);
        for mode in ["fail", "kill"] {
            let mut tally = Tally::default();
            for number in self.numbers(points) {
                self.attempt(&format!("{mode}:{number}"), number, &states, &mut tally);
            }
            println!(
                "{} {mode}: {points} points, {} tried ({} kinds), {} before, {} after, 0 between; cases {:?}",
                self.name,
                tally.tries,
                tally.points.len(),
                tally.before,
                tally.after,
                tally.cases
            );
            assert!(tally.before > 0, "{} {mode} never stopped the command", self.name);
            let whole = std::env::var_os("FAULTS").is_some();
            assert!(!whole || tally.after > 0, "{} {mode} never reached the end", self.name);
        }
    }

    fn attempt(&self, fault: &str, number: u64, states: &States, tally: &mut Tally) {
        (self.reset)();
        let sources = testkit::states(&self.folder.join("data"));
        let (done, hit) = self.with_fault(fault);
        let Some(point) = hit else {
            done.expect(0);
            return;
        };
        let what = format!("{} {fault} at `{point}`", self.name);
        let found = (self.state)();
        let at_end = found == states.end;
        assert!(at_end || found == states.start, "{what} left\n{found}\n{}", done.stderr);
        self.exit_tells(&done, at_end, &what);
        tally.tries += 1;
        tally.points.insert(point);
        *(if at_end { &mut tally.after } else { &mut tally.before }) += 1;
        let case = self.recover(number, at_end, states, &what);
        *tally.cases.entry(case).or_default() += 1;
        assert!((self.state)() == states.end, "{what}: recovery leads elsewhere");
        assert_eq!((self.left)(), "", "{what}: something is left");
        assert_eq!(sources, testkit::states(&self.folder.join("data")), "{what}: L1");
        self.all_closed(&what);
    }

    /// What the exit code says about the target is true.
    fn exit_tells(&self, done: &Finished, at_end: bool, what: &str) {
        match done.code {
            Some(0) => assert!(at_end, "{what}: exit 0\n{}", done.stderr),
            Some(1 | 2 | 3 | 4 | 6) => {
                assert!(!at_end, "{what}: exit {:?}\n{}", done.code, done.stderr);
            }
            Some(5) | None => {}
            Some(other) => panic!("{what}: exit {other}\n{}", done.stderr),
        }
    }

    /// Types what `status` says until the run has ended well; gives the first case.
    fn recover(&self, number: u64, at_end: bool, states: &States, what: &str) -> String {
        let mut first = None;
        for round in 0..5 {
            let status = self.run(&["status", "plan.yaml", "--format", "json"]);
            let json: Value = serde_json::from_str(&status.stdout)
                .unwrap_or_else(|error| panic!("{what}: {error}\n{}", status.stderr));
            let case = json["run"]["case"].as_str().unwrap_or("no-run").to_owned();
            if round == 0 {
                self.names_the_state(&case, at_end, what);
            }
            first.get_or_insert(case.clone());
            if (self.state)() == states.end && self.is_over(&case) {
                break;
            }
            let command = self.command_for(&case, number, &json);
            let done = self.run(&command.split(' ').collect::<Vec<_>>());
            assert_eq!(
                done.code,
                Some(0),
                "{what}: `{command}` in case {case}\n{}\n{}",
                done.stdout,
                done.stderr
            );
        }
        first.unwrap_or_default()
    }

    fn is_rollback(&self) -> bool {
        self.command[0] == "rollback"
    }

    fn is_over(&self, case: &str) -> bool {
        match self.is_rollback() {
            true => case == "rolled-back",
            false => ["decide", "decide-first"].contains(&case),
        }
    }

    /// The case against what psql or sqlite3 saw.
    fn names_the_state(&self, case: &str, at_end: bool, what: &str) {
        let promoted =
            ["decide", "decide-first", "finish-promote"].contains(&case) || case == "kept-lost";
        if self.is_rollback() {
            assert!(!at_end || !promoted, "{what}: `status` says {case}");
        } else {
            assert_eq!(promoted, at_end, "{what}: `status` says {case}");
        }
    }

    /// A command that `status` names; where there are two, both get their turn.
    fn command_for(&self, case: &str, number: u64, status: &Value) -> String {
        let said = status["run"]["next_actions"].to_string();
        let offers = |command: &str| said.contains(&format!("`cutover {command} "));
        let command = match case {
            "no-run" | "nothing-happened" | "taken-back" => return self.command.join(" "),
            _ if self.is_rollback() => "rollback plan.yaml --yes",
            _ if offers("abort") && (number.is_multiple_of(2) || !offers("resume")) => {
                "abort plan.yaml"
            }
            _ => "resume plan.yaml",
        };
        assert!(offers(command.split(' ').next().unwrap()), "{case} does not offer it: {said}");
        command.to_owned()
    }

    fn all_closed(&self, what: &str) {
        let runs = std::fs::read_dir(self.folder.join(".cutover/runs")).unwrap();
        for run in runs.map(|run| run.unwrap().path()) {
            // A process that died before its first record has nothing to close.
            let Ok(text) = std::fs::read_to_string(run.join("journal.jsonl")) else { continue };
            let last = text.lines().last().unwrap_or("\"kind\":\"closed\"");
            assert!(last.contains("\"kind\":\"closed\""), "{what}: {} is open", run.display());
        }
    }
}

/// Without our own record of the run, which names the run.
fn dump(target: &Path) -> String {
    let dump = tool("sqlite3", &[&target.to_string_lossy(), ".dump"]);
    dump.lines()
        .filter(|line| !line.contains("cutover_run"))
        .flat_map(|line| [line, "\n"])
        .collect()
}

/// Names in the target's folder that a run makes and somebody must remove.
fn staging_files(out: &Path) -> String {
    let names = std::fs::read_dir(out).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    names.filter(|name| name.contains(".cutover-")).collect::<Vec<_>>().join(", ")
}

fn replaceable_quickstart() -> (tempfile::TempDir, std::path::PathBuf) {
    let (keep, plan) = example("quickstart");
    let file = plan.join("plan.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let changed = text.replace(
        "  sqlite: out/shop.sqlite",
        "  sqlite: { path: out/shop.sqlite, existing: replace }",
    );
    assert_ne!(text, changed);
    std::fs::write(&file, changed).unwrap();
    (keep, plan)
}

fn old_target(plan: &Path) {
    let out = plan.join("out");
    drop(std::fs::remove_dir_all(&out));
    drop(std::fs::remove_dir_all(plan.join(".cutover")));
    std::fs::create_dir_all(&out).unwrap();
    let sql = "create table customers(old text); insert into customers values ('row')";
    tool("sqlite3", &[&out.join("shop.sqlite").to_string_lossy(), sql]);
}

#[test]
fn quickstart_into_sqlite() {
    let (_keep, plan) = replaceable_quickstart();
    let out = plan.join("out");
    Bench {
        name: "quickstart, SQLite",
        program: cutover(),
        folder: &plan,
        reset: &|| old_target(&plan),
        state: &|| dump(&out.join("shop.sqlite")),
        left: &|| staging_files(&out),
        command: &["run", "plan.yaml", "--yes"],
    }
    .go();
}

#[test]
fn a_rollback_of_quickstart_in_sqlite() {
    let (_keep, plan) = replaceable_quickstart();
    let out = plan.join("out");
    let reset = || {
        old_target(&plan);
        cutover().run(&plan, &["run", "plan.yaml", "--yes"]).expect(0);
    };
    Bench {
        name: "rollback, SQLite",
        program: cutover(),
        folder: &plan,
        reset: &reset,
        state: &|| dump(&out.join("shop.sqlite")),
        left: &|| staging_files(&out),
        command: &["rollback", "plan.yaml", "--yes"],
    }
    .go();
}

/// An example on a test database, whose schema holds an older table before.
struct OnPostgres {
    _keep: tempfile::TempDir,
    plan: std::path::PathBuf,
    database: Database,
    schema: &'static str,
}

impl OnPostgres {
    fn of(name: &str, schema: &'static str, roles: &[&str]) -> Option<OnPostgres> {
        let database = Database::create()?;
        database.roles(roles);
        let (keep, plan) = example(name);
        let file = plan.join("plan.yaml");
        let text = std::fs::read_to_string(&file).unwrap();
        let changed = text.replace("server: local", "url: { env: CUTOVER_TEST_URL }");
        assert_ne!(text, changed);
        std::fs::write(&file, changed).unwrap();
        Some(OnPostgres { _keep: keep, plan, database, schema })
    }

    fn program(&self) -> Program {
        // A scratch database on the same server: no server of its own for every run.
        cutover_on(&self.database).env("CUTOVER_SCRATCH_URL", &self.database.url)
    }

    fn reset(&self, old: &str) {
        drop(std::fs::remove_dir_all(self.plan.join(".cutover")));
        let schema = self.schema;
        self.database.psql(&format!(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity
               where application_name like 'cutover%' and datname = current_database();
             drop schema if exists {schema} cascade;
             do $$ declare s text; begin for s in select nspname from pg_namespace where nspname like 'cutover%'
             loop execute format('drop schema %I cascade', s); end loop; end $$;
             drop extension if exists pg_trgm;
             create schema {schema}; {old}"
        ));
    }

    fn state(&self) -> String {
        // Until no backend of the killed run is left, its last statement may still be going on.
        self.database.psql(
            "do $$ begin while exists (select from pg_stat_activity
               where application_name like 'cutover%' and datname = current_database())
             loop perform pg_sleep(0.02); perform pg_stat_clear_snapshot(); end loop; end $$",
        );
        self.database.dump(&[&format!("--schema={}", self.schema)])
    }

    fn left(&self) -> String {
        self.database.psql(
            "select nspname from pg_namespace
             where nspname ~ '^cutover_(stage|steps|ledger)_' order by 1",
        )
    }

    fn go(&self, name: &str, reset: &dyn Fn(), command: &[&str]) {
        Bench {
            name,
            program: self.program(),
            folder: &self.plan,
            reset,
            state: &|| self.state(),
            left: &|| self.left(),
            command,
        }
        .go();
    }
}

const OLD: &str =
    "create table shop.customers (old text); insert into shop.customers values ('row')";

#[test]
fn shop_into_postgres() {
    let Some(shop) = OnPostgres::of("shop-postgres", "shop", &["shop_app"]) else { return };
    shop.go("shop, PostgreSQL", &|| shop.reset(OLD), &["run", "plan.yaml", "--yes"]);
}

#[test]
fn a_rollback_of_shop_in_postgres() {
    let Some(shop) = OnPostgres::of("shop-postgres", "shop", &["shop_app"]) else { return };
    let reset = || {
        shop.reset(OLD);
        shop.program().run(&shop.plan, &["run", "plan.yaml", "--yes"]).expect(0);
    };
    shop.go("rollback, PostgreSQL", &reset, &["rollback", "plan.yaml", "--yes"]);
}

#[test]
fn fleet_into_postgres() {
    let Some(fleet) = OnPostgres::of("fleet", "code", &["code_reader"]) else { return };
    fleet.go("fleet, PostgreSQL", &|| fleet.reset(""), &["run", "plan.yaml", "--yes"]);
}
