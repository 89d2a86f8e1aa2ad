//! What PostgreSQL's own programs need to reach the server that we reach: through libpq's environment
//! variables, because every user of the machine reads the arguments of a program.

use std::path::{Path, PathBuf};
use std::process::Command;

use ir::TlsMode;
use postgres::config::Host;

use super::Connector;

/// Where distributions keep the certificates that they trust. libpq before 16 knows no `system`.
const TRUSTED: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

impl Connector {
    /// A command that libpq connects where our own sessions do, with nothing of the caller's
    /// settings for it.
    pub(crate) fn libpq_command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        let config = &self.address.config;
        let hosts: Vec<String> = config.get_hosts().iter().map(host).collect();
        let ports: Vec<String> = config.get_ports().iter().map(u16::to_string).collect();
        command
            .env("LC_ALL", "C")
            .env("PGHOST", hosts.join(","))
            .env("PGPORT", ports.join(","))
            .env("PGAPPNAME", format!("{}:backup", self.name))
            .env("PGCLIENTENCODING", "UTF8")
            .env("PGCONNECT_TIMEOUT", "15")
            // A password comes from us or not at all.
            .env("PGPASSFILE", "/dev/null");
        if let Some(user) = config.get_user() {
            command.env("PGUSER", user);
        }
        if let Some(database) = config.get_dbname() {
            command.env("PGDATABASE", database);
        }
        if let Some(password) = config.get_password() {
            command.env("PGPASSWORD", String::from_utf8_lossy(password).as_ref());
        }
        let addresses: Vec<String> =
            config.get_hostaddrs().iter().map(ToString::to_string).collect();
        if !addresses.is_empty() {
            command.env("PGHOSTADDR", addresses.join(","));
        }
        self.trust(&mut command);
        command
    }

    fn trust(&self, command: &mut Command) {
        let mode = match (&self.tls, self.mode) {
            (None, _) | (_, TlsMode::InsecureDisable) => "disable",
            (_, TlsMode::VerifyFull) => "verify-full",
            (_, TlsMode::InsecureNoHostname) => "verify-ca",
            (_, TlsMode::InsecureNoVerify) => "require",
        };
        command.env("PGSSLMODE", mode);
        let system = || TRUSTED.iter().map(PathBuf::from).find(|path| path.exists());
        if mode.starts_with("verify")
            && let Some(root) = self.address.root_certificates.clone().or_else(system)
        {
            command.env("PGSSLROOTCERT", root);
        }
    }
}

fn host(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(folder) => folder.to_string_lossy().into_owned(),
    }
}
