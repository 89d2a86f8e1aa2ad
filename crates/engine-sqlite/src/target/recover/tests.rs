//! A rollback asks again what the journal said: the world may have changed since it was read.

use std::collections::BTreeMap;

use super::*;
use crate::target::tests::{Bench, RUN, promote, run, shop};

/// Promoted over an old file; gives where that is kept.
fn promoted(bench: &Bench) -> (SqliteTarget, String) {
    drop(bench.old("PRAGMA journal_mode = delete", 1.0));
    let plan = shop();
    let mut target = bench.staged(&plan);
    let kept = promote(&mut target, &plan).0.unwrap().kept.unwrap();
    (target, kept)
}

fn restore(target: &mut SqliteTarget, run: &RunInfo, kept: &str) -> Result<Restored> {
    let (plan, promoted) = (shop(), BTreeMap::new());
    let request =
        Restore { plan: &plan, run, promoted: &promoted, kept: Some(kept), discard_new_rows: true };
    target.restore(&request)
}

#[test]
fn the_previous_file_takes_its_place_again() {
    let bench = Bench::new();
    let (mut target, kept) = promoted(&bench);
    assert_eq!(restore(&mut target, &run(), &kept), Ok(Restored::default()));
    assert_eq!(bench.total(), 1.0);
}

#[test]
fn a_kept_file_that_went_meanwhile_is_not_rolled_back_to() {
    let bench = Bench::new();
    let (mut target, kept) = promoted(&bench);
    fs::remove_file(&kept).unwrap();
    let error = restore(&mut target, &run(), &kept).unwrap_err();
    assert_eq!(error.code, &code::NOTHING_KEPT);
    assert_eq!(bench.total(), 2.0, "what was promoted stays");
}

#[test]
fn what_another_run_promoted_meanwhile_is_not_rolled_back() {
    let bench = Bench::new();
    let (mut target, kept) = promoted(&bench);
    let other = RunInfo { run_id: "20261121-053502-000000".to_owned(), ..run() };
    let error = restore(&mut target, &other, &kept).unwrap_err();
    assert_eq!(error.code, &code::PROMOTED_SINCE);
    assert!(error.message.starts_with(&format!("run {RUN} was promoted after")), "{error}");
    assert_eq!(bench.total(), 2.0);
}
