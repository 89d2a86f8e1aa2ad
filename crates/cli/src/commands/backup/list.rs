//! `cutover backup list`: what there is, how old it is, and whether it was tried.

use std::time::Duration;

use backup::catalog::{Entry, Test};
use backup::prune;
use backup::retention::ago;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Outcome;
use crate::args::{Format, List};
use crate::io::Io;
use crate::ui::figures::{bytes, count, duration};
use crate::ui::prose;
use crate::ui::style::{bold, yellow};
use crate::ui::table::{self, Align};
use crate::{exit_code, ui};

pub(super) fn run(args: &List, io: &Io) -> Outcome {
    let catalog = super::existing(&args.store, io)?;
    let entries = match &args.backup {
        Some(name) => vec![catalog.find(name)?],
        None => catalog.list()?,
    };
    let now = runtime::clock::now();
    match args.store.format {
        Format::Json => {
            let all: Vec<Value> = entries.iter().map(as_json).collect();
            let fields = json!({ "folder": catalog.folder(), "backups": all });
            io.out(&ui::json::answer("backup list", exit_code::DONE, fields))?;
        }
        Format::Text if args.backup.is_some() => {
            let there = entries.iter().map(|entry| {
                let there = prune::is_there(&catalog, entry);
                one(entry, there, now, io)
            });
            io.out(&there.collect::<String>())?;
        }
        Format::Text => {
            let folder = super::super::next::shown(catalog.folder());
            io.out(&all(&entries, &folder, now, io))?;
        }
    }
    Ok(exit_code::DONE)
}

fn all(entries: &[Entry], folder: &str, now: Timestamp, io: &Io) -> String {
    if entries.is_empty() {
        return format!(
            "no backups in {folder}\n{}",
            prose::next(
                &["`cutover backup create --sqlite FILE`, or `--url-env NAME`, or a plan"
                    .to_owned(),],
                io.terminal
            )
        );
    }
    let header = [
        ("backup", Align::Left),
        ("of", Align::Left),
        ("taken", Align::Right),
        ("size", Align::Right),
        ("rows", Align::Right),
        ("restored in", Align::Right),
        ("", Align::Left),
    ];
    let rows: Vec<Vec<String>> = entries.iter().map(|entry| row(entry, now)).collect();
    let total: u64 = entries.iter().map(|entry| entry.size).sum();
    let title =
        format!("{} in {folder}, {}", diagnostics::plural(entries.len(), "backup"), bytes(total));
    format!("{}\n{}", bold(&title, io.terminal), table::fitted(&header, &rows, io.terminal))
}

fn row(entry: &Entry, now: Timestamp) -> Vec<String> {
    vec![
        entry.name.clone(),
        entry.origin.clone(),
        ago(entry.taken_at, now),
        bytes(entry.size),
        count(entry.rows),
        recovery(entry),
        state(entry),
    ]
}

fn recovery(entry: &Entry) -> String {
    entry.recovery_ms().map_or("-".to_owned(), |ms| duration(Duration::from_millis(ms)))
}

fn state(entry: &Entry) -> String {
    match entry.tests.last() {
        _ if entry.is_verified() => "verified".to_owned(),
        Some(test) => format!("FAILED {}: {}", test.kind.word(), test.detail),
        None => "never tested".to_owned(),
    }
}

/// Everything about one backup.
fn one(entry: &Entry, there: bool, now: Timestamp, io: &Io) -> String {
    let mut out = bold(&entry.name, io.terminal) + "\n";
    if !there {
        out += &yellow("it is not what was written: `cutover backup verify` says why", io.terminal);
        out.push('\n');
    }
    let taken =
        format!("{} ({}), by {}", entry.taken_at, ago(entry.taken_at, now), entry.created_by);
    out += &prose::facts(
        [
            ("of", format!("{} ({})", entry.origin, entry.engine)),
            ("taken", taken),
            ("holds", format!("{} rows, {}", count(entry.rows), bytes(entry.size))),
            ("sha-256", entry.sha256.clone()),
            ("run", entry.run.clone().unwrap_or_else(|| "none".to_owned())),
            ("kept", entry.keep.to_string()),
            ("state", state(entry)),
            ("restored", format!("in {}", recovery(entry))),
        ],
        io.terminal,
    );
    out += &format!("\n{}\n", bold("tests", io.terminal));
    out.extend(entry.tests.iter().map(|test| format!("  {}\n", told(test))));
    out += &format!("\n{}\n", bold("to come back from it", io.terminal));
    let steps = entry.procedure.split("; ").enumerate();
    out.extend(steps.map(|(at, step)| format!("  {}. {step}\n", at + 1)));
    out
}

fn told(test: &Test) -> String {
    let verdict = if test.passed { "passed" } else { "FAILED" };
    let took = duration(Duration::from_millis(test.elapsed_ms));
    format!("{}  {} {verdict} in {took}: {}", test.at, test.kind.word(), test.detail)
}

pub(super) fn as_json(entry: &Entry) -> Value {
    let tests: Vec<Value> = entry
        .tests
        .iter()
        .map(|test| {
            json!({
                "test": test.kind.word(), "at": test.at, "elapsed_ms": test.elapsed_ms,
                "passed": test.passed, "detail": test.detail, "rows": test.rows,
            })
        })
        .collect();
    json!({
        "name": entry.name, "kind": entry.kind, "origin": entry.origin, "engine": entry.engine,
        "taken_at": entry.taken_at.to_string(), "size": entry.size, "rows": entry.rows,
        "sha256": entry.sha256, "run": entry.run, "created_by": entry.created_by,
        "keep": entry.keep, "verified": entry.is_verified(), "recovery_ms": entry.recovery_ms(),
        "procedure": entry.procedure.split("; ").collect::<Vec<_>>(), "tests": tests,
    })
}
