//! Real schemas, and one with every kind of object.

use std::path::{Path, PathBuf};
use std::process::Command;

use engine_postgres::server::Cluster;

pub(crate) const EVERY_KIND: &str = include_str!("../every_kind.sql");

pub(crate) fn psql(cluster: &Cluster, url: &str, sql: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("schema.sql");
    std::fs::write(&file, sql).unwrap();
    let mut command = Command::new(cluster.binaries().program("psql"));
    command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-f"]).arg(&file);
    let output = command.env("PGOPTIONS", "-c client_min_messages=error").output().unwrap();
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Roles that one of the schemas names and does not make.
pub(crate) fn create_roles(cluster: &Cluster) {
    let mut admin = crate::common::session(&cluster.url("postgres"));
    for role in ["graphile_starter", "graphile_starter_visitor", "graphile_starter_authenticator"] {
        admin.run(&format!("create role {role}")).unwrap();
    }
}

/// `CUTOVER_SHARED`, or `../shared` beside the repository.
pub(crate) fn shared() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("CUTOVER_SHARED").map_or(beside, PathBuf::from).join("data");
    if !folder.is_dir() {
        eprintln!("SKIPPED: no shared data at {}", folder.display());
        return None;
    }
    Some(folder)
}

/// Every schema without its rows; names are the last two parts of the path.
pub(crate) fn real_schemas(data: &Path) -> Vec<(String, String)> {
    let (mut files, mut folders) = (Vec::new(), vec![data.join("postgres"), data.join("dual")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".sql")
                && !name.contains("data")
                && !name.contains("reference")
            {
                files.push(path);
            }
        }
    }
    files.sort();
    let named = files.iter().map(|file| {
        let parts: Vec<_> = file.iter().map(|part| part.to_string_lossy()).collect();
        let name = parts[parts.len() - 2..].join("_");
        let text = std::fs::read_to_string(file).unwrap();
        // One of them makes its own database and goes there.
        let own = text.split_once("\n\\c ").and_then(|(_, rest)| rest.split_once('\n'));
        (name.replace('.', "_"), own.map_or(text.clone(), |(_, rest)| rest.to_owned()))
    });
    named.collect()
}
