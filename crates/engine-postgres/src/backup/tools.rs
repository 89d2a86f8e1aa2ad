//! `pg_dump` and `pg_restore`: found, of a version that fits the server, run without a secret in
//! their arguments.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use diagnostics::Code;
use diagnostics::code::{BACKUP_TOOL, DISK_FULL};
use runtime::EngineError;

use crate::connect::Connector;
use crate::server::program_folders;

/// Both programs of one installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tools {
    folder: PathBuf,
    /// `pg_dump (PostgreSQL) 15.18`
    pub(super) pg_dump: String,
    pub(super) pg_restore: String,
    major: u32,
}

impl Tools {
    /// For a server of this major version: the oldest programs that are not older. What a newer
    /// `pg_dump` writes may set what an older server does not know.
    ///
    /// # Errors
    /// `BKP107`.
    pub(super) fn for_server(major: u32) -> Result<Self, EngineError> {
        let mut all: Vec<Tools> = program_folders().iter().filter_map(|it| Tools::at(it)).collect();
        all.sort_by_key(|tools| tools.major);
        let newest = all.last().map(|tools| tools.pg_dump.clone());
        all.into_iter().find(|tools| tools.major >= major).ok_or_else(|| none(newest, major))
    }

    fn at(folder: &Path) -> Option<Tools> {
        let (pg_dump, pg_restore) = (version(folder, "pg_dump")?, version(folder, "pg_restore")?);
        let major = major_of(&pg_dump)?;
        // A dump that its own installation cannot read back is worth nothing.
        (major_of(&pg_restore)? >= major).then(|| Tools {
            folder: folder.to_owned(),
            pg_dump,
            pg_restore,
            major,
        })
    }

    /// `pg_dump` of the connector's database; `arguments` hold no secret.
    pub(super) fn dump(
        &self,
        connector: &Connector,
        arguments: &[String],
        code: &'static Code,
    ) -> Result<(), EngineError> {
        let mut command = connector.libpq_command(&self.folder.join("pg_dump"));
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let ran = command.spawn().and_then(|child| connector.interrupt().output(child));
        ended("pg_dump", ran, code).map(drop)
    }

    /// `pg_restore` into the connector's database, of the entries in `list`.
    pub(super) fn restore(
        &self,
        connector: &Connector,
        arguments: &[String],
        list: &str,
        code: &'static Code,
    ) -> Result<(), EngineError> {
        let mut command = connector.libpq_command(&self.folder.join("pg_restore"));
        command.args(arguments).args(["--use-list", "/dev/stdin"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let ran = command.spawn().and_then(|mut child| {
            if let Some(mut input) = child.stdin.take() {
                input.write_all(list.as_bytes())?;
            }
            connector.interrupt().output(child)
        });
        ended("pg_restore", ran, code).map(drop)
    }

    /// The table of contents of a dump.
    pub(super) fn list(&self, dump: &Path, code: &'static Code) -> Result<String, EngineError> {
        let mut command = Command::new(self.folder.join("pg_restore"));
        command.arg("--list").arg(dump).env("LC_ALL", "C").stdin(Stdio::null());
        finished("pg_restore", command.output(), code)
    }
}

fn none(newest: Option<String>, major: u32) -> EngineError {
    let message = match newest {
        Some(found) => format!("{found} is older than the server, PostgreSQL {major}"),
        None => "`pg_dump` and `pg_restore` were not found".to_owned(),
    };
    EngineError::new(&BACKUP_TOOL, message).help(format!(
        "install the client programs of PostgreSQL {major} or newer (Debian: \
         `apt-get install postgresql-client-{major}`), or name their folder in CUTOVER_PG_BINDIR"
    ))
}

fn version(folder: &Path, program: &str) -> Option<String> {
    let output = Command::new(folder.join(program)).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    // Distributions add their own in brackets behind it.
    Some(text.trim().split(" (Debian").next().unwrap_or_default().to_owned())
}

/// `pg_dump (PostgreSQL) 15.18` to 15.
fn major_of(version: &str) -> Option<u32> {
    let number = version.split_whitespace().find(|word| word.starts_with(char::is_numeric))?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The same for a program that a person may have stopped.
fn ended(
    program: &str,
    ran: std::io::Result<Result<Output, EngineError>>,
    code: &'static Code,
) -> Result<String, EngineError> {
    match ran {
        Ok(Err(stopped)) => Err(stopped.object(program)),
        Ok(Ok(output)) => finished(program, Ok(output), code),
        Err(error) => finished(program, Err(error), code),
    }
}

/// What it printed, or its own main message: DETAIL, CONTEXT and the failed command may hold rows.
fn finished(
    program: &str,
    output: std::io::Result<Output>,
    code: &'static Code,
) -> Result<String, EngineError> {
    let output = output.map_err(|error| {
        EngineError::new(&BACKUP_TOOL, format!("`{program}` cannot be run: {error}"))
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find(|line| line.contains("error: "));
    let said = line.and_then(|line| line.split_once("error: ")).map_or_else(
        || format!("it ended with {}", output.status),
        |(_, said)| said.trim().to_owned(),
    );
    let code = if said.contains("No space left") { &DISK_FULL } else { code };
    Err(EngineError::new(code, format!("`{program}` failed: {said}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(major_of("pg_dump (PostgreSQL) 15.18"), Some(15));
        assert_eq!(major_of("pg_dump (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major_of("pg_dump"), None);
    }

    #[test]
    fn programs_that_are_too_old_are_named_with_the_way_out() {
        let error = none(Some("pg_dump (PostgreSQL) 15.18".to_owned()), 17);
        assert_eq!(error.code.id, "BKP107");
        assert_eq!(
            error.message,
            "pg_dump (PostgreSQL) 15.18 is older than the server, PostgreSQL 17"
        );
        assert!(error.help.unwrap().contains("postgresql-client-17"));
        assert!(Tools::for_server(9_000).is_err());
    }
}
