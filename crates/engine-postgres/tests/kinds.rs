//! Every property that a PostgreSQL schema can have: two schemas that differ in it alone are told
//! apart at the object that has it, and two that are made alike are not. What lies in no schema
//! (casts, publications, event triggers, servers) is in the tests of captures.
#![allow(clippy::unwrap_used)] // a test that cannot be set up fails

mod common;

use catalog::{Catalog, DiffOptions, Scope as Facts, diff};
use engine_postgres::introspect::{Scope, introspect};
use postgres::{Client, NoTls};

/// Made before each of the two.
const COMMON: &str = "create table r (a integer, b integer, primary key (a), unique (a, b));
    create function f() returns trigger language plpgsql as 'begin return new; end';";

/// What is there once for all schemas.
const CLUSTER: &str = "create role app; create role other;
    create access method heap2 type table handler heap_tableam_handler;
    create foreign data wrapper wrapper; create server elsewhere foreign data wrapper wrapper;";

/// The object that differs, statements with a gap, two words for the gap.
fn cases() -> Vec<[&'static str; 4]> {
    let lines = include_str!("kinds.txt").lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("--"));
    let parts = |line: &'static str| {
        let mut parts = line.split('¦').map(str::trim);
        [(); 4].map(|()| parts.next().unwrap_or_else(|| panic!("four parts: {line}")))
    };
    lines.map(parts).collect()
}

#[test]
fn every_property_is_known() {
    let Some(cluster) = common::cluster() else { return };
    let url = cluster.create_database("kinds").unwrap();
    let mut client = Client::connect(&url, NoTls).unwrap();
    client.batch_execute(CLUSTER).unwrap();
    client.batch_execute("set allow_in_place_tablespaces = on").unwrap();
    client.batch_execute("create tablespace elsewhere location ''").unwrap();
    let mut reader = common::session(&url);
    let mut wrong = Vec::new();
    for (number, [object, sql, one, other]) in cases().into_iter().enumerate() {
        let mut made = |which: &str, word: &str| -> Catalog {
            let home = format!("case_{number}_{which}");
            let sql = format!("{COMMON} {sql}").replace('§', word).replace("HOME", &home);
            let sql = format!("create schema {home}; set search_path = {home}; {sql}");
            client.batch_execute(&sql).unwrap_or_else(|error| panic!("{sql}\n{error:?}"));
            introspect(&mut reader, &Scope::Schema(home)).unwrap()
        };
        let (first, again, second) = (made("a", one), made("b", one), made("c", other));
        let alike = differences(&first, &again);
        let apart = differences(&first, &second);
        if !alike.is_empty() || !apart.iter().any(|found| found.starts_with(object)) {
            wrong.push(format!("{sql}\n    alike: {alike:?}\n    apart: {apart:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn differences(expected: &Catalog, actual: &Catalog) -> Vec<String> {
    let scope = Facts { structure: true, grants: true, owners: true, comments: true };
    let options = DiffOptions { scope, ignore_generated_names: true };
    diff(expected, actual, &options).iter().map(ToString::to_string).collect()
}
