//! Compiled plans written by hand, and whole runs of them through the engine's trait.

use std::path::{Path, PathBuf};

use catalog::{Home, Script, ScriptStatement};
use engine_postgres::target::PostgresEngine;
use ir::{
    Action, Baseline, Check, CompiledPlan, Existing, Inbound, Origin, Place, PostgresTarget,
    Server, Settings, Step, Target, TlsMode,
};
use runtime::EngineError;
use runtime::engine::{CheckOutcome, PromoteHooks, Promotion, RunInfo, TargetEngine};

pub(crate) fn origin(line: u32) -> Origin {
    Origin { file: "plan.yaml".to_owned(), line, column: 1 }
}

fn step(line: u32, sql: &str, place: Place) -> Step {
    Step {
        id: format!("step/{line}"),
        stage: "build".to_owned(),
        action: Action::Execute { sql: sql.to_owned(), place },
        needs: Vec::new(),
        locks: Vec::new(),
        hazards: Vec::new(),
        origin: origin(line),
    }
}

/// A plan that builds `statements` into schema `shop`; its baseline is the same statements.
pub(crate) fn plan(url: &str, statements: &[&str]) -> CompiledPlan {
    let steps = statements.iter().zip(1..);
    let script = statements
        .iter()
        .map(|sql| ScriptStatement { sql: (*sql).to_owned(), roles: Vec::new() })
        .collect();
    CompiledPlan {
        format: 1,
        name: "shop".to_owned(),
        description: None,
        file: "plan.yaml".to_owned(),
        sources: Vec::new(),
        target: Target::Postgres(PostgresTarget {
            server: Server::Url(url.to_owned()),
            schema: "shop".to_owned(),
            tls: TlsMode::VerifyFull,
            existing: Existing::Refuse,
            inbound: Inbound::Refuse,
            environment: None,
            database: None,
            owner: None,
            roles: Vec::new(),
            extensions: Vec::new(),
        }),
        baseline: Baseline {
            file: "baseline.sql".to_owned(),
            script: Script { home: Home::Unqualified, statements: script },
            origins: steps
                .clone()
                .map(|(_, line)| Origin { file: "baseline.sql".to_owned(), ..origin(line) })
                .collect(),
            new: Vec::new(),
        },
        components: Vec::new(),
        steps: steps.map(|(sql, line)| step(line, sql, Place::Staging)).collect(),
        waivers: Vec::new(),
        backups: ir::Backups::default(),
        settings: Settings { lock_timeout_ms: 300, promote_attempts: 2, ..Settings::default() },
    }
}

pub(crate) fn target(plan: &mut CompiledPlan) -> &mut PostgresTarget {
    match &mut plan.target {
        Target::Postgres(target) => target,
        Target::Sqlite(_) => panic!("a PostgreSQL plan"),
    }
}

pub(crate) fn at_promote(plan: &mut CompiledPlan, sql: &str) {
    plan.steps.push(step(99, sql, Place::Promote));
}

pub(crate) fn run_info(id: &str) -> RunInfo {
    RunInfo {
        run_id: id.to_owned(),
        plan_name: "shop".to_owned(),
        compiled_digest: "digest".to_owned(),
        plan_dir: PathBuf::new(),
        run_dir: PathBuf::new(),
    }
}

pub(crate) fn connect(plan: &CompiledPlan) -> PostgresEngine {
    PostgresEngine::connect(plan, Path::new("."), Path::new(".")).unwrap()
}

/// Hooks that record, and can fail or act at each point.
#[derive(Default)]
pub(crate) struct Hooks<'a> {
    pub(crate) seen: Vec<String>,
    pub(crate) at_guard: Option<Box<dyn FnMut() -> Result<(), EngineError> + 'a>>,
    pub(crate) at_commit: Option<Box<dyn FnMut() + 'a>>,
}

impl PromoteHooks for Hooks<'_> {
    fn guard(&mut self) -> Result<(), EngineError> {
        self.seen.push("guard".to_owned());
        self.at_guard.as_mut().map_or(Ok(()), |act| act())
    }

    fn before_commit(&mut self, transaction: &str) -> Result<(), EngineError> {
        assert!(transaction.parse::<u64>().is_ok(), "{transaction}");
        self.seen.push("before commit".to_owned());
        if let Some(act) = self.at_commit.as_mut() {
            act();
        }
        Ok(())
    }

    fn retrying(&mut self, attempt: u32, _wait_ms: u64, why: &str) {
        self.seen.push(format!("retrying {attempt}: {why}"));
    }

    fn check_done(&mut self, check: &Check, outcome: &CheckOutcome) {
        self.seen.push(format!("{} {}: {}", check.name, outcome.passed, outcome.found));
    }
}

/// Lock, preflight, staging, the plan's steps, verify: everything before the promote.
pub(crate) fn build(engine: &mut PostgresEngine, plan: &CompiledPlan, run: &RunInfo) {
    engine.lock(run).unwrap();
    let preflight = engine.preflight(plan).unwrap();
    assert_eq!(preflight.findings, []);
    engine.create_staging(plan, run).unwrap();
    let mut worker = engine.worker().unwrap();
    for step in &plan.steps {
        if let Action::Execute { sql, place: Place::Staging } = &step.action {
            worker.execute(sql).unwrap();
        }
    }
    for table in preflight.tables.keys() {
        worker.set_sequences(table).unwrap();
        worker.analyze(table).unwrap();
    }
    drop(worker);
    let report = engine.verify_catalog(plan).unwrap();
    assert_eq!(report.differences, []);
    assert_eq!(report.defects, [""; 0]);
}

pub(crate) fn promote(plan: &CompiledPlan, id: &str) -> Result<Promotion, EngineError> {
    let mut engine = connect(plan);
    let run = run_info(id);
    build(&mut engine, plan, &run);
    engine.promote(plan, &run, &mut Hooks::default(), &[])
}
