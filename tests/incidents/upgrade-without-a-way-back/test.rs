//! See README.md.

use std::path::Path;

use testkit::{example, tool};

use crate::cutover;

fn ask(file: &Path, sql: &str) -> String {
    tool("sqlite3", &[&file.to_string_lossy(), sql])
}

/// The quickstart over an older file, which it is to replace.
fn upgrade() -> (tempfile::TempDir, std::path::PathBuf) {
    let (keep, plan) = example("quickstart");
    let file = plan.join("plan.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let from = "  sqlite: out/shop.sqlite";
    assert!(text.contains(from));
    let replace = "  sqlite: { path: out/shop.sqlite, existing: replace }";
    std::fs::write(&file, text.replace(from, replace)).unwrap();
    std::fs::create_dir(plan.join("out")).unwrap();
    ask(
        &plan.join("out/shop.sqlite"),
        "create table customers (old); insert into customers values ('row')",
    );
    (keep, plan)
}

#[test]
fn l6_a_killed_upgrade_says_what_to_type_and_there_is_a_way_back() {
    let (_keep, plan) = upgrade();
    let live = plan.join("out/shop.sqlite");
    let before = std::fs::read(&live).unwrap();
    let staged = || std::fs::read_dir(plan.join("out")).unwrap().count() > 2;
    let killed = cutover().kill_when(&plan, &["run", "plan.yaml", "--yes"], &staged);
    assert!(killed, "the run ended before it was seen building");
    assert_eq!(std::fs::read(&live).unwrap(), before, "the old file is whole");
    let told = cutover().run(&plan, &["status", "plan.yaml"]).expect(5).stdout;
    assert!(told.contains("its process ended in"), "{told}");
    assert!(told.contains("`cutover resume plan.yaml`"), "{told}");
    cutover().run(&plan, &["resume", "plan.yaml"]).expect(0);
    assert_eq!(ask(&live, "select count(*) from orders"), "600\n");
    cutover().run(&plan, &["rollback", "plan.yaml", "--yes"]).expect(0);
    assert_eq!(std::fs::read(&live).unwrap(), before, "the old file, byte for byte");
}
