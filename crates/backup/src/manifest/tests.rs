use super::*;

pub(crate) fn manifest(file: &str) -> Manifest {
    Manifest {
        format: FORMAT,
        file: file.to_owned(),
        size: 5,
        sha256: hex(&Sha256::digest(b"bytes")),
        taken_at: "2026-11-21T05:35:01.250Z".to_owned(),
        program: "cutover 0.1.0".to_owned(),
        engine: "SQLite 3.54.1".to_owned(),
        origin: "data/shop.db".to_owned(),
        schema_fingerprint: "aa".repeat(32),
        tables: BTreeMap::from([(
            "orders {\"}".to_owned(),
            Content { rows: 3, digest: "3:00ff".to_owned() },
        )]),
        about: About::Sqlite(Sqlite {
            path: "/srv/shop.db".into(),
            files: Vec::new(),
            open_mode: "wal".to_owned(),
            page_size: 4096,
            user_version: 7,
            application_id: 0,
            foreign_key_violations: 0,
            virtual_table_findings: Vec::new(),
        }),
        timings: Timings { taken_ms: 12, drill_ms: 3 },
    }
}

#[test]
fn what_is_written_is_read_and_is_json() {
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("b.sqlite");
    std::fs::write(&backup, "bytes").unwrap();
    let manifest = manifest("b.sqlite");
    manifest.write(&backup).unwrap();
    assert_eq!(Manifest::read(&backup).unwrap(), manifest);
    manifest.check_bytes(&backup).unwrap();
    let json: serde_json::Value = serde_json::from_str(&manifest.to_text()).unwrap();
    assert_eq!(json["about"]["kind"], "sqlite");
    assert_eq!(json["sum"].as_str().unwrap().len(), 64);
    assert!(manifest.write(&backup).is_err(), "a manifest is never written over");
}

#[test]
fn a_manifest_keeps_to_its_backup() {
    let folder = tempfile::tempdir().unwrap();
    manifest("a.sqlite").write(&folder.path().join("b.sqlite")).unwrap();
    let error = Manifest::read(&folder.path().join("b.sqlite")).unwrap_err();
    assert_eq!(
        (error.code.id, error.message.as_str()),
        ("BKP101", "the manifest is that of `a.sqlite`")
    );
    let error = Manifest::read(&folder.path().join("c.sqlite")).unwrap_err();
    assert_eq!(error.code.id, "BKP102");
}

/// Every bit of a manifest, and every length of it.
#[test]
fn every_flipped_bit_and_every_cut_is_found() {
    let whole = manifest("b.sqlite").to_text().into_bytes();
    assert!(Manifest::from_bytes(&whole).is_ok());
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            let error = Manifest::from_bytes(&bytes).unwrap_err();
            assert!(["BKP101", "BKP103"].contains(&error.code.id), "{at} {bit}: {error}");
        }
        let error = Manifest::from_bytes(&whole[..at]).unwrap_err();
        assert_eq!(error.code.id, "BKP101", "cut at {at}: {error}");
    }
}

#[test]
fn newer_formats_are_named() {
    let text = manifest("b").to_text().replace("\"format\": 1,", "\"format\": 12,");
    let error = Manifest::from_bytes(text.as_bytes()).unwrap_err();
    assert_eq!(error.code.id, "BKP103");
    assert_eq!(error.message, "the manifest has format 12, this program reads 1");
    // Laid out in another way, with the checksum that belongs to it.
    let text = manifest("b").to_text().replace("\"format\": 1,", "\"format\":12,");
    let (body, _) = text.rsplit_once(SUM).unwrap();
    let text = format!("{body}{SUM}{}{END}", hex(&Sha256::digest(body)));
    assert_eq!(Manifest::from_bytes(text.as_bytes()).unwrap_err().code.id, "BKP103");
}

#[test]
fn changed_backups_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("b.sqlite");
    let message = |bytes: &str| {
        std::fs::write(&backup, bytes).unwrap();
        manifest("b.sqlite").check_bytes(&backup).unwrap_err().message
    };
    assert_eq!(message("byte"), "it has 4 bytes, 5 were written");
    assert!(message("bytez").starts_with("its SHA-256 is not that of the manifest"));
    std::fs::remove_file(&backup).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", &backup).unwrap();
    let error = manifest("b.sqlite").check_bytes(&backup).unwrap_err();
    assert_eq!(error.message, "this is not the file that was written");
}
