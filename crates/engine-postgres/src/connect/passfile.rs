//! `PGPASSWORD`, `PGPASSFILE` and `~/.pgpass`, in libpq's order.
//!
//! Source: PostgreSQL documentation, "The Password File".

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::secret::Secret;

/// What a line of the file is matched with.
pub(super) struct Login<'a> {
    /// `localhost` for a Unix socket.
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) database: &'a str,
    pub(super) user: &'a str,
}

/// # Errors
/// A sentence, where the file is there and others may read it: libpq passes it over in silence.
pub(super) fn find(login: &Login<'_>) -> Result<Option<Secret>, String> {
    if let Ok(password) = std::env::var("PGPASSWORD") {
        return Ok(Some(Secret::new(password)));
    }
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".pgpass"));
    match std::env::var_os("PGPASSFILE").map(PathBuf::from).or_else(home) {
        Some(file) if file.is_file() => read(&file, login),
        _ => Ok(None),
    }
}

fn read(file: &Path, login: &Login<'_>) -> Result<Option<Secret>, String> {
    let failed = |error| format!("cannot read the password file `{}`: {error}", file.display());
    let mode = fs::metadata(file).map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(format!(
            "others may read the password file `{}`; run `chmod 600` on it",
            file.display()
        ));
    }
    let text = fs::read_to_string(file).map_err(failed)?;
    Ok(text.lines().filter(|line| !line.starts_with('#')).find_map(|line| password(line, login)))
}

fn password(line: &str, login: &Login<'_>) -> Option<Secret> {
    let fields = fields(line);
    let [host, port, database, user, password] = fields.try_into().ok()?;
    let matches = |field: &str, value: &str| field == "*" || field == value;
    let found = matches(&host, login.host)
        && matches(&port, &login.port.to_string())
        && matches(&database, login.database)
        && matches(&user, login.user);
    found.then(|| Secret::new(password))
}

/// `host:port:database:user:password`; a backslash takes the next character as it is.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        let last = fields.len() - 1;
        match c {
            ':' if last < 4 => fields.push(String::new()),
            '\\' => fields[last].extend(chars.next()),
            _ => fields[last].push(c),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGIN: Login<'_> = Login { host: "db", port: 5432, database: "shop", user: "me" };

    #[test]
    fn lines_match_with_wildcards_and_escapes() {
        let of = |line| password(line, &LOGIN).map(|secret| secret.reveal().to_owned());
        assert_eq!(of("db:5432:shop:me:pa:ss"), Some("pa:ss".to_owned()));
        assert_eq!(of("*:*:*:me:a\\:b\\\\"), Some("a:b\\".to_owned()));
        assert_eq!(of("other:*:*:*:x"), None);
        assert_eq!(of("db:5432:shop"), None);
    }
}
