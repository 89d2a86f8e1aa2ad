//! `cutover baseline capture`, and that `cutover drift` finds nothing between a database and its
//! own capture.
#![allow(clippy::unwrap_used)] // a helper that fails is a test that fails
#![allow(clippy::print_stderr)] // a skipped test says so

use std::path::Path;
use std::process::{Command, Output};

use engine_postgres::server::Cluster;

fn cutover(folder: &Path, args: &[&str], envs: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cutover"));
    command.args(args).current_dir(folder).env("NO_COLOR", "1");
    command.envs(envs.iter().copied()).output().unwrap()
}

fn text(output: &Output) -> (i32, String, String) {
    let utf8 = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), utf8(&output.stdout), utf8(&output.stderr))
}

const SHOP: &str = "create table customers (id integer primary key, email text not null unique);
    create table orders (id integer primary key, customer integer not null references customers);
    create index orders_customer on orders (customer);
    create view rich as select * from customers;";

fn sqlite(folder: &Path) {
    rusqlite::Connection::open(folder.join("shop.db")).unwrap().execute_batch(SHOP).unwrap();
}

#[test]
fn a_sqlite_file_is_captured_and_does_not_drift_from_it() {
    let folder = tempfile::tempdir().unwrap();
    sqlite(folder.path());
    let run = |args: &[&str]| text(&cutover(folder.path(), args, &[]));
    let (exit, sql, _) = run(&["baseline", "capture", "--sqlite", "shop.db"]);
    assert_eq!(exit, 0);
    assert!(sql.contains("\n-- index orders_customer on orders\nCREATE INDEX "), "{sql}");
    let to_file = ["baseline", "capture", "--sqlite", "shop.db", "-o", "shop.sql"];
    let (exit, summary, _) = run(&to_file);
    assert_eq!(exit, 0);
    assert!(summary.starts_with("shop.sql: SQLite 3."), "{summary}");
    assert_eq!(std::fs::read_to_string(folder.path().join("shop.sql")).unwrap(), sql);
    let (exit, _, error) = run(&to_file);
    assert_eq!(exit, 1);
    assert!(error.contains("`shop.sql` is there already"), "{error}");
    let forced: Vec<&str> = to_file.iter().copied().chain(["--force"]).collect();
    assert_eq!(run(&forced).0, 0);
    let drift = ["drift", "--baseline", "shop.sql", "--sqlite", "shop.db"];
    let (exit, out, error) = run(&drift);
    assert_eq!(exit, 0, "{out}{error}");
    rusqlite::Connection::open(folder.path().join("shop.db"))
        .unwrap()
        .execute_batch("drop index orders_customer")
        .unwrap();
    let (exit, out, error) = run(&drift);
    assert_eq!(exit, 3, "{out}{error}");
}

#[test]
fn bad_input_changes_nothing_and_tells_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&[&str], i32, &str); 6] = [
        (&[], 2, "required"),
        (&["--sqlite", "none.db"], 1, "SRC101"),
        (&["--url", "postgres://me:canary@h/d"], 2, "`--url` carries a password"),
        (&["--url-env", "CUTOVER_TEST_NO_SUCH"], 1, "`CUTOVER_TEST_NO_SUCH` holds no URL"),
        (&["--url-file", "none"], 1, "RUN802"),
        (&["--url", "postgres://me@%2Fno%2Fsuch/d"], 1, "RUN802"),
    ];
    for (args, expected, message) in cases {
        let args: Vec<&str> =
            ["baseline", "capture", "-o", "x.sql"].iter().chain(args).copied().collect();
        let (exit, out, error) = text(&cutover(folder.path(), &args, &[]));
        assert_eq!(exit, expected, "{args:?} {error}");
        assert!(error.contains(message), "{args:?} {error}");
        assert!(!format!("{out}{error}").contains("canary"), "{error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_postgresql_schema_is_captured_and_does_not_drift_from_it() {
    let cluster = match Cluster::throwaway() {
        Ok(cluster) => cluster,
        Err(why) if std::env::var("REQUIRE_DATABASES").is_ok_and(|v| v == "1") => panic!("{why}"),
        Err(why) => return eprintln!("SKIPPED: {why}"),
    };
    let url = cluster.create_database("shop").unwrap();
    let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
    let schema = format!(
        "create role app; create schema shop; set search_path = shop; {SHOP}
         create extension citext schema public; create type shop.state as enum ('new', 'paid');
         alter table orders add state shop.state default 'new', add name public.citext,
             add kind varchar(3) check (kind in ('a', 'b'));
         create table events (at date not null, primary key (at)) partition by range (at);
         create table events_a partition of events for values from ('2026-01-01') to ('2027-01-01');
         create index on events (at desc);
         create function shop.f(o shop.orders) returns integer language sql as 'select 1';
         grant usage on schema shop to app; grant select on orders to app;
         comment on table orders is 'all orders';"
    );
    client.batch_execute(&schema).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| text(&cutover(folder.path(), args, &[("SHOP_URL", &url)]));
    let from = ["--url-env", "SHOP_URL", "--schema", "shop"];
    let capture = [&["baseline", "capture", "-o", "shop.sql"][..], &from].concat();
    let (exit, out, error) = run(&capture);
    assert_eq!(exit, 0, "{out}{error}");
    let drift = [&["drift", "--baseline", "shop.sql"][..], &from].concat();
    let (exit, out, error) = run(&drift);
    assert_eq!(exit, 0, "{out}{error}");
    client.batch_execute("drop index shop.events_at_idx").unwrap();
    let (exit, out, error) = run(&drift);
    assert_eq!(exit, 3, "{out}{error}");
    assert!(format!("{out}{error}").contains("events_at_idx"), "{out}{error}");
}
