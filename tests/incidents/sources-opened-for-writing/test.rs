//! See README.md.

use testkit::example;

use crate::{cutover, sources};

/// Every call of a whole run, seen by strace.
#[test]
fn l1_no_call_of_a_run_could_write_a_source() {
    let (_keep, plan) = example("quickstart");
    sources::source_is_only_read(&plan, None);
}

/// The plan is wrong in the worst way: what it would write is what it reads, by another name.
#[test]
fn l1_a_source_that_is_the_target_is_refused_and_untouched() {
    let (_keep, plan) = example("quickstart");
    std::fs::create_dir_all(plan.join("out")).unwrap();
    let file = plan.join("plan.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let target = "out/shop.sqlite";
    assert!(text.contains(target));
    let hard = plan.join("out/hard.sqlite");
    std::fs::hard_link(plan.join("data/shop.db"), hard).unwrap();
    std::os::unix::fs::symlink("../data/shop.db", plan.join("out/soft.sqlite")).unwrap();
    let before = testkit::states(&plan.join("data"));
    for other in ["data/shop.db", "out/hard.sqlite", "out/soft.sqlite"] {
        std::fs::write(&file, text.replace(target, other)).unwrap();
        let out = cutover().run(&plan, &["run", "plan.yaml", "--yes"]);
        assert!(out.stderr.contains("SRC107"), "{other}: {}", out.stderr);
        out.expect(1);
        assert_eq!(before, testkit::states(&plan.join("data")), "{other}");
    }
}
