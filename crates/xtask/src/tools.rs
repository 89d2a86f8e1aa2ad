//! What the tests need besides Rust, and how to get it.

use std::path::Path;
use std::process::Command;

/// (what is looked for, Debian's package)
const TOOLS: [(&str, &str); 8] = [
    ("postgres", "postgresql"),
    ("psql", "postgresql-client"),
    ("python3", "python3"),
    ("sqlite3", "sqlite3"),
    ("strace", "strace"),
    ("nvim", "neovim"),
    ("git", "git"),
    ("pre-commit", "pre-commit"),
];

/// Installs what is missing where that can be done unattended (Debian, as root).
///
/// # Errors
/// A sentence with the command to type.
pub(crate) fn ensure() -> Result<(), String> {
    let missing: Vec<&str> =
        TOOLS.iter().filter(|(tool, _)| !present(tool)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let command = format!("apt-get install --yes --no-install-recommends {}", missing.join(" "));
    if !on_path("apt-get") || !is_root() {
        return Err(format!("the tests need {}; as root: {command}", missing.join(", ")));
    }
    println!("$ {command}");
    shell("apt-get update")?;
    shell(&command)
}

fn present(tool: &str) -> bool {
    on_path(tool)
        || (tool == "postgres" && postgres_folders().any(|bin| bin.join("postgres").is_file()))
}

/// Debian keeps the server's binaries off the PATH.
fn postgres_folders() -> impl Iterator<Item = std::path::PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions.map(|entry| entry.path().join("bin"))
}

fn on_path(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .any(|folder: std::path::PathBuf| Path::new(&folder).join(tool).is_file())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout.trim_ascii() == b"0")
}

fn shell(command: &str) -> Result<(), String> {
    let status =
        Command::new("sh").args(["-c", command]).env("DEBIAN_FRONTEND", "noninteractive").status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{command}` ended with {status}")),
        Err(error) => Err(format!("`{command}`: {error}")),
    }
}
