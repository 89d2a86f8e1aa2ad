//! Pairs of schemas from other projects' tests: a comparison reports a difference exactly when
//! `pg_dump` of the two databases differs, in both directions, and a schema loaded twice is equal to
//! itself. The databases are dumped here, so the oracle is the server that is compared.
//!
//! A seeded sample runs by default; `PAIRS=all` runs all, `PAIRS=<words>` those whose name has one.
//! A side of which the server refuses a statement still is a database; its pair is compared and
//! counted by itself.
#![allow(clippy::print_stdout, clippy::print_stderr)] // totals are part of the result
#![allow(clippy::unwrap_used)] // a test that cannot be set up fails

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use catalog::{Catalog, DiffOptions, Scope as Facts, diff};
use engine_postgres::introspect::{Scope, introspect};
use engine_postgres::server::Cluster;

const SUITES: [&str; 4] = ["apgdiff", "migra", "pgquarrel", "sqldef-psqldef"];
/// Every how manieth pair is in the sample.
const SAMPLE: usize = 16;

struct Case {
    name: String,
    folder: PathBuf,
}

/// One side, loaded into two databases.
struct Side {
    catalogs: [Catalog; 2],
    /// Statements and other lines of the dump, sorted.
    dump: Vec<String>,
    /// What the server refused.
    refused: Option<String>,
}

#[derive(Default)]
struct Totals {
    pairs: usize,
    /// Pairs of which both sides load as they stand.
    whole: usize,
    misses: BTreeMap<String, Vec<String>>,
    whole_misses: usize,
}

#[test]
fn drift_is_reported_exactly_where_the_dumps_differ() {
    let (Some(cluster), Some(root)) = (common::cluster(), cases_folder()) else { return };
    create_roles(&cluster, &root);
    let cases = chosen(&root);
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let found: Vec<Totals> = std::thread::scope(|scope| {
        let work = |worker: usize| work(&cluster, &cases, &next, worker);
        let started: Vec<_> = (0..workers).map(|at| scope.spawn(move || work(at))).collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let totals = found.into_iter().fold(Totals::default(), Totals::add);
    let report = totals.report();
    println!("{report}");
    // The bar is 99 % of the pairs that load; a sample is too small for that and must be right.
    let allowed = if cases.len() > 500 { totals.whole / 100 } else { 0 };
    assert!(totals.pairs > 0, "no pair was compared");
    assert!(totals.whole_misses <= allowed, "{report}");
}

impl Totals {
    fn add(mut self, other: Self) -> Self {
        self.pairs += other.pairs;
        self.whole += other.whole;
        self.whole_misses += other.whole_misses;
        self.misses.extend(other.misses);
        self
    }

    fn report(&self) -> String {
        let right = self.whole - self.whole_misses;
        let part = self.pairs - self.whole;
        let part_right = part - (self.misses.len() - self.whole_misses);
        let mut out = format!("{right} of {} pairs that load are right", self.whole);
        let _ = write!(out, "; {part_right} of {part} that load in part");
        for (name, reasons) in &self.misses {
            let _ = write!(out, "\n{name}");
            for reason in reasons {
                let _ = write!(out, "\n    {reason}");
            }
        }
        out
    }
}

fn work(cluster: &Cluster, cases: &[Case], next: &AtomicUsize, worker: usize) -> Totals {
    let mut totals = Totals::default();
    while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
        let [from, to] = ["from.sql", "to.sql"].map(|file| Side::load(cluster, case, file, worker));
        let whole = from.refused.is_none() && to.refused.is_none();
        let reasons = judge(&from, &to);
        totals.pairs += 1;
        totals.whole += usize::from(whole);
        totals.whole_misses += usize::from(whole && !reasons.is_empty());
        if !reasons.is_empty() {
            let refused = [&from, &to].into_iter().filter_map(|side| side.refused.clone());
            let reasons = reasons.into_iter().chain(refused).collect();
            totals.misses.insert(case.name.clone(), reasons);
        }
    }
    totals
}

/// What is wrong with the comparison; empty where nothing is.
fn judge(from: &Side, to: &Side) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, side) in [("from", from), ("to", to)] {
        for difference in differences(&side.catalogs[0], &side.catalogs[1]) {
            wrong.push(format!("{name} differs from itself: {difference}"));
        }
    }
    let dumps = only_in(&from.dump, &to.dump);
    for (name, a, b) in [("from → to", from, to), ("to → from", to, from)] {
        let found = differences(&a.catalogs[0], &b.catalogs[0]);
        if found.is_empty() && !dumps.is_empty() {
            wrong.push(format!("{name}: not reported: {}", dumps.join(" | ")));
        }
        if dumps.is_empty() {
            wrong.extend(found.iter().map(|it| format!("{name}: dumps are equal, but {it}")));
        }
    }
    wrong
}

/// All facts, all names: that is what a dump has.
fn differences(expected: &Catalog, actual: &Catalog) -> Vec<String> {
    let scope = Facts { structure: true, grants: true, owners: true, comments: true };
    let options = DiffOptions { scope, ignore_generated_names: false };
    diff(expected, actual, &options).iter().map(ToString::to_string).collect()
}

/// Lines that are not in both, marked like a diff.
fn only_in(a: &[String], b: &[String]) -> Vec<String> {
    let mut counts = BTreeMap::<&str, i64>::new();
    a.iter().for_each(|line| *counts.entry(line).or_default() += 1);
    b.iter().for_each(|line| *counts.entry(line).or_default() -= 1);
    let sign = |count: i64| if count > 0 { "-" } else { "+" };
    let differ = counts.into_iter().filter(|(_, count)| *count != 0);
    differ.map(|(line, count)| format!("{}{line}", sign(count))).collect()
}

impl Side {
    fn load(cluster: &Cluster, case: &Case, file: &str, worker: usize) -> Side {
        let mut refused = None;
        let mut dump = Vec::new();
        let catalogs = [0, 1].map(|copy| {
            let name = format!("pair_{worker}_{copy}");
            let url = cluster.create_database(&name).unwrap();
            refused = load(cluster, &url, &case.folder.join(file));
            if copy == 0 {
                dump = pg_dump(cluster, &url);
            }
            let catalog = read(&url);
            cluster.drop_database(&name).unwrap();
            catalog
        });
        Side { catalogs, dump, refused }
    }
}

fn load(cluster: &Cluster, url: &str, file: &Path) -> Option<String> {
    let mut command = Command::new(cluster.binaries().program("psql"));
    command.args(["-X", "-q", "-d", url, "-f"]).arg(file);
    let output = command.env("PGOPTIONS", "-c client_min_messages=error").output().unwrap();
    let errors = text(output.stderr);
    errors.lines().find(|line| line.contains("ERROR:")).map(|line| {
        line.split_once("ERROR:").map_or(line, |(_, message)| message.trim()).to_owned()
    })
}

fn read(url: &str) -> Catalog {
    introspect(&mut common::session(url), &Scope::Database).unwrap()
}

fn pg_dump(cluster: &Cluster, url: &str) -> Vec<String> {
    let mut command = Command::new(cluster.binaries().program("pg_dump"));
    let Output { status, stdout, stderr } =
        command.args(["--schema-only", "-d", url]).output().unwrap();
    assert!(status.success(), "{}", text(stderr));
    let dump = text(stdout);
    let counts = |line: &&str| {
        !line.is_empty()
            && !["--", "\\restrict", "\\unrestrict"].iter().any(|it| line.starts_with(it))
    };
    let mut lines: Vec<String> = dump.lines().filter(counts).map(str::to_owned).collect();
    lines.sort();
    lines
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `CUTOVER_SHARED`, or `../shared` beside the repository.
fn cases_folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("CUTOVER_SHARED").map_or(beside, PathBuf::from).join("cases");
    if !folder.is_dir() {
        eprintln!("skipped: no shared cases at {}", folder.display());
        return None;
    }
    Some(folder)
}

fn chosen(root: &Path) -> Vec<Case> {
    let mut cases = Vec::new();
    for suite in SUITES {
        for entry in fs::read_dir(root.join(suite).join("cases")).unwrap() {
            let folder = entry.unwrap().path();
            let id = folder.file_name().unwrap().to_string_lossy();
            cases.push(Case { name: format!("{suite}/{id}"), folder: folder.clone() });
        }
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    match std::env::var("PAIRS") {
        Ok(all) if all == "all" => {}
        Ok(words) => cases.retain(|case| words.split(' ').any(|word| case.name.contains(word))),
        Err(_) => cases = cases.into_iter().step_by(SAMPLE).collect(),
    }
    cases
}

fn create_roles(cluster: &Cluster, root: &Path) {
    let mut client = postgres::Client::connect(&cluster.url("postgres"), postgres::NoTls).unwrap();
    let mut roles: Vec<String> = Vec::new();
    for suite in SUITES {
        let listed = fs::read_to_string(root.join(suite).join("roles_needed.txt")).unwrap();
        roles.extend(listed.lines().map(str::to_owned));
    }
    roles.sort();
    roles.dedup();
    for role in roles.iter().filter(|role| !role.is_empty()) {
        client.batch_execute(&format!("create role \"{role}\"")).unwrap();
    }
}
