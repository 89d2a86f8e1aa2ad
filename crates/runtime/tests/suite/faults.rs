//! Whatever fails, and wherever: the target is before or after, never between, and the report, the
//! journal and the target agree.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use runtime::run::{RunOutcome, RunReport};
use runtime::status::{self, RunState};

use crate::case::{Case, assert_ended, codes, for_each, messages};
use crate::sim::Commit;

/// The report's word, the journal's and the target's own state.
fn assert_agreed(case: &Case, report: &RunReport, what: &str) {
    let said = messages(report);
    match report.outcome {
        RunOutcome::Done => assert!(case.is_after(), "{what}: {said}"),
        RunOutcome::RolledBack
        | RunOutcome::Findings
        | RunOutcome::Defect
        | RunOutcome::HeldByAnotherRun => assert!(case.is_before(), "{what}: {said}"),
        other => panic!("{what} ended as {other:?}: {said}"),
    }
    let Ok(run) = status::read(&case.state(), Some(&report.run_id)) else {
        assert!(report.journal.is_none(), "{what}");
        return;
    };
    let state = match report.outcome {
        RunOutcome::Done => RunState::Done,
        RunOutcome::Findings => RunState::Stopped,
        _ => RunState::RolledBack,
    };
    assert_eq!(run.state, state, "{what}: {}", run.sentence);
}

#[test]
fn every_call_may_fail() {
    let probe = Case::new();
    probe.run();
    let calls = probe.sim.world().calls.len();
    let seen = Mutex::new(BTreeSet::new());
    // Some more than there are: the faults must reach the end.
    for_each(calls + 2, |at| {
        let (failed, outcome) = failed_at(at + 1);
        seen.lock().unwrap().insert((failed, outcome.word()));
    });
    let seen = seen.into_inner().unwrap();
    assert!(seen.contains(&("nothing".to_owned(), "done")), "{seen:?}");
}

/// Workers race, so a number may be another call in the next run: by name none is missed.
#[test]
fn every_kind_of_call_takes_the_run_back() {
    for call in
        ["worker", "load", "share orders", "row_digest", "verify_catalog", "promote", "commit"]
    {
        let case = Case::new();
        case.sim.world().fail_in = Some(call);
        let report = case.run();
        assert_ended(&report, RunOutcome::RolledBack);
        assert_agreed(&case, &report, call);
        assert!(case.sim.world().calls.iter().any(|made| made == call), "{call}");
    }
}

/// What failed in a run whose call of this number fails, and how the run ended.
fn failed_at(number: usize) -> (String, RunOutcome) {
    let case = Case::new();
    case.sim.world().fail_at = Some(number);
    let report = case.run();
    let failed = case.sim.world().calls.get(number - 1).cloned().unwrap_or("nothing".to_owned());
    assert_agreed(&case, &report, &format!("failure {number} in `{failed}`"));
    // The last look at the sources comes after the promote and can only warn; the target is asked
    // again after a first failure.
    let harmless =
        ["changed_since", "outcome", "committed", "area", "nothing"].contains(&failed.as_str());
    assert!(report.outcome != RunOutcome::Done || harmless, "{failed}");
    assert!(report.outcome == RunOutcome::Done || !codes(&report).is_empty(), "{failed}");
    (failed, report.outcome)
}

#[test]
fn an_answer_that_is_lost_before_the_commit_is_a_rollback() {
    let case = Case::new();
    case.sim.world().commit = Commit::LostBefore;
    let report = case.run();
    assert_ended(&report, RunOutcome::RolledBack);
    assert_eq!(codes(&report), ["RUN817"]);
    assert_agreed(&case, &report, "lost before");
}

#[test]
fn an_answer_that_is_lost_after_the_commit_is_a_success() {
    let case = Case::new();
    case.sim.world().commit = Commit::LostAfter;
    let report = case.run();
    assert_ended(&report, RunOutcome::Done);
    assert_agreed(&case, &report, "lost after");
}

#[test]
fn without_an_answer_a_person_must_look_and_the_next_run_asks() {
    let case = Case::new();
    case.sim.world().commit = Commit::LostForGood;
    let first = case.run();
    assert_ended(&first, RunOutcome::RecoveryRequired);
    assert_eq!(codes(&first)[0], "RUN824");
    let state = |id: &str| status::read(&case.state(), Some(id)).unwrap().state;
    assert_eq!(state(&first.run_id), RunState::Undecided);
    case.sim.world().commit = Commit::Works;
    let second = case.run();
    assert_ended(&second, RunOutcome::Done);
    assert!(messages(&second).contains("but its promote is complete"), "{}", messages(&second));
    assert_eq!(state(&first.run_id), RunState::Done);
}

#[test]
fn a_source_that_changes_stops_the_promote() {
    for (policy, outcome) in [("stop", RunOutcome::RolledBack), ("warn", RunOutcome::Done)] {
        let mut case = Case::new();
        case.plan["settings"]["on_source_change"] = policy.into();
        let path = case.path("b2.db");
        let write =
            move || std::fs::write(&path, r#"{"log":{"columns":["n"],"rows":[[3],[4]]}}"#).unwrap();
        case.sim.world().before_guard = Some(Arc::new(write));
        let report = case.run();
        assert_ended(&report, outcome);
        assert_agreed(&case, &report, policy);
        let text = messages(&report);
        let code = if policy == "stop" { "SRC106" } else { "SRC117" };
        let told = format!("[{code}] b2.db: `b2.db` changed after its snapshot");
        assert!(text.contains(&told), "{text}");
    }
}

/// Laws L5 and R9: rows that were lost or changed on their way are found.
#[test]
fn lost_and_changed_rows_are_found() {
    let case = Case::new();
    case.sim.world().loses_row_of = Some("log".to_owned());
    let report = case.run();
    assert_ended(&report, RunOutcome::RolledBack);
    assert!(messages(&report).contains("3 rows were read, 2 written, 0 rejected"));
    assert!(case.is_before());

    let case = Case::new();
    case.sim.world().changes_row_of = Some("log".to_owned());
    let report = case.run();
    assert_ended(&report, RunOutcome::RolledBack);
    assert_eq!(codes(&report), ["RUN820"]);
    assert!(messages(&report).contains("3 rows of `log` arrived, but not with the content"));
    assert!(case.is_before());
}

#[test]
fn checks_and_invariants_decide() {
    for step in ["staged", "count", "promote", "catalog"] {
        let mut case = Case::new();
        let steps = case.plan["steps"].as_array_mut().unwrap();
        let at = steps.iter().position(|it| it["id"] == step).unwrap();
        match step {
            "staged" => steps[at]["action"]["check"]["sql"] = "false".into(),
            "count" => steps[at]["action"]["invariant"]["target_sql"] = "count orders2".into(),
            "promote" => steps[at]["action"]["promote"]["after"][0]["sql"] = "false".into(),
            _ => case.sim.world().differences = vec!["index x is not valid".to_owned()],
        }
        let report = case.run();
        assert_ended(&report, RunOutcome::RolledBack);
        let code = if step == "catalog" { "RUN823" } else { "RUN822" };
        assert_eq!(codes(&report), [code], "{step}");
        assert_eq!(report.findings[0].origin.as_ref().map(|origin| origin.line), Some(7));
        assert!(case.is_before());
    }
}

#[test]
fn a_defect_in_a_step_is_told_as_one() {
    let case = Case::new();
    case.sim.world().panics = true;
    let at = Case::new();
    at.run();
    let calls = at.sim.world().calls.clone();
    let load = calls.iter().position(|call| call == "finish load").expect("it loads") + 1;
    case.sim.world().fail_at = Some(load);
    let report = case.run();
    assert_ended(&report, RunOutcome::Defect);
    assert_eq!(codes(&report), ["INT999"]);
    assert!(case.is_before());
}
