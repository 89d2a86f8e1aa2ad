//! What must not leave this machine: passwords that are known here, and whatever looks like one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Secrets shorter than this would mask half of every text; a password of three letters is found by
/// its place in a URL alone.
const SHORTEST: usize = 4;

/// Words in the names of variables that hold secrets.
const SECRET_NAMES: [&str; 5] = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "CREDENTIAL"];

#[derive(Default)]
pub(super) struct Secrets(BTreeSet<String>);

impl Secrets {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The environment's, and those of the password file that libpq would read.
    pub(super) fn of_surroundings() -> Self {
        let mut secrets = Self::default();
        for (name, value) in std::env::vars_os() {
            let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
            let upper = name.to_ascii_uppercase();
            if SECRET_NAMES.iter().any(|word| upper.contains(word)) {
                secrets.add(&value);
            }
            secrets.of_text(&value);
        }
        let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".pgpass"));
        if let Some(file) = std::env::var_os("PGPASSFILE").map(PathBuf::from).or_else(home) {
            secrets.of_passfile(&file);
        }
        secrets
    }

    /// A file that holds a connection URL.
    pub(super) fn of_file(&mut self, path: &Path) {
        if let Ok(text) = std::fs::read_to_string(path) {
            self.of_text(&text);
        }
    }

    /// `host:port:database:user:password`, with `\:` and `\\` in a field.
    fn of_passfile(&mut self, path: &Path) {
        let Ok(text) = std::fs::read_to_string(path) else { return };
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (mut colons, mut password) = (0, String::new());
            let mut chars = line.chars();
            while let Some(c) = chars.next() {
                match c {
                    ':' if colons < 4 => colons += 1,
                    '\\' => password.extend(chars.next().filter(|_| colons == 4)),
                    c if colons == 4 => password.push(c),
                    _ => {}
                }
            }
            self.add(&password);
        }
    }

    /// Passwords of the URLs and connection texts in it: as they stand there, and decoded.
    fn of_text(&mut self, text: &str) {
        for password in passwords(text) {
            self.add(&password);
            self.add(&decoded(&password));
        }
    }

    fn add(&mut self, secret: &str) {
        if secret.trim().len() >= SHORTEST {
            self.0.insert(secret.to_owned());
        }
    }

    /// The text with every known secret masked, then every password by its place.
    pub(super) fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        // The longest first: one may be a part of another.
        let mut known: Vec<&String> = self.0.iter().collect();
        known.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        for secret in known {
            for form in [secret.clone(), escaped(secret)] {
                text = text.replace(&form, "****");
            }
        }
        for password in passwords(&text) {
            if !password.chars().all(|c| c == '*') {
                text = text.replace(&password, "****");
            }
        }
        text
    }
}

/// As it stands in JSON.
fn escaped(secret: &str) -> String {
    serde_json::Value::from(secret).to_string().trim_matches('"').to_owned()
}

/// What stands at the place of a password: `postgres://user:HERE@host`, `password=HERE`.
fn passwords(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("://") {
        let rest = &text[at + 3..];
        let end = rest.find(['\n', '"', '\'', ' ', '`', '\\']).unwrap_or(rest.len());
        if let Some((_, password)) =
            rest[..end].rsplit_once('@').and_then(|(login, _)| login.split_once(':'))
        {
            found.push(password.to_owned());
        }
    }
    let lower = text.to_ascii_lowercase();
    for key in ["password", "passwd"] {
        for (at, _) in lower.match_indices(key) {
            let rest = text[at + key.len()..].trim_start();
            let Some(value) = rest.strip_prefix('=') else { continue };
            let value = value.trim_start();
            found.push(match value.strip_prefix('\'') {
                Some(quoted) => quoted.split('\'').next().unwrap_or_default().to_owned(),
                None => {
                    let end = [' ', '&', '\'', '"', '\n', ',', '}', '`', '\\'];
                    value.split(end).next().unwrap_or_default().to_owned()
                }
            });
        }
    }
    found.retain(|password| !password.is_empty());
    found
}

/// Percent-encoding undone.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = (*first == b'%').then(|| tail.get(..2)).flatten();
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_secrets_and_passwords_by_their_place_are_masked() {
        let mut secrets = Secrets::default();
        secrets.add("s3cr\"et");
        secrets.of_text("postgres://me:p%40ss%3aword@db/shop");
        for (text, expected) in [
            ("a s3cr\"et b", "a **** b"),
            (r#"{"a":"s3cr\"et"}"#, r#"{"a":"****"}"#),
            ("p@ss:word and p%40ss%3aword", "**** and ****"),
            ("url: postgres://x:other@h/d", "url: postgres://x:****@h/d"),
            ("host=h password=other user=u", "host=h password=**** user=u"),
            ("host=h Password = 'o t' x", "host=h Password = '****' x"),
            ("nothing to hide: 12:30@noon", "nothing to hide: 12:30@noon"),
        ] {
            assert_eq!(secrets.redact(text), expected);
        }
    }

    #[test]
    fn a_password_file_is_read_as_libpq_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pgpass");
        std::fs::write(&file, "# x\nh:5432:d:u:pa\\:ss\\\\1\n*:*:*:*:open sesame\n").unwrap();
        let mut secrets = Secrets::default();
        secrets.of_passfile(&file);
        assert_eq!(secrets.0, BTreeSet::from(["pa:ss\\1".to_owned(), "open sesame".to_owned()]));
    }
}
