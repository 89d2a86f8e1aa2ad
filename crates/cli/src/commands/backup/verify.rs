//! `cutover backup verify`: every backup restored somewhere else and compared, or told why not.

use std::time::{Duration, Instant};

use backup::catalog::{Catalog, Entry, Test, TestKind};
use backup::manifest::{About, Manifest};
use runtime::EngineError;
use serde_json::json;

use super::{Outcome, postgres};
use crate::args::{Format, VerifyBackup};
use crate::failure::{Failure, from_engine};
use crate::io::Io;
use crate::ui::figures::{count, duration};
use crate::ui::style::{green, red};
use crate::ui::table::{self, Align};
use crate::{exit_code, ui};

/// A backup with what its test found.
struct Tested {
    entry: Entry,
    test: Test,
    error: Option<EngineError>,
}

pub(super) fn run(args: &VerifyBackup, io: &Io) -> Outcome {
    let catalog = super::existing(&args.store, io)?;
    let mut tested = Vec::new();
    for entry in super::chosen(&catalog, &args.backups)? {
        let done = test(&catalog, entry, args)?;
        catalog.record(&done.entry.name, &done.test)?;
        tested.push(done);
    }
    let failed = tested.iter().any(|it| !it.test.passed);
    let exit = if failed { exit_code::FINDINGS } else { exit_code::DONE };
    let errors: Vec<_> = tested.iter().filter_map(|it| it.error.as_ref()).collect();
    let diagnostics: Vec<_> = errors.iter().map(|error| from_engine(error)).collect();
    let sources = diagnostics::Sources::default();
    match args.store.format {
        Format::Text => {
            io.err(&ui::findings::render(&diagnostics, &sources, io.terminal));
            io.out(&text(&tested, io))?;
        }
        Format::Json => {
            let fields = json!({
                "backups": tested.iter().map(as_json).collect::<Vec<_>>(),
                "diagnostics": ui::json::diagnostics(&diagnostics, &sources),
            });
            io.out(&ui::json::answer("backup verify", exit, fields))?;
        }
    }
    Ok(exit)
}

/// What was found is the answer; only what keeps us from trying at all is an error.
fn test(catalog: &Catalog, entry: Entry, args: &VerifyBackup) -> Result<Tested, Failure> {
    let kind = if args.quick { TestKind::Checksum } else { TestKind::RestoreDrill };
    let (at, start) = (runtime::clock::now(), Instant::now());
    let found = try_out(catalog, &entry, args)?;
    let elapsed_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (passed, detail, rows) = match &found {
        Ok((detail, rows)) => (true, detail.clone(), *rows),
        Err(error) => (false, error.message.clone(), 0),
    };
    let test = Test { kind, at: format!("{at:.3}"), elapsed_ms, passed, detail, rows };
    Ok(Tested { entry, test, error: found.err() })
}

type Found = Result<(String, u64), EngineError>;

fn try_out(catalog: &Catalog, entry: &Entry, args: &VerifyBackup) -> Result<Found, Failure> {
    let backup = catalog.location(entry);
    let manifest = match Manifest::read(&backup) {
        Ok(manifest) => manifest,
        Err(error) => return Ok(Err(error)),
    };
    if args.quick {
        let checked = manifest.check_bytes(&backup);
        return Ok(checked.map(|()| ("bytes are those of the manifest".to_owned(), entry.rows)));
    }
    if let About::Postgres(about) = &manifest.about {
        let trial = postgres::trial(args.scratch_url.as_deref(), about)?;
        let done = engine_postgres::backup::drill(&backup, &manifest, &trial);
        return Ok(
            done.map(|done| (format!("restored on {}, every row compared", done.on), done.rows))
        );
    }
    let folder = tempfile::Builder::new().prefix(".drill-").tempdir_in(catalog.folder())?;
    let done = engine_sqlite::restore::drill(&backup, &manifest, folder.path());
    Ok(done.map(|done| ("restored elsewhere, every row compared".to_owned(), done.rows)))
}

fn text(tested: &[Tested], io: &Io) -> String {
    let bad = tested.iter().filter(|it| !it.test.passed).count();
    let head = match (tested.len(), bad) {
        (0, _) => "there is no backup to verify".to_owned(),
        (all, 0) => {
            green(&format!("verified: {}", diagnostics::plural(all, "backup")), io.terminal)
        }
        (all, bad) => red(&format!("{bad} of {all} backups cannot be trusted"), io.terminal),
    };
    let header = [
        ("backup", Align::Left),
        ("rows", Align::Right),
        ("took", Align::Right),
        ("", Align::Left),
    ];
    let rows: Vec<Vec<String>> = tested
        .iter()
        .map(|Tested { entry, test, .. }| {
            let took = duration(Duration::from_millis(test.elapsed_ms));
            let verdict =
                if test.passed { test.detail.clone() } else { format!("BAD: {}", test.detail) };
            vec![entry.name.clone(), count(test.rows), took, verdict]
        })
        .collect();
    let table =
        if rows.is_empty() { String::new() } else { table::fitted(&header, &rows, io.terminal) };
    let newest = tested.iter().rfind(|it| it.test.passed).filter(|_| bad > 0);
    let good = newest.map(|it| format!("\nthe newest good one is {}\n", it.entry.name));
    format!("{head}\n{table}{}", good.unwrap_or_default())
}

fn as_json(tested: &Tested) -> serde_json::Value {
    let Test { kind, at, elapsed_ms, passed, detail, rows } = &tested.test;
    json!({
        "name": tested.entry.name, "test": kind.word(), "at": at, "elapsed_ms": elapsed_ms,
        "passed": passed, "detail": detail, "rows": rows,
    })
}
