//! Finding the programs of a PostgreSQL installation.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names the folder with `initdb`, `postgres` and `pg_ctl`.
const BINDIR_VARIABLE: &str = "CUTOVER_PG_BINDIR";

const NOT_FOUND: &str = "no PostgreSQL server programs were found; install them \
    (Debian: `apt-get install postgresql`) or name their folder in CUTOVER_PG_BINDIR";

/// A folder that holds `initdb`, `postgres` and `pg_ctl` of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    pub folder: PathBuf,
    /// `15.18`
    pub version: String,
}

impl Binaries {
    /// The folder given, else `CUTOVER_PG_BINDIR`, else `PG_CONFIG` or `pg_config` and `postgres`
    /// on the PATH, else where distributions put them, newest first.
    ///
    /// # Errors
    /// A sentence that says how to get them; also where a folder was named and is none.
    pub fn find(explicit: Option<&Path>) -> Result<Binaries, String> {
        let named = explicit
            .map(Path::to_path_buf)
            .or_else(|| std::env::var_os(BINDIR_VARIABLE).map(PathBuf::from));
        if let Some(folder) = named {
            return Binaries::at(&folder).ok_or_else(|| {
                format!(
                    "`{}` does not hold PostgreSQL's `initdb`, `postgres` and `pg_ctl`",
                    folder.display()
                )
            });
        }
        let mut folders = from_pg_config();
        folders.extend(on_path());
        folders.extend(usual_places());
        folders.iter().find_map(|folder| Binaries::at(folder)).ok_or_else(|| NOT_FOUND.to_owned())
    }

    /// `None` unless all three programs are there and say their version.
    fn at(folder: &Path) -> Option<Binaries> {
        let complete = ["initdb", "postgres", "pg_ctl"].iter().all(|p| folder.join(p).is_file());
        let output =
            complete.then(|| Command::new(folder.join("postgres")).arg("--version").output());
        let text = String::from_utf8(output?.ok()?.stdout).ok()?;
        let version = text.split_whitespace().find(|word| word.starts_with(char::is_numeric))?;
        Some(Binaries { folder: folder.to_path_buf(), version: version.to_owned() })
    }

    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub fn major(&self) -> u32 {
        let digits = self.version.split(|c: char| !c.is_ascii_digit()).next();
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }
}

/// Folders in which client programs may be: the one in CUTOVER_PG_BINDIR alone, else wherever
/// distributions and the PATH have them.
pub(crate) fn program_folders() -> Vec<PathBuf> {
    if let Some(named) = std::env::var_os(BINDIR_VARIABLE) {
        return vec![PathBuf::from(named)];
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = from_pg_config();
    folders.extend(usual_places());
    folders.extend(std::env::split_paths(&path));
    folders
}

fn from_pg_config() -> Vec<PathBuf> {
    let program = std::env::var_os("PG_CONFIG").unwrap_or_else(|| OsString::from("pg_config"));
    let output = Command::new(program).arg("--bindir").output();
    let folder = output.ok().and_then(|output| String::from_utf8(output.stdout).ok());
    folder.map(|text| PathBuf::from(text.trim())).into_iter().collect()
}

fn on_path() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).filter(|folder| folder.join("postgres").is_file()).collect()
}

/// Debian, RPM packages, Homebrew (both prefixes) and Postgres.app.
fn usual_places() -> Vec<PathBuf> {
    let mut found = Vec::new();
    found.extend(numbered("/usr/lib/postgresql", "", "bin"));
    found.extend(numbered("/usr", "pgsql-", "bin"));
    found.extend(numbered("/opt/homebrew/opt", "postgresql@", "bin"));
    found.extend(numbered("/usr/local/opt", "postgresql@", "bin"));
    found.extend(numbered("/Applications/Postgres.app/Contents/Versions", "", "bin"));
    found.push(PathBuf::from("/usr/local/pgsql/bin"));
    found
}

/// `<parent>/<prefix><number>/<below>`, highest number first.
fn numbered(parent: &str, prefix: &str, below: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let number = name.strip_prefix(prefix)?.parse().ok()?;
            Some((number, entry.path().join(below)))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, folder)| folder).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_folder_without_programs_is_an_error_that_names_it() {
        let error = Binaries::find(Some(Path::new("/nowhere"))).unwrap_err();
        assert!(error.contains("`/nowhere`"), "{error}");
    }

    #[test]
    fn the_major_version_is_the_first_number() {
        let of = |version: &str| {
            Binaries { folder: PathBuf::new(), version: version.to_owned() }.major()
        };
        assert_eq!((of("15.18"), of("18beta1"), of("devel")), (15, 18, 0));
    }
}
