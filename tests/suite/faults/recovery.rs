//! The commands that end a run are themselves failed and killed, and repeated.

use super::bench::Goal;
use super::places::{OnPostgres, OnSqlite, RUN};
use crate::cutover;

const RESUME: &[&str] = &["resume", "plan.yaml"];
const ABORT: &[&str] = &["abort", "plan.yaml"];
const ROLLBACK: &[&str] = &["rollback", "plan.yaml", "--yes"];
const ACCEPT: &[&str] = &["accept", "plan.yaml", "--yes", "--remove-kept"];

fn promoted_on_sqlite(place: &OnSqlite) {
    place.reset();
    cutover().run(&place.plan, RUN).expect(0);
}

fn promoted_on_postgres(place: &OnPostgres) {
    place.reset();
    place.program().run(&place.plan, RUN).expect(0);
}

#[test]
fn a_resume_in_sqlite() {
    let place = OnSqlite::quickstart();
    place.go("resume, SQLite", Goal::Promoted, &place.killed_run(), RESUME);
}

#[test]
fn an_abort_in_sqlite() {
    let place = OnSqlite::quickstart();
    place.go("abort, SQLite", Goal::Removed, &place.killed_run(), ABORT);
}

#[test]
fn a_rollback_in_sqlite() {
    let place = OnSqlite::quickstart();
    place.go("rollback, SQLite", Goal::Restored, &|| promoted_on_sqlite(&place), ROLLBACK);
}

#[test]
fn an_acceptance_in_sqlite() {
    let place = OnSqlite::quickstart();
    place.go("accept, SQLite", Goal::Accepted, &|| promoted_on_sqlite(&place), ACCEPT);
}

#[test]
fn a_resume_in_postgres() {
    let Some(place) = OnPostgres::shop() else { return };
    place.go("resume, PostgreSQL", Goal::Promoted, &place.killed_run(), RESUME);
}

#[test]
fn an_abort_in_postgres() {
    let Some(place) = OnPostgres::shop() else { return };
    place.go("abort, PostgreSQL", Goal::Removed, &place.killed_run(), ABORT);
}

#[test]
fn a_rollback_in_postgres() {
    let Some(place) = OnPostgres::shop() else { return };
    place.go("rollback, PostgreSQL", Goal::Restored, &|| promoted_on_postgres(&place), ROLLBACK);
}

#[test]
fn an_acceptance_in_postgres() {
    let Some(place) = OnPostgres::shop() else { return };
    place.go("accept, PostgreSQL", Goal::Accepted, &|| promoted_on_postgres(&place), ACCEPT);
}
