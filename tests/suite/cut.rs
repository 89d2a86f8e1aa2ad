//! The connection to the server is cut after any message of the client: the target is as before or as
//! after, and `status` leads to the end (L3, L6). A small proxy counts the messages and cuts.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use testkit::Seeded;

use crate::case::{Case, REPLACE};
use crate::{kills, server};

/// How many places are tried where nobody asks for more (`CUTS=n`).
const CUTS: u64 = 3;

/// Stands between the program and the server's socket.
struct Proxy {
    folder: tempfile::TempDir,
    name: String,
    /// Messages of clients that have passed.
    passed: Arc<AtomicU64>,
    /// The message after which its connection is cut.
    cut: Arc<AtomicU64>,
}

impl Proxy {
    fn to(socket: PathBuf) -> Proxy {
        let folder = tempfile::tempdir().unwrap();
        let name = socket.file_name().unwrap().to_string_lossy().into_owned();
        let listener = UnixListener::bind(folder.path().join(&name)).unwrap();
        let (passed, cut) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(u64::MAX)));
        let proxy = Proxy { folder, name, passed, cut };
        let (passed, cut) = (Arc::clone(&proxy.passed), Arc::clone(&proxy.cut));
        // Both ends with the process: the tests are few.
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), Ok(server)) = (client, UnixStream::connect(&socket)) else {
                    continue;
                };
                let ways = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || back(ways.1, ways.0));
                let (passed, cut) = (Arc::clone(&passed), Arc::clone(&cut));
                std::thread::spawn(move || forth(client, server, &passed, &cut));
            }
        });
        proxy
    }

    /// The URL of the database by way of the proxy.
    fn url(&self, url: &str, real: &Path) -> String {
        let encoded = |path: &Path| path.to_string_lossy().replace('/', "%2F");
        let through = url.replace(&encoded(real), &encoded(self.folder.path()));
        assert_ne!(url, through, "{}", self.name);
        through
    }

    fn begin(&self, cut: u64) {
        self.passed.store(0, Ordering::SeqCst);
        self.cut.store(cut, Ordering::SeqCst);
    }
}

fn back(mut from: UnixStream, mut to: UnixStream) {
    drop(std::io::copy(&mut from, &mut to));
    drop(to.shutdown(std::net::Shutdown::Both));
}

/// Message by message: the first has no type, only its length.
fn forth(mut client: UnixStream, mut server: UnixStream, passed: &AtomicU64, cut: &AtomicU64) {
    let mut head = 0;
    while let Ok(message) = message(&mut client, head) {
        head = 1;
        if server.write_all(&message).is_err() {
            break;
        }
        if passed.fetch_add(1, Ordering::SeqCst) + 1 == cut.load(Ordering::SeqCst) {
            break;
        }
    }
    for end in [client, server] {
        drop(end.shutdown(std::net::Shutdown::Both));
    }
}

fn message(client: &mut UnixStream, head: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; head + 4];
    client.read_exact(&mut bytes)?;
    let length = u32::from_be_bytes(bytes[head..].try_into().unwrap()) as usize;
    bytes.resize(head + length, 0);
    client.read_exact(&mut bytes[head + 4..])?;
    Ok(bytes)
}

#[test]
fn a_connection_that_is_cut_anywhere_costs_nothing() {
    let Some(case) = Case::new(", existing: replace", REPLACE, "") else { return };
    let real = testkit::cluster().unwrap().folder();
    let socket = std::fs::read_dir(real)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.starts_with(".s.PGSQL.") && !name.ends_with(".lock")
        })
        .unwrap();
    let proxy = Proxy::to(socket);
    let url = proxy.url(&case.database.url, real);
    let run = || {
        let program = case.program().env("CUTOVER_TEST_URL", &url);
        program.run(case.path(), &["run", "plan.yaml", "--yes"])
    };
    let reset = || {
        drop(std::fs::remove_dir_all(case.path().join(".cutover")));
        case.database.psql(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity
               where application_name like 'cutover%' and datname = current_database();
             drop schema if exists app cascade;
             do $$ declare s text; begin for s in select nspname from pg_namespace where nspname like 'cutover%'
             loop execute format('drop schema %I cascade', s); end loop; end $$;
             create schema app; create table app.orders (old text); insert into app.orders values ('row')",
        );
    };
    let old = "select count(*) from pg_attribute where attrelid = 'app.orders'::regclass and attname = 'old'";
    reset();
    proxy.begin(u64::MAX);
    run().expect(0);
    let messages = proxy.passed.load(Ordering::SeqCst);
    assert!(messages > 100, "{messages} messages");
    let cuts = std::env::var("CUTS").ok().and_then(|cuts| cuts.parse().ok()).unwrap_or(CUTS);
    let mut random = Seeded::new(kills::seed());
    let (mut before, mut after) = (0, 0);
    // The last ones are about the end of a run that is promoted already.
    for cut in (0..cuts).map(|_| random.below(messages) + 1).chain([messages - 2]) {
        reset();
        proxy.begin(cut);
        let done = run();
        println!("cut {cut} of {messages}: exit {:?} in {:?}", done.code, done.elapsed);
        let is_old = case.database.psql(old) == "1\n";
        *(if is_old { &mut before } else { &mut after }) += 1;
        match done.code {
            Some(0) => assert!(!is_old, "cut {cut}: exit 0\n{}", done.stderr),
            Some(1 | 4) => assert!(is_old, "cut {cut}: exit {:?}\n{}", done.code, done.stderr),
            Some(5) => {}
            other => panic!("cut {cut}: {other:?}\n{}", done.stderr),
        }
        server::recovered(&case);
    }
    println!(
        "{messages} messages of the client, {} cuts (seed {}): {before} before, {after} after, 0 between",
        before + after,
        kills::seed()
    );
    assert!(before > 0, "no cut stopped a run");
}
