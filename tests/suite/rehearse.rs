//! `rehearse`: the whole run on a scratch target, and nothing of it afterwards.

use std::path::Path;

use testkit::{Database, example, tool};

use crate::cutover;

/// Only records stay of a rehearsal.
fn only_records(plan: &Path) {
    let folder = plan.join(".cutover/rehearsal");
    let mut left: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    left.sort();
    assert_eq!(left, [".gitignore", "runs"]);
}

#[test]
fn everything_is_shown_and_nothing_stays() {
    if testkit::cluster().is_none() {
        return;
    }
    let (_keep, plan) = example("shop-postgres");
    let sources = testkit::states(&plan.join("data"));
    let done = cutover().run(&plan, &["rehearse", "plan.yaml"]).expect(0);
    for part in ["shop rehearsed", "verify", "promote", "shop: 1 file", "real run"] {
        assert!(done.stdout.contains(part), "{part}: {}", done.stdout);
    }
    only_records(&plan);
    assert!(!plan.join(".cutover/local").exists(), "the plan's own target is not touched");
    assert_eq!(sources, testkit::states(&plan.join("data")), "L1: the source is untouched");
    let explained = cutover().run(&plan, &["explain", "plan.yaml"]).expect(0);
    assert!(explained.stdout.contains("rehearsal 20"), "{}", explained.stdout);
    let report =
        cutover().run(&plan, &["rehearse", "plan.yaml", "--format", "markdown"]).expect(0).stdout;
    assert!(report.starts_with("## `shop`: rehearsed"), "{report}");
    assert!(report.contains("\n| stage | steps | time |\n"), "{report}");
}

#[test]
fn what_is_kept_can_be_looked_at_and_goes_with_the_next_one() {
    if testkit::cluster().is_none() {
        return;
    }
    let (_keep, plan) = example("shop-postgres");
    let done = cutover().run(&plan, &["rehearse", "plan.yaml", "--keep"]).expect(0);
    let kept = done.stdout.lines().find(|line| line.contains("psql -h ")).expect("the way in");
    let psql = kept[kept.find("psql").unwrap()..].trim();
    let count = tool("sh", &["-c", &format!("{psql} -Atc 'select count(*) from shop.orders'")]);
    assert_eq!(count, "600\n");
    cutover().run(&plan, &["rehearse", "plan.yaml"]).expect(0);
    only_records(&plan);
}

#[test]
fn a_check_that_fails_is_known_before_the_window() {
    if testkit::cluster().is_none() {
        return;
    }
    let (_keep, plan) = example("shop-postgres");
    let file = plan.join("plan.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("count(*) = 600", "count(*) = 601")).unwrap();
    let failed = cutover().run(&plan, &["rehearse", "plan.yaml"]).expect(1);
    assert!(failed.stderr.contains("totals are visible"), "{}", failed.stderr);
    assert!(failed.stdout.contains("rehearsal failed"), "{}", failed.stdout);
    only_records(&plan);
}

#[test]
fn a_server_that_is_lent_is_given_back_as_it_was() {
    let Some(database) = Database::create() else { return };
    let (_keep, plan) = example("shop-postgres");
    let facts = || {
        database.psql("select datname from pg_database where datname like 'cutover%' order by 1")
            + &database.psql("select rolname from pg_roles where rolname like 'rehearsed%'")
    };
    let file = plan.join("plan.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let baseline = plan.join("../../schemas/shop.postgres.sql");
    let known_good = std::fs::read_to_string(&baseline).unwrap();
    std::fs::write(&file, text.replace("shop_app", "rehearsed_app")).unwrap();
    std::fs::write(&baseline, known_good.replace("shop_app", "rehearsed_app")).unwrap();
    let routines = plan.join("routines.sql");
    let functions = std::fs::read_to_string(&routines).unwrap();
    std::fs::write(&routines, functions.replace("shop_app", "rehearsed_app")).unwrap();
    assert_eq!(facts(), "");
    let program = cutover().env("CUTOVER_SCRATCH_URL", &database.url);
    let done = program.run(&plan, &["rehearse", "plan.yaml"]).expect(0);
    assert!(done.stdout.contains("database cutover_scratch_"), "{}", done.stdout);
    assert_eq!(facts(), "", "neither a database nor a role stays");
    assert!(!plan.join(".cutover/rehearsal/local").exists());
}

#[test]
fn a_new_sqlite_file_is_rehearsed_elsewhere() {
    let (_keep, plan) = example("quickstart");
    let done = cutover().run(&plan, &["rehearse", "plan.yaml", "--format", "json"]).expect(0);
    assert!(done.stdout.contains("\"held\":true"), "{}", done.stdout);
    assert!(!plan.join("out").exists(), "the plan's own target is not made");
    only_records(&plan);
}

#[test]
fn a_sample_of_a_fleet_is_said() {
    if testkit::cluster().is_none() {
        return;
    }
    let (_keep, plan) = example("fleet");
    let sample = ["rehearse", "plan.yaml", "--files", "2"];
    let failed = cutover().run(&plan, &sample).expect(1);
    assert!(failed.stdout.contains("cannot hold on a sample"), "{}", failed.stdout);
    let file = plan.join("plan.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("count(distinct repo) = 36", "count(*) > 0")).unwrap();
    let done = cutover().run(&plan, &sample).expect(0);
    assert!(done.stdout.contains("the first 2 of 36 files"), "{}", done.stdout);
    assert!(done.stdout.contains("scaled up from the sample"), "{}", done.stdout);
}

#[test]
fn a_rehearsal_that_was_killed_is_cleared_by_the_next() {
    if testkit::cluster().is_none() {
        return;
    }
    let (_keep, plan) = example("shop-postgres");
    // It has begun for certain once its folder for the server is there.
    let begun = || plan.join(".cutover/rehearsal").is_dir();
    cutover().kill_when(&plan, &["rehearse", "plan.yaml"], &begun);
    cutover().run(&plan, &["rehearse", "plan.yaml"]).expect(0);
    only_records(&plan);
}
