//! The table of recovery, every combination of it; and the commands that it names, on runs that die
//! in every call.

use std::collections::BTreeSet;
use std::sync::Mutex;

use runtime::recovery::cases::{ADVICE, ROWS};
use runtime::recovery::{Accept, Act, Answer, Beside, Case as Row, Rollback, Told, case_of};
use runtime::recovery::{abort, accept, choose, rollback};
use runtime::run::{RunOutcome, RunReport};
use runtime::status::RunState;

use crate::case::{Case, assert_ended, for_each, messages};

const TOLD: [Told; 13] = [
    Told::Nothing,
    Told::Building,
    Told::Committing,
    Told::Committed,
    Told::Promoted,
    Told::PromotedFirst,
    Told::RolledBack,
    Told::Stopped,
    Told::Restoring,
    Told::Restored,
    Told::Accepting,
    Told::Accepted,
    Told::Damaged,
];
const ANSWERS: [Answer; 3] = [Answer::Promoted, Answer::NotPromoted, Answer::None];
const BESIDE: [Beside; 4] = [Beside::Empty, Beside::Staging, Beside::Kept, Beside::Unknown];

fn combinations() -> impl Iterator<Item = (Told, Answer, Beside)> {
    TOLD.into_iter().flat_map(|told| {
        ANSWERS
            .into_iter()
            .flat_map(move |answer| BESIDE.into_iter().map(move |beside| (told, answer, beside)))
    })
}

#[test]
fn every_combination_has_exactly_one_row() {
    let mut used = BTreeSet::new();
    for (told, answer, beside) in combinations() {
        let rows: Vec<_> = ROWS
            .iter()
            .enumerate()
            .filter(|(_, row)| {
                row.told.contains(&told)
                    && row.answer.contains(&answer)
                    && row.beside.contains(&beside)
            })
            .map(|(at, _)| at)
            .collect();
        assert_eq!(rows.len(), 1, "{told:?} × {answer:?} × {beside:?}: rows {rows:?}");
        used.extend(rows);
    }
    assert_eq!(used.len(), ROWS.len(), "every row is for something");
}

#[test]
fn every_case_has_one_sentence_and_a_command() {
    let cases: BTreeSet<_> =
        combinations().map(|(told, answer, beside)| case_of(told, answer, beside)).collect();
    for case in &cases {
        assert_eq!(ADVICE.iter().filter(|advice| advice.case == *case).count(), 1, "{case:?}");
        assert!(!case.advice().acts.is_empty(), "{case:?}");
    }
    assert_eq!(cases.len(), ADVICE.len(), "no advice is for nothing");
}

/// What no row may ever say, whatever the table becomes.
#[test]
fn the_table_keeps_the_laws() {
    for (told, answer, beside) in combinations() {
        let case = case_of(told, answer, beside);
        let acts = case.advice().acts;
        let what = format!("{told:?} × {answer:?} × {beside:?} is {case:?}");
        let offers = |act: Act| acts.contains(&act);
        // What is promoted is never taken for something unfinished.
        assert!(!(answer == Answer::Promoted && offers(Act::Abort)), "{what}");
        assert!(!(answer == Answer::Promoted && offers(Act::Run)), "{what}");
        // Nothing is put back, and nothing given up, that is not in place.
        let gone = answer == Answer::NotPromoted && told != Told::Restoring;
        assert!(!(gone && (offers(Act::Rollback) || offers(Act::Accept))), "{what}");
        // What a run built is never left without a way to go on or to remove it.
        if (answer, beside) == (Answer::NotPromoted, Beside::Staging) && case != Row::Superseded {
            let ends = [Act::Resume, Act::Abort, Act::Rollback];
            assert!(ends.into_iter().any(offers), "{what}");
        }
        // A journal that nobody can read decides nothing but the removal of what stands aside.
        if told == Told::Damaged {
            assert!(
                !offers(Act::Resume) && !offers(Act::Rollback) && !offers(Act::Accept),
                "{what}"
            );
        }
        // Around a COMMIT nobody guesses.
        if (told, answer) == (Told::Committing, Answer::None) {
            assert_eq!(case, Row::AskTarget, "{what}");
        }
    }
}

/// Runs until the process dies in the call with this number; `None`: the run ended before.
fn dead(case: &Case, number: usize) -> Option<RunReport> {
    case.sim.world().dies_at = Some(number);
    let report = case.run();
    case.sim.world().died.as_ref()?;
    case.bury(&report);
    let journal = report.journal.filter(|path| path.exists());
    Some(RunReport { journal, ..report })
}

/// How many calls a run makes.
fn calls() -> usize {
    let probe = Case::new();
    probe.run();
    probe.sim.world().calls.len()
}

fn open_backups(case: &Case) -> usize {
    case.sim.world().calls.iter().filter(|call| *call == "back_up").count()
}

#[test]
fn a_run_that_dies_anywhere_is_resumed_to_the_same_end() {
    let seen = Mutex::new(BTreeSet::new());
    for_each(calls() + 2, |at| {
        let case = Case::new();
        let Some(report) = dead(&case, at + 1) else {
            assert!(case.is_after(), "call {at} was never reached");
            seen.lock().unwrap().insert(None);
            return;
        };
        if report.journal.is_none() {
            assert_ended(&case.run(), RunOutcome::Done);
            return;
        }
        let state = case.status(&report.run_id);
        seen.lock().unwrap().insert(Some(state.case));
        assert!(state.case.advice().acts.contains(&Act::Resume), "{at}: {}", state.sentence);
        let chosen = choose(&case.state(), None, Act::Resume).expect("a run to be resumed");
        assert_eq!(chosen, report.run_id, "{at}");
        let resumed = case.resume(&report.run_id);
        assert_ended(&resumed, RunOutcome::Done);
        assert!(case.is_after(), "{at}: {}", messages(&resumed));
        assert_eq!(case.status(&report.run_id).state, RunState::Done, "{at}");
        // Each file is backed up once for good; one may have been under way when the process died.
        assert!(open_backups(&case) <= 3, "{at}");
    });
    let seen = seen.into_inner().unwrap();
    for case in [Row::Resume, Row::ResumeFromBackups, Row::FinishPromote] {
        assert!(seen.contains(&Some(case)), "{case:?} never came: {seen:?}");
    }
    assert!(seen.contains(&None), "the loop must reach the end");
}

/// What was finished is not done again: a load that is in the journal is not loaded again.
#[test]
fn a_resumed_run_repeats_no_finished_load() {
    let probe = Case::new();
    probe.run();
    let calls = probe.sim.world().calls.clone();
    let promote = calls.iter().position(|call| call == "promote").unwrap() + 1;
    let case = Case::new();
    let report = dead(&case, promote).expect("it dies in its promote");
    assert_ended(&case.resume(&report.run_id), RunOutcome::Done);
    let calls = case.sim.world().calls.clone();
    for call in ["back_up", "load", "share orders", "analyze", "set_sequences", "create_staging"] {
        assert!(!calls.iter().any(|made| made == call), "{call} was made again: {calls:?}");
    }
    // What proves is proven again.
    for call in ["row_digest", "verify_catalog", "check", "promote"] {
        assert!(calls.iter().any(|made| made == call), "{call}: {calls:?}");
    }
}

/// `resume` itself dies in every call, and is repeated.
#[test]
fn a_resume_that_dies_anywhere_is_resumed() {
    let all = calls();
    for_each(all, |at| {
        let case = Case::new();
        let Some(report) = dead(&case, at + 1).filter(|report| report.journal.is_some()) else {
            return;
        };
        for second in [1, 3, 8, 15, 30, 45] {
            case.sim.world().dies_at = Some(second);
            let again = case.resume(&report.run_id);
            if case.sim.world().died.is_none() {
                assert_ended(&again, RunOutcome::Done);
                assert!(case.is_after(), "{at}, {second}");
                return;
            }
            case.bury(&again);
        }
        assert_ended(&case.resume(&report.run_id), RunOutcome::Done);
        assert!(case.is_after(), "{at}");
    });
}

#[test]
fn a_run_that_dies_anywhere_is_aborted_or_was_promoted() {
    let aborted = Mutex::new(0);
    for_each(calls(), |at| {
        let case = Case::new();
        let Some(report) = dead(&case, at + 1).filter(|report| report.journal.is_some()) else {
            return;
        };
        let state = case.status(&report.run_id);
        let done = abort(case.request(&report.run_id));
        if !state.case.advice().acts.contains(&Act::Abort) {
            assert_eq!(done.unwrap_err().error.code.id, "RUN844", "{at}");
            return;
        }
        done.unwrap();
        *aborted.lock().unwrap() += 1;
        assert!(case.is_before(), "{at}");
        assert_eq!(case.status(&report.run_id).state, RunState::RolledBack, "{at}");
        assert_ended(&case.run(), RunOutcome::Done);
        assert!(case.is_after(), "{at}");
    });
    assert!(aborted.into_inner().unwrap() > 20);
}

/// A new run never clears away what could be gone on with.
#[test]
fn what_a_dead_run_built_stops_a_new_one() {
    let probe = Case::new();
    probe.run();
    let loaded = probe.sim.world().calls.iter().position(|call| call == "loaded").unwrap() + 1;
    let case = Case::new();
    let report = dead(&case, loaded).expect("it dies after its first load");
    let next = case.run();
    assert_ended(&next, RunOutcome::UnfinishedInTheWay);
    let said = messages(&next);
    let id = &report.run_id;
    for command in ["resume", "abort"] {
        assert!(said.contains(&format!("`cutover {command} plan.yaml --run {id}`")), "{said}");
    }
    assert!(case.sim.world().staging.is_some(), "nothing was removed");
    assert_ended(&case.resume(id), RunOutcome::Done);
}

/// The journal is elsewhere, or lost: what stands beside the target still stops a run, and goes by
/// its name alone.
#[test]
fn what_a_run_without_a_journal_built_is_aborted_by_its_id() {
    let case = Case::new();
    let id = "20261120-000000-000000";
    case.sim.world().staging = Some((id.to_owned(), Default::default()));
    let next = case.run();
    assert_ended(&next, RunOutcome::UnfinishedInTheWay);
    assert!(messages(&next).contains(&format!("`cutover abort PLAN --run {id}`")));
    assert_eq!(choose(&case.state(), Some(id), Act::Abort).unwrap(), id);
    abort(case.request(id)).unwrap();
    assert!(case.is_before());
    assert_ended(&case.run(), RunOutcome::Done);
}

#[test]
fn a_source_that_changed_since_is_no_source_to_go_on_with() {
    for (policy, outcome) in [("stop", RunOutcome::Findings), ("warn", RunOutcome::Done)] {
        let mut case = Case::new();
        case.plan["settings"]["on_source_change"] = policy.into();
        let report = dead(&case, 30).expect("it dies while it builds");
        case.write("b2.db", serde_json::json!({ "log": { "columns": ["n"], "rows": [[3], [4]] } }));
        let resumed = case.resume(&report.run_id);
        assert_ended(&resumed, outcome);
        if policy == "stop" {
            assert!(messages(&resumed).contains("`b2.db` changed after its snapshot"));
            // It stays where it is: with the old rows back, it goes on.
            case.write("b2.db", serde_json::json!({ "log": { "columns": ["n"], "rows": [[3]] } }));
            assert_ended(&case.resume(&report.run_id), RunOutcome::Done);
        }
        assert!(case.is_after(), "the rows are those of the backup ({policy})");
    }
}

#[test]
fn a_rollback_puts_the_previous_state_back_and_may_die_anywhere() {
    for number in 1..9 {
        let case = Case::new();
        let id = case.run().run_id;
        case.sim.world().calls.clear();
        case.sim.world().dies_at = Some(number);
        let request = || Rollback { request: case.request(&id), discard_new_rows: false };
        let done = rollback(request());
        if case.sim.world().died.is_some() {
            let journal = case.sim.world().died.take().unwrap().unwrap();
            let path = case.path(&format!(".cutover/runs/{id}/journal.jsonl"));
            std::fs::write(path, journal).unwrap();
            drop(std::fs::remove_file(case.path(&format!(".cutover/runs/{id}/journal.json"))));
            (case.sim.world().dies_at, case.sim.world().locked) = (None, false);
            let case_now = case.status(&id).case;
            assert!(case_now.advice().acts.contains(&Act::Rollback), "{number}: {case_now:?}");
            rollback(request()).unwrap();
        } else {
            case.sim.world().dies_at = None;
            done.unwrap();
        }
        assert!(case.is_before(), "{number}");
        assert_eq!(case.status(&id).state, RunState::Restored, "{number}");
        assert_ended(&case.run(), RunOutcome::Done);
    }
}

#[test]
fn new_rows_are_lost_only_where_that_was_asked_for() {
    let case = Case::new();
    let id = case.run().run_id;
    case.sim.world().written_since = true;
    let refused = rollback(Rollback { request: case.request(&id), discard_new_rows: false })
        .unwrap_err()
        .error;
    assert_eq!(refused.code.id, "RUN840");
    assert!(refused.message.contains("2 rows of `orders` written"), "{refused}");
    assert!(case.is_after());
    assert_eq!(case.status(&id).case, Row::Decide, "it is what it was");
    let done = rollback(Rollback { request: case.request(&id), discard_new_rows: true }).unwrap();
    assert_eq!(done.done, ["discarded: 2 rows of `orders` written"]);
    assert!(case.is_before());
}

#[test]
fn an_acceptance_ends_the_way_back_now_or_later() {
    let case = Case::new();
    let id = case.run().run_id;
    accept(Accept { request: case.request(&id), remove_kept: false }).unwrap();
    assert!(case.sim.world().kept.is_none());
    assert_eq!(case.status(&id).case, Row::Accepted);
    let error = rollback(Rollback { request: case.request(&id), discard_new_rows: true })
        .unwrap_err()
        .error;
    assert_eq!(error.code.id, "RUN844");

    let mut case = Case::new();
    case.plan["settings"]["keep_ms"] = 3_600_000.into();
    let id = case.run().run_id;
    let done = accept(Accept { request: case.request(&id), remove_kept: false }).unwrap();
    assert!(done.done[0].contains("is kept until 2026-11-21T06:35"), "{:?}", done.done);
    assert!(case.sim.world().kept.is_some());
    accept(Accept { request: case.request(&id), remove_kept: true }).unwrap();
    assert!(case.sim.world().kept.is_none());
}
