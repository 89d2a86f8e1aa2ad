//! Full disks and folders that cannot be written, under the target, the journal and the backups: named,
//! taken back, and the run goes through when there is room again (L1, L3, L6).

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::{example, tool};

use crate::cutover;

/// A small file system of its own, until it is dropped.
struct Mounted(PathBuf);

impl Mounted {
    /// `None`, told loudly, where the tests may not mount: they are no root, or in a container.
    fn on(folder: &Path, kilobytes: u32) -> Option<Mounted> {
        std::fs::create_dir_all(folder).unwrap();
        let size = format!("size={kilobytes}k,mode=0700");
        let done =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder).output();
        match done {
            Ok(done) if done.status.success() => Some(Mounted(folder.to_owned())),
            _ => {
                println!("SKIPPED a test of full disks: it may not mount a tmpfs");
                None
            }
        }
    }

    fn again(&self, options: &str) {
        tool("mount", &["-o", &format!("remount,{options}"), &self.0.to_string_lossy()]);
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(&self.0).status());
    }
}

/// Takes all the room that is left, and gives it back.
fn fill(folder: &Path) -> PathBuf {
    let path = folder.join("filler");
    let mut file = std::fs::File::create(&path).unwrap();
    let block = [0_u8; 4096];
    while std::io::Write::write_all(&mut file, &block).is_ok() {}
    path
}

const RUN: &[&str] = &["run", "plan.yaml", "--yes"];

fn ends_well(plan: &Path) {
    for command in ["abort", "run"] {
        let args: &[&str] = if command == "run" { RUN } else { &["abort", "plan.yaml"] };
        let done = cutover().run(plan, args);
        assert!(command == "abort" || done.code == Some(0), "{}", done.stderr);
    }
    let orders = ["out/shop.sqlite", "select count(*) from orders"];
    let target = plan.join(orders[0]).to_string_lossy().into_owned();
    assert_eq!(tool("sqlite3", &[&target, orders[1]]), "600\n");
}

fn says_full(text: &str) {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let named = ["RUN818", "no space", "No space", "is full", "free space"];
    assert!(named.iter().any(|part| words.contains(part)), "{text}");
    assert!(!text.contains("panicked"), "{text}");
}

/// Where there is too little room from the beginning, nothing is begun.
#[test]
fn too_little_room_is_told_before_anything_is_built() {
    for (part, kilobytes) in [("out", 40), (".cutover", 40)] {
        let (_keep, plan) = example("quickstart");
        let sources = testkit::states(&plan.join("data"));
        let Some(mounted) = Mounted::on(&plan.join(part), kilobytes) else { return };
        let found = cutover().run(&plan, RUN);
        assert!(
            matches!(found.code, Some(1 | 4 | 5)),
            "{part}: {:?}\n{}",
            found.code,
            found.stderr
        );
        says_full(&found.stderr);
        assert!(!plan.join("out/shop.sqlite").exists(), "{part}");
        assert_eq!(sources, testkit::states(&plan.join("data")));
        mounted.again("size=20m");
        ends_well(&plan);
    }
}

/// Whether a file whose name begins so lies in the folder or below it.
fn is_there(folder: &Path, name: &str) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| {
        entry.file_name().to_string_lossy().starts_with(name)
            || entry.file_type().is_ok_and(|kind| kind.is_dir()) && is_there(&entry.path(), name)
    })
}

/// The room goes while the run builds; a run may be over before that is seen.
fn runs_full(part: &str, seen: &str) {
    assert!((0..20).any(|_| ran_full(part, seen)), "the moment never came");
}

/// `false`: the run was over too soon.
fn ran_full(part: &str, seen: &str) -> bool {
    let (_keep, plan) = example("quickstart");
    let sources = testkit::states(&plan.join("data"));
    let Some(mounted) = Mounted::on(&plan.join(part), 20_000) else { return true };
    let (filled, done) = (Cell::new(None), Cell::new(false));
    let hook = || {
        if !done.get() && is_there(&mounted.0, seen) {
            done.set(true);
            filled.set(Some(fill(&mounted.0)));
        }
        false
    };
    cutover().kill_when(&plan, RUN, &hook);
    let Some(filler) = filled.take() else { return false };
    let target = plan.join("out/shop.sqlite");
    let promoted = target.exists();
    assert_eq!(sources, testkit::states(&plan.join("data")));
    std::fs::remove_file(filler).unwrap();
    let status = cutover().run(&plan, &["status", "plan.yaml"]);
    assert!(!status.stderr.contains("panicked"), "{}", status.stderr);
    if promoted {
        // The room went too late to matter: what stands there is whole.
        let check = "pragma integrity_check; select count(*) from orders";
        assert_eq!(tool("sqlite3", &[&target.to_string_lossy(), check]), "ok\n600\n");
    } else {
        ends_well(&plan);
    }
    true
}

#[test]
fn a_disk_that_fills_under_the_target() {
    runs_full("out", ".shop.sqlite.cutover-");
}

#[test]
fn a_disk_that_fills_under_the_journal() {
    runs_full(".cutover/runs", "journal.jsonl");
}

#[test]
fn a_disk_that_fills_under_the_backups() {
    runs_full(".cutover/backups", "00000-shop.db");
}

/// Root writes where permissions forbid it, but not on what is mounted to be read.
#[test]
fn folders_that_cannot_be_written_are_named() {
    for part in ["out", ".cutover"] {
        let (_keep, plan) = example("quickstart");
        let Some(mounted) = Mounted::on(&plan.join(part), 20_000) else { return };
        mounted.again("ro");
        let found = cutover().run(&plan, RUN).expect(1);
        let words = found.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.to_lowercase().contains("read-only"), "{part}: {}", found.stderr);
        assert!(words.contains("help:"), "{part}: a way out\n{}", found.stderr);
        mounted.again("rw");
        cutover().run(&plan, RUN).expect(0);
    }
}
