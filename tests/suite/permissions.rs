//! `cutover diff`: windows of exposure and waivers that a change opens, alters or ends, word for word; and
//! the options that say what does not count.

use tempfile::TempDir;

use crate::diff::{diff, golden, replace, repository_of};

const PLAN: &str = "\
cutover: 1
name: shop
target: { postgres: local }
baseline: schema.sql
components:
  include: [schema.sql]
stages:
  hand-over:
    sql: |
      copy users to '/srv/exchange/users.csv';
      notify moves;
waivers:
  - { allow: exposes-data, on: users, reason: the folder is the importer's, owner: shop, expires: 2999-12-31 }
  - { allow: exposes-data, on: hand-over, reason: an empty payload, owner: shop, expires: 2999-12-31 }
  - { allow: deletes-data, on: users, reason: of no use, owner: shop, expires: 2001-01-01 }
";

const SCHEMA: &str = "\
create table users (id bigint primary key, email text not null);
create index users_email_idx on users (email);
";

fn repository() -> TempDir {
    repository_of(&[("plan.yaml", PLAN), ("schema.sql", SCHEMA)])
}

/// A window opens, one closes; a waiver comes, one changes, one goes, one has expired. The baseline
/// loses an index, as it may.
fn changed() -> TempDir {
    let folder = repository();
    let at = folder.path();
    replace(at, "plan.yaml", "      notify moves;\n", "      grant reader to alice;\n");
    replace(
        at,
        "plan.yaml",
        "importer's, owner: shop, expires: 2999-12-31",
        "importer's, owner: ops, expires: 2998-12-31",
    );
    let empty = "  - { allow: exposes-data, on: hand-over, reason: an empty payload, owner: shop, expires: 2999-12-31 }\n";
    let lint = "  - { allow: foreign-key-without-index, reason: two rows, owner: shop, expires: 2999-12-31 }\n";
    replace(at, "plan.yaml", empty, lint);
    replace(at, "schema.sql", "create index users_email_idx on users (email);\n", "");
    let retire = "retire:\n  - { component: index users_email_idx, reason: nobody reads it, owner: shop, date: 2026-12-01 }\n";
    let text = std::fs::read_to_string(at.join("plan.yaml")).unwrap();
    std::fs::write(at.join("plan.yaml"), text + retire).unwrap();
    folder
}

const AGAINST: [&str; 4] = ["plan.yaml", "--against", "main", "--offline"];

#[test]
fn what_a_change_permits_stands_on_top_in_each_form() {
    let folder = changed();
    for (format, name) in
        [("text", "permits.txt"), ("markdown", "permits.md"), ("json", "permits.json")]
    {
        let args = [&AGAINST[..], &["--format", format]].concat();
        golden(name, &diff(folder.path(), &args).expect(3).stdout);
    }
}

#[test]
fn a_waiver_alone_is_a_difference_and_an_expired_one_is_told() {
    let folder = repository();
    let told = diff(folder.path(), &AGAINST).expect(0).stdout;
    assert!(
        told.starts_with("equal: ") && told.contains("deletes-data on users has expired"),
        "{told}"
    );
    replace(folder.path(), "plan.yaml", "reason: an empty payload", "reason: it holds nothing");
    let told = diff(folder.path(), &AGAINST).expect(3).stdout;
    assert!(told.contains(": waivers: 1 changed, 1 expired"), "{told}");
    assert!(told.contains("reason `an empty payload` → `it holds nothing`"), "{told}");
}

/// Two waivers of one name are told apart by what they say, wherever a third comes between them.
#[test]
fn an_added_waiver_is_not_a_change_of_its_neighbour() {
    let folder = repository();
    let first = "  - { allow: exposes-data, on: users, reason: the folder";
    let more = format!(
        "  - {{ allow: exposes-data, on: users, reason: a new one, owner: a, expires: 2999-01-01 }}\n{first}"
    );
    replace(folder.path(), "plan.yaml", first, &more);
    let told = diff(folder.path(), &AGAINST).expect(3).stdout;
    assert!(told.contains(": waivers: 1 added, 1 expired"), "{told}");
}

#[test]
fn schemas_that_were_left_out_are_told_to_programs_too() {
    let folder = repository();
    let several = "create schema shop;\ncreate schema other;\ncreate table shop.users (id bigint primary key, \
                   email text not null);\ncreate index users_email_idx on shop.users (email);\n\
                   create table other.t (id bigint);\n";
    std::fs::write(folder.path().join("dump.sql"), several).unwrap();
    let args = ["plan.yaml", "dump.sql", "--offline"];
    let told = diff(folder.path(), &args).expect(0);
    assert!(told.stderr.contains("`other`"), "{}", told.stderr);
    let told = diff(folder.path(), &[&args[..], &["--format", "json"]].concat()).expect(0).stdout;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let label = &told["diagnostics"][0]["labels"][0]["text"];
    assert_eq!(label, "about schema `other`", "{told}");
}

#[test]
fn names_of_the_engine_count_where_they_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    put("was.sql", "create table t (id bigint, constraint t_pkey primary key (id));\n");
    put("is.sql", "create table t (id bigint, constraint pk_of_t primary key (id));\n");
    put("made.sql", "create table t (id bigint, constraint t_pkey1 primary key (id));\n");
    diff(folder.path(), &["was.sql", "made.sql", "--offline"]).expect(0);
    let counted = ["was.sql", "made.sql", "--offline", "--ignore-generated-names=false"];
    diff(folder.path(), &counted).expect(3);
    // What a person named is never taken for the engine's.
    diff(folder.path(), &["was.sql", "is.sql", "--offline"]).expect(3);
}

#[test]
fn partitions_and_facts_that_do_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let table = "create table events (day date not null) partition by range (day);\n";
    let part = "create table events_2026 partition of events for values from ('2026-01-01') to ('2027-01-01');\n";
    put("was.sql", table);
    put("is.sql", &format!("{table}{part}comment on table events is 'what happened';\n"));
    let args = ["was.sql", "is.sql", "--offline"];
    let with = |more: &[&str]| diff(folder.path(), &[&args[..], more].concat());
    assert!(with(&[]).expect(3).stdout.contains(": 1 changed, 1 added"));
    let left = with(&["--ignore-partitions", "events_*"]).expect(3).stdout;
    assert!(left.contains(": 1 changed\n") && left.contains("comment"), "{left}");
    with(&["--ignore-partitions", "events_*", "--scope", "structure"]).expect(0);
    with(&["--ignore-partitions", "other_*", "--scope", "structure"]).expect(3);
}
