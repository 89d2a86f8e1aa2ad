//! What a run does when nothing fails, and how it is told.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use diagnostics::code;
use runtime::EngineError;
use runtime::clock::Clock as _;
use runtime::journal::format::Closing;
use runtime::journal::read_run;
use runtime::journal::view::Recommendation;
use runtime::recovery::{Act, choose, kept_plan};
use runtime::run::{RunOutcome, RunReport, Unreached, unreached};
use runtime::status::{self, RunState};
use runtime::stop::Stop;

use crate::case::{Case, SimClock, assert_ended, codes, tree};

#[test]
fn everything_arrives_together() {
    let case = Case::new();
    let report = case.run();
    assert_ended(&report, RunOutcome::Done);
    assert!(case.is_after());
    let counts: Vec<_> =
        report.tables.iter().map(|it| (it.table.as_str(), it.scanned, it.written)).collect();
    assert_eq!(counts, [("customers", 2, 2), ("log", 3, 3), ("orders", 3, 3)]);
    assert!(report.tables.iter().all(|table| table.verified.is_some()));
    assert_eq!(report.kept.as_deref(), Some("kept_schema"));
    assert_eq!(report.backups.len(), 3);
    assert!(
        report.stages.iter().all(|stage| stage.steps == stage.steps_done),
        "{:?}",
        report.stages
    );
}

/// Requirements R13 to R21.
#[test]
fn the_journal_holds_the_whole_story() {
    let case = Case::new();
    let report = case.run();
    let folder = report.journal.expect("a real run has a journal").parent().unwrap().to_owned();
    let view = read_run(&folder).expect("it holds together").view;
    let stages: Vec<_> = view.completed_stages.iter().map(|stage| stage.name()).collect();
    let all = [
        "scan-source",
        "create-backup",
        "restore-drill",
        "verify-backup",
        "open-sqlite",
        "write-sqlite",
        "build-indexes",
        "add-constraints",
        "analyze",
        "verify-target",
        "promote-database",
        "completed",
    ];
    assert!(all.iter().all(|stage| stages.contains(stage)), "{stages:?}");
    assert_eq!((view.sources.len(), view.backups.len(), view.tables.len()), (3, 3, 3));
    assert_eq!(view.transaction.as_deref(), Some("4711"));
    assert!(view.open_steps.is_empty() && view.failure.is_none());
    let readable: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("journal.json")).unwrap()).unwrap();
    for field in [
        "source_root",
        "target_path",
        "backup_path",
        "snapshot_path",
        "started_at",
        "updated_at",
        "current_stage",
        "completed_stages",
        "tables",
        "warnings",
        "safe_mode",
        "next_actions",
        "preserve",
        "compiled_digest",
    ] {
        assert!(!readable[field].is_null(), "{field}");
    }
    assert_eq!(readable["safe_mode"], "use-target");
}

#[test]
fn files_are_private_and_copies_go() {
    let case = Case::new();
    let report = case.run();
    assert!(!case.path(&format!(".cutover/runs/{}/snapshots", report.run_id)).exists());
    for path in tree(&case.state()) {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        let wanted = if path.is_dir() { 0o700 } else { 0o600 };
        // The simulated engine writes its backups with what the system gives.
        let simulated = path.is_file() && path.starts_with(case.path(".cutover/backups"));
        assert!(simulated || mode == wanted, "{path:?} {mode:o}");
    }
}

#[test]
fn a_dry_run_writes_nothing() {
    let case = Case { dry_run: true, ..Case::new() };
    let before = tree(case.folder.path());
    let report = case.run();
    assert_ended(&report, RunOutcome::DryRun);
    assert!(case.is_before() && report.journal.is_none());
    assert_eq!(tree(case.folder.path()), before);
    let calls = case.sim.world().calls.clone();
    assert!(!calls.iter().any(|call| call == "lock" || call == "back_up"), "{calls:?}");
}

/// Closed, with why and what to do; the plan that did not run is kept with it.
fn assert_turned_away(case: &Case, report: &RunReport, code: &str) {
    let folder = report.journal.as_deref().and_then(Path::parent).expect("a journal");
    let view = read_run(folder).expect("it holds together").view;
    let failure = view.failure.expect("it failed");
    assert_eq!((failure.code.as_str(), failure.stage.as_deref()), (code, Some("preflight")));
    assert_eq!(view.closed, Some(Closing::Stopped));
    assert_eq!(view.recommendation, Recommendation::StayOnSource);
    assert_eq!(view.next_actions, report.next_actions);
    assert!(!view.next_actions.is_empty() && kept_plan(folder).is_ok());
    let status = status::read(&case.state(), Some(&report.run_id)).unwrap();
    assert_eq!(status.state, RunState::Stopped);
    let sentence = &status.sentence;
    assert!(sentence.contains(code) && sentence.contains("before anything"), "{sentence}");
}

#[test]
fn a_held_target_is_not_touched_and_the_journal_says_so() {
    let case = Case::new();
    case.sim.world().locked = true;
    let report = case.run();
    assert_ended(&report, RunOutcome::HeldByAnotherRun);
    assert!(case.is_before());
    assert_turned_away(&case, &report, "RUN801");
    case.sim.world().locked = false;
    assert_ended(&case.run(), RunOutcome::Done);
}

#[test]
fn a_target_that_was_not_reached_is_in_the_journal() {
    let case = Case::new();
    let report = unreached(Unreached {
        plan: &case.compiled(),
        plan_digest: None,
        plan_dir: case.folder.path().to_owned(),
        state_dir: case.state(),
        target: "a server".to_owned(),
        error: EngineError::new(&code::UNREACHABLE, "nobody listens"),
        clock: &case.clock,
        events: case.events.as_ref(),
    });
    assert_ended(&report, RunOutcome::Findings);
    assert_eq!(report.target, "a server");
    assert_turned_away(&case, &report, "RUN802");
}

/// The run that holds the target is what somebody asks about, not the one that it turned away.
#[test]
fn status_shows_the_run_that_is_alive_before_a_later_one_that_was_turned_away() {
    let mut case = Case::new();
    let alive = case.run();
    let journal = std::fs::File::open(alive.journal.as_deref().unwrap()).unwrap();
    journal.lock().unwrap();
    case.clock = SimClock::default();
    case.clock.sleep(std::time::Duration::from_mins(1));
    case.sim.world().locked = true;
    let away = case.run();
    assert_eq!(status::read(&case.state(), None).unwrap().run_id, alive.run_id);
    drop(journal);
    assert_eq!(status::read(&case.state(), None).unwrap().run_id, away.run_id);
}

#[test]
fn a_person_can_stop_it() {
    for level in [Stop::SafePoint, Stop::Now] {
        let mut case = Case::new();
        case.step(
            "long",
            serde_json::json!({ "execute": { "sql": "sleep", "place": "staging" } }),
            &[],
            &[],
        );
        let (stop, sim) = (case.stop.clone(), case.sim.clone());
        let person = std::thread::spawn(move || {
            while !sim.world().calls.iter().any(|call| call == "sleep") {
                std::thread::yield_now();
            }
            stop.raise(level);
        });
        let report = case.run();
        person.join().expect("the person lives");
        assert_ended(&report, RunOutcome::RolledBack);
        assert_eq!(codes(&report), ["RUN816"]);
        assert!(case.is_before());
        assert_eq!(case.sim.world().cancelled, level == Stop::Now);
    }
}

#[test]
fn status_says_it_in_one_sentence() {
    let case = Case::new();
    let id = case.run().run_id;
    let done = status::read(&case.state(), None).expect("there is a run");
    assert_eq!((done.run_id.as_str(), done.state), (id.as_str(), RunState::Done));
    assert_eq!(done.sentence, "the target was promoted and verified, 8 rows in 3 tables");
    let mut near = id.clone();
    near.replace_range(0..1, "3");
    let error = status::read(&case.state(), Some(&near)).expect_err("another id");
    assert_eq!((error.code.id, error.help), ("JRN905", Some(format!("did you mean `{id}`?"))));
    let none = status::read(&case.path("nowhere"), None).expect_err("no run there");
    assert_eq!(none.code.id, "JRN905");
}

/// Runs of one second stand in their order, whatever the random part of their ids is.
#[test]
fn the_last_run_is_the_last() {
    let case = Case::new();
    // The hands of the clock move on from run to run.
    let ids: Vec<_> = (0..6).map(|_| case.run().run_id).collect();
    let listed: Vec<_> = status::list(&case.state()).into_iter().map(|run| run.run_id).collect();
    assert_eq!(listed, ids);
    assert_eq!(status::read(&case.state(), None).unwrap().run_id, ids[5]);
}

#[test]
fn events_tell_the_run() {
    let case = Case::new();
    case.run();
    let kinds = case.events.kinds();
    assert_eq!(kinds.first().map(String::as_str), Some("run-started"));
    assert_eq!(kinds.last().map(String::as_str), Some("run-finished"));
    for kind in [
        "stage-started",
        "stage-finished",
        "step-started",
        "step-finished",
        "backed-up",
        "rows",
        "check",
        "passed",
        "retrying",
    ] {
        assert!(kinds.iter().any(|heard| heard == kind), "{kind}: {kinds:?}");
    }
    let events = case.events.0.lock().unwrap();
    assert!(events.iter().all(|event| event["v"] == 1 && event["run"].is_string()));
}

/// A run is named after the last one, whatever the clock says, so that the last is the last.
#[test]
fn a_clock_that_went_back_does_not_change_the_order_of_runs() {
    let case = Case::new();
    std::fs::create_dir_all(case.path(".cutover/runs/20301231-235959-ffffff")).unwrap();
    let first = case.run().run_id;
    let second = case.run().run_id;
    assert!(first.starts_with("20310101-000000-"), "{first}");
    assert!(second.starts_with("20310101-000001-"), "{second}");
    assert_eq!(status::read(&case.state(), None).unwrap().run_id, second);
    assert_eq!(choose(&case.state(), None, Act::Accept).unwrap(), second);
}
