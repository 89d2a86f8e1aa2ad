//! What is no file is never replaced by one, and what a link names is never written over: a named pipe,
//! links and a folder where a command would put something.

use std::os::unix::fs::{FileTypeExt as _, symlink};
use std::path::Path;
use std::process::Command;

use testkit::{Finished, example};

use crate::cutover;

/// A pipe, a link to a file, a link to nothing, a folder.
const PLACES: [&str; 4] = ["pipe", "link", "dangling", "folder"];

fn make_places(folder: &Path) {
    let made = Command::new("mkfifo").arg(folder.join("pipe")).status().unwrap();
    assert!(made.success());
    std::fs::write(folder.join("real"), "somebody's").unwrap();
    symlink("real", folder.join("link")).unwrap();
    symlink("nowhere", folder.join("dangling")).unwrap();
    std::fs::create_dir(folder.join("folder")).unwrap();
}

fn assert_untouched(folder: &Path, done: &Finished, what: &str) {
    let kind = |name: &str| folder.join(name).symlink_metadata().unwrap().file_type();
    assert!(kind("pipe").is_fifo(), "{what}: {}", done.stderr);
    assert!(kind("link").is_symlink() && kind("dangling").is_symlink(), "{what}");
    assert!(!folder.join("nowhere").exists(), "{what}: a link was followed");
    assert_eq!(std::fs::read_to_string(folder.join("real")).unwrap(), "somebody's", "{what}");
    assert_eq!(std::fs::read_dir(folder.join("folder")).unwrap().count(), 0, "{what}");
}

#[test]
fn a_bundle_takes_the_place_of_nothing() {
    let (_keep, plan) = example("quickstart");
    cutover().run(&plan, &["run", "plan.yaml", "--yes"]).expect(0);
    make_places(&plan);
    for place in PLACES {
        let done = cutover().run(&plan, &["bundle", "plan.yaml", "-o", place]).expect(1);
        assert!(done.stderr.contains("CLI002"), "{place}: {}", done.stderr);
        assert_untouched(&plan, &done, place);
    }
}

/// A link stands for the file that it names, which is moved aside; the rest is refused.
#[test]
fn a_restore_replaces_files_alone() {
    let (_keep, plan) = example("quickstart");
    cutover().run(&plan, &["backup", "create", "plan.yaml"]).expect(0);
    make_places(&plan);
    let restore = |place: &str, more: &[&str]| {
        let args = [&["backup", "restore", "shop", "--to", place], more].concat();
        cutover().run(&plan, &args)
    };
    for place in PLACES {
        let done = restore(place, &[]);
        assert_ne!(done.code, Some(0), "{place}: {}", done.stdout);
        assert_untouched(&plan, &done, place);
    }
    for place in ["pipe", "dangling", "folder"] {
        let done = restore(place, &["--replace-existing"]).expect(1);
        assert_untouched(&plan, &done, place);
    }
    restore("link", &["--replace-existing"]).expect(0);
    assert!(plan.join("link").is_symlink());
    let aside = std::fs::read_dir(&plan).unwrap().map(|entry| entry.unwrap().path());
    let aside = aside.filter(|path| path.to_string_lossy().contains("real.replaced-"));
    let kept: Vec<_> = aside.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert_eq!(kept, ["somebody's"]);
}

#[test]
fn a_target_that_is_no_file_is_refused() {
    let (_keep, plan) = example("quickstart");
    make_places(&plan);
    let text = std::fs::read_to_string(plan.join("plan.yaml")).unwrap();
    for place in ["pipe", "dangling", "folder"] {
        let target = format!("  sqlite: {{ path: {place}, existing: replace }}\n");
        let changed = text.replace("  sqlite: out/shop.sqlite\n", &target);
        assert_ne!(changed, text);
        std::fs::write(plan.join("plan.yaml"), changed).unwrap();
        let done = cutover().run(&plan, &["run", "plan.yaml", "--yes"]).expect(1);
        assert!(done.stderr.contains("RUN803"), "{place}: {}", done.stderr);
        assert_untouched(&plan, &done, place);
    }
}

/// The catalog and the journal are private files: nobody is led elsewhere, or kept waiting, by what
/// lies in their place.
#[test]
fn private_files_are_no_links_and_no_pipes() {
    let (_keep, plan) = example("quickstart");
    cutover().run(&plan, &["run", "plan.yaml", "--yes"]).expect(0);
    cutover().run(&plan, &["backup", "list"]).expect(0);
    make_places(&plan);
    let catalog = plan.join(".cutover/backups/catalog.sqlite");
    let runs = std::fs::read_dir(plan.join(".cutover/runs")).unwrap();
    let journal = runs.last().unwrap().unwrap().path().join("journal.jsonl");
    for place in ["pipe", "link", "dangling"] {
        for file in [&catalog, &journal] {
            std::fs::rename(file, plan.join("aside")).unwrap();
            if place == "pipe" {
                assert!(Command::new("mkfifo").arg(file).status().unwrap().success());
            } else {
                symlink(plan.join(place), file).unwrap();
            }
            let args = if file == &catalog { ["backup", "list"] } else { ["status", "plan.yaml"] };
            let done = cutover().run(&plan, &args);
            assert_ne!(done.code, Some(0), "{place}: {}", done.stdout);
            let code = if file == &catalog { "BKP104" } else { "JRN901" };
            assert!(format!("{}{}", done.stderr, done.stdout).contains(code), "{place}: {done:?}");
            assert_untouched(&plan, &done, place);
            std::fs::remove_file(file).unwrap();
            std::fs::rename(plan.join("aside"), file).unwrap();
        }
    }
    cutover().run(&plan, &["status", "plan.yaml"]).expect(0);
}
