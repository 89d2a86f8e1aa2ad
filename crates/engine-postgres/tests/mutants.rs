//! Every change of a schema is named, and nothing else is; what means the same is no difference.
//!
//! A seeded sample of each schema by default; `CUTOVER_MUTANTS=all` takes all, a number so many of
//! each schema; `CUTOVER_SEED` takes others. Each mutant lives in a transaction that is rolled back.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod common;
#[path = "common/schemas.rs"]
mod schemas;

#[path = "mutants/mutate.rs"]
mod mutate;
#[path = "mutants/rewrite.rs"]
mod rewrite;

use std::collections::BTreeMap;

use catalog::{Catalog, DiffOptions, Difference, diff};
use common::session;
use engine_postgres::connect::Session;
use engine_postgres::introspect::{Scope, introspect};
use engine_postgres::server::Cluster;
use schemas::{EVERY_KIND, create_roles, psql, real_schemas, shared};

/// What became of the mutants of one class: found, refused by the server, wrong.
#[derive(Default)]
struct Tally {
    right: usize,
    refused: usize,
    wrong: Vec<String>,
}

type Tallies = BTreeMap<&'static str, Tally>;

#[test]
fn every_mutant_is_named_and_no_rewrite_is() {
    let Some(cluster) = common::cluster() else { return };
    let mut tallies = Tallies::new();
    examine(&cluster, "every_kind", EVERY_KIND, &mut tallies);
    // The sample is one of each schema: without the real ones there is one.
    let mut least = (10, 8);
    if let Some(data) = shared() {
        least = (50, 20);
        create_roles(&cluster);
        for (name, text) in real_schemas(&data) {
            examine(&cluster, &name, &text, &mut tallies);
        }
    }
    report(&tallies, least);
}

/// `least`: mutants and rewrites.
fn report(tallies: &Tallies, least: (usize, usize)) {
    let mut wrong = Vec::new();
    let mut sums = [(0, 0), (0, 0)];
    for (class, tally) in tallies {
        eprintln!(
            "{class}: {} right, {} wrong, {} refused by the server",
            tally.right,
            tally.wrong.len(),
            tally.refused
        );
        wrong.extend(tally.wrong.iter().map(|line| format!("{class}: {line}")));
        let sum = &mut sums[usize::from(class.starts_with("rewrite"))];
        *sum = (sum.0 + tally.right, sum.1 + tally.wrong.len());
    }
    let [(named, missed), (silent, alarms)] = sums;
    eprintln!("{named} of {} mutants named exactly", named + missed);
    eprintln!("{alarms} false alarms on {} rewrites", silent + alarms);
    assert!(wrong.is_empty(), "{}", wrong[..wrong.len().min(30)].join("\n"));
    assert!(named > least.0 && silent > least.1, "too few were tried");
}

/// In a database of its own, which goes with the cluster.
fn examine(cluster: &Cluster, name: &str, schema: &str, tallies: &mut Tallies) {
    let url = cluster.create_database(name).unwrap();
    psql(cluster, &url, schema).unwrap();
    let mut session = session(&url);
    let base = introspect(&mut session, &Scope::Database).unwrap();
    let mut taken = 0;
    for mutant in sample(mutate::all(&base)) {
        let tally = tallies.entry(mutant.class).or_default();
        match differences(&mut session, &base, &mutant.sql) {
            None => tally.refused += 1,
            Some(found) if mutant.is_named(&base, &found) => tally.right += 1,
            Some(found) => tally.wrong.push(wrong(name, &mutant.sql, &found)),
        }
        taken += 1;
    }
    for (class, sql) in sample(rewrite::all(&mut session, &base)) {
        let tally = tallies.entry(class).or_default();
        match differences(&mut session, &base, &sql) {
            None => tally.refused += 1,
            Some(found) if found.is_empty() => tally.right += 1,
            Some(found) => tally.wrong.push(wrong(name, &sql, &found)),
        }
        taken += 1;
    }
    eprintln!("{name}: {taken} tried");
}

fn wrong(name: &str, sql: &str, found: &[Difference]) -> String {
    let found: Vec<String> = found.iter().take(6).map(ToString::to_string).collect();
    format!("{name}: {sql}\n    {}", found.join("\n    "))
}

/// What the change makes different; `None` where the server refuses it.
fn differences(session: &mut Session, base: &Catalog, sql: &str) -> Option<Vec<Difference>> {
    session.run("begin").unwrap();
    let found = session.run(sql).is_ok().then(|| {
        let changed = introspect(session, &Scope::Database).unwrap();
        diff(base, &changed, &DiffOptions::default())
    });
    session.run("rollback").unwrap();
    found
}

/// Every so many, from a seeded start, so that all classes and tables have their turn.
fn sample<T>(all: Vec<T>) -> Vec<T> {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse().ok());
    let whole = std::env::var("CUTOVER_MUTANTS").is_ok_and(|value| value == "all");
    let wanted: usize = number("CUTOVER_MUTANTS").unwrap_or(16);
    let step = if whole { 1 } else { all.len().div_ceil(wanted.max(1)).max(1) };
    let start = number("CUTOVER_SEED").unwrap_or(3) % step;
    all.into_iter().skip(start).step_by(step).collect()
}
