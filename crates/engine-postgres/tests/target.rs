//! The target engine: whoever looks sees the state before or after, and every refusal says why.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod common;

use common::plan::{Hooks, at_promote, build, connect, origin, plan, promote, run_info, target};
use common::{cluster, database, one};
use ir::{Check, Existing, Expect, Inbound, Moment};
use runtime::EngineError;
use runtime::engine::{Outcome, TargetEngine as _};

const SHOP: [&str; 12] = [
    "create type status as enum ('new', 'paid')",
    "create table customers (id bigint generated always as identity primary key, email text unique)",
    "create table orders (id serial primary key, customer bigint references customers, state status default 'new', total numeric)",
    "create index orders_customer_idx on orders (customer)",
    "create statistics orders_stats on customer, state from orders",
    "create function total_of(c bigint) returns numeric language sql as 'select sum(total) from orders where customer = c'",
    "create function here() returns text language sql set search_path = \"cutover home\" as 'select count(*)::text from \"cutover home\".orders'",
    "create view rich as select customer, sum(total) as total from orders group by customer",
    "create materialized view daily as select state, count(*) as n from orders group by state",
    "create unique index daily_state on daily (state)",
    "comment on table orders is 'all orders'",
    "create sequence invoice_no",
];

fn names(client: &mut postgres::Client, like: &str) -> String {
    let sql = format!(
        "select coalesce(string_agg(nspname, ' ' order by nspname), '') from pg_namespace where nspname like '{like}'"
    );
    one(client, &sql)
}

fn codes(findings: &[EngineError]) -> Vec<(&'static str, String)> {
    findings.iter().map(|error| (error.code.id, error.to_string())).collect()
}

#[test]
fn a_fresh_target_gets_everything_or_nothing() {
    let Some(cluster) = cluster() else { return };
    let (url, mut client) = database(&cluster, "fresh");
    client.batch_execute("create role app; create role app_owner").unwrap();
    let mut plan = plan(&url, &SHOP);
    target(&mut plan).owner = Some("app_owner".to_owned());
    target(&mut plan).roles = vec!["app".to_owned()];
    let grant = "grant usage on schema \"cutover home\" to app";
    at_promote(&mut plan, grant);
    plan.baseline
        .script
        .statements
        .push(catalog::ScriptStatement { sql: grant.into(), roles: Vec::new() });
    plan.baseline.origins.push(origin(100));
    let (mut engine, run) = (connect(&plan), run_info("20260101-000000-aaaaaa"));
    build(&mut engine, &plan, &run);
    engine.worker().unwrap().execute("insert into customers (email) values ('a'), ('b'); insert into orders (customer) values (1)").unwrap();
    assert_eq!(engine.outcome(&run.run_id).unwrap(), Outcome::NotPromoted);
    let after = Check {
        name: "customers".into(),
        moment: Moment::After,
        sql: "select count(*) from customers; -- all".into(),
        expect: Expect::Value("2".into()),
        origin: origin(5),
    };
    let mut hooks = Hooks::default();
    let done = engine.promote(&plan, &run, &mut hooks, &[after]).unwrap();
    assert_eq!(hooks.seen, ["guard", "customers true: 2", "before commit"]);
    assert_eq!((done.attempts, done.kept), (1, None));
    assert_eq!(engine.outcome(&run.run_id).unwrap(), Outcome::Promoted);
    assert_eq!(names(&mut client, "cutover%"), "cutover");
    assert_eq!(one(&mut client, "select shop.here()"), "1");
    assert_eq!(
        one(&mut client, "select tableowner::text from pg_tables where tablename = 'orders'"),
        "app_owner"
    );
    assert_eq!(
        one(&mut client, "select has_schema_privilege('app', 'shop', 'usage')::text"),
        "true"
    );
    assert_eq!(one(&mut client, "select state || ' ' || plan from cutover.run"), "promoted shop");
    let left = engine.live_worker(&plan).unwrap().query("select count(*) from orders").unwrap();
    assert_eq!(left, [[Some("1".to_owned())]]);
}

#[test]
fn existing_objects_are_refused_or_replaced_and_kept() {
    let Some(cluster) = cluster() else { return };
    let (url, mut client) = database(&cluster, "replace");
    let mut plan = plan(&url, &SHOP);
    promote(&plan, "20260101-000000-aaaaaa").unwrap();
    client.batch_execute("insert into shop.customers (email) values ('old')").unwrap();
    let findings = connect(&plan).preflight(&plan).unwrap().findings;
    let shown: Vec<_> =
        findings.iter().map(|f| (f.code.id, f.object.as_deref().unwrap())).collect();
    assert!(shown.contains(&("RUN806", "table customers")), "{shown:?}");
    assert_eq!(shown.len(), 9, "{shown:?}");

    target(&mut plan).existing = Existing::Replace;
    let replaced = connect(&plan).preflight(&plan).unwrap().replaced;
    assert_eq!(
        replaced.iter().map(|t| (t.table.as_str(), t.rows)).collect::<Vec<_>>(),
        [("customers", 1), ("orders", 0)]
    );
    let done = promote(&plan, "20260102-000000-bbbbbb").unwrap();
    let kept = done.kept.unwrap();
    assert_eq!(kept, "cutover_kept_20260102_000000_bbbbbb");
    assert_eq!(one(&mut client, "select count(*)::text from shop.customers"), "0");
    assert_eq!(one(&mut client, &format!("select email from {kept}.customers")), "old");
    assert_eq!(
        one(
            &mut client,
            &format!("select has_schema_privilege('public', '{kept}', 'usage')::text")
        ),
        "false"
    );
}

#[test]
fn names_that_something_else_has_are_found_before_the_window() {
    let Some(cluster) = cluster() else { return };
    let (url, mut client) = database(&cluster, "clash");
    let mut plan = plan(&url, &SHOP);
    promote(&plan, "20260101-000000-aaaaaa").unwrap();
    client
        .batch_execute(
            "alter index shop.orders_customer_idx rename to old_idx;
             create table shop.other (status int); create index orders_customer_idx on shop.other (status);
             create sequence shop.customers_email_key2; alter type shop.status rename to old_status;
             create domain shop.status as int",
        )
        .unwrap();
    target(&mut plan).existing = Existing::Replace;
    let findings = connect(&plan).preflight(&plan).unwrap().findings;
    let shown: Vec<_> =
        findings.iter().map(|f| (f.code.id, f.object.as_deref().unwrap())).collect();
    assert_eq!(shown, [("RUN806", "index shop.orders_customer_idx")]);
}

#[test]
fn inbound_references_are_refused_or_carried() {
    let Some(cluster) = cluster() else { return };
    let (url, mut client) = database(&cluster, "inbound");
    let mut plan = plan(&url, &SHOP);
    promote(&plan, "20260101-000000-aaaaaa").unwrap();
    client.batch_execute(
        "create schema other; create table other.note (order_id int constraint note_order references shop.orders on delete cascade);
         create view other.emails with (security_barrier) as select email from shop.customers;
         create view other.again as select * from other.emails").unwrap();
    target(&mut plan).existing = Existing::Replace;
    let findings = connect(&plan).preflight(&plan).unwrap().findings;
    let shown: Vec<_> =
        findings.iter().map(|f| (f.code.id, f.object.as_deref().unwrap())).collect();
    assert_eq!(
        shown,
        [("RUN807", "view other.emails"), ("RUN807", "foreign key note_order of table other.note")]
    );

    target(&mut plan).inbound = Inbound::Carry;
    promote(&plan, "20260102-000000-bbbbbb").unwrap();
    client.batch_execute("insert into shop.customers (email) values ('new'); insert into shop.orders (id) values (7); insert into other.note values (7)").unwrap();
    assert_eq!(one(&mut client, "select email from other.again"), "new");
    let definition = one(
        &mut client,
        "select pg_get_constraintdef(oid) from pg_constraint where conname = 'note_order'",
    );
    assert_eq!(definition, "FOREIGN KEY (order_id) REFERENCES shop.orders(id) ON DELETE CASCADE");
    assert_eq!(
        one(
            &mut client,
            "select reloptions::text from pg_class where oid = 'other.emails'::regclass"
        ),
        "{security_barrier=true}"
    );

    client
        .batch_execute("create materialized view other.stuck as select * from shop.orders")
        .unwrap();
    let findings = connect(&plan).preflight(&plan).unwrap().findings;
    assert_eq!(codes(&findings), [("RUN807", "materialized view other.stuck: materialized view other.stuck refers to a replaced object".to_owned())]);
}

#[test]
fn a_blocked_promote_gives_up_and_leaves_the_target_as_it_was() {
    let Some(cluster) = cluster() else { return };
    let (url, mut client) = database(&cluster, "blocked");
    let mut plan = plan(&url, &SHOP);
    promote(&plan, "20260101-000000-aaaaaa").unwrap();
    target(&mut plan).existing = Existing::Replace;
    let (mut engine, run) = (connect(&plan), run_info("20260102-000000-bbbbbb"));
    build(&mut engine, &plan, &run);
    client.batch_execute("begin; select * from shop.orders").unwrap();
    let mut hooks = Hooks::default();
    let error = engine.promote(&plan, &run, &mut hooks, &[]).unwrap_err();
    assert_eq!((error.code.id, hooks.seen.len()), ("RUN815", 1), "{:?}", hooks.seen);
    client.batch_execute("commit").unwrap();
    assert_eq!(engine.outcome(&run.run_id).unwrap(), Outcome::NotPromoted);
    engine.discard_staging(&run).unwrap();
    engine.discard_staging(&run).unwrap();
    assert_eq!(names(&mut client, "cutover\\_%"), "");
}

#[test]
fn a_changed_target_a_failed_check_and_a_changed_source_take_it_all_back() {
    let Some(cluster) = cluster() else { return };
    let (url, mut client) = database(&cluster, "back");
    let mut plan = plan(&url, &SHOP);
    promote(&plan, "20260101-000000-aaaaaa").unwrap();
    target(&mut plan).existing = Existing::Replace;
    let (mut engine, run) = (connect(&plan), run_info("20260102-000000-bbbbbb"));
    build(&mut engine, &plan, &run);
    let check = Check {
        name: "none".into(),
        moment: Moment::After,
        sql: "select 'x' from generate_series(1, 3)".into(),
        expect: Expect::NoRows,
        origin: origin(5),
    };
    let error = engine.promote(&plan, &run, &mut Hooks::default(), &[check]).unwrap_err();
    assert_eq!(error.to_string(), "plan.yaml:5:1: check `none` does not hold: 3 rows, first: (x)");
    let changed = || Err(EngineError::new(&diagnostics::code::SOURCE_CHANGED, "changed"));
    let mut hooks = Hooks { at_guard: Some(Box::new(changed)), ..Hooks::default() };
    assert_eq!(engine.promote(&plan, &run, &mut hooks, &[]).unwrap_err().code.id, "SRC106");
    client.batch_execute("insert into shop.customers (email) values ('late')").unwrap();
    let error = engine.promote(&plan, &run, &mut Hooks::default(), &[]).unwrap_err();
    assert_eq!(error.code.id, "RUN825");
    assert_eq!(one(&mut client, "select email from shop.customers"), "late");
    assert_eq!(one(&mut client, "select count(*)::text from cutover.run"), "1");
}

#[test]
fn a_killed_backend_is_before_or_after_and_the_marker_knows() {
    let Some(cluster) = cluster() else { return };
    let (url, _client) = database(&cluster, "killed");
    let plan = plan(&url, &SHOP);
    let (mut engine, run) = (connect(&plan), run_info("20260101-000000-aaaaaa"));
    build(&mut engine, &plan, &run);
    let kill = || {
        let mut other = postgres::Client::connect(&url, postgres::NoTls).unwrap();
        let sql = "select pg_terminate_backend(pid, 5000)::text from pg_stat_activity where application_name like '%:promote'";
        assert_eq!(one(&mut other, sql), "true");
    };
    let mut hooks = Hooks { at_commit: Some(Box::new(kill)), ..Hooks::default() };
    let error = engine.promote(&plan, &run, &mut hooks, &[]).unwrap_err();
    assert_eq!(error.class, runtime::ErrorClass::ConnectionLost, "{error:?}");
    assert_eq!(engine.outcome(&run.run_id).unwrap(), Outcome::NotPromoted);
    engine.promote(&plan, &run, &mut Hooks::default(), &[]).unwrap();
    assert_eq!(engine.outcome(&run.run_id).unwrap(), Outcome::Promoted);
}

#[test]
fn one_run_at_a_time_and_leftovers_are_cleared() {
    let Some(cluster) = cluster() else { return };
    let (url, mut client) = database(&cluster, "lock");
    let plan = plan(&url, &SHOP);
    let (mut first, run) = (connect(&plan), run_info("20260101-000000-aaaaaa"));
    build(&mut first, &plan, &run);
    let mut second = connect(&plan);
    let error = second.lock(&run_info("20260102-000000-bbbbbb")).unwrap_err();
    assert_eq!(error.code.id, "RUN801");
    assert!(error.message.contains("run 20260101-000000-aaaaaa (server process "), "{error}");
    drop(first);
    for _ in 0..50 {
        if second.lock(&run_info("20260102-000000-bbbbbb")).is_ok() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let leftovers = second.leftovers().unwrap();
    assert_eq!(leftovers.len(), 1);
    assert_eq!(leftovers[0].run_id, run.run_id);
    second.remove_leftover(&leftovers[0]).unwrap();
    assert_eq!(names(&mut client, "cutover\\_%"), "");
}

#[test]
fn preflight_reports_everything_at_once_with_its_place() {
    let Some(cluster) = cluster() else { return };
    let (url, _client) = database(&cluster, "findings");
    let mut plan = plan(&url, &["create table t (a integer)", "create index i on t (nothing)"]);
    plan.baseline.script.statements[0].sql =
        "create table t (a integer primary key, b text)".into();
    target(&mut plan).environment = Some("production".to_owned());
    target(&mut plan).database = Some("other".to_owned());
    target(&mut plan).roles = vec!["nobody_has_this".to_owned()];
    target(&mut plan).extensions = vec!["no_such_extension".to_owned()];
    plan.settings.connections = 10_000;
    let found = connect(&plan).preflight(&plan).unwrap().findings;
    let ids: Vec<_> = found.iter().map(|f| f.code.id).collect();
    assert_eq!(
        ids,
        ["RUN803", "RUN803", "RUN805", "RUN805", "RUN805", "RUN810", "RUN810"],
        "{found:?}"
    );
    assert_eq!(found[5].object.as_deref(), Some("plan.yaml:2:1"));
    assert_eq!(found[6].object.as_deref(), Some("baseline.sql:2:1"));
}

#[test]
fn differences_from_the_baseline_name_its_line() {
    let Some(cluster) = cluster() else { return };
    let (url, _client) = database(&cluster, "baseline");
    let built = ["create table t (a integer, c integer)", "create index extra on t (a)"];
    let mut plan = plan(&url, &built);
    let expected = ["create table t (a bigint, c integer)", "create index missing on t (c)"];
    for (statement, sql) in plan.baseline.script.statements.iter_mut().zip(expected) {
        statement.sql = sql.to_owned();
    }
    let shown = |plan: &ir::CompiledPlan| codes(&connect(plan).preflight(plan).unwrap().findings);
    let expected = [
        (
            "BAS402",
            "baseline.sql:1:1: column t.a has data type `integer` instead of `bigint`".to_owned(),
        ),
        ("BAS403", "baseline.sql:1:1: index extra on t is not expected".to_owned()),
        ("BAS401", "baseline.sql:2:1: index missing on t is missing".to_owned()),
    ];
    assert_eq!(shown(&plan), expected);
    plan.baseline.new.push(ir::NewComponent { kind: Some("index".into()), name: "extra".into() });
    assert_eq!(shown(&plan).len(), 2);
}

#[test]
fn each_missing_privilege_is_found_before_the_window() {
    let Some(cluster) = cluster() else { return };
    let (url, mut client) = database(&cluster, "rights");
    client.batch_execute("create role mig login; create role keeper; create role app_owner; create schema shop; create table shop.orders (); alter table shop.orders owner to keeper").unwrap();
    let mut plan = plan(&url.replace("postgres@", "mig@"), &SHOP);
    target(&mut plan).owner = Some("app_owner".to_owned());
    target(&mut plan).existing = Existing::Replace;
    let grants = [
        (
            "grant create on database rights to mig",
            "role `mig` may not create schemas in database `rights`",
        ),
        ("grant usage on schema shop to mig", "role `mig` lacks usage on schema `shop`"),
        (
            "grant create on schema shop to mig, app_owner",
            "role `mig` lacks create on schema `shop`",
        ),
        (
            "grant app_owner to mig",
            "role `mig` is no member of `app_owner`, which is to own the objects",
        ),
        (
            "grant create on schema shop to app_owner",
            "role `app_owner` may not own objects in schema shop: it lacks create on it",
        ),
        (
            "grant keeper to mig",
            "table orders: table orders is to be replaced and belongs to another role",
        ),
    ];
    for (grant, _) in grants {
        client.batch_execute(grant).unwrap();
    }
    assert_eq!(connect(&plan).preflight(&plan).unwrap().findings, []);
    for (grant, expected) in grants {
        let revoke = grant.replace("grant", "revoke").replace(" to ", " from ");
        client.batch_execute(&revoke).unwrap();
        let findings = connect(&plan).preflight(&plan).unwrap().findings;
        assert!(
            codes(&findings).contains(&("RUN804", expected.to_owned())),
            "{grant}: {findings:?}"
        );
        client.batch_execute(grant).unwrap();
    }
    promote(&plan, "20260101-000000-aaaaaa").unwrap();
}

#[test]
fn a_worker_refuses_work_that_was_only_skipped_and_sets_sequences() {
    let Some(cluster) = cluster() else { return };
    let (url, _client) = database(&cluster, "worker");
    let plan = plan(
        &url,
        &[
            "create table t (id serial, down int generated by default as identity (increment -1), n int)",
            "create index i on t (n)",
        ],
    );
    let (mut engine, run) = (connect(&plan), run_info("20260101-000000-aaaaaa"));
    build(&mut engine, &plan, &run);
    let mut worker = engine.worker().unwrap();
    let skipped = worker.execute("create index if not exists i on t (n)").unwrap_err();
    assert_eq!((skipped.code.id, skipped.sqlstate.as_deref()), ("RUN814", Some("42P07")));
    assert_eq!(
        worker.execute("insert into t values (5, -7, 1), (3, -2, 2)").unwrap().rows_affected,
        2
    );
    worker.set_sequences("t").unwrap();
    worker.execute("insert into t (n) values (3)").unwrap();
    let rows = worker.query("select id, down from t where n = 3").unwrap();
    assert_eq!(rows, [[Some("6".to_owned()), Some("-8".to_owned())]]);
    worker.execute("delete from t").unwrap();
    worker.set_sequences("t").unwrap();
    let rows = worker.query("insert into t (n) values (4) returning id, down").unwrap();
    assert_eq!(rows, [[Some("1".to_owned()), Some("-1".to_owned())]]);
    let error = worker.execute("select * from \"cutover home\".t where nothing = 1").unwrap_err();
    assert_eq!(error.offset, Some(37), "{error:?}");
}

#[test]
fn a_cancelled_statement_is_an_interruption() {
    let Some(cluster) = cluster() else { return };
    let (url, _client) = database(&cluster, "cancel");
    let plan = plan(&url, &["create table t (n int)"]);
    let (mut engine, run) = (connect(&plan), run_info("20260101-000000-aaaaaa"));
    build(&mut engine, &plan, &run);
    let mut worker = engine.worker().unwrap();
    let canceller = worker.canceller();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        canceller.cancel();
    });
    let error = worker.execute("select pg_sleep(30)").unwrap_err();
    assert_eq!((error.code.id, error.class), ("RUN816", runtime::ErrorClass::Interrupted));
    thread.join().unwrap();
}

#[test]
fn secrets_never_reach_an_error() {
    let Some(cluster) = cluster() else { return };
    let (url, mut client) = database(&cluster, "secret");
    client.batch_execute("create role known login password 'canary-right'").unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (number, text) in [
        url.replace("postgres@", "nobody:canary-1@"),
        url.replace("/secret", "/no_such_database").replace("postgres@", "postgres:canary-2@"),
        "postgres://me:canary-3@127.0.0.1:1/d".to_owned(),
        "postgres://me:canary-4@db.invalid/d?sslrootcert=/nowhere".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        let file = folder.path().join(number.to_string());
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .unwrap();
        let mut plan = plan(&url, &SHOP);
        target(&mut plan).server = ir::Server::File(file.to_string_lossy().into_owned());
        let error =
            engine_postgres::target::PostgresEngine::connect(&plan, ".".as_ref(), ".".as_ref())
                .err()
                .unwrap();
        assert!(["RUN802", "RUN809"].contains(&error.code.id), "{error:?}");
        assert!(!format!("{error:?}{error}").contains("canary"), "{error:?}");
    }
}
