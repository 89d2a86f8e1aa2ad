//! Every property that a PostgreSQL schema can have: two schemas that differ in it alone are told
//! apart at the object that has it, and two that are made alike are not. What lies in no schema
//! (casts, publications, event triggers, servers) is in the tests of captures.
#![allow(clippy::unwrap_used)] // a test that cannot be set up fails

mod common;

use catalog::{Catalog, DiffOptions, Scope as Facts, diff};
use engine_postgres::connect::{Address, Connector, Pins, Session};
use engine_postgres::introspect::{Scope, introspect};
use postgres::{Client, NoTls};

/// Made before each of the two.
const COMMON: &str = "create table r (a integer, b integer, primary key (a), unique (a, b));
    create function f() returns trigger language plpgsql as 'begin return new; end';";

/// What is there once for all schemas.
const CLUSTER: &str = "create role app; create role other;
    create access method heap2 type table handler heap_tableam_handler;
    create foreign data wrapper wrapper; create server elsewhere foreign data wrapper wrapper;";

/// The object that differs, the statement with a word in it, and two words.
const CASES: &[(&str, &str, &str, &str)] = &[
    // tables
    ("table t", "create § table t (a integer)", "", "unlogged"),
    ("table t", "create table t (a integer) §", "", "with (fillfactor = 50)"),
    ("table t", "create table t (a text) §", "", "with (toast.autovacuum_enabled = false)"),
    ("table t", "create table t (a integer) §", "", "using heap2"),
    ("table t", "create table t (a integer) §", "", "tablespace elsewhere"),
    ("table t", "create table t (a integer, b integer) partition by §", "range (a)", "range (b)"),
    ("table t", "create table t (a integer) partition by §", "list (a)", "hash (a)"),
    (
        "table u",
        "create table t (a integer) partition by hash (a); create table u partition of t for values with (§)",
        "modulus 2, remainder 0",
        "modulus 4, remainder 0",
    ),
    (
        "table u",
        "create table t (a integer) partition by list (a); create table u partition of t §",
        "default",
        "for values in (1, 2)",
    ),
    (
        "table u",
        "create table t (a integer) partition by range (a);
        create table u partition of t for values from (1) to (2) §",
        "",
        "; alter table t detach partition u",
    ),
    ("table u", "create table t (a integer); create table u (a integer) §", "", "inherits (t)"),
    (
        "table t",
        "create table t (a integer); alter table t replica identity §",
        "default",
        "nothing",
    ),
    (
        "table t",
        "create table t (a integer); alter table t § row level security",
        "disable",
        "enable",
    ),
    (
        "table t",
        "create table t (a integer); alter table t § row level security",
        "no force",
        "force",
    ),
    // columns
    ("column t.a", "create table t (a varchar(§))", "10", "11"),
    ("column t.a", "create table t (a numeric(10, §))", "2", "3"),
    ("column t.a", "create table t (a timestamp(§) with time zone)", "3", "4"),
    ("column t.a", "create table t (a timestamp § time zone)", "with", "without"),
    ("column t.a", "create table t (a interval §)", "year to month", "day to second(3)"),
    ("column t.a", "create table t (a bit§(8))", "", " varying"),
    ("column t.a", "create table t (a char(§))", "2", "3"),
    ("column t.a", "create table t (a integer§)", "", "[]"),
    ("column t.a", "create table t (a text collate \"§\")", "C", "POSIX"),
    ("column t.a", "create table t (a text compression §)", "default", "pglz"),
    (
        "column t.a",
        "create table t (a text); alter table t alter a set storage §",
        "extended",
        "external",
    ),
    ("column t.a", "create table t (a text); alter table t alter a set statistics §", "-1", "99"),
    ("column t.a", "create table t (a text); alter table t alter a set (n_distinct = §)", "5", "6"),
    (
        "column t.b",
        "create table t (a integer, b integer generated always as (a + §) stored)",
        "1",
        "2",
    ),
    ("column t.a", "create table t (a integer generated § as identity)", "always", "by default"),
    (
        "column t.a",
        "create table t (a integer generated always as identity (§))",
        "start 1",
        "start 7",
    ),
    (
        "column t.a",
        "create table t (a integer generated always as identity (§))",
        "increment 1",
        "increment 2",
    ),
    (
        "column t.a",
        "create table t (a integer generated always as identity (§))",
        "no cycle",
        "cycle",
    ),
    (
        "column t.a",
        "create table t (a integer generated always as identity (§))",
        "cache 1",
        "cache 9",
    ),
    (
        "column t.a",
        "create table t (a integer generated always as identity (§))",
        "maxvalue 90",
        "maxvalue 91",
    ),
    ("column t.a", "create table t (a integer default §)", "1", "2"),
    ("column t.a", "create table t (a integer §)", "", "not null"),
    // constraints
    (
        "constraint k on t",
        "create table t (a integer, b integer, constraint k primary key (a) §)",
        "",
        "include (b)",
    ),
    (
        "constraint k on t",
        "create table t (a integer, constraint k unique § (a))",
        "",
        "nulls not distinct",
    ),
    (
        "constraint k on t",
        "create table t (a integer, b integer, constraint k unique (a) §)",
        "",
        "include (b)",
    ),
    (
        "constraint k on t",
        "create table t (a integer, constraint k unique (a) §)",
        "",
        "with (fillfactor = 50)",
    ),
    (
        "constraint k on t",
        "create table t (a integer, b integer, constraint k foreign key (a, b) references r (a, b) §)",
        "",
        "match full",
    ),
    (
        "constraint k on t",
        "create table t (a integer, b integer, constraint k foreign key (a, b) references r (a, b) on delete set null §)",
        "(a)",
        "(b)",
    ),
    (
        "constraint k on t",
        "create table t (a integer, constraint k foreign key (a) references r on delete §)",
        "restrict",
        "no action",
    ),
    (
        "constraint k on t",
        "create table t (a integer, constraint k foreign key (a) references r on update §)",
        "cascade",
        "set default",
    ),
    (
        "constraint k on t",
        "create table t (a integer, constraint k foreign key (a) references r §)",
        "",
        "deferrable",
    ),
    (
        "constraint k on t",
        "create table t (a integer, constraint k foreign key (a) references r deferrable §)",
        "",
        "initially deferred",
    ),
    (
        "constraint k on t",
        "create table t (a integer); alter table t add constraint k foreign key (a) references r §",
        "",
        "not valid",
    ),
    (
        "constraint k on t",
        "create table t (a integer, constraint k check (a > 1) §)",
        "",
        "no inherit",
    ),
    (
        "constraint k on t",
        "create table t (a integer); alter table t add constraint k check (a > 1) §",
        "",
        "not valid",
    ),
    (
        "constraint k on t",
        "create table t (a int4range, constraint k exclude using gist (a with §))",
        "&&",
        "=",
    ),
    (
        "constraint k on t",
        "create table t (a int4range, constraint k exclude using gist (a with &&) where (§))",
        "a <> 'empty'",
        "a is not null",
    ),
    // indexes
    ("index i on t", "create table t (a text, b text); create § index i on t (a)", "", "unique"),
    (
        "index i on t",
        "create table t (a text, b text); create index i on t using § (a)",
        "btree",
        "hash",
    ),
    (
        "index i on t",
        "create table t (a text, b text); create index i on t (§)",
        "lower(a)",
        "upper(a)",
    ),
    (
        "index i on t",
        "create table t (a text, b text); create index i on t (a §)",
        "",
        "text_pattern_ops",
    ),
    (
        "index i on t",
        "create table t (a tsvector); create index i on t using gist (a tsvector_ops(siglen = §))",
        "100",
        "200",
    ),
    (
        "index i on t",
        "create table t (a text, b text); create index i on t (a collate \"§\")",
        "C",
        "POSIX",
    ),
    ("index i on t", "create table t (a text, b text); create index i on t (a §)", "asc", "desc"),
    (
        "index i on t",
        "create table t (a text, b text); create index i on t (a nulls §)",
        "last",
        "first",
    ),
    ("index i on t", "create table t (a text, b text); create index i on t (§)", "a, b", "b, a"),
    (
        "index i on t",
        "create table t (a text, b text); create index i on t (a) §",
        "",
        "include (b)",
    ),
    (
        "index i on t",
        "create table t (a text, b text); create index i on t (a) where §",
        "a > 'a'",
        "a > 'b'",
    ),
    (
        "index i on t",
        "create table t (a text, b text); create index i on t (a) §",
        "",
        "with (fillfactor = 50)",
    ),
    (
        "index i on t",
        "create table t (a text, b text); create index i on t (a) §",
        "",
        "tablespace elsewhere",
    ),
    (
        "index i on t",
        "create table t (a text, b text); create unique index i on t (a) §",
        "",
        "nulls not distinct",
    ),
    (
        "index i on t",
        "create table t (a text); create index i on t (a);
        update pg_index set indisvalid = § where indexrelid = 'i'::regclass",
        "true",
        "false",
    ),
    (
        "index i on t",
        "create table t (a integer) partition by list (a); create table u partition of t default;
        create index i on § t (a)",
        "",
        "only",
    ),
    // sequences
    ("sequence s", "create sequence s as §", "integer", "smallint"),
    ("sequence s", "create sequence s §", "", "increment by -1"),
    (
        "sequence s",
        "create table t (a integer, b integer); create sequence s owned by §",
        "t.a",
        "t.b",
    ),
    // views and rules
    ("view v", "create view v as select § as a", "1", "2"),
    ("view v", "create view v with (security_invoker = §) as select 1 as a", "true", "false"),
    ("view v", "create view v as select a from r §", "", "with local check option"),
    (
        "materialized view v",
        "create materialized view v § as select 1 as a",
        "",
        "with (fillfactor = 50)",
    ),
    ("rule w on r", "create rule w as on § to r do instead nothing", "insert", "delete"),
    ("rule w on r", "create rule w as on insert to r do § nothing", "instead", "also"),
    // functions
    ("function g()", "create function g() returns integer language sql as 'select §'", "1", "2"),
    (
        "function g()",
        "create function g() returns integer language sql § as 'select 1'",
        "stable",
        "immutable",
    ),
    (
        "function g(integer)",
        "create function g(integer) returns integer language sql § as 'select 1'",
        "",
        "strict",
    ),
    (
        "function g()",
        "create function g() returns integer language sql security § as 'select 1'",
        "invoker",
        "definer",
    ),
    (
        "function g()",
        "create function g() returns integer language sql § as 'select 1'",
        "",
        "leakproof",
    ),
    (
        "function g()",
        "create function g() returns integer language sql parallel § as 'select 1'",
        "safe",
        "unsafe",
    ),
    (
        "function g()",
        "create function g() returns integer language sql cost § as 'select 1'",
        "5",
        "6",
    ),
    (
        "function g()",
        "create function g() returns setof integer language sql rows § as 'select 1'",
        "5",
        "6",
    ),
    (
        "function g()",
        "create function g() returns integer language sql set work_mem = '§MB' as 'select 1'",
        "4",
        "5",
    ),
    ("function g()", "create function g(out a §) language sql as 'select 1'", "integer", "bigint"),
    (
        "function p()",
        "create procedure p() language § as 'begin end'",
        "plpgsql",
        "plpgsql set work_mem = '4MB'",
    ),
    (
        "function q(integer)",
        "create aggregate q(integer) (sfunc = §, stype = integer)",
        "int4larger",
        "int4smaller",
    ),
    (
        "function q(integer)",
        "create aggregate q(integer) (sfunc = int4pl, stype = integer, initcond = '§')",
        "0",
        "1",
    ),
    // triggers and policies
    (
        "trigger x on r",
        "create trigger x § insert on r for each row execute function f()",
        "before",
        "after",
    ),
    (
        "trigger x on r",
        "create trigger x before update of § on r for each row execute function f()",
        "a",
        "b",
    ),
    (
        "trigger x on r",
        "create trigger x before insert on r for each § execute function f()",
        "row",
        "statement",
    ),
    (
        "trigger x on r",
        "create trigger x before insert on r for each row when (new.a > §) execute function f()",
        "1",
        "2",
    ),
    (
        "trigger x on r",
        "create trigger x before insert on r for each row execute function f(); alter table r enable § trigger x",
        "always",
        "replica",
    ),
    (
        "trigger x on r",
        "create constraint trigger x after insert on r deferrable initially § for each row execute function f()",
        "deferred",
        "immediate",
    ),
    ("policy y on r", "create policy y on r as §", "permissive", "restrictive"),
    ("policy y on r", "create policy y on r for §", "select", "delete"),
    ("policy y on r", "create policy y on r to §", "app", "other"),
    ("policy y on r", "create policy y on r using (a > §)", "1", "2"),
    ("policy y on r", "create policy y on r with check (a > §)", "1", "2"),
    // types
    ("type e", "create type e as enum (§)", "'a', 'b'", "'b', 'a'"),
    ("domain d", "create domain d as § check (value is not null)", "integer", "bigint"),
    ("domain d", "create domain d as text §", "", "not null"),
    ("domain d", "create domain d as text default §", "'a'", "'b'"),
    ("domain d", "create domain d as text collate \"§\"", "C", "POSIX"),
    ("domain d", "create domain d as text constraint k check (value > §)", "'a'", "'b'"),
    ("type c", "create type c as (a integer, b §)", "text", "varchar(3)"),
    ("type h", "create type h as range (subtype = §)", "float8", "float4"),
    (
        "object operator <+>",
        "create function j(text, text) returns text language sql immutable as 'select $1';
        create function j2(text, text) returns text language sql immutable as 'select $2';
        create operator <+> (function = §, leftarg = text, rightarg = text)",
        "j",
        "j2",
    ),
    ("collation l", "create collation l (provider = icu, locale = '§')", "de", "sv"),
    ("statistics z", "create statistics z (§) on a, b from r", "ndistinct", "dependencies"),
    (
        "statistics z",
        "create statistics z on a, b from r; alter statistics z set statistics §",
        "5",
        "6",
    ),
    (
        "foreign table t",
        "create foreign table t (a integer) server elsewhere options (a '§')",
        "1",
        "2",
    ),
    ("column t.a", "create foreign table t (a integer options (a '§')) server elsewhere", "1", "2"),
    // grants, owners, comments
    ("grant", "grant § on r to app", "select", "select, truncate"),
    ("grant", "grant select on r to app §", "", "with grant option"),
    ("grant", "grant select (§) on r to app", "a", "b"),
    ("grant", "grant execute on function f() to §", "app", "other"),
    ("grant", "create type e as enum ('a'); grant usage on type e to §", "app", "other"),
    ("grant", "create domain d as text; grant usage on domain d to §", "app", "other"),
    ("grant", "create sequence s; grant § on sequence s to app", "usage", "update"),
    (
        "grant",
        "create procedure p() language plpgsql as 'begin end'; revoke execute on procedure p() from §",
        "public",
        "app",
    ),
    (
        "default privileges",
        "alter default privileges for role app in schema HOME grant select on tables to §",
        "other",
        "public",
    ),
    (
        "default privileges",
        "alter default privileges for role app in schema HOME grant § on sequences to other",
        "usage",
        "select",
    ),
    ("table t", "create table t (a integer); alter table t owner to §", "app", "other"),
    (
        "function g()",
        "create function g() returns integer language sql as 'select 1'; alter function g() owner to §",
        "app",
        "other",
    ),
    ("view v", "create view v as select 1 as a; alter view v owner to §", "app", "other"),
    ("sequence s", "create sequence s; alter sequence s owner to §", "app", "other"),
    ("type e", "create type e as enum ('a'); alter type e owner to §", "app", "other"),
    ("table r", "comment on table r is '§'", "x", "y"),
    ("column r.a", "comment on column r.a is '§'", "x", "y"),
    ("constraint r_pkey on r", "comment on constraint r_pkey on r is '§'", "x", "y"),
    ("function f()", "comment on function f() is '§'", "x", "y"),
    ("type e", "create type e as enum ('a'); comment on type e is '§'", "x", "y"),
    ("domain d", "create domain d as text; comment on domain d is '§'", "x", "y"),
    ("sequence s", "create sequence s; comment on sequence s is '§'", "x", "y"),
    ("view v", "create view v as select 1 as a; comment on view v is '§'", "x", "y"),
    ("index i on r", "create index i on r (b); comment on index i is '§'", "x", "y"),
    (
        "trigger x on r",
        "create trigger x before insert on r for each row execute function f(); comment on trigger x on r is '§'",
        "x",
        "y",
    ),
    ("policy y on r", "create policy y on r; comment on policy y on r is '§'", "x", "y"),
    (
        "statistics z",
        "create statistics z on a, b from r; comment on statistics z is '§'",
        "x",
        "y",
    ),
];

fn session(url: &str) -> Session {
    let address = Address::from_url(url).unwrap();
    let connector = Connector::new(address, ir::TlsMode::VerifyFull, Pins::default()).unwrap();
    connector.open("kinds").unwrap()
}

#[test]
fn every_property_is_known() {
    let Some(cluster) = common::cluster() else { return };
    let url = cluster.create_database("kinds").unwrap();
    let mut client = Client::connect(&url, NoTls).unwrap();
    client.batch_execute(CLUSTER).unwrap();
    client.batch_execute("set allow_in_place_tablespaces = on").unwrap();
    client.batch_execute("create tablespace elsewhere location ''").unwrap();
    let mut reader = session(&url);
    let mut wrong = Vec::new();
    for (number, (object, sql, one, other)) in CASES.iter().enumerate() {
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
    let options = DiffOptions { scope, ignore_generated_names: true, ..DiffOptions::default() };
    diff(expected, actual, &options).iter().map(ToString::to_string).collect()
}
