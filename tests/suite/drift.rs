//! `cutover drift` on PostgreSQL: what differs is named with its line, its gravity and the SQL that
//! mends it; what cannot be told is never called equal or different.

use std::fs;
use std::path::Path;

use engine_postgres::server::Cluster;
use serde_json::Value;
use tempfile::TempDir;
use testkit::{Database, Finished};

use crate::cutover;

const BASELINE: &str = r#"create schema shop;
create table shop."we.ird ""table""" (
    id integer primary key,
    "naïve 😀" text not null default 'it''s',
    "select" integer references shop."we.ird ""table"""
);
create index "index 😀" on shop."we.ird ""table""" ("naïve 😀");
create view shop.short as select id from shop."we.ird ""table""" where id < 10;
comment on table shop."we.ird ""table""" is 'words';
create table shop.events (at date not null) partition by range (at);
create table shop.events_2026 partition of shop.events for values from ('2026-01-01') to ('2027-01-01');
"#;

const CHANGE: &str = r#"set search_path = shop;
drop index "index 😀";
create table extra (a integer);
alter table "we.ird ""table""" alter "naïve 😀" drop not null, drop constraint "we.ird ""table""_select_fkey";
comment on table "we.ird ""table""" is 'other words';
create or replace view short as select id from "we.ird ""table""" where id < 11;
create table events_2027 partition of events for values from ('2027-01-01') to ('2028-01-01');
"#;

/// A folder with the baseline; the URL is in the variable that [`drift`] names.
fn folder(baseline: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("baseline.sql"), baseline).unwrap();
    folder
}

fn drift(folder: &Path, url: &str, more: &[&str]) -> Finished {
    let args = ["drift", "--baseline", "baseline.sql", "--url-env", "LIVE_URL"];
    cutover().env("LIVE_URL", url).run(folder, &[&args[..], more].concat())
}

fn json(done: &Finished) -> Value {
    serde_json::from_str(&done.stdout).unwrap()
}

#[test]
fn each_difference_has_its_line_and_the_sql_that_mends_it() {
    let Some(live) = Database::create() else { return };
    let folder = folder(BASELINE);
    live.psql(BASELINE);
    drift(folder.path(), &live.url, &[]).expect(0);
    live.psql(CHANGE);
    let text = drift(folder.path(), &live.url, &[]).expect(3);
    assert!(text.stderr.contains("baseline.sql:7:"), "{}", text.stderr);
    let more = ["--format", "json", "--ignore-partitions", "events_*"];
    let found = json(&drift(folder.path(), &live.url, &more).expect(3));
    let differences = found["differences"].as_array().unwrap();
    let facts: Vec<_> = differences
        .iter()
        .map(|it| [&it["object"], &it["gravity"], &it["change"]].map(|v| v.as_str().unwrap()))
        .collect();
    let table = r#"we.ird "table""#;
    assert_eq!(
        facts,
        [
            ["table extra", "critical", "extra"],
            [&format!("column {table}.naïve 😀"), "critical", "changed"],
            [&format!("constraint {table}_select_fkey on {table}"), "critical", "missing"],
            [&format!("index index 😀 on {table}"), "major", "missing"],
            ["view short", "major", "changed"],
            [&format!("table {table}"), "minor", "changed"],
        ]
    );
    assert_eq!(differences[3]["written_at"]["line"], 7);
    assert_eq!(found["search_path"], "shop");
    for sql in differences.iter().flat_map(|it| it["mend"].as_array().unwrap()) {
        live.psql(&format!("set search_path = shop; {}", sql.as_str().unwrap()));
    }
    drift(folder.path(), &live.url, &["--ignore-partitions", "events_*"]).expect(0);
    let partition = drift(folder.path(), &live.url, &[]).expect(3);
    assert!(partition.stderr.contains("events_2027"), "{}", partition.stderr);
}

#[test]
fn scopes_and_generated_names_decide_what_counts() {
    let Some(live) = Database::create() else { return };
    let folder = folder("create table t (a integer unique); comment on table t is 'a';");
    live.roles(&["somebody"]);
    live.psql(
        "create table t (a integer constraint t_a_key1 unique); grant select on t to somebody",
    );
    let told = |more: &[&str]| {
        let done = drift(folder.path(), &live.url, &[&["--schema", "public"], more].concat());
        (done.code, done.stderr.matches("[BAS410]").count())
    };
    assert_eq!(told(&[]), (Some(3), 2));
    assert_eq!(told(&["--scope", "structure"]), (Some(0), 0));
    assert_eq!(told(&["--scope", "grants"]), (Some(3), 1));
    assert_eq!(told(&["--scope", "comments"]), (Some(3), 1));
    assert_eq!(told(&["--scope", "structure", "--ignore-generated-names=false"]), (Some(3), 2));
}

#[test]
fn what_is_no_baseline_is_said_and_no_drift() {
    let Some(live) = Database::create() else { return };
    live.psql("create table t (a integer)");
    let cases = [
        ("", "BAS405"),
        ("-- nothing\n", "BAS405"),
        ("this is; no sql at all;", "REF212"),
        ("create table t (a integer); create table u (b nothing);", "CAT302"),
        ("create table t (a text 'unclosed);", "CAT301"),
        ("create table t (a integer primary key autoincrement) strict;", "BAS406"),
    ];
    for (baseline, code) in cases {
        let folder = folder(baseline);
        let done = drift(folder.path(), &live.url, &["--schema", "public"]).expect(1);
        assert!(done.stderr.contains(code), "{baseline}\n{}", done.stderr);
    }
    let empty = tempfile::tempdir().unwrap();
    let done = drift(empty.path(), &live.url, &[]).expect(1);
    assert!(done.stderr.contains("there is no such file"), "{}", done.stderr);
}

#[test]
fn a_server_that_does_not_answer_or_refuses_is_no_drift() {
    let Some(database) = Database::create() else { return };
    let folder = folder("create table t (a integer);");
    let refused = |url: &str, schema: &str, code: &str| {
        let done = drift(folder.path(), url, &["--schema", schema]).expect(1);
        assert!(done.stderr.contains(code), "{code}\n{}", done.stderr);
        assert!(!done.stderr.contains("hunter2"), "{}", done.stderr);
    };
    refused("postgres://app:hunter2@127.0.0.1:9/shop", "public", "RUN802");
    refused(&database.url, "none", "CAT308");
    refused(&database.url.replace(&database.name, "no_such_database"), "public", "RUN802");
    let own = Cluster::throwaway().unwrap();
    let url = own.create_database("locked").unwrap();
    let psql = |sql: &str| {
        let program = own.binaries().program("psql");
        testkit::tool(&program.to_string_lossy(), &["-X", "-q", "-d", &url, "-c", sql])
    };
    psql("create role app login password 'right'; revoke select on pg_catalog.pg_proc from public");
    let app = |password: &str| url.replace("postgres@", &format!("app:{password}@"));
    refused(&app("right"), "public", "RUN804");
    let rules = "local all postgres trust\nlocal all all scram-sha-256\n";
    fs::write(own.data().join("pg_hba.conf"), rules).unwrap();
    psql("select pg_reload_conf(), pg_sleep(0.2)");
    refused(&app("hunter2"), "public", "RUN802");
}

#[test]
fn a_schema_dropped_while_it_is_read_is_no_drift() {
    let Some(live) = Database::create() else { return };
    let folder = folder(BASELINE);
    live.psql(BASELINE);
    // Introspection reads the triggers after most of the rest: there it waits for us.
    let lock = "lock table pg_catalog.pg_trigger in access exclusive mode";
    let waits = |granted: &str| {
        format!(
            "(select count(*) from pg_locks where relation = 'pg_trigger'::regclass and {granted} \
             and database = (select oid from pg_database where datname = current_database()))"
        )
    };
    let until = |condition: &str| {
        format!(
            "do $$ begin for i in 1..3000 loop if {condition} > 0 then return; end if; \
             perform pg_sleep(0.05); end loop; raise 'nobody came'; end $$"
        )
    };
    let waiter = until(&waits("not granted"));
    std::thread::scope(|scope| {
        let dropper = scope.spawn(|| {
            // Each waits for the other: the server is to end the reader.
            let patient = "set deadlock_timeout = '10min'";
            live.psql(&format!(
                "{patient}; begin; {lock}; {waiter}; drop schema shop cascade; commit"
            ))
        });
        live.psql(&until(&waits("granted and mode = 'AccessExclusiveLock'")));
        let done = drift(folder.path(), &live.url, &[]).expect(1);
        dropper.join().unwrap();
        assert!(done.stderr.contains("CAT309"), "{}", done.stderr);
    });
}
