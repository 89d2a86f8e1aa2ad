//! `cutover backup restore`: what would be replaced first, then the backup in its place.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use backup::catalog::{Catalog, Entry, Test, TestKind};
use backup::manifest::{About, Manifest, Postgres, Sqlite};
use diagnostics::{Diagnostic, code};
use engine_postgres::connect::Connector;
use jiff::Timestamp;
use runtime::EngineError;
use serde_json::{Value, json};

use super::{Outcome, postgres};
use crate::args::{Format, Restore};
use crate::failure::{Failure, from_engine};
use crate::io::Io;
use crate::ui::figures::{bytes, count, duration, rows};
use crate::ui::prose;
use crate::ui::style::{bold, green};
use crate::ui::table::{self, Align};
use crate::{exit_code, ui};

pub(super) fn run(args: &Restore, io: &Io) -> Outcome {
    let catalog = super::existing(&args.store, io)?;
    let entry = catalog.find(&args.backup)?;
    let manifest = Manifest::read(&catalog.location(&entry))?;
    let place = Place::of(args, &manifest)?;
    let seen = place.look(&manifest)?;
    if args.dry_run || (seen.is_some() && !args.replace_existing) {
        return propose(args, &entry, &manifest, &place, seen.as_ref(), io);
    }
    let started = runtime::clock::now();
    let done = place.restore(&catalog.location(&entry), &manifest, args.replace_existing);
    record(&catalog, &entry, &place, started, &done)?;
    let done = done?;
    let text = match args.store.format {
        Format::Text => restored(&entry, &manifest, &place, &done, io),
        Format::Json => ui::json::answer(
            "backup restore",
            exit_code::DONE,
            json!({
                "backup": entry.name, "to": place.shown(), "rows": done.rows,
                "moved_aside": done.moved_aside, "elapsed_ms": done.elapsed_ms,
            }),
        ),
    };
    io.out(&text)?;
    Ok(exit_code::DONE)
}

/// Where a backup goes.
enum Place {
    File(PathBuf),
    Database { connector: Box<Connector>, name: String },
}

/// What is there now.
struct Seen {
    size: u64,
    tables: Result<BTreeMap<String, u64>, String>,
    /// Further facts: files beside it, who uses it.
    more: Vec<(&'static str, String)>,
}

struct Done {
    rows: u64,
    moved_aside: Option<String>,
    elapsed_ms: u64,
}

impl Place {
    fn of(args: &Restore, manifest: &Manifest) -> Result<Self, Failure> {
        match &manifest.about {
            About::Sqlite(about) => Place::of_file(args, about),
            About::Postgres(about) => Place::of_database(args, about),
        }
    }

    fn of_file(args: &Restore, about: &Sqlite) -> Result<Self, Failure> {
        if args.server.is_given() || args.database.is_some() {
            let help = "it is a backup of a SQLite file: name a file with `--to`";
            return Err(Failure::usage(&code::USAGE, "this backup goes into no server", help));
        }
        Ok(Place::File(args.to.clone().unwrap_or_else(|| about.path.clone())))
    }

    fn of_database(args: &Restore, about: &Postgres) -> Result<Self, Failure> {
        if !args.server.is_given() {
            let help = "it is a backup of a PostgreSQL database: name the server with `--url-env`, \
                        `--url` or `--url-file`";
            return Err(Failure::usage(&code::USAGE, "this backup goes into no file", help));
        }
        let connector = Box::new(postgres::connector(&args.server)?);
        let name = args.database.clone().unwrap_or_else(|| about.database.clone());
        Ok(Place::Database { connector, name })
    }

    fn shown(&self) -> String {
        match self {
            Place::File(path) => super::super::next::shown(path),
            Place::Database { name, .. } => format!("database {name}"),
        }
    }

    fn look(&self, manifest: &Manifest) -> Result<Option<Seen>, Failure> {
        match self {
            Place::File(path) => {
                let scratch = tempfile::tempdir()?;
                let found = engine_sqlite::restore::look(path, &self.shown(), scratch.path())?;
                Ok(found.map(|found| Seen {
                    size: found.size,
                    tables: found.tables,
                    more: more(&[
                        ("beside", &found.beside),
                        (
                            "open in",
                            &found
                                .open_in
                                .iter()
                                .map(|pid| format!("process {pid}"))
                                .collect::<Vec<_>>(),
                        ),
                    ]),
                }))
            }
            Place::Database { connector, name } => {
                let found = engine_postgres::backup::look(connector, name, manifest)?;
                Ok(found.map(|found| Seen {
                    size: found.size,
                    tables: Ok(found.tables),
                    more: more(&[("used by", &found.sessions)]),
                }))
            }
        }
    }

    fn restore(
        &self,
        backup: &std::path::Path,
        manifest: &Manifest,
        replace: bool,
    ) -> Result<Done, EngineError> {
        match self {
            Place::File(path) => {
                let shown = self.shown();
                let done =
                    engine_sqlite::restore::restore(backup, manifest, path, &shown, replace)?;
                let moved_aside = done.moved_aside.map(|path| super::super::next::shown(&path));
                Ok(Done { rows: done.rows, moved_aside, elapsed_ms: done.elapsed_ms })
            }
            Place::Database { connector, name } => {
                let done =
                    engine_postgres::backup::restore(connector, backup, manifest, name, replace)?;
                let moved_aside = done.moved_aside.map(|name| format!("database {name}"));
                Ok(Done { rows: done.rows, moved_aside, elapsed_ms: done.elapsed_ms })
            }
        }
    }
}

fn more(facts: &[(&'static str, &Vec<String>)]) -> Vec<(&'static str, String)> {
    let there = facts.iter().filter(|(_, values)| !values.is_empty());
    there.map(|(word, values)| (*word, values.join(", "))).collect()
}

/// A restore is the best test of a backup there is. A place that was refused says nothing about it.
fn record(
    catalog: &Catalog,
    entry: &Entry,
    place: &Place,
    started: Timestamp,
    done: &Result<Done, EngineError>,
) -> Result<(), EngineError> {
    let (passed, detail, elapsed_ms, rows) = match done {
        Ok(done) => (true, format!("restored to {}", place.shown()), done.elapsed_ms, done.rows),
        Err(error) if error.code == &code::BACKUP_DAMAGED => (false, error.message.clone(), 0, 0),
        Err(_) => return Ok(()),
    };
    let (kind, at) = (TestKind::Restore, format!("{started:.3}"));
    catalog.record(&entry.name, &Test { kind, at, elapsed_ms, passed, detail, rows })
}

/// What would happen; a finding where something is there and nobody said that it may go.
fn propose(
    args: &Restore,
    entry: &Entry,
    manifest: &Manifest,
    place: &Place,
    seen: Option<&Seen>,
    io: &Io,
) -> Outcome {
    let refused = seen.filter(|_| !args.dry_run).map(|_| refused(place));
    let exit = if refused.is_some() { exit_code::FINDINGS } else { exit_code::DONE };
    let found: Vec<Diagnostic> = refused.iter().map(from_engine).collect();
    let sources = diagnostics::Sources::default();
    match args.store.format {
        Format::Text => {
            io.out(&proposal(args, entry, manifest, place, seen, io))?;
            io.err(&ui::findings::render(&found, &sources, io.terminal));
        }
        Format::Json => {
            let fields = json!({
                "dry_run": true, "backup": entry.name, "to": place.shown(),
                "replaces": seen.map(as_json), "tables": manifest.tables,
                "diagnostics": ui::json::diagnostics(&found, &sources),
            });
            io.out(&ui::json::answer("backup restore", exit, fields))?;
        }
    }
    Ok(exit)
}

fn refused(place: &Place) -> EngineError {
    EngineError::new(
        &code::RESTORE_REFUSED,
        format!("`{}` is there; nothing was touched", place.shown()),
    )
    .help("`--replace-existing` moves it aside and keeps it")
}

fn proposal(
    args: &Restore,
    entry: &Entry,
    manifest: &Manifest,
    place: &Place,
    seen: Option<&Seen>,
    io: &Io,
) -> String {
    let title = bold(&format!("would restore {} to {}", entry.name, place.shown()), io.terminal);
    let mut facts = vec![
        ("backup", format!("of {}, taken {}", entry.origin, manifest.taken_at)),
        ("holds", format!("{}, {}", rows(manifest.rows()), bytes(manifest.size))),
        ("replaces", replaced(seen)),
    ];
    facts.extend(seen.into_iter().flat_map(|seen| seen.more.clone()));
    if let Some(ms) = entry.recovery_ms() {
        facts.push((
            "needs",
            format!("about {}, as it was measured", duration(Duration::from_millis(ms))),
        ));
    }
    let mut out =
        format!("{title}\n{}\n{}", prose::facts(facts, io.terminal), counts(manifest, seen));
    if args.dry_run {
        let flag = if seen.is_some() { " --replace-existing" } else { "" };
        let to = args.to.as_ref().map(|to| format!(" --to {}", to.display())).unwrap_or_default();
        let server = if args.server.is_given() { " with the same server" } else { "" };
        let action = format!("`cutover backup restore {}{to}{flag}`{server} does it", args.backup);
        out += &prose::next(&[action], io.terminal);
    }
    out
}

fn replaced(seen: Option<&Seen>) -> String {
    let Some(seen) = seen else { return "nothing: the place is free".to_owned() };
    match &seen.tables {
        Ok(tables) => {
            let total = tables.values().sum();
            format!(
                "{} in {}, {}",
                rows(total),
                diagnostics::plural(tables.len(), "table"),
                bytes(seen.size)
            )
        }
        Err(why) => format!("{} that cannot be read: {why}", bytes(seen.size)),
    }
}

/// Table by table: rows in the backup, rows that are there now.
fn counts(manifest: &Manifest, seen: Option<&Seen>) -> String {
    let none = BTreeMap::new();
    let now = seen.and_then(|seen| seen.tables.as_ref().ok()).unwrap_or(&none);
    let own = manifest.tables.iter().filter(|(table, _)| !table.starts_with("sqlite_"));
    let kept: BTreeMap<&String, u64> = own.map(|(table, content)| (table, content.rows)).collect();
    let mut names: Vec<&String> = kept.keys().copied().chain(now.keys()).collect();
    names.sort();
    names.dedup();
    let figure = |rows: Option<&u64>| rows.map_or("-".to_owned(), |rows| count(*rows));
    let lines: Vec<Vec<String>> = names
        .into_iter()
        .map(|table| vec![table.clone(), figure(kept.get(table)), figure(now.get(table))])
        .collect();
    let header = [("table", Align::Left), ("backup", Align::Right), ("there now", Align::Right)];
    table::render(&header, &lines)
}

fn restored(entry: &Entry, manifest: &Manifest, place: &Place, done: &Done, io: &Io) -> String {
    let head = green(&format!("restored: {}", place.shown()), io.terminal);
    let took = duration(Duration::from_millis(done.elapsed_ms));
    let aside = done.moved_aside.clone().unwrap_or_else(|| "nothing was there".to_owned());
    let facts = prose::facts(
        [
            ("from", format!("{}, taken {}", entry.name, manifest.taken_at)),
            ("holds", format!("{}, every one compared", rows(done.rows))),
            ("took", took),
            ("old one", aside),
        ],
        io.terminal,
    );
    let mut actions = vec!["start the programs and look at their data".to_owned()];
    if done.moved_aside.is_some() {
        actions.push("the old one is kept; remove it yourself when nobody needs it".to_owned());
    }
    format!("{head}\n{facts}{}", prose::next(&actions, io.terminal))
}

fn as_json(seen: &Seen) -> Value {
    json!({
        "size": seen.size,
        "tables": seen.tables.as_ref().ok(),
        "unreadable": seen.tables.as_ref().err(),
    })
}
