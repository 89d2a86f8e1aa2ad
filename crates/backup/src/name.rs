//! Names of backups: what it is of, when it was taken to the millisecond, and the first digits of
//! its own SHA-256, so that no two collide and `sha256sum` alone tells a renamed file.

use jiff::Timestamp;

use crate::unfinished;

/// Digits of the digest in a name.
const DIGITS: usize = 12;

/// `shop-20261121T053501.250Z-3f9a0c41b7d2.sqlite`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupName {
    of: String,
    taken_at: Timestamp,
    extension: &'static str,
}

impl BackupName {
    /// `of` is a file's name or a database's; what means something to shells or to file systems
    /// becomes `_`.
    pub fn new(of: &str, taken_at: Timestamp, extension: &'static str) -> Self {
        Self { of: Self::plain(of), taken_at, extension }
    }

    /// How `of` appears in a name.
    pub fn plain(of: &str) -> String {
        let plain = |c: char| if c.is_alphanumeric() || "._-".contains(c) { c } else { '_' };
        let of: String = of.trim_start_matches('.').chars().map(plain).take(80).collect();
        if of.is_empty() { "backup".to_owned() } else { of }
    }

    /// While it is written: no backup yet.
    pub fn partial(&self) -> String {
        format!("{}{}-{}-{}", unfinished::BACKUP, self.of, self.time(), std::process::id())
    }

    /// When all of it is verified and its digest is known.
    pub fn with_digest(&self, sha256: &str) -> String {
        let digits = sha256.get(..DIGITS).unwrap_or(sha256);
        format!("{}-{}-{digits}{}", self.of, self.time(), self.extension)
    }

    fn time(&self) -> String {
        let milliseconds = self.taken_at.subsec_millisecond();
        format!("{}.{milliseconds:03}Z", self.taken_at.strftime("%Y%m%dT%H%M%S"))
    }
}

#[cfg(test)]
mod tests {
    use super::BackupName;

    #[test]
    fn names_sort_by_time_and_are_plain() {
        let at = "2026-11-21T05:35:01.25Z".parse().unwrap();
        let name = BackupName::new("a b/§;$x.db", at, ".sqlite");
        let digest = "3f9a0c41b7d2ffffff";
        assert_eq!(
            name.with_digest(digest),
            "a_b____x.db-20261121T053501.250Z-3f9a0c41b7d2.sqlite"
        );
        assert!(name.partial().starts_with(".partial-a_b____x.db-20261121T053501.250Z-"));
        assert!(BackupName::new("..", at, "").with_digest("").starts_with("backup-"));
    }
}
