//! `cutover check` on many plans: folders, patterns, what a branch touches; all findings in one go.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use testkit::{Finished, tool};

use crate::cutover;

const TABLE: &str = "create table t (id integer not null primary key);\n";

/// Three plans, of which `a` and `b` share a baseline.
fn plans() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, file, baseline) in [("a", "t", "t"), ("b", "t", "t"), ("c", "own", "c")] {
        fs::create_dir_all(folder.path().join("plans").join(name)).unwrap();
        write(folder.path(), &format!("plans/{name}/{file}.sql"), TABLE);
        let plan = format!(
            "cutover: 1\nname: {name}\ntarget: {{ sqlite: out/{name}.db }}\n\
             baseline: ../../{baseline}.sql\ncomponents: {{ include: [{file}.sql] }}\n\
             load: {{ t: none }}\n"
        );
        write(folder.path(), &format!("plans/{name}/plan.yaml"), &plan);
    }
    write(folder.path(), "t.sql", TABLE);
    write(folder.path(), "c.sql", TABLE);
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

fn check(folder: &Path, args: &[&str]) -> Finished {
    cutover().run(folder, &[&["check"], args].concat())
}

/// The plans of the output, in its order.
fn checked(found: &Finished) -> Vec<String> {
    let lines = found.stdout.lines().filter(|line| line.starts_with("plans/"));
    lines.map(|line| line.split('/').nth(1).unwrap().to_owned()).collect()
}

#[test]
fn a_folder_and_a_pattern_stand_for_their_plans() {
    let folder = plans();
    fs::create_dir_all(folder.path().join("plans/.cutover")).unwrap();
    write(folder.path(), "plans/.cutover/plan.yaml", "hidden");
    for word in ["plans", "plans/*/plan.yaml"] {
        let found = check(folder.path(), &[word, "plans/a/plan.yaml"]).expect(0);
        assert_eq!(checked(&found), ["a", "b", "c"]);
        assert!(found.stdout.ends_with("3 plans: 3 ok\n"), "{}", found.stdout);
    }
    let found = check(folder.path(), &["x/*.yaml"]).expect(1);
    assert!(found.stderr.contains("`x/*.yaml` names no plan: no file fits"), "{}", found.stderr);
    let found = check(folder.path(), &["plans/a/"]).expect(0);
    assert_eq!(checked(&found), ["a"]);
    fs::create_dir(folder.path().join("empty")).unwrap();
    let found = check(folder.path(), &["empty"]).expect(1);
    assert!(found.stderr.contains("`empty` names no plan: there is no plan.yaml below it"));
}

#[test]
fn one_bad_plan_hides_no_other() {
    let folder = plans();
    write(folder.path(), "plans/a/plan.yaml", "cutover: 1\nnmae: a\n");
    write(folder.path(), "plans/b/t.sql", "create table t (id integer);\n");
    let found = check(folder.path(), &["plans", "none.yaml"]).expect(1);
    assert_eq!(checked(&found), ["a", "b", "c"]);
    assert!(found.stdout.ends_with("4 plans: 1 ok, 3 not\n"), "{}", found.stdout);
    for words in ["`nmae`", "BAS", "`none.yaml` cannot be read"] {
        assert!(found.stderr.contains(words), "{words}: {}", found.stderr);
    }
    // Only a mismatch: 3.
    check(folder.path(), &["plans/b", "plans/c"]).expect(3);
}

#[test]
fn since_a_revision_only_what_changed_is_checked() {
    let folder = plans();
    let path = folder.path();
    let git = |args: &[&str]| tool("git", &[&["-C", path.to_str().unwrap()], args].concat());
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];
    git(&["init", "--quiet", "--initial-branch", "main"]);
    git(&["add", "--all"]);
    git(&[&who[..], &["commit", "--quiet", "--message", "one"]].concat());
    let since = |words: &[&str]| check(path, &[words, &["--since", "main"]].concat());

    let found = since(&["plans"]).expect(0);
    assert_eq!(found.stdout, "3 plans: 3 unchanged since main\n");
    // A file that is included, one that is the baseline of two, the plan itself, one git has not seen.
    write(path, "plans/c/own.sql", &format!("{TABLE}-- more\n"));
    assert_eq!(checked(&since(&["plans"]).expect(0)), ["c"]);
    write(path, "t.sql", &format!("{TABLE}-- more\n"));
    assert_eq!(checked(&since(&["plans"]).expect(0)), ["a", "b", "c"]);
    git(&["checkout", "--quiet", "."]);
    fs::remove_file(path.join("plans/b/t.sql")).unwrap();
    assert_eq!(checked(&since(&["plans"]).expect(1)), ["b"]);
    git(&["checkout", "--quiet", "."]);
    fs::create_dir(path.join("plans/d")).unwrap();
    fs::copy(path.join("plans/a/plan.yaml"), path.join("plans/d/plan.yaml")).unwrap();
    write(path, "plans/d/t.sql", TABLE);
    let found = since(&["plans", "--format", "json"]).expect(0);
    let json: serde_json::Value = serde_json::from_str(&found.stdout).unwrap();
    assert_eq!(json["since"], serde_json::json!({ "revision": "main", "unchanged": 3 }));
    assert_eq!(json["plans"][0]["plan"], "plans/d/plan.yaml");

    let found = check(path, &["plans", "--since", "none"]).expect(1);
    assert!(found.stderr.contains("this repository has no revision `none`"), "{}", found.stderr);
    let elsewhere = plans();
    let found = check(elsewhere.path(), &["plans", "--since", "main"]).expect(1);
    assert!(found.stderr.contains("is in no git repository"), "{}", found.stderr);
}

/// `pg_dump` without `--schema-only` is easily this large: its rows are passed over. What is larger
/// is refused before it is read.
#[test]
fn a_large_file_is_read_and_a_larger_one_refused() {
    let folder = plans();
    let path = folder.path().join("plans/a");
    let mut dump = "create table t (id bigint primary key, note text);\n".to_owned();
    let plan = "cutover: 1\nname: a\ntarget: { postgres: local }\nbaseline: dump.sql\n\
                components: { include: [t.sql] }\nload: { t: none }\n";
    write(&path, "plan.yaml", plan);
    write(&path, "t.sql", &dump);
    dump.push_str("copy t (id, note) from stdin;\n");
    while dump.len() < 50 << 20 {
        dump.push_str("4711\ta note; with 'quotes' and (parentheses that nobody closes\n");
    }
    dump.push_str("\\.\n");
    write(&path, "dump.sql", &dump);
    check(&path, &["plan.yaml", "--offline"]).expect(0);
    fs::File::options().write(true).open(path.join("dump.sql")).unwrap().set_len(65 << 20).unwrap();
    let found = check(&path, &["plan.yaml", "--offline"]).expect(1);
    assert!(
        found.stderr.contains("`dump.sql` cannot be read: it is larger than"),
        "{}",
        found.stderr
    );
}
