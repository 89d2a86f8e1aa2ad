//! What introspection reads is complete, stable, and says exactly what changed.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod common;
#[path = "common/schemas.rs"]
mod schemas;

use std::path::{Path, PathBuf};

use catalog::{
    Catalog, DiffOptions, Home, Kind, Normaliser as _, ObjectKey, Script, ScriptStatement, diff,
};
use diagnostics::{SourceId, SourceText, Span};
use engine_postgres::introspect::{Scope, introspect};
use engine_postgres::scratch::PostgresNormaliser;

fn statements(text: &str) -> Vec<ScriptStatement> {
    let span = Span::new(SourceId(0), 0..text.len());
    let (statements, findings) =
        sql::split(&SourceText::verbatim(text, span), sql::Dialect::Postgres);
    assert!(findings.is_empty(), "{findings:?}");
    let wanted = statements
        .into_iter()
        .filter(|s| s.data.is_none() && !matches!(s.class, sql::Class::PsqlMeta { .. }));
    wanted.map(|s| ScriptStatement { roles: sql::roles(&s), sql: s.text.text }).collect()
}

fn read(normaliser: &mut PostgresNormaliser, home: Home, text: &str) -> Catalog {
    let script = Script { home, statements: statements(text) };
    let result = normaliser.normalise(&script).unwrap();
    assert_eq!(result.errors, [], "{:?}", result.via);
    result.catalog
}

fn differences(expected: &Catalog, actual: &Catalog) -> Vec<String> {
    diff(expected, actual, &DiffOptions::default()).iter().map(ToString::to_string).collect()
}

const SHOP: &str = r#"
create type status as enum ('new', 'it''s paid');
create domain amount as numeric(12, 2) default 0 constraint positive check (value >= 0);
create sequence invoice_no start with 100;
create table customers (id bigint generated always as identity primary key, email text not null unique,
    name text collate "C", secret text);
alter table customers alter secret set storage external;
create table orders (id serial primary key, customer bigint not null references customers on delete cascade,
    total amount, state status default 'new', doubled numeric generated always as (total * 2) stored,
    check (total < 1000000));
create index orders_customer_idx on orders (customer) where total > 0;
create index orders_lower_idx on customers using btree (lower(email)) include (name);
create statistics orders_stats (dependencies) on customer, state from orders;
create function total_of(c bigint) returns numeric language sql stable as 'select sum(total) from orders where customer = c';
create procedure nothing(inout x integer) language plpgsql as 'begin end';
create aggregate last_of(integer) (sfunc = int4larger, stype = integer, initcond = '0');
create view rich with (security_barrier) as select c.name, sum(o.total) as total from customers c join orders o on o.customer = c.id group by c.name;
create materialized view daily as select state, count(*) as n from orders group by state;
create unique index daily_state on daily (state);
create function touch() returns trigger language plpgsql as 'begin return new; end';
create trigger touch before update of total on orders for each row when (new.total is not null) execute function touch();
create rule no_delete as on delete to customers where old.id = 1 do instead nothing;
alter table orders enable row level security;
create policy mine on orders as restrictive for select to app using (customer > 0);
create table events (at date not null, what text) partition by range (at);
create table events_2026 partition of events for values from ('2026-01-01') to ('2027-01-01');
create index events_what on events (what);
comment on table orders is 'all orders';
comment on column orders.total is 'with tax';
grant select, insert (total) on orders to app with grant option;
grant usage on sequence invoice_no to public;
revoke execute on function total_of(bigint) from public;
grant execute on function total_of(bigint) to app;
grant usage on type status to app;
alter default privileges grant select on tables to app;
"#;

#[test]
fn every_kind_is_read_home_relative_and_twice_the_same() {
    let Some(_cluster) = common::cluster() else { return };
    let mut normaliser = PostgresNormaliser::with_binaries(None);
    let first = read(&mut normaliser, Home::Unqualified, SHOP);
    let second = read(&mut normaliser, Home::Unqualified, SHOP);
    assert_eq!(first, second);
    let text: String = first.objects.iter().map(|(key, object)| show(key, object)).collect();
    assert!(!text.contains("cutover"), "{text}");
    insta::assert_snapshot!(text);
}

fn show(key: &catalog::ObjectKey, object: &catalog::Object) -> String {
    let mut out = format!("{key}\n");
    for (name, value) in &object.properties {
        out.push_str(&format!("    {name} = {}\n", value.replace('\n', "\\n")));
    }
    if let Some(comment) = &object.comment {
        out.push_str(&format!("    comment: {comment}\n"));
    }
    out
}

#[test]
fn one_change_is_one_difference() {
    let Some(_cluster) = common::cluster() else { return };
    let mut normaliser = PostgresNormaliser::with_binaries(None);
    let whole = read(&mut normaliser, Home::Unqualified, SHOP);
    let cases = [
        ("drop index orders_customer_idx", "index orders_customer_idx on orders is missing"),
        (
            "alter table orders drop constraint orders_customer_fkey",
            "constraint orders_customer_fkey on orders is missing",
        ),
        (
            "revoke usage on sequence invoice_no from public",
            "grant on sequence invoice_no to PUBLIC is missing",
        ),
        (
            "revoke grant option for select on orders from app",
            "grant on table orders to app has select `granted` instead of `grantable`",
        ),
        ("drop policy mine on orders", "policy mine on orders is missing"),
        ("drop statistics orders_stats", "statistics orders_stats is missing"),
        (
            "alter table customers alter name drop not null, alter email drop not null",
            "column customers.email lacks not null `yes`",
        ),
        (
            "alter table orders disable trigger touch",
            "trigger touch on orders has enabled `disabled`, which is not expected",
        ),
        ("comment on column orders.total is null", "column orders.total lacks comment `with tax`"),
        (
            "alter sequence invoice_no increment 2",
            "sequence invoice_no has increment `2` instead of `1`",
        ),
        (
            "alter view rich reset (security_barrier)",
            "view rich lacks options `security_barrier=true`",
        ),
        (
            "alter type status add value 'late'",
            "type status has labels `'new', 'it''s paid', 'late'` instead of `'new', 'it''s paid'`",
        ),
        (
            "grant execute on function total_of(bigint) to public",
            "grant on function total_of(bigint) to PUBLIC is missing",
        ),
        (
            "grant select on orders to orders_reader",
            "grant on table orders to orders_reader is not expected",
        ),
    ];
    for (change, expected) in cases {
        let changed = read(&mut normaliser, Home::Unqualified, &format!("{SHOP}; {change};"));
        assert_eq!(differences(&whole, &changed), [expected], "{change}");
    }
}

#[test]
fn acls_equal_to_the_default_are_no_grants() {
    let Some(_cluster) = common::cluster() else { return };
    let mut normaliser = PostgresNormaliser::with_binaries(None);
    let plain =
        "create table t (a integer); create function f() returns int language sql as 'select 1';";
    let explicit = format!(
        "{plain} grant all on t to current_user; grant execute on function f() to public;
         grant select on t to app; revoke select on t from app;
         revoke execute on function f() from public; grant execute on function f() to public;"
    );
    let expected = read(&mut normaliser, Home::Unqualified, plain);
    assert_eq!(
        differences(&expected, &read(&mut normaliser, Home::Unqualified, &explicit)),
        [""; 0]
    );
}

#[test]
fn refused_statements_have_their_place_and_do_not_hide_the_others() {
    let Some(_cluster) = common::cluster() else { return };
    let mut normaliser = PostgresNormaliser::with_binaries(None);
    let text = "create table a (b text); create table c (d nothing); create index on a (e); create index i on a (b)";
    let script = Script { home: Home::Unqualified, statements: statements(text) };
    let result = normaliser.normalise(&script).unwrap();
    let errors: Vec<_> =
        result.errors.iter().map(|e| (e.statement, e.offset, e.message.as_str())).collect();
    assert_eq!(
        errors,
        [
            (1, Some(18), "type \"nothing\" does not exist"),
            (2, None, "column \"e\" does not exist"),
        ]
    );
    assert!(result.catalog.objects.keys().any(|key| key.name == "i"));
}

#[test]
fn statements_that_no_transaction_takes_are_applied_too() {
    let Some(_cluster) = common::cluster() else { return };
    let mut normaliser = PostgresNormaliser::with_binaries(None);
    let text = "create table a (b text); create index concurrently i on a (b); grant select on a to somebody;
        create type e as enum ('x'); alter type e add value 'y'; create table f (g e default 'y');";
    let catalog = read(&mut normaliser, Home::Unqualified, text);
    assert!(catalog.objects.keys().any(|key| key.name == "i"));
    assert_eq!(catalog, read(&mut normaliser, Home::Unqualified, text));
}

/// `CUTOVER_SHARED`, or `../shared` beside the repository.
fn real_schemas(data: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![data.join("postgres"), data.join("dual")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            let name = entry.file_name().into_string().unwrap();
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".sql") && !name.contains("sqlite") && !name.contains("data") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

#[test]
fn real_schemas_are_read_twice_the_same_and_miss_what_is_dropped() {
    let (Some(_cluster), Some(data)) = (common::cluster(), schemas::shared()) else { return };
    let mut normaliser = PostgresNormaliser::with_binaries(None);
    for file in real_schemas(&data) {
        let text = std::fs::read_to_string(&file).unwrap();
        let whole = read(&mut normaliser, Home::Database, &text);
        assert_eq!(whole, read(&mut normaliser, Home::Database, &text), "{}", file.display());
        let (drops, mut expected) = (drops(&whole), Vec::new());
        expected.extend(drops.iter().map(|(key, _)| format!("{key} is missing")));
        let sql: String = drops.into_iter().map(|(_, sql)| sql).collect();
        let less = read(&mut normaliser, Home::Database, &format!("{text};\n{sql}"));
        assert_eq!(differences(&whole, &less), expected, "{}", file.display());
    }
}

/// Most definitions are put together here from what the server says of one of their shape.
#[test]
fn definitions_are_what_the_server_says_of_each() {
    let (Some(cluster), Some(data)) = (common::cluster(), schemas::shared()) else { return };
    schemas::create_roles(&cluster);
    let every_kind = [("every_kind".to_owned(), schemas::EVERY_KIND.to_owned())];
    for (name, text) in every_kind.into_iter().chain(schemas::real_schemas(&data)) {
        let url = cluster.create_database(&name).unwrap();
        schemas::psql(&cluster, &url, &text).unwrap();
        let mut session = common::session(&url);
        let catalog = introspect(&mut session, &Scope::Database).unwrap();
        session.run("set search_path = pg_catalog").unwrap();
        let mut compared = 0;
        for row in session.text(DEFINITIONS).unwrap() {
            let row: [Option<String>; 4] = row.try_into().unwrap();
            let [schema, table, object, said] = row.map(Option::unwrap_or_default);
            let constraint = said.starts_with("constraint ");
            let kind = if constraint { Kind::Constraint } else { Kind::Index };
            let key = ObjectKey::new(kind, object).in_schema(schema).on(table);
            let Some(found) = catalog.get(&key) else { continue };
            let written = found.get("definition").unwrap();
            assert!(said.ends_with(&format!(" {written}")), "{name}: {said}\n{written}");
            compared += 1;
        }
        assert!(compared > 20, "{name}: {compared}");
    }
}

const DEFINITIONS: &str = "select n.nspname, t.relname, c.relname, pg_get_indexdef(i.indexrelid, 0, true)
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
    join pg_namespace n on n.oid = t.relnamespace
    where not exists (select from pg_constraint o where o.conindid = i.indexrelid and o.contype <> 'f')
    union all
    select n.nspname, t.relname, o.conname, 'constraint ' || pg_get_constraintdef(o.oid, true)
    from pg_constraint o join pg_class t on t.oid = o.conrelid
    join pg_namespace n on n.oid = t.relnamespace
    where o.contype in ('p', 'u', 'f')";

/// One foreign key and one index that nothing else depends on, with the statement that drops them.
fn drops(catalog: &Catalog) -> Vec<(ObjectKey, String)> {
    let quote = |name: &str| sql::quote_ident(name, sql::Dialect::Postgres);
    let plain = |object: &catalog::Object| object.get("unique").is_none();
    let key = catalog.of_kind(Kind::Constraint).find(|(_, o)| o.get("type") == Some("foreign key"));
    let index = catalog.of_kind(Kind::Index).find(|(_, object)| plain(object));
    let mut found = Vec::new();
    for (key, _) in key.into_iter().chain(index) {
        let (schema, parent, name) = (quote(&key.schema), quote(&key.parent), quote(&key.name));
        let sql = match key.kind {
            Kind::Index => format!("drop index {schema}.{name};\n"),
            _ => format!("alter table {schema}.{parent} drop constraint {name};\n"),
        };
        found.push((key.clone(), sql));
    }
    found
}
