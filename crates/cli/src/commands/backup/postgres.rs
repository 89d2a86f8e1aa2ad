//! Servers that backups are of, and servers that they are tried on.

use std::path::Path;

use backup::manifest::Postgres;
use diagnostics::code;
use engine_postgres::backup::Trial;
use engine_postgres::connect::{Address, Connector, Pins};
use ir::TlsMode;
use runtime::EngineError;

use crate::args::Server;
use crate::failure::Failure;

/// The server that the command line names.
pub(super) fn connector(server: &Server) -> Result<Connector, Failure> {
    // A path in `--url-file` starts at the working folder.
    let address = Address::at(&named(server)?, Path::new("."))?;
    Ok(Connector::new(address, TlsMode::VerifyFull, Pins::default())?)
}

fn named(server: &Server) -> Result<ir::Server, Failure> {
    if let Some(name) = &server.url_env {
        return Ok(ir::Server::Env(name.clone()));
    }
    if let Some(path) = &server.url_file {
        return Ok(ir::Server::File(path.to_string_lossy().into_owned()));
    }
    let url = server.url.clone().unwrap_or_default();
    if plan::redact(&url) != url {
        return Err(Failure::usage(
            &code::USAGE,
            "`--url` carries a password, which every user of this machine could read",
            "put the URL into an environment variable and name it with `--url-env`",
        ));
    }
    Ok(ir::Server::Url(url))
}

/// For a backup that lies there: the server that is named, else a private one.
pub(super) fn trial(named: Option<&str>, about: &Postgres) -> Result<Trial, EngineError> {
    match scratch_url(named) {
        Some(url) => Trial::on_server(&url),
        None => Trial::private(about.server_major()),
    }
}

/// For a backup that is taken: the server that is named, else a private one, else its own.
pub(super) fn trial_beside(
    named: Option<&str>,
    connector: &Connector,
) -> Result<Trial, EngineError> {
    if let Some(url) = scratch_url(named) {
        return Trial::on_server(&url);
    }
    let major = connector.open("backup")?.major();
    Ok(Trial::private(major).unwrap_or_else(|_| Trial::on_same_server(connector)))
}

/// `--scratch-url`, else the variable that every command takes it from.
fn scratch_url(named: Option<&str>) -> Option<String> {
    named.map(str::to_owned).or_else(|| std::env::var("CUTOVER_SCRATCH_URL").ok())
}
