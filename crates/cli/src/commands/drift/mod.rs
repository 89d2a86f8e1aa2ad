//! `cutover drift`: a live schema against its baseline. Exit 0: equal; 3: drift; anything else: it
//! could not be told.

mod finding;
mod live;
mod report;

use std::path::Path;

use catalog::{Home, Via};
use compiler::BaselineLines;
use diagnostics::{Diagnostic, code};
use ir::{Baseline, CompiledPlan, Target};
use plan::model::EngineKind;

use super::Outcome;
use crate::args::{self, Scratch};
use crate::failure::Failure;
use crate::io::Io;
use crate::plan_input::{self, Texts};
use crate::scratch::Engines;
use crate::{exit_code, folders};
use finding::{Finding, Sides};
use live::Live;

/// A comparison that was made.
struct Compared {
    /// `PostgreSQL 15.18, database shop, schema shop`.
    live: String,
    baseline: String,
    /// Who read the baseline.
    via: Via,
    findings: Vec<Finding>,
    /// What the statements that mend take for their search path; empty for SQLite.
    home: String,
    /// About the baseline as such: what of it was not compared.
    notes: Vec<Diagnostic>,
}

pub(crate) fn run(args: &args::Drift, io: &Io) -> Outcome {
    match (&args.plan, &args.baseline) {
        (Some(plan), _) => of_plan(plan, args, io),
        (None, Some(baseline)) => of_baseline(baseline, args, io),
        (None, None) => Err(Failure::usage(
            &code::USAGE,
            "there is nothing to compare",
            "name a plan, or a baseline and a database",
        )),
    }
}

/// The plan's target against the plan's baseline, with the plan's own exceptions.
fn of_plan(path: &Path, args: &args::Drift, io: &Io) -> Outcome {
    let base = folders::base(path, &args.place);
    let state_dir = folders::state(&base, &args.place);
    // Whether the plan builds its baseline is the business of `check`; offline is enough here.
    let offline = Scratch { scratch_url: None, offline: true };
    let mut input = plan_input::read(path, &base, &offline).map_err(could_not_tell)?;
    let plan = &input.plan;
    let mut live = Live::of_plan(plan, &base, &state_dir)?;
    let expected = normalised(&plan.baseline, engine_of(plan), &args.scratch)?;
    let refused = BaselineLines::of(&plan.baseline, engine_of(plan)).refusals(&expected.errors);
    taken_whole(refused, &input.texts)?;
    same_major(&expected.via, &live)?;
    let differences = live.drift(plan, &expected.catalog)?;
    let actual = live.catalog()?;
    let sides = Sides {
        expected: &expected.catalog,
        actual: &actual,
        baseline: &plan.baseline,
        engine: engine_of(plan),
    };
    let findings = sides.findings(&differences, live.home());
    let baseline = plan.baseline.file.clone();
    let (home, live) = (live.home().to_owned(), live.describe());
    let notes = Vec::new();
    let compared = Compared { live, baseline, via: expected.via, findings, home, notes };
    report::tell(&compared, &mut input.texts, args.format, io)
}

/// A plan that falls short of its baseline is no drift of its target.
fn could_not_tell(failure: Failure) -> Failure {
    match failure {
        Failure::Findings(found) if found.exit == exit_code::DRIFT => {
            Failure::findings(found.diagnostics, found.sources, exit_code::FINDINGS)
        }
        other => other,
    }
}

/// A database against a baseline file, without a plan.
fn of_baseline(path: &Path, args: &args::Drift, io: &Io) -> Outcome {
    let engine = if args.sqlite.is_some() { EngineKind::Sqlite } else { EngineKind::Postgres };
    let mut read = plan_input::read_baseline(path, engine, args.schema.as_deref());
    let Some(file) = read.file else {
        return Err(Failure::findings(read.findings, read.texts.shown, exit_code::FINDINGS));
    };
    let whole = file.baseline.script.home == Home::Database;
    let schema = args.schema.clone().or_else(|| file.homes.first().cloned());
    let schema = schema.unwrap_or_else(|| "public".to_owned());
    let mut live = Live::of_arguments(args, (!whole).then_some(&*schema))?;
    let mut expected = normalised(&file.baseline, engine, &args.scratch)?;
    taken_whole(file.schema.refusals(&expected.errors), &read.texts)?;
    same_major(&expected.via, &live)?;
    let mut actual = live.catalog()?;
    for catalog in [&mut expected.catalog, &mut actual] {
        catalog.ignore_partitions(&args.counts.ignore_partitions);
    }
    let differences = live::differences(&expected.catalog, &actual, &live, args);
    let sides =
        Sides { expected: &expected.catalog, actual: &actual, baseline: &file.baseline, engine };
    let findings = sides.findings(&differences, live.home());
    let baseline = path.display().to_string();
    let (home, live) = (live.home().to_owned(), live.describe());
    let notes = read.findings;
    let compared = Compared { live, baseline, via: expected.via, findings, home, notes };
    report::tell(&compared, &mut read.texts, args.format, io)
}

fn engine_of(plan: &CompiledPlan) -> EngineKind {
    match plan.target {
        Target::Postgres(_) => EngineKind::Postgres,
        Target::Sqlite(_) => EngineKind::Sqlite,
    }
}

/// The baseline as an engine reads it. By syntax alone nothing live can be judged.
fn normalised(
    baseline: &Baseline,
    engine: EngineKind,
    options: &Scratch,
) -> Result<catalog::Normalised, Failure> {
    let no_scratch = |why: String| {
        let diagnostic = Diagnostic::new(&code::NO_SCRATCH, why)
            .help("give a server for a scratch database with `--scratch-url`");
        Failure::new(diagnostic, exit_code::FINDINGS)
    };
    let mut engines = Engines::new(options);
    let expected = engines.of(Some(engine))?.normalise(&baseline.script).map_err(no_scratch)?;
    if let Via::Syntax(reason) = &expected.via {
        let message = format!("a live schema cannot be judged by syntax alone: {reason}");
        return Err(no_scratch(message));
    }
    Ok(expected)
}

/// A baseline that the engine does not take says nothing about a database.
fn taken_whole(refused: Vec<Diagnostic>, texts: &Texts) -> Result<(), Failure> {
    if refused.is_empty() {
        return Ok(());
    }
    Err(Failure::findings(refused, texts.shown.clone(), exit_code::FINDINGS))
}

/// Two major versions write the same definition differently; such texts are never compared.
fn same_major(expected: &Via, live: &Live) -> Result<(), Failure> {
    let (Via::Engine(ours), Some(theirs)) = (expected, live.postgres_version()) else {
        return Ok(());
    };
    let major = |name: &str| name.split(['.', ' ']).nth(1).map(str::to_owned);
    if major(ours) == major(&theirs) {
        return Ok(());
    }
    let message =
        format!("the baseline was read by {ours}, the live schema is on {theirs}: not compared");
    let diagnostic = Diagnostic::new(&code::SCRATCH_VERSION, message)
        .help("give a server of the same major version with `--scratch-url`");
    Err(Failure::new(diagnostic, exit_code::FINDINGS))
}
