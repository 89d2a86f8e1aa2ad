//! A run of every example plan, on every engine that it can go to.

use testkit::{example, root};

use super::bench::Goal;
use super::places::{OnPostgres, OnSqlite, RUN, rewrite};
use super::points;
use crate::cutover;

#[test]
fn quickstart_into_sqlite() {
    let place = OnSqlite::quickstart();
    place.go("quickstart, SQLite", Goal::Promoted, &|| place.reset(), RUN);
}

#[test]
fn quickstart_into_postgres() {
    let old = "create table app.elsewhere (old text); insert into app.elsewhere values ('row')";
    let Some(place) = OnPostgres::of("quickstart", "app", "shop_app", old) else { return };
    let target = "target: { postgres: { url: { env: CUTOVER_TEST_URL }, schema: app } }";
    let place = place.targets("target:\n  sqlite: out/shop.sqlite", target);
    place.go("quickstart, PostgreSQL", Goal::Promoted, &|| place.reset(), RUN);
}

/// It owns what only PostgreSQL has: types, sequences, extensions, policies.
#[test]
fn shop_into_postgres() {
    let Some(place) = OnPostgres::shop() else { return };
    place.go("shop, PostgreSQL", Goal::Promoted, &|| place.reset(), RUN);
}

#[test]
fn fleet_into_postgres() {
    let Some(place) = OnPostgres::of("fleet", "code", "code_reader", "") else { return };
    let place = place.targets("server: local", "url: { env: CUTOVER_TEST_URL }");
    place.go("fleet, PostgreSQL", Goal::Promoted, &|| place.reset(), RUN);
}

/// The fleet's tables without its grants, which SQLite has not.
const FLEET: &str = "\
create table files (repo text not null, id bigint not null, path text not null, language text,
  bytes bigint not null, primary key (repo, id), constraint files_path_key unique (repo, path));
create table symbols (repo text not null, id bigint not null, file_id bigint not null,
  name text not null, kind text not null, line integer not null, primary key (repo, id),
  constraint symbols_file_fk foreign key (repo, file_id) references files (repo, id));
create index symbols_name_idx on symbols (name);
create index symbols_file_idx on symbols (repo, file_id);
";

#[test]
fn fleet_into_sqlite() {
    let place = OnSqlite::of("fleet", "out/code.sqlite", "files");
    let target = "target: { sqlite: { path: out/code.sqlite, existing: replace } }";
    rewrite(&place.plan, "target:\n  postgres:\n    server: local\n    schema: code", target);
    let grants = "  grants:\n    - { grant: usage, on: schema, to: code_reader }\n    - { grant: select, on: [files, symbols], to: code_reader }\n";
    rewrite(&place.plan, grants, "");
    rewrite(&place.plan, "../../schemas/fleet.postgres.sql", "fleet.sql");
    std::fs::write(place.plan.join("fleet.sql"), FLEET).unwrap();
    place.go("fleet, SQLite", Goal::Promoted, &|| place.reset(), RUN);
}

/// What the plan leaves out, as `cutover check` tells it.
fn mended(plan: &std::path::Path, grants: &str) {
    rewrite(plan, "expires_at: timestamptz\n", "expires_at: timestamptz not null\n");
    let rest = format!(
        "      primary_key: id
  constraints:
    sessions_account_fk: {{ table: sessions, foreign_key: [account_id], references: accounts(id) }}
  indexes:
    sessions_account_idx: {{ table: sessions, columns: [account_id] }}
{grants}"
    );
    let file = plan.join("plan.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let (start, _) = text.rsplit_once("      primary_key: id\n").unwrap();
    std::fs::write(&file, format!("{start}{rest}")).unwrap();
}

#[test]
fn a_mended_baseline_drift_into_postgres() {
    let old = "create table app.elsewhere (old text); insert into app.elsewhere values ('row')";
    let Some(place) = OnPostgres::of("baseline-drift", "app", "app_reader", old) else { return };
    let place = place.targets("server: local", "url: { env: CUTOVER_TEST_URL }");
    mended(&place.plan, "  grants:\n    - { grant: select, on: accounts, to: app_reader }\n");
    place.go("baseline-drift, PostgreSQL", Goal::Promoted, &|| place.reset(), RUN);
}

const ACCOUNTS: &str = "\
create table accounts (id bigint not null primary key, email text not null);
create table sessions (id bigint not null primary key, account_id bigint not null,
  expires_at timestamptz not null,
  constraint sessions_account_fk foreign key (account_id) references accounts (id));
create index sessions_account_idx on sessions (account_id);
";

#[test]
fn a_mended_baseline_drift_into_sqlite() {
    let place = OnSqlite::of("baseline-drift", "out/app.sqlite", "accounts");
    let target = "target: { sqlite: { path: out/app.sqlite, existing: replace } }";
    rewrite(&place.plan, "target: { postgres: { server: local, schema: app } }", target);
    rewrite(&place.plan, "../../schemas/baseline-drift.postgres.sql", "app.sql");
    std::fs::write(place.plan.join("app.sql"), ACCOUNTS).unwrap();
    mended(&place.plan, "");
    place.go("baseline-drift, SQLite", Goal::Promoted, &|| place.reset(), RUN);
}

/// As it stands it does not compile: a run reaches no point at all, and leaves nothing.
#[test]
fn baseline_drift_is_refused_before_the_first_point() {
    let (_keep, plan) = example("baseline-drift");
    for fault in ["count:0", "fail:1", "kill:1"] {
        let (done, hit) = points::with_fault(&cutover(), &plan, RUN, fault);
        done.expect(3);
        assert_eq!(hit, None);
        let left = std::fs::read_dir(plan.join(".cutover")).unwrap().count();
        assert_eq!(left, 0, "{fault}");
    }
}

/// An example that is new gets its loop.
#[test]
fn no_example_is_left_out() {
    let plans = std::fs::read_dir(root().join("plans")).unwrap();
    let here = include_str!("examples.rs").to_owned() + include_str!("places.rs");
    for plan in plans.map(|plan| plan.unwrap().file_name()) {
        let name = plan.to_string_lossy().into_owned();
        assert!(here.contains(&format!("(\"{name}\"")), "plans/{name} has no loop here");
    }
}
