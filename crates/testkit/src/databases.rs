//! One PostgreSQL cluster per test process, one database per test.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use engine_postgres::server::Cluster;

use crate::tool;

/// The cluster of this process. `None`, with a printed line, where no binaries are installed; with
/// `REQUIRE_DATABASES=1` that is a failure.
///
/// # Panics
/// When servers are required and none starts.
pub fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    let cluster = CLUSTER.get_or_init(|| match Cluster::throwaway() {
        Ok(cluster) => Some(cluster),
        Err(why) if std::env::var_os("REQUIRE_DATABASES").is_some() => {
            panic!("no PostgreSQL: {why}")
        }
        Err(why) => {
            println!("SKIPPED the tests on PostgreSQL: {why}");
            None
        }
    });
    cluster.as_ref()
}

/// An empty database that goes with the value.
pub struct Database {
    cluster: &'static Cluster,
    pub name: String,
    pub url: String,
}

impl Database {
    /// # Panics
    /// When the server refuses.
    pub fn create() -> Option<Database> {
        cluster().map(Database::on)
    }

    /// On a server with settings of its own (`name=value`), which ends with the process.
    ///
    /// # Panics
    /// When the server does not start although there is another one.
    pub fn on_own_server(settings: &[&str]) -> Option<Database> {
        let binaries = cluster()?.binaries();
        let own = Cluster::with_settings(binaries, settings).unwrap();
        // The value may go anywhere; a few servers more until the tests end cost nothing.
        Some(Database::on(Box::leak(Box::new(own))))
    }

    fn on(cluster: &'static Cluster) -> Database {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let url = cluster.create_database(&name).unwrap();
        Database { cluster, name, url }
    }

    /// Whether the server answers.
    pub fn answers(&self) -> bool {
        let program = self.cluster.binaries().program("pg_isready");
        let done = std::process::Command::new(program).args(["-q", "-d", &self.url]).status();
        done.is_ok_and(|status| status.success())
    }

    /// Runs SQL with psql, PostgreSQL's own client; returns what it prints, unaligned.
    ///
    /// # Panics
    /// When psql fails.
    pub fn psql(&self, sql: &str) -> String {
        let program = self.cluster.binaries().program("psql");
        let args = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &self.url, "-c", sql];
        tool(&program.to_string_lossy(), &args)
    }

    /// Runs a SQL file with psql.
    ///
    /// # Panics
    /// When psql fails.
    pub fn psql_file(&self, file: &std::path::Path) {
        let program = self.cluster.binaries().program("psql");
        let file = file.to_string_lossy();
        tool(
            &program.to_string_lossy(),
            &["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &self.url, "-f", &file],
        );
    }

    /// `pg_dump` with the given options, without the lines that differ from call to call.
    ///
    /// # Panics
    /// When pg_dump fails.
    pub fn dump(&self, options: &[&str]) -> String {
        let program = self.cluster.binaries().program("pg_dump");
        let args: Vec<&str> = options.iter().copied().chain(["-d", &self.url]).collect();
        let text = tool(&program.to_string_lossy(), &args);
        let kept = text
            .lines()
            .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"));
        kept.flat_map(|line| [line, "\n"]).collect()
    }

    /// Creates roles that do not exist yet.
    pub fn roles(&self, names: &[&str]) {
        for name in names {
            self.psql(&format!(
                "do $$ begin create role {name}; exception when duplicate_object then null; end $$"
            ));
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Err(why) = self.cluster.drop_database(&self.name) {
            println!("database {} stays until the cluster goes: {why}", self.name);
        }
    }
}
