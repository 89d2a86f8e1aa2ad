//! What goes into a bundle.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ir::{CompiledPlan, Server, Target};
use runtime::recovery::kept_plan;
use runtime::status::RunStatus;
use serde_json::json;

use super::secrets::Secrets;
use crate::targets;

/// Of a server's log, the end.
const LOG_BYTES: usize = 1 << 20;

pub(super) struct Contents {
    /// Of the run.
    pub(super) folder: PathBuf,
    pub(super) state_dir: PathBuf,
    pub(super) base: PathBuf,
    pub(super) plan: PathBuf,
    pub(super) run: RunStatus,
    pub(super) with_databases: bool,
}

/// By their names in the archive.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) texts: BTreeMap<String, String>,
    pub(super) databases: BTreeMap<String, PathBuf>,
    /// What could not be had, and why.
    pub(super) missing: Vec<String>,
}

impl Gathered {
    /// Texts that are not UTF-8 are shown as well as they can be.
    fn text(&mut self, name: &str, path: &Path) {
        match std::fs::read(path) {
            Ok(bytes) => {
                self.texts.insert(name.to_owned(), String::from_utf8_lossy(&bytes).into_owned());
            }
            Err(error) => self.missing.push(format!("{name}: {error}")),
        }
    }
}

impl Contents {
    pub(super) fn file_name(&self) -> PathBuf {
        PathBuf::from(format!("cutover-bundle-{}.tar", self.run.run_id))
    }

    /// Everything that is known to be secret here: the environment, password files, the plan's own.
    pub(super) fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::of_surroundings();
        if let Some(plan) = self.compiled()
            && let Target::Postgres(target) = &plan.target
            && let Server::File(file) = &target.server
        {
            secrets.of_file(&self.base.join(file));
        }
        secrets
    }

    fn compiled(&self) -> Option<CompiledPlan> {
        kept_plan(&self.folder).ok().map(|kept| kept.plan)
    }

    pub(super) fn gather(&self) -> Gathered {
        let mut found = Gathered::default();
        for name in ["journal.jsonl", "journal.json", "compiled-plan.json"] {
            found.text(name, &self.folder.join(name));
        }
        found.text("plan.yaml", &self.plan);
        found.texts.insert("status.json".to_owned(), pretty(&json!(self.run)));
        found.texts.insert("configuration.json".to_owned(), self.configuration());
        found.texts.insert("README".to_owned(), README.to_owned());
        self.manifests(&mut found);
        self.server_log(&mut found);
        if self.with_databases {
            self.databases(&mut found);
        }
        found
    }

    /// The manifests of the run's backups; the backups themselves are too large and hold every row.
    fn manifests(&self, found: &mut Gathered) {
        let backups = self.state_dir.join("backups").join(&self.run.run_id);
        for path in files_below(&backups) {
            let name = path.strip_prefix(&backups).unwrap_or(&path).display().to_string();
            if name.ends_with(".json") {
                found.text(&format!("backups/{name}"), &path);
            }
        }
    }

    /// Of the private server, whose log is a file here; of another one, by asking it.
    fn server_log(&self, found: &mut Gathered) {
        let Some(plan) = self.compiled() else {
            found.missing.push("the server's log: the compiled plan cannot be read".to_owned());
            return;
        };
        let Target::Postgres(target) = &plan.target else { return };
        let log = match &target.server {
            Server::Local => local_log(&self.state_dir),
            Server::Env(_) | Server::File(_) | Server::Url(_) => {
                targets::server_log(&plan, &self.base, &self.state_dir)
                    .map_err(|error| error.to_string())
            }
        };
        match log {
            Ok(text) => {
                found.texts.insert("server.log".to_owned(), end_of(&text).to_owned());
            }
            Err(why) => found.missing.push(format!("the server's log: {why}")),
        }
    }

    /// What the run built and what it kept, with the files that SQLite keeps beside them.
    fn databases(&self, found: &mut Gathered) {
        let Some(plan) = self.compiled() else { return };
        let Target::Sqlite(target) = &plan.target else {
            found.missing.push("database files: the target is a server".to_owned());
            return;
        };
        let target = self.base.join(&target.path);
        let folder = target.parent().unwrap_or(Path::new("."));
        for path in files_below(folder) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.contains(&self.run.run_id) {
                found.databases.insert(format!("databases/{name}"), path);
            }
        }
    }

    /// Names of variables, never their values.
    fn configuration(&self) -> String {
        let set = |name: &str| name.starts_with("PG") || name.starts_with("CUTOVER");
        let mut names: Vec<String> = std::env::vars_os()
            .map(|(name, _)| name.to_string_lossy().into_owned())
            .filter(|name| set(name))
            .collect();
        names.sort();
        pretty(&json!({
            "program": concat!("cutover ", env!("CARGO_PKG_VERSION")),
            "system": std::env::consts::OS,
            "architecture": std::env::consts::ARCH,
            "target": self.run.target,
            "settings": self.compiled().map(|plan| json!(plan.settings)),
            "state_dir": self.state_dir,
            "plan": self.plan,
            "variables_set": names,
        }))
    }
}

const README: &str = "\
What `cutover bundle` knows of one run. Secrets are masked with asterisks; where one stood in the
journal or the compiled plan, their checksums do not fit the masked bytes any more.
";

fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}

fn local_log(state_dir: &Path) -> Result<String, String> {
    let local = engine_postgres::server::Local::new(state_dir)?;
    let path = local.status().folder.join("server.log");
    let bytes = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn end_of(text: &str) -> &str {
    let mut start = text.len().saturating_sub(LOG_BYTES);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

/// Sorted; what cannot be listed has no files.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(entry.path()),
                Ok(kind) if kind.is_file() => files.push(entry.path()),
                Ok(_) | Err(_) => {}
            }
        }
    }
    files.sort();
    files
}
