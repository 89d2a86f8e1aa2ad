//! A small shop: two sources, three tables, every kind of step; and the means to run it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ir::CompiledPlan;
use runtime::EngineError;
use runtime::clock::Clock;
use runtime::engine::{TargetColumn, TargetEngine};
use runtime::events::{EventSink, Stamped};
use runtime::recovery::Request;
use runtime::run::{ResumeRequest, RunOutcome, RunReport, RunRequest, resume, run};
use runtime::status::{self, RunStatus};
use runtime::stop::StopFlag;
use serde_json::{Value as Json, json};

use crate::sim::{Leader, Rows, Sim};

/// Its hands move by a millisecond with every look, and by every wait.
#[derive(Debug, Default)]
pub(crate) struct SimClock(Mutex<Duration>);

impl Clock for SimClock {
    fn now(&self) -> jiff::Timestamp {
        let start: jiff::Timestamp = "2026-11-21T05:35:01Z".parse().expect("a time");
        start + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        let mut hands = self.0.lock().expect("nobody panics here");
        *hands += Duration::from_millis(1);
        *hands
    }

    fn sleep(&self, time: Duration) {
        *self.0.lock().expect("nobody panics here") += time;
    }
}

#[derive(Debug, Default)]
pub(crate) struct Heard(pub Mutex<Vec<Json>>);

impl EventSink for Heard {
    fn event(&self, event: &Stamped) {
        let event = serde_json::to_value(event).expect("events are JSON");
        self.0.lock().expect("nobody panics here").push(event);
    }
}

impl Heard {
    pub(crate) fn kinds(&self) -> Vec<String> {
        let events = self.0.lock().expect("nobody panics here");
        events.iter().map(|event| event["event"].as_str().unwrap_or("?").to_owned()).collect()
    }
}

/// A folder with sources, a world, and a plan for both.
pub(crate) struct Case {
    pub folder: tempfile::TempDir,
    pub sim: Sim,
    pub plan: Json,
    pub stop: StopFlag,
    pub events: Arc<Heard>,
    pub dry_run: bool,
    pub clock: SimClock,
}

impl Case {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let case = Self {
            folder,
            sim: Sim::default(),
            plan: plan(),
            stop: StopFlag::new(),
            events: Arc::default(),
            dry_run: false,
            clock: SimClock::default(),
        };
        case.write(
            "a.db",
            json!({
                "customers": { "columns": ["id"], "rows": [[1], [2]] },
                "Orders": { "columns": ["ID", "customer"], "rows": [[1, 1], [2, 1], [3, 2]] },
            }),
        );
        case.write("b1.db", json!({ "log": { "columns": ["n"], "rows": [[1], [2]] } }));
        case.write("b2.db", json!({ "log": { "columns": ["n"], "rows": [[3]] } }));
        case.sim.world().runs = case.state().join("runs");
        case.sim.world().live.insert("customers".to_owned(), vec![vec![9]]);
        case.sim.world().columns = [
            ("customers", vec![column("id")]),
            ("orders", vec![column("id"), column("customer")]),
            ("log", vec![column("n")]),
        ]
        .map(|(table, columns)| (table.to_owned(), columns))
        .into();
        case
    }

    pub(crate) fn write(&self, name: &str, tables: Json) {
        std::fs::write(self.path(name), tables.to_string()).expect("written");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.path(".cutover")
    }

    pub(crate) fn compiled(&self) -> CompiledPlan {
        serde_json::from_value(self.plan.clone()).expect("a compiled plan")
    }

    pub(crate) fn run(&self) -> RunReport {
        run(RunRequest {
            plan: self.compiled(),
            plan_digest: None,
            plan_dir: self.folder.path().to_owned(),
            state_dir: self.state(),
            sources: Arc::new(self.sim.clone()),
            target: Box::new(Leader(self.sim.clone())),
            clock: &self.clock,
            events: self.events.as_ref(),
            stop: self.stop.clone(),
            dry_run: self.dry_run,
            today: "2026-11-21".parse().expect("a date"),
            write_guard: "enforced".to_owned(),
        })
    }

    /// What a killed process leaves: the target as it was at its death, the journal as well.
    pub(crate) fn bury(&self, report: &RunReport) {
        let mut world = self.sim.world();
        let journal = world.died.take().expect("it died");
        (world.dies_at, world.locked) = (None, false);
        world.calls.clear();
        let Some(path) = &report.journal else { return };
        match journal {
            Some(bytes) => std::fs::write(path, bytes).expect("written"),
            // It died before it had one.
            None => return std::fs::remove_dir_all(path.parent().expect("its folder")).unwrap(),
        }
        drop(std::fs::remove_file(path.with_file_name("journal.json")));
    }

    pub(crate) fn resume(&self, run_id: &str) -> RunReport {
        resume(ResumeRequest {
            run_id: run_id.to_owned(),
            plan: self.compiled(),
            plan_dir: self.folder.path().to_owned(),
            state_dir: self.state(),
            sources: Arc::new(self.sim.clone()),
            target: Box::new(Leader(self.sim.clone())),
            clock: &self.clock,
            events: self.events.as_ref(),
            stop: self.stop.clone(),
            today: "2026-11-21".parse().expect("a date"),
            write_guard: "enforced".to_owned(),
        })
    }

    pub(crate) fn request(&self, run_id: &str) -> Request<'_> {
        Request {
            run_id: run_id.to_owned(),
            plan: self.compiled(),
            plan_dir: self.folder.path().to_owned(),
            state_dir: self.state(),
            target: Box::new(Leader(self.sim.clone())),
            clock: &self.clock,
        }
    }

    /// What `status` says of the run when it asks the target.
    pub(crate) fn status(&self, run_id: &str) -> RunStatus {
        let run = status::read(&self.state(), Some(run_id)).expect("a run");
        let open = |_: &CompiledPlan| -> Result<Box<dyn TargetEngine>, EngineError> {
            Ok(Box::new(Leader(self.sim.clone())))
        };
        status::ask(&self.state(), run, &open).0
    }

    /// Adds a step; `needs` by id.
    pub(crate) fn step(&mut self, id: &str, action: Json, needs: &[&str], locks: &[&str]) {
        let step = step(id, "own", action, needs, locks);
        self.plan["steps"].as_array_mut().expect("steps").push(step);
    }

    pub(crate) fn is_before(&self) -> bool {
        let world = self.sim.world();
        world.staging.is_none() && world.live == [("customers".to_owned(), vec![vec![9]])].into()
    }

    pub(crate) fn is_after(&self) -> bool {
        let after: [(&str, Rows); 3] = [
            ("customers", vec![vec![1], vec![2]]),
            ("orders", vec![vec![1, 1], vec![2, 1], vec![3, 2]]),
            ("log", vec![vec![1], vec![2], vec![3]]),
        ];
        let world = self.sim.world();
        world.staging.is_none()
            && world.live == after.map(|(table, rows)| (table.to_owned(), rows)).into()
    }
}

pub(crate) fn column(name: &str) -> TargetColumn {
    TargetColumn {
        name: name.to_owned(),
        type_name: "bigint".to_owned(),
        not_null: true,
        has_default: false,
        generated: false,
        identity: false,
    }
}

/// The codes of the report's errors, in their order.
pub(crate) fn codes(report: &RunReport) -> Vec<&'static str> {
    let errors = report.findings.iter().filter(|finding| finding.is_error());
    errors.map(|finding| finding.error.code.id).collect()
}

pub(crate) fn messages(report: &RunReport) -> String {
    let line = |finding: &runtime::run::Finding| {
        let error = &finding.error;
        let help = error.help.as_ref().map(|help| format!("\n  help: {help}")).unwrap_or_default();
        format!("[{}] {error}{help}\n", error.code.id)
    };
    report.findings.iter().map(line).collect()
}

pub(crate) fn assert_ended(report: &RunReport, outcome: RunOutcome) {
    assert_eq!(report.outcome, outcome, "{}", messages(report));
}

/// Runs `work` for all numbers below `end`, several at a time: most of a run is waiting for the disk.
pub(crate) fn for_each(end: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|at| *at < end);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| std::iter::from_fn(take).for_each(&work));
        }
    });
}

/// Everything below the folder, for comparisons.
pub(crate) fn tree(folder: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                open.push(path.clone());
            }
            paths.push(path);
        }
    }
    paths.sort();
    paths
}

fn origin() -> Json {
    json!({ "file": "plan.yaml", "line": 7, "column": 3 })
}

pub(crate) fn step(id: &str, stage: &str, action: Json, needs: &[&str], locks: &[&str]) -> Json {
    let needs: Vec<_> =
        needs.iter().map(|need| json!({ "step": need, "reason": "a test says so" })).collect();
    let locks: Vec<_> = locks
        .iter()
        .map(|lock| serde_json::to_value(crate::sim::parse_lock(lock)).expect("a lock"))
        .collect();
    json!({ "id": id, "stage": stage, "action": action, "needs": needs, "locks": locks, "origin": origin() })
}

pub(crate) fn check(name: &str, moment: &str, sql: &str) -> Json {
    json!({ "name": name, "moment": moment, "sql": sql, "expect": "true", "origin": origin() })
}

fn load(table: &str, source: &str) -> Json {
    json!({ "load": { "table": table, "source": source, "from": { "table": table }, "columns": [] } })
}

fn execute(sql: &str) -> Json {
    json!({ "execute": { "sql": sql, "place": "staging" } })
}

fn plan() -> Json {
    json!({
        "format": 1, "name": "shop", "file": "plan.yaml",
        "sources": [
            { "name": "log", "paths": ["b*.db"], "origin": origin() },
            { "name": "shop", "paths": ["a.db"], "origin": origin() },
        ],
        "target": { "sqlite": { "path": "out.db", "existing": "replace" } },
        "baseline": {
            "file": "base.sql",
            "script": { "home": "Unqualified", "statements": [] }, "origins": [], "new": [],
        },
        "components": [],
        "steps": [
            step("preflight", "preflight", json!("preflight"), &[], &[]),
            step("before", "preflight", json!({ "check": check("before", "before", "true") }), &[], &[]),
            step("backup/log", "backup", json!({ "backup": { "source": "log" } }), &[], &[]),
            step("backup/shop", "backup", json!({ "backup": { "source": "shop" } }), &[], &[]),
            step("create", "create", json!("create-staging"), &[], &[]),
            step("load/customers", "load", load("customers", "shop"), &[], &["access-exclusive customers"]),
            step("load/log", "load", load("log", "log"), &[], &["access-exclusive log"]),
            step("load/orders", "load", load("orders", "shop"), &[], &["access-exclusive orders"]),
            step("index/orders", "build-indexes", execute("share orders"), &["load/orders"], &["share orders"]),
            step("index/orders2", "build-indexes", execute("share orders"), &["load/orders"], &["share orders"]),
            step("key/orders", "build-constraints", execute("share-row-exclusive orders"),
                &["load/orders", "load/customers"], &["share-row-exclusive orders", "share-row-exclusive customers"]),
            step("sequences/orders", "load", json!({ "set-sequences": { "table": "orders" } }), &["load/orders"], &[]),
            step("analyze/orders", "analyze", json!({ "analyze": { "table": "orders" } }),
                &["load/orders"], &["share-update-exclusive orders"]),
            step("verify/customers", "verify", json!({ "verify-rows": { "table": "customers" } }), &[], &[]),
            step("verify/log", "verify", json!({ "verify-rows": { "table": "log" } }), &[], &[]),
            step("verify/orders", "verify", json!({ "verify-rows": { "table": "orders" } }), &[], &[]),
            step("catalog", "verify", json!("verify-catalog"), &[], &[]),
            step("staged", "check", json!({ "check": check("staged", "staged", "true") }), &["load/orders"], &[]),
            step("count", "check", json!({ "invariant": {
                "name": "count", "source": "log", "source_sql": "count log", "target_sql": "count log",
            } }), &["load/log"], &[]),
            step("promote", "promote", json!({ "promote": { "after": [check("after", "after", "true")] } }), &[], &[]),
            step("settle", "settle", json!("settle"), &[], &[]),
        ],
        "waivers": [],
        "settings": {
            "connections": 2, "lock_timeout_ms": 10, "promote_attempts": 2, "statement_timeout_ms": 0,
            "on_source_change": "stop", "memory_bytes": 1000,
        },
    })
}
