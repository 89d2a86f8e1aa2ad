//! The plan's `target` to a client configuration. No text of an error ever holds the URL: it may
//! carry a password.

use std::env;
use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use diagnostics::code::{PASSWORD_IN_PLAN, UNREACHABLE};
use ir::{PostgresTarget, Server};
use postgres::Config;
use postgres::config::Host;
use runtime::EngineError;

use super::passfile::{self, Login};
use super::secret::Secret;
use crate::server::Local;

/// Where the server is and who we are there.
#[derive(Clone)]
pub struct Address {
    pub(super) config: Config,
    /// `sslrootcert` of the URL: the only certificates that are trusted.
    pub(super) root_certificates: Option<PathBuf>,
    /// Its server runs without durability on purpose, or is ours and private.
    pub(super) own_server: bool,
}

impl Address {
    /// Reads the URL from where the plan says; starts the local server where it says `local`.
    ///
    /// # Errors
    /// Names the variable or file, never what is in it.
    pub fn resolve(
        target: &PostgresTarget,
        plan: &Path,
        state: &Path,
    ) -> Result<Self, EngineError> {
        match &target.server {
            Server::Local => {
                let address = local_address(state, target.database.as_deref())?;
                create_roles(&address, &target.roles)?;
                Ok(address)
            }
            server => Address::at(server, plan),
        }
    }

    /// A server that is running; `base` is where a relative path to the file of its URL starts.
    ///
    /// # Errors
    /// Names the variable or file, never what is in it.
    pub fn at(server: &Server, base: &Path) -> Result<Self, EngineError> {
        match server {
            Server::Local => Err(unreachable("a local server belongs to a plan")),
            Server::Env(name) => match env::var(name) {
                Ok(url) if !url.trim().is_empty() => Address::parse(&Secret::new(url)),
                _ => Err(unreachable(format!("the environment variable `{name}` holds no URL"))
                    .help(format!("set `{name}` to `postgres://user@host:5432/database`"))),
            },
            Server::File(path) => Address::parse(&read_private(&base.join(path), path)?),
            Server::Url(url) => {
                let url = Secret::new(url.clone());
                if Address::has_password(&url) {
                    return Err(EngineError::new(
                        &PASSWORD_IN_PLAN,
                        "the target's URL carries a password",
                    )
                    .help("take the password out; PGPASSFILE or `~/.pgpass` can hold it"));
                }
                Address::parse(&url)
            }
        }
    }

    /// A URL from the command line or a variable (`--scratch-url`).
    ///
    /// # Errors
    /// Without the text of the URL.
    pub fn from_url(url: &str) -> Result<Self, EngineError> {
        Address::parse(&Secret::new(url.to_owned()))
    }

    fn has_password(url: &Secret) -> bool {
        let (url, _) = strip_tls(url.reveal());
        url.parse::<Config>().is_ok_and(|config| config.get_password().is_some())
    }

    fn parse(url: &Secret) -> Result<Self, EngineError> {
        let (stripped, tls) = strip_tls(url.reveal().trim());
        if let Some(key) = tls.refused {
            return Err(unreachable(format!("`{key}` in the connection URL is not supported")));
        }
        let mut config = stripped.parse::<Config>().map_err(|_| {
            unreachable("the connection URL cannot be read")
                .help("its form is `postgres://user@host:5432/database`")
        })?;
        complete(&mut config)?;
        Ok(Self { config, root_certificates: tls.root_certificates, own_server: false })
    }

    /// The same server and user, another database.
    #[must_use]
    pub fn with_database(mut self, database: &str) -> Self {
        self.config.dbname(database);
        self
    }

    /// Every way to it stays on this machine.
    pub fn is_local(&self) -> bool {
        let addresses = self.config.get_hostaddrs();
        if !addresses.is_empty() {
            return addresses.iter().all(IpAddr::is_loopback);
        }
        self.config.get_hosts().iter().all(|host| match host {
            Host::Unix(_) => true,
            Host::Tcp(name) => {
                name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
        })
    }

    /// `server db.example.org:5432`: for messages, without user and password.
    pub(super) fn shown(&self) -> String {
        let ports = self.config.get_ports();
        let host = |(at, host): (usize, &Host)| {
            let port = ports.get(at).or(ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) => format!("{name}:{port}"),
                Host::Unix(folder) => format!("{}:{port}", folder.display()),
            }
        };
        let hosts: Vec<String> = self.config.get_hosts().iter().enumerate().map(host).collect();
        format!("server {}", hosts.join(", "))
    }

    pub fn is_own_server(&self) -> bool {
        self.own_server
    }
}

/// The kept server of the project, started where needed; the database is created where missing.
///
/// # Errors
/// Why it cannot be started.
pub fn local_address(state: &Path, database: Option<&str>) -> Result<Address, EngineError> {
    let local = Local::new(state).map_err(unreachable)?;
    let url = local.start().map_err(|why| {
        unreachable(why).help("or give the target a `url` of a server that is running")
    })?;
    let mut address = Address::parse(&Secret::new(url))?;
    address.own_server = true;
    let Some(database) = database else { return Ok(address) };
    create_database(&address, database)?;
    Ok(address.with_database(database))
}

fn create_database(address: &Address, database: &str) -> Result<(), EngineError> {
    let failed = |error: postgres::Error| crate::sqlstate::error(&UNREACHABLE, &error);
    let mut client = address.config.connect(postgres::NoTls).map_err(failed)?;
    let known = "select 1 from pg_catalog.pg_database where datname = $1";
    if client.query_opt(known, &[&database]).map_err(failed)?.is_none() {
        let sql = format!("create database {}", crate::quote(database));
        client.batch_execute(&sql).map_err(failed)?;
    }
    Ok(())
}

/// On a server of our own nobody else makes the roles that a plan names. None of them may log in.
fn create_roles(address: &Address, roles: &[String]) -> Result<(), EngineError> {
    if roles.is_empty() {
        return Ok(());
    }
    let failed = |error: postgres::Error| crate::sqlstate::error(&UNREACHABLE, &error);
    let mut client = address.config.connect(postgres::NoTls).map_err(failed)?;
    let missing = "select r from unnest($1::text[]) r where lower(r) <> 'public' \
        and r not in (select rolname from pg_catalog.pg_roles)";
    for row in client.query(missing, &[&roles]).map_err(failed)? {
        let sql = format!("create role {} nologin", crate::quote(row.get(0)));
        client.batch_execute(&sql).map_err(failed)?;
    }
    Ok(())
}

fn unreachable(message: impl Into<String>) -> EngineError {
    EngineError::new(&UNREACHABLE, message)
}

/// A file that only we can read; the first line is the URL.
fn read_private(path: &Path, shown: &str) -> Result<Secret, EngineError> {
    let failed = |error| unreachable(format!("cannot read the URL's file: {error}")).object(shown);
    let metadata = fs::metadata(path).map_err(failed)?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(unreachable("others may read the file that holds the URL")
            .object(shown)
            .help(format!("run `chmod 600 {shown}`")));
    }
    let us = rustix::process::geteuid();
    if !us.is_root() && metadata.uid() != us.as_raw() {
        return Err(
            unreachable("the file that holds the URL belongs to another user").object(shown)
        );
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    Ok(Secret::new(text.lines().next().unwrap_or_default().to_owned()))
}

#[derive(Default)]
struct TlsKeys {
    root_certificates: Option<PathBuf>,
    /// A key that would change who is trusted and that we cannot follow.
    refused: Option<&'static str>,
}

/// Takes the TLS keys out of a URL: `postgres::Config` refuses most of them, and the plan's `tls` is
/// what decides. `sslmode` can only ask for less than that, so it has no say.
fn strip_tls(url: &str) -> (String, TlsKeys) {
    let mut keys = TlsKeys::default();
    let Some((base, query)) = url.split_once('?') else { return (url.to_owned(), keys) };
    let kept: Vec<&str> = query.split('&').filter(|pair| keys.keep(pair)).collect();
    let joined = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    (format!("{base}{joined}"), keys)
}

impl TlsKeys {
    fn keep(&mut self, pair: &str) -> bool {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        match key {
            "sslmode" => false,
            "sslrootcert" => {
                self.root_certificates = (value != "system").then(|| decode(value).into());
                false
            }
            "sslcert" | "sslkey" | "sslpassword" => {
                self.refused = Some("a client certificate (`sslcert`)");
                false
            }
            "sslcrl" | "sslcrldir" => {
                self.refused = Some("a revocation list (`sslcrl`)");
                false
            }
            _ => true,
        }
    }
}

/// `%2F` to `/`.
fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend(before.bytes());
        let code = after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(code.unwrap_or(b'%'));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    bytes.extend(rest.bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What libpq would take from the environment, and the password.
fn complete(config: &mut Config) -> Result<(), EngineError> {
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        let usual = ["/var/run/postgresql", "/tmp"].map(str::to_owned).into_iter();
        let socket =
            usual.into_iter().find(|folder| Path::new(folder).join(".s.PGSQL.5432").exists());
        config.host(&env::var("PGHOST").ok().or(socket).unwrap_or_else(|| "localhost".to_owned()));
    }
    if let (true, Ok(port)) = (config.get_ports().is_empty(), env::var("PGPORT")) {
        config.port(port.parse().map_err(|_| unreachable("PGPORT is not a port number"))?);
    }
    if config.get_user().is_none() {
        let user = env::var("PGUSER").or_else(|_| env::var("USER"));
        config.user(&user.unwrap_or_else(|_| "postgres".to_owned()));
    }
    if let (None, Ok(database)) = (config.get_dbname(), env::var("PGDATABASE")) {
        config.dbname(&database);
    }
    if config.get_password().is_none()
        && let Some(password) = passfile::find(&login(config)).map_err(unreachable)?
    {
        config.password(password.reveal());
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(std::time::Duration::from_secs(15));
    }
    Ok(())
}

fn login(config: &Config) -> Login<'_> {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name,
        _ => "localhost",
    };
    let user = config.get_user().unwrap_or_default();
    Login {
        host,
        port: config.get_ports().first().copied().unwrap_or(5432),
        database: config.get_dbname().unwrap_or(user),
        user,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_keys_leave_the_url() {
        let (url, keys) =
            strip_tls("postgres://a@h/d?sslmode=verify-full&port=1&sslrootcert=%2Fca");
        assert_eq!(url, "postgres://a@h/d?port=1");
        assert_eq!(keys.root_certificates, Some(PathBuf::from("/ca")));
        assert!(strip_tls("postgres://a@h/d?sslcert=x").1.refused.is_some());
    }

    #[test]
    fn only_sockets_and_loopback_are_local() {
        let local = |url| Address::from_url(url).unwrap().is_local();
        assert!(local("postgres://a@%2Ftmp/d") && local("postgres://a@127.0.0.2/d"));
        assert!(local("postgres://a@localhost/d") && !local("postgres://a@db.example.org/d"));
        assert!(!local("postgres://a@localhost,db.example.org/d"));
    }

    #[test]
    fn errors_never_hold_the_url() {
        for url in ["postgres://me:canary@h:x/d", "canary", "postgres://me:canary@h/d?sslcert=c"] {
            let error = Address::from_url(url).err().unwrap();
            assert!(!format!("{error:?}{error}").contains("canary"), "{error:?}");
        }
    }

    #[test]
    fn a_password_in_the_plan_is_refused() {
        let target = |server| PostgresTarget {
            server,
            schema: "s".into(),
            tls: ir::TlsMode::VerifyFull,
            existing: ir::Existing::Refuse,
            inbound: ir::Inbound::Refuse,
            environment: None,
            database: None,
            owner: None,
            roles: Vec::new(),
            extensions: Vec::new(),
        };
        let resolve = |server| {
            Address::resolve(&target(server), Path::new("."), Path::new(".")).err().unwrap()
        };
        let error = resolve(Server::Url("postgres://me:canary@h/d".into()));
        assert_eq!(error.code.id, "PLN112");
        let error = resolve(Server::Env("CUTOVER_TEST_NO_SUCH_VARIABLE".into()));
        assert_eq!(error.code.id, "RUN802");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("url");
        fs::write(&file, "postgres://me:canary@h/d").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let error = resolve(Server::File(file.to_string_lossy().into_owned()));
        assert!(error.message.contains("others may read"), "{error}");
    }
}
