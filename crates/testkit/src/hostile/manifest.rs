//! Manifests of backups: raw bytes, and any text with the checksum that belongs to it.

use backup::Manifest;
use backup::manifest::About;

use super::sum_of;

pub(super) fn judge(bytes: &[u8]) {
    judge_read(bytes);
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let sum = format!(",\n  \"sum\": \"{}\"\n}}\n", sum_of(body));
    judge_read(&[body, sum.as_bytes()].concat());
}

fn judge_read(bytes: &[u8]) {
    match Manifest::from_bytes(bytes) {
        Ok(manifest) => {
            let text = manifest.to_text();
            assert_eq!(Manifest::from_bytes(text.as_bytes()).as_ref(), Ok(&manifest));
            judge_uses(&manifest);
        }
        Err(error) => {
            assert!(["BKP101", "BKP103"].contains(&error.code.id), "{error}");
            assert!(error.help.is_some(), "no way out: {error}");
        }
    }
}

/// What is asked of a manifest before anything of the backup is touched.
fn judge_uses(manifest: &Manifest) {
    manifest.rows();
    if let About::Postgres(about) = &manifest.about {
        about.server_major();
        assert_eq!(Manifest::digest_of_files(&about.files).len(), 64);
    }
    let nowhere = std::path::Path::new("/nonexistent/backup");
    if !matches!(&manifest.about, About::Postgres(about) if about.files.is_empty()) {
        assert!(manifest.check_bytes(nowhere).is_err(), "nothing lies there");
    }
}
