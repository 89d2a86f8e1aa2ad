//! Runs that died, and what the next one does about them.

use runtime::recovery::abort;
use runtime::run::RunOutcome;
use runtime::status::{self, RunState};

use crate::case::{Case, assert_ended, for_each, messages, tree};

/// A run of which only the first `records` reached the disk, as a killed process leaves it.
fn killed(case: &Case, records: usize, torn: bool) -> String {
    let report = case.run();
    let path = report.journal.expect("a journal");
    let bytes = std::fs::read(&path).unwrap();
    let ends: Vec<_> = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .map(|(at, _)| at + 1)
        .collect();
    let end = if records == 0 { 0 } else { ends[records - 1] };
    std::fs::write(&path, &bytes[..end + if torn { 9 } else { 0 }]).unwrap();
    std::fs::remove_file(path.with_file_name("journal.json")).unwrap();
    report.run_id
}

fn records(case: &Case, id: &str) -> usize {
    let path = case.path(&format!(".cutover/runs/{id}/journal.jsonl"));
    std::fs::read(path).unwrap().iter().filter(|byte| **byte == b'\n').count()
}

/// Killed after every record, before and after its promote. A run that was promoted, or that built
/// nothing, is closed by the next one; what another one built stops the next one until it is aborted.
#[test]
fn a_run_killed_anywhere_stands_in_the_way_or_is_closed() {
    let probe = Case::new();
    let all = records(&probe, &probe.run().run_id);
    for_each(all, closed_after);
}

fn closed_after(count: usize) {
    let case = Case::new();
    let id = killed(&case, count, count % 2 == 1);
    // The simulated target keeps what the dead run's journal says it had reached.
    let text =
        std::fs::read_to_string(case.path(&format!(".cutover/runs/{id}/journal.jsonl"))).unwrap();
    let promoted = text.contains("\"kind\":\"promoted\"");
    let built = text.contains("\"kind\":\"staging-created\"") && !promoted;
    if !promoted {
        case.sim.world().markers.clear();
        case.sim.world().kept = None;
        case.sim.world().live = [("customers".to_owned(), vec![vec![9]])].into();
        case.sim.world().staging = built.then(|| (id.clone(), Default::default()));
    }
    if built {
        let report = case.run();
        assert_ended(&report, RunOutcome::UnfinishedInTheWay);
        assert!(messages(&report).contains(&id), "{count}: {}", messages(&report));
        abort(case.request(&id)).unwrap();
    }
    let report = case.run();
    assert_ended(&report, RunOutcome::Done);
    assert!(case.is_after(), "{count}");
    let after = status::read(&case.state(), Some(&id)).unwrap().state;
    let wanted = match (count, promoted) {
        (0, _) => RunState::Stopped,
        (_, true) => RunState::Done,
        (_, false) => RunState::RolledBack,
    };
    assert_eq!(after, wanted, "killed after {count} records");
    let said = messages(&report);
    let told = said.contains(&format!("run {id} of "));
    assert_eq!(told, count > 0 && !built, "{count}: {said}");
}

/// Killed between the making of its folder and of its journal.
#[test]
fn a_run_without_a_journal_has_touched_nothing() {
    let case = Case::new();
    let folder = case.path(".cutover/runs/20261120-000000-000000");
    std::fs::create_dir_all(&folder).unwrap();
    let run = status::read(&case.state(), None).unwrap();
    assert_eq!(run.state, RunState::Stopped);
    assert_eq!(run.sentence, "it stopped before anything was touched");
    let report = case.run();
    assert_ended(&report, RunOutcome::Done);
    assert!(!messages(&report).contains("JRN902") && folder.exists());
}

#[test]
fn a_dry_run_only_mentions_them() {
    let case = Case::new();
    let id = killed(&case, 20, false);
    case.sim.world().staging = Some((id, Default::default()));
    let before = tree(case.folder.path());
    let case = Case { dry_run: true, ..case };
    let report = case.run();
    assert_ended(&report, RunOutcome::DryRun);
    assert!(
        messages(&report).contains("a run stops there until `cutover resume` or `cutover abort`")
    );
    assert_eq!(tree(case.folder.path()), before);
}

#[test]
fn a_damaged_journal_of_another_run_is_said_and_kept() {
    let case = Case::new();
    let id = killed(&case, 20, false);
    let path = case.path(&format!(".cutover/runs/{id}/journal.jsonl"));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let report = case.run();
    assert_ended(&report, RunOutcome::Done);
    assert!(messages(&report).contains("an earlier run could not be looked into"));
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    assert_eq!(status::read(&case.state(), Some(&id)).unwrap().state, RunState::Unreadable);
}

/// A live run is never taken for a dead one, whatever its journal looks like.
#[test]
fn a_live_run_is_left_alone() {
    let case = Case::new();
    let id = killed(&case, 20, false);
    let path = case.path(&format!(".cutover/runs/{id}/journal.jsonl"));
    let file = std::fs::File::open(&path).unwrap();
    file.lock().unwrap();
    assert_eq!(status::read(&case.state(), Some(&id)).unwrap().state, RunState::Running);
    let before = std::fs::read(&path).unwrap();
    assert_ended(&case.run(), RunOutcome::Done);
    assert_eq!(std::fs::read(&path).unwrap(), before);
    drop(file);
    assert_eq!(status::read(&case.state(), Some(&id)).unwrap().state, RunState::Unfinished);
}
