//! Clocks that jump (`CUTOVER_CLOCK`): kept states go when their time is over and not before, a clock
//! that went back spoils no run, prunes no backup and changes no order.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;
use testkit::{Finished, Program, example};

use crate::case::{Case, REPLACE, words};
use crate::cutover;

const DAY: i64 = 86_400;
const KEEP: &str = "run: { keep: 1d }\n";

/// From its `look`th look at the clock on, the program is so many seconds off.
fn off(program: Program, look: u64, seconds: i64) -> Program {
    program.env("CUTOVER_CLOCK", &format!("{look}:{seconds}"))
}

fn run(program: &Program, folder: &Path) -> Finished {
    program.run(folder, &["run", "plan.yaml", "--yes"])
}

fn status(program: &Program, folder: &Path) -> Value {
    let done = program.run(folder, &["status", "plan.yaml", "--format", "json"]);
    serde_json::from_str::<Value>(&done.stdout).unwrap()["run"].clone()
}

fn last_id(program: &Program, folder: &Path) -> String {
    status(program, folder)["run_id"].as_str().unwrap().to_owned()
}

/// What a run replaced is kept for a day after its acceptance: a run on the same day leaves it, a later
/// one removes it, and nothing that nobody accepted. `kept` lists what is kept beside the target.
fn kept_for_a_day(program: &Program, folder: &Path, kept: &dyn Fn() -> Vec<String>) {
    for _ in 0..2 {
        run(program, folder).expect(0);
    }
    let first = kept();
    assert_eq!(first.len(), 1, "{first:?}");
    program.run(folder, &["accept", "plan.yaml", "--yes"]).expect(0);
    let accepted = last_id(program, folder);
    run(program, folder).expect(0);
    assert!(kept().len() == 2 && kept().contains(&first[0]), "on the same day: {:?}", kept());
    let unaccepted: Vec<_> = kept().into_iter().filter(|name| *name != first[0]).collect();
    let later = off(program.clone(), 1, 2 * DAY);
    run(&later, folder).expect(0);
    assert!(!kept().contains(&first[0]), "{:?} is there after two days", first[0]);
    assert!(unaccepted.iter().all(|name| kept().contains(name)), "{unaccepted:?}: {:?}", kept());
    let of_run = ["status", "plan.yaml", "--run", &accepted];
    let told = words(&program.run(folder, &of_run).expect(0).stdout);
    assert!(!told.contains("cutover rollback"), "there is no way back: {told}");
}

/// The quickstart, which replaces what is there.
fn quickstart() -> (TempDir, PathBuf) {
    let (keep, plan) = example("quickstart");
    let file = plan.join("plan.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replace(
        "  sqlite: out/shop.sqlite\n",
        "  sqlite: { path: out/shop.sqlite, existing: replace }\n",
    );
    std::fs::write(file, format!("{text}{KEEP}")).unwrap();
    (keep, plan)
}

#[test]
fn a_kept_file_goes_when_its_time_is_over() {
    let (_keep, plan) = quickstart();
    let kept = || {
        let names = std::fs::read_dir(plan.join("out")).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name != "shop.sqlite").collect();
        names.sort();
        names
    };
    kept_for_a_day(&cutover(), &plan, &kept);
}

#[test]
fn a_kept_schema_goes_when_its_time_is_over() {
    let Some(case) = Case::new(", existing: replace", &format!("{REPLACE}{KEEP}"), "") else {
        return;
    };
    let kept = || {
        let schemas = case.schemas();
        let kept = schemas.lines().filter(|schema| schema.starts_with("cutover_kept_"));
        kept.map(str::to_owned).collect()
    };
    kept_for_a_day(&case.program(), case.path(), &kept);
}

/// The hour is put back in the middle of a run: before its journal, between backup and load, before its
/// promote. Durations are none of the wall clock's business.
#[test]
fn a_clock_that_goes_back_during_a_run_changes_nothing_about_it() {
    for look in [2, 5, 9, 14, 20, 30] {
        let (_keep, plan) = quickstart();
        run(&cutover(), &plan).expect(0);
        let first = last_id(&cutover(), &plan);
        let back = off(cutover(), look, -40 * DAY);
        let done = run(&back, &plan).expect(0);
        assert!(done.stdout.contains("promoted"), "{look}: {}", done.stdout);
        let shown = status(&back, &plan);
        assert_eq!((&shown["state"], &shown["stage"]), (&"done".into(), &"completed".into()));
        // Two runs of one second are told apart by their start.
        let second = |id: &str| id[..15].to_owned();
        let id = shown["run_id"].as_str().unwrap();
        assert!(id != first && second(id) >= second(&first), "{look}: {shown}");
        back.run(&plan, &["verify", "plan.yaml"]).expect(0);
        back.run(&plan, &["rollback", "plan.yaml", "--yes"]).expect(0);
    }
}

/// Accepted by a clock that is behind, it is kept for as long as if the clock had gone on.
#[test]
fn a_clock_that_went_back_does_not_shorten_what_is_kept() {
    let (_keep, plan) = quickstart();
    run(&cutover(), &plan).expect(0);
    run(&cutover(), &plan).expect(0);
    let kept = |name: &String| name.contains(".before-");
    let files = || testkit::states(&plan.join("out")).into_keys().filter(kept).collect::<Vec<_>>();
    let before = files();
    assert_eq!(before.len(), 1, "{before:?}");
    off(cutover(), 1, -40 * DAY).run(&plan, &["accept", "plan.yaml", "--yes"]).expect(0);
    run(&cutover(), &plan).expect(0);
    assert!(files().contains(&before[0]), "{:?}", files());
}

/// A run that a clock a month behind has named comes after the one before it.
#[test]
fn a_clock_that_went_back_changes_no_order_of_runs() {
    let (_keep, plan) = quickstart();
    run(&cutover(), &plan).expect(0);
    let first = last_id(&cutover(), &plan);
    run(&off(cutover(), 1, -40 * DAY), &plan).expect(0);
    let second = last_id(&cutover(), &plan);
    // Names of one second differ by chance.
    std::thread::sleep(std::time::Duration::from_millis(2_100));
    run(&cutover(), &plan).expect(0);
    let third = last_id(&cutover(), &plan);
    assert!(first < second && second < third, "{first} {second} {third}");
}

/// Seen from a month ago a backup is from the future, and which is the last cannot be known.
#[test]
fn a_clock_that_went_back_prunes_no_backup() {
    let (_keep, plan) = quickstart();
    let back = off(cutover(), 1, -40 * DAY);
    let backups = || {
        let names = testkit::states(&plan.join(".cutover/backups")).into_keys();
        names.filter(|name| name.ends_with(".sqlite.manifest.json")).collect::<Vec<_>>()
    };
    for program in [cutover(), back.clone()] {
        program.run(&plan, &["backup", "create", "plan.yaml"]).expect(0);
    }
    assert_eq!(backups().len(), 2);
    let prune = ["backup", "prune", "--keep-last", "1"];
    let done = back.run(&plan, &prune).expect(0);
    assert_eq!(backups().len(), 2, "{}", done.stdout);
    assert!(words(&done.stdout).contains("the clock is behind"), "{}", done.stdout);
    cutover().run(&plan, &prune).expect(0);
    assert_eq!(backups().len(), 1);
}
