//! `cutover verify`: the promoted rows, held once more against the kept backups.

use std::sync::Arc;
use std::time::Duration;

use diagnostics::Diagnostic;
use diagnostics::formats::Group;
use engine_sqlite::SqliteSources;
use ir::CompiledPlan;
use runtime::clock::SystemClock;
use runtime::engine::TargetEngine;
use runtime::run::Finding;
use runtime::verify::{VerifyReport, VerifyRequest, verify};
use serde_json::json;

use super::Outcome;
use crate::args::{FindingsFormat, Verify};
use crate::failure::Failure;
use crate::io::Io;
use crate::plan_input::Texts;
use crate::ui::figures::{count, duration};
use crate::ui::prose;
use crate::ui::style::{green, red};
use crate::ui::table::{self, Align};
use crate::{exit_code, folders, origin, targets, ui};

pub(crate) fn run(args: &Verify, io: &Io) -> Outcome {
    let base = folders::base(&args.plan, &args.place);
    let state_dir = folders::state(&base, &args.place);
    let mut texts = Texts::in_folder(&base);
    let scratch = tempfile::tempdir()?;
    // The plan that the run was made of counts, not what the file has become since.
    let target = |plan: &CompiledPlan| -> Result<Box<dyn TargetEngine>, Vec<Finding>> {
        targets::open_engine(plan, &base, &state_dir).map_err(|error| vec![error.into()])
    };
    let events = ui::progress::for_run(args.format.of_progress(), io);
    let answer = verify(&VerifyRequest {
        state_dir: state_dir.clone(),
        run_id: args.run.clone(),
        sources: Arc::new(SqliteSources::new(scratch.path().join("scratch"))),
        target: &target,
        clock: &SystemClock::new(),
        events: events.as_ref(),
    });
    drop(events);
    match answer {
        Ok(report) => tell(args, &report, &mut texts, io),
        Err(findings) => {
            let diagnostics = origin::diagnostics(&findings, &mut texts);
            Err(Failure::findings(diagnostics, texts.shown, exit_code::FINDINGS))
        }
    }
}

fn tell(args: &Verify, report: &VerifyReport, texts: &mut Texts, io: &Io) -> Outcome {
    let diagnostics = origin::diagnostics(&report.findings, texts);
    let exit = if diagnostics::has_errors(&diagnostics) || differs(report) {
        exit_code::DRIFT
    } else {
        exit_code::DONE
    };
    match args.format {
        FindingsFormat::Text => {
            io.err(&ui::findings::render(&diagnostics, &texts.shown, io.terminal));
            io.out(&text(report, exit == exit_code::DONE, io))?;
        }
        FindingsFormat::Form(form) => {
            io.err(&text(report, exit == exit_code::DONE, io));
            let subject = args.plan.display().to_string();
            let (diagnostics, sources) = (&diagnostics, &texts.shown);
            let group = Group { subject: &subject, is_file: true, diagnostics, sources };
            io.out(&ui::publish::as_form(form, "verify", exit, &[group]))?;
        }
        FindingsFormat::Json => {
            let fields = as_json(report, &diagnostics, texts);
            io.out(&ui::json::line("verify", exit, fields))?;
        }
    }
    Ok(exit)
}

fn differs(report: &VerifyReport) -> bool {
    report.tables.iter().any(|table| table.expected != table.found)
}

fn text(report: &VerifyReport, equal: bool, io: &Io) -> String {
    let head = if equal {
        green("verified: every row of the target is the kept backup's", io.terminal)
    } else {
        red("not verified: the target is not what was promoted", io.terminal)
    };
    let took = duration(Duration::from_millis(report.elapsed_ms));
    let facts = [("run", report.run_id.clone()), ("took", took)];
    let mut out = format!("{head}\n{}\n", prose::facts(facts, io.terminal));
    let header = [("table", Align::Left), ("rows", Align::Right), ("", Align::Left)];
    let rows: Vec<Vec<String>> = report
        .tables
        .iter()
        .map(|table| {
            let verdict = if table.expected == table.found { "equal" } else { "DIFFERENT" };
            vec![table.table.clone(), rows_of(&table.found), verdict.to_owned()]
        })
        .collect();
    out.push_str(&table::fitted(&header, &rows, io.terminal));
    out
}

/// The count in front of `rows:digest`.
fn rows_of(digest: &str) -> String {
    let rows = digest.split(':').next().and_then(|rows| rows.parse().ok());
    rows.map_or_else(|| digest.to_owned(), count)
}

fn as_json(report: &VerifyReport, diagnostics: &[Diagnostic], texts: &Texts) -> serde_json::Value {
    json!({
        "run": report.run_id,
        "elapsed_ms": report.elapsed_ms,
        "tables": report.tables.iter().map(|table| json!({
            "table": table.table, "expected": table.expected, "found": table.found,
            "equal": table.expected == table.found,
        })).collect::<Vec<_>>(),
        "diagnostics": ui::json::diagnostics(diagnostics, &texts.shown),
    })
}
