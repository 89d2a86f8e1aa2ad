use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::manifest::tests::manifest;
use crate::{Keep, Manifest, prune};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn catalog(&self) -> Catalog {
        Catalog::open(&self.0.path().join("backups")).unwrap()
    }

    /// A backup that was taken at `at`, on disk only.
    fn backup(&self, name: &str, at: &str) {
        let path = self.0.path().join("backups").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "bytes").unwrap();
        let manifest = Manifest {
            taken_at: format!("2026-{at}:00.000Z"),
            ..manifest(&path.file_name().unwrap().to_string_lossy())
        };
        manifest.write(&path).unwrap();
    }

    fn names(&self) -> Vec<String> {
        self.catalog().list().unwrap().into_iter().map(|entry| entry.name).collect()
    }

    fn file(&self) -> std::path::PathBuf {
        self.0.path().join("backups/catalog.sqlite")
    }
}

#[test]
fn backups_on_disk_are_taken_up_once_with_their_drill() {
    let folder = Folder::new();
    folder.backup("b.sqlite", "11-20T10:00");
    folder.backup("run-1/shop/00000-a.db", "11-19T10:00");
    std::fs::write(folder.0.path().join("backups/.partial-x"), "half").unwrap();
    let taken = folder.catalog().take_up(Keep::DEFAULT).unwrap();
    assert_eq!(taken.new, ["b.sqlite", "run-1/shop/00000-a.db"]);
    assert!(folder.catalog().take_up(Keep::DEFAULT).unwrap().new.is_empty());
    let entry = folder.catalog().find("00000-a").unwrap();
    assert!(entry.is_verified());
    assert_eq!(
        (entry.recovery_ms(), entry.rows, entry.run.as_deref()),
        (Some(3), 3, Some("run-1"))
    );
    assert_eq!(folder.names(), ["run-1/shop/00000-a.db", "b.sqlite"]);
    let mode = std::fs::metadata(folder.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_failed_test_makes_a_backup_unverified_until_one_passes() {
    let folder = Folder::new();
    folder.backup("b.sqlite", "11-20T10:00");
    let mut catalog = folder.catalog();
    catalog.take_up(Keep::DEFAULT).unwrap();
    let test = |kind, passed| Test {
        kind,
        at: "2026-11-21T00:00:00Z".to_owned(),
        elapsed_ms: 9,
        passed,
        detail: String::new(),
        rows: 3,
    };
    let verified = |catalog: &Catalog| catalog.find("b.sqlite").unwrap().is_verified();
    catalog.record("b.sqlite", &test(TestKind::Checksum, false)).unwrap();
    assert!(!verified(&catalog));
    catalog.record("b.sqlite", &test(TestKind::RestoreDrill, true)).unwrap();
    assert!(verified(&catalog));
    assert_eq!(catalog.find("b.sqlite").unwrap().recovery_ms(), Some(9));
    assert!(catalog.record("none", &test(TestKind::Restore, true)).is_err());
}

#[test]
fn names_are_found_by_a_part_that_is_theirs_alone() {
    let folder = Folder::new();
    folder.backup("shop-1-aaaa.sqlite", "11-20T10:00");
    folder.backup("shop-2-bbbb.sqlite", "11-20T11:00");
    let mut catalog = folder.catalog();
    catalog.take_up(Keep::DEFAULT).unwrap();
    assert_eq!(catalog.find("bbbb").unwrap().name, "shop-2-bbbb.sqlite");
    let message = |wanted| catalog.find(wanted).unwrap_err().message;
    assert_eq!(message("shop"), "`shop` fits 2 backups");
    assert_eq!(message("cccc"), "there is no backup `cccc`");
}

#[test]
fn damage_is_named_and_stops_nothing_else() {
    let folder = Folder::new();
    folder.backup("a.sqlite", "11-20T10:00");
    folder.backup("b.sqlite", "11-20T11:00");
    folder.catalog().take_up(Keep::DEFAULT).unwrap();
    std::fs::remove_file(folder.0.path().join("backups/a.sqlite")).unwrap();
    folder.backup("c.sqlite", "11-20T12:00");
    let path = folder.0.path().join("backups/c.sqlite.manifest.json");
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "{}").unwrap();
    let taken = folder.catalog().take_up(Keep::DEFAULT).unwrap();
    let found: Vec<_> = taken.damaged.iter().map(|error| error.message.as_str()).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("no checksum") && found[1] == "the backup is gone", "{found:?}");
}

#[test]
fn a_newer_and_a_broken_catalog_are_refused_with_the_way_out() {
    let folder = Folder::new();
    drop(folder.catalog());
    let conn = Connection::open(folder.file()).unwrap();
    conn.pragma_update(None, "user_version", 9).unwrap();
    drop(conn);
    let open = || Catalog::open(&folder.0.path().join("backups")).err().unwrap();
    assert_eq!(open().code.id, "SRC113");
    assert_eq!(open().message, "the catalog of backups has version 9, this program supports 1");
    assert!(open().help.unwrap().contains("use the version of cutover that wrote it"));
    std::fs::write(folder.file(), vec![7; 5000]).unwrap();
    assert_eq!(open().code.id, "BKP104");
    assert!(open().help.unwrap().contains("move the file away"));
}

#[test]
fn l2_prune_removes_what_may_go_and_nothing_else() {
    let folder = Folder::new();
    for (name, at) in [("a.sqlite", "01-01T10:00"), ("b.sqlite", "01-02T10:00")] {
        folder.backup(name, at);
    }
    folder.backup("r1/s/c.db", "01-01T09:00");
    folder.backup("r2/s/d.db", "01-01T08:00");
    let mut catalog = folder.catalog();
    catalog.take_up(Keep::DEFAULT).unwrap();
    let needed = BTreeMap::from([("r1".to_owned(), "run r1 is not accepted".to_owned())]);
    let now = "2026-11-21T12:00:00Z".parse().unwrap();
    let judged = prune::judge(&catalog, None, &needed, now).unwrap();
    assert_eq!(folder.names().len(), 4, "judging removes nothing");
    assert_eq!(prune::carry_out(&catalog, &judged, now).unwrap(), 10);
    assert_eq!(folder.names(), ["r1/s/c.db", "b.sqlite"]);
    let there = |name: &str| folder.0.path().join("backups").join(name).exists();
    assert!(!there("a.sqlite") && !there("a.sqlite.manifest.json") && !there("r2"));
    assert!(there("b.sqlite") && there("r1/s/c.db"));
    assert!(catalog.take_up(Keep::DEFAULT).unwrap().new.is_empty());
}

/// The newest one is damaged: the one before it is the last that can be trusted.
#[test]
fn l2_a_damaged_backup_does_not_count_as_the_last_verified_one() {
    let folder = Folder::new();
    folder.backup("good.sqlite", "01-01T10:00");
    folder.backup("cut.sqlite", "01-02T10:00");
    let mut catalog = folder.catalog();
    catalog.take_up(Keep::DEFAULT).unwrap();
    std::fs::write(folder.0.path().join("backups/cut.sqlite"), "byt").unwrap();
    let now = "2026-11-21T12:00:00Z".parse().unwrap();
    let judged = prune::judge(&catalog, None, &BTreeMap::new(), now).unwrap();
    let kept: Vec<_> =
        judged.iter().filter(|it| !it.verdict.remove).map(|it| it.entry.name.as_str()).collect();
    assert_eq!(kept, ["good.sqlite"]);
}
