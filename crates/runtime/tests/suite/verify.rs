//! `cutover verify`, long after the run.

use std::sync::Arc;

use runtime::engine::TargetEngine;
use runtime::events::NoEvents;
use runtime::run::{Finding, RunOutcome};
use runtime::verify::{VerifyReport, VerifyRequest, verify};

use crate::case::{Case, SimClock, assert_ended};
use crate::sim::Leader;

fn promoted() -> Case {
    let case = Case::new();
    assert_ended(&case.run(), RunOutcome::Done);
    case
}

fn verified(case: &Case) -> Result<VerifyReport, Vec<Finding>> {
    let sim = case.sim.clone();
    verify(&VerifyRequest {
        state_dir: case.state(),
        run_id: None,
        sources: Arc::new(case.sim.clone()),
        target: &move |_| Ok(Box::new(Leader(sim.clone())) as Box<dyn TargetEngine>),
        clock: &SimClock::default(),
        events: &NoEvents,
    })
}

fn texts(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|it| format!("[{}] {}", it.error.code.id, it.error)).collect()
}

#[test]
fn what_was_promoted_is_still_there() {
    let case = promoted();
    let report = verified(&case).expect("there is a run");
    assert_eq!(texts(&report.findings), Vec::<String>::new());
    assert_eq!(report.tables.len(), 3);
    assert!(report.tables.iter().all(|table| table.expected == table.found));
}

#[test]
fn a_changed_row_and_a_lost_row_are_found() {
    let case = promoted();
    case.sim.world().live.get_mut("orders").unwrap()[0][1] = 5;
    case.sim.world().live.get_mut("log").unwrap().pop();
    let report = verified(&case).expect("there is a run");
    assert_eq!(
        texts(&report.findings),
        [
            "[RUN820] table log: 3 rows of `log` were sent and 2 are there",
            "[RUN820] table orders: 3 rows of `orders` arrived, but not with the content that was sent",
        ]
    );
}

#[test]
fn a_damaged_backup_proves_nothing() {
    let case = promoted();
    let folder = case.path(".cutover/backups");
    let backup = crate::case::tree(&folder).into_iter().find(|path| path.is_file()).unwrap();
    std::fs::write(&backup, b"{}").unwrap();
    let report = verified(&case).expect("there is a run");
    assert_eq!(report.tables.len(), 0);
    assert!(texts(&report.findings)[0].starts_with("[SRC112] "), "{:?}", report.findings);
}

#[test]
fn another_target_is_not_verified() {
    let case = promoted();
    case.sim.world().markers.clear();
    assert!(texts(&verified(&case).expect_err("it is another one"))[0].starts_with("[RUN803] "));
    let empty = Case::new();
    assert!(texts(&verified(&empty).expect_err("no run"))[0].starts_with("[JRN905] "));
}
