//! A cluster for each test, or a printed reason why the test did not run.
#![allow(dead_code, clippy::print_stderr, clippy::unwrap_used)]

pub(crate) mod plan;

use engine_postgres::connect::{Address, Connector, Pins, Session};
use engine_postgres::server::{Binaries, Cluster};

/// `None` where no PostgreSQL is installed, unless `REQUIRE_DATABASES=1` forbids that.
pub(crate) fn cluster() -> Option<Cluster> {
    match Binaries::find(None) {
        Ok(binaries) => Some(Cluster::with(&binaries).unwrap()),
        Err(why) if std::env::var("REQUIRE_DATABASES").is_ok_and(|v| v == "1") => panic!("{why}"),
        Err(why) => {
            eprintln!("skipped: {why}");
            None
        }
    }
}

/// A fresh database and a client on it.
pub(crate) fn database(cluster: &Cluster, name: &str) -> (String, postgres::Client) {
    let url = cluster.create_database(name).unwrap();
    let client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
    (url, client)
}

/// A session as the program opens it.
pub(crate) fn session(url: &str) -> Session {
    let address = Address::from_url(url).unwrap();
    let connector = Connector::new(address, ir::TlsMode::VerifyFull, Pins::default()).unwrap();
    connector.open("test").unwrap()
}

pub(crate) fn one(client: &mut postgres::Client, sql: &str) -> String {
    client.query_one(sql, &[]).unwrap().get(0)
}
