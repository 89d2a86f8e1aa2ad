//! L3 and L1 under SIGKILL: at whatever moment a run dies, the target is as before or as after, the
//! run is gone on with or taken back, and no source changed.
//!
//! Each loop prints its seed and must reach both outcomes; a harness that never reaches "after"
//! proves nothing.

use std::path::Path;
use std::time::Duration;

use testkit::{Database, Program, Seeded, example, tool};

use crate::{cutover, cutover_on, server};

pub(crate) fn seed() -> u64 {
    std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_121)
}

fn kills() -> u64 {
    std::env::var("KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(50)
}

/// Lets a run go on for so long, then something dies; says whether the run was still there.
type Death<'a> = &'a dyn Fn(Duration) -> bool;

/// Runs in which something dies at seeded moments. `state` is the target as an independent program
/// sees it, `reset` puts the state "before" back.
fn deaths(
    name: &str,
    program: &Program,
    folder: &Path,
    state: &dyn Fn() -> String,
    reset: &dyn Fn(),
    die: Death<'_>,
) {
    reset();
    let before = state();
    let sources = testkit::states(&folder.join("data"));
    let whole = program.run(folder, &["run", "plan.yaml", "--yes"]).expect(0).elapsed;
    let after = state();
    assert_ne!(before, after);
    let (mut at_before, mut at_after, mut alive) = (0, 0, 0);
    let mut random = Seeded::new(seed());
    for kill in 0..kills() {
        reset();
        // A run that died after its promote waits for somebody; this target knows nothing of it.
        drop(std::fs::remove_dir_all(folder.join(".cutover")));
        // Past the end of a typical run too, so that "after" is reached; the last for certain, on a
        // machine that has become slower.
        let whole = u64::try_from(whole.as_micros()).unwrap();
        let last = kill + 1 == kills();
        let moment = if last { whole * 5 } else { random.below(whole * 5 / 4) };
        alive += u64::from(die(Duration::from_micros(moment)));
        settle();
        let found = state();
        match () {
            () if found == before => at_before += 1,
            () if found == after => at_after += 1,
            () => panic!("{name}: kill {kill} at {moment} µs (seed {}) left\n{found}", seed()),
        }
        assert_eq!(
            sources,
            testkit::states(&folder.join("data")),
            "L1, kill {kill} at {moment} µs"
        );
        if found == before {
            go_on(program, folder, kill);
            assert_eq!(state(), after, "recovery finishes (kill {kill} at {moment} µs)");
        }
    }
    println!(
        "{name}: seed {}, {} kills ({alive} while running): {at_before} before, {at_after} after, 0 between; run of {whole:?}",
        seed(),
        kills()
    );
    assert!(at_before > 0 && at_after > 0, "both outcomes must occur");
}

/// The same for SIGKILL of the run itself.
fn killed_runs(
    name: &str,
    program: &Program,
    folder: &Path,
    state: &dyn Fn() -> String,
    reset: &dyn Fn(),
) {
    let kill = |delay| program.kill_after(folder, &["run", "plan.yaml", "--yes"], delay);
    deaths(name, program, folder, state, reset, &kill);
}

/// What a killed run built is gone on with, or taken back before a new run, by turns. A run that was
/// killed before its journal began left nothing to go on with.
fn go_on(program: &Program, folder: &Path, kill: u64) {
    // A run that saw its server go may have taken itself back already: nothing is left of it then.
    let command = if kill.is_multiple_of(2) { "resume" } else { "abort" };
    let done = program.run(folder, &[command, "plan.yaml"]);
    let nothing = done.code == Some(1) && done.stderr.contains("RUN844");
    assert!(done.code == Some(0) || nothing, "`{command}`\n{}\n{}", done.stdout, done.stderr);
    if nothing || command == "abort" {
        program.run(folder, &["run", "plan.yaml", "--yes"]).expect(0);
    }
}

/// The server notices within its `client_connection_check_interval` that its client is gone.
fn settle() {
    std::thread::sleep(Duration::from_millis(50));
}

#[test]
fn sqlite_target_survives() {
    let (_keep, plan) = example("quickstart");
    let file = plan.join("plan.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replace(
        "  sqlite: out/shop.sqlite",
        "  sqlite: { path: out/shop.sqlite, existing: replace }",
    );
    std::fs::write(&file, text).unwrap();
    let out = plan.join("out");
    let target = out.join("shop.sqlite");
    let reset = || {
        drop(std::fs::remove_dir_all(&out));
        std::fs::create_dir_all(&out).unwrap();
        tool(
            "sqlite3",
            &[
                &target.to_string_lossy(),
                "create table customers(old text); insert into customers values ('row')",
            ],
        );
    };
    // Without our own record of the run, which names the run.
    let state = || {
        let dump = tool("sqlite3", &[&target.to_string_lossy(), ".dump"]);
        dump.lines()
            .filter(|line| !line.contains("cutover_run"))
            .flat_map(|line| [line, "\n"])
            .collect()
    };
    killed_runs("sqlite", &cutover(), &plan, &state, &reset);
}

#[test]
fn postgres_target_survives() {
    let Some(database) = Database::create() else { return };
    with_shop(&database, &|program, plan, state, reset| {
        killed_runs("postgres", program, plan, state, reset);
    });
}

/// Not the run dies, but the server under it: it loses its memory and recovers from its log.
#[test]
fn postgres_target_survives_its_server() {
    let Some(database) = Database::on_own_server(&["restart_after_crash=on"]) else { return };
    with_shop(&database, &|program, plan, state, reset| {
        let die = |delay: Duration| {
            let mut run = program.spawn(plan, &["run", "plan.yaml", "--yes"]);
            std::thread::sleep(delay);
            let alive = run.try_wait().unwrap().is_none();
            server::crash(&database);
            run.wait().unwrap();
            server::wait_for(&database);
            alive
        };
        deaths("postgres, its server", program, plan, state, reset, &die);
    });
}

/// Program, folder of the plan, state and reset.
type With<'a> = &'a dyn Fn(&Program, &Path, &dyn Fn() -> String, &dyn Fn());

fn with_shop(database: &Database, run: With<'_>) {
    database.roles(&["shop_app"]);
    let (_keep, plan) = example("shop-postgres");
    let file = plan.join("plan.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("server: local", "url: { env: CUTOVER_TEST_URL }")).unwrap();
    let reset = || {
        // Waits for what a dead client's backend still holds.
        database.psql(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity
               where application_name like 'cutover%' and datname = current_database();
             drop schema if exists shop cascade;
             do $$ declare s text; begin for s in select nspname from pg_namespace where nspname like 'cutover%'
             loop execute format('drop schema %I cascade', s); end loop; end $$;
             drop extension if exists pg_trgm;
             create schema shop; create table shop.customers (old text); insert into shop.customers values ('row')",
        );
    };
    let state = || {
        // Until no backend of the killed run is left, its last statement may still be going on.
        database.psql(
            "select pg_sleep(0.02) from pg_stat_activity \
             where application_name like 'cutover%' and datname = current_database()",
        );
        database.dump(&["--schema=shop"])
    };
    let program = cutover_on(database).env("CUTOVER_SCRATCH_URL", &database.url);
    run(&program, &plan, &state, &reset);
}

/// A new run never clears away what could be gone on with: it stops and names both commands.
#[test]
fn what_a_killed_run_built_waits_for_resume_or_abort() {
    let Some(database) = Database::create() else { return };
    database.roles(&["code_reader"]);
    let (_keep, plan) = example("fleet");
    let file = plan.join("plan.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("server: local", "url: { env: CUTOVER_TEST_URL }")).unwrap();
    let program = cutover_on(&database);
    let staged =
        || database.psql("select count(*) from pg_namespace where nspname like 'cutover_stage%'");
    let kill = || {
        let run = ["run", "plan.yaml", "--yes"];
        assert!(program.kill_when(&plan, &run, &|| staged() != "0\n"));
        assert_eq!(staged(), "1\n", "killed while it was building");
    };
    kill();
    let next = program.run(&plan, &["run", "plan.yaml", "--yes"]).expect(5);
    // The lines are wrapped somewhere.
    let words: Vec<_> = next.stderr.split_whitespace().collect();
    for part in ["JRN906", "cutover resume plan.yaml", "abort plan.yaml"] {
        assert!(words.join(" ").contains(part), "{part}: {}", next.stderr);
    }
    assert_eq!(staged(), "1\n", "nothing was removed");
    let status = program.run(&plan, &["status", "plan.yaml"]).expect(5).stdout;
    assert!(status.contains("`cutover resume plan.yaml`"), "{status}");
    program.run(&plan, &["abort", "plan.yaml"]).expect(0);
    assert_eq!(staged(), "0\n");
    kill();
    program.run(&plan, &["resume", "plan.yaml"]).expect(0);
    assert_eq!(staged(), "0\n");
}
