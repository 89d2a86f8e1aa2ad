//! `cutover init`: a plan folder from a real database.
//!
//! What a column becomes is decided in `proposal`, without IO; here the database is read, the
//! encoders of the target are asked, and the files are written.

mod place;
mod probes;
mod report;

use std::path::Path;

use diagnostics::{Sources, code};
use engine_sqlite::evidence;
use proposal::evidence::Database;
use proposal::{Plan, Target};
use runtime::EngineError;

use super::Outcome;
use crate::args::{Init, InitEngine, InitStyle};
use crate::exit_code;
use crate::failure::Failure;
use crate::io::Io;
use place::Place;
use report::Report;

pub(crate) fn run(args: &Init, io: &Io) -> Outcome {
    // Before a large file is read: a folder that may not be written is known now.
    let place = Place::choose(args)?;
    let shown = args.from.display().to_string();
    let name = match place.from.file_name() {
        Some(name) => name.to_string_lossy().into_owned(),
        None => shown.clone(),
    };
    let target = Target { name: &place.name, source: &place.source, shown: &name };
    let style = match args.style {
        InitStyle::Yaml => proposal::Style::Yaml,
        InitStyle::Sql => proposal::Style::Sql,
    };
    let (proposed, report) = match args.to {
        InitEngine::Postgres => {
            let read = evidence::read(&args.from, &shown, &probes::of);
            let database = read.map_err(from_here)?;
            let schema = proposal::propose(&database);
            (proposal::plan(&schema, &target, style), Report::of_postgres(&database, &schema))
        }
        InitEngine::Sqlite => for_sqlite(&args.from, &shown, &target, style)?,
    };
    let proposed = laid_out(proposed);
    let json_schema = format!("{:#}\n", plan::document::schema().as_value());
    place.write(&proposed, &json_schema)?;
    io.out(&report.render(&place, &proposed, io.terminal))?;
    Ok(exit_code::DONE)
}

/// As `fmt` has it. A text that it refused would still be a plan, so it stays then.
fn laid_out(mut proposed: Plan) -> Plan {
    for (name, text) in proposed.files.iter_mut().filter(|(name, _)| name.ends_with(".yaml")) {
        let id = Sources::default().add(*name, text.as_str());
        if let Ok(tidy) = plan::lay_out(id, text) {
            *text = tidy;
        }
    }
    proposed
}

/// The same schema in a new file: no type is chosen, so no value is judged.
fn for_sqlite(
    path: &Path,
    shown: &str,
    target: &Target<'_>,
    style: proposal::Style,
) -> Result<(Plan, Report), Failure> {
    let read = evidence::read(path, shown, &|_| Box::new(evidence::Silent));
    let database: Database = read.map_err(from_here)?;
    let plan = proposal::plan_for_sqlite(&database, target, style);
    Ok((plan, Report::of_sqlite(&database)))
}

/// There is no plan yet whose folder paths could start at.
fn from_here(error: EngineError) -> EngineError {
    if error.code != &code::SOURCE_MISSING {
        return error;
    }
    error.help("`--from` takes the path of a SQLite file")
}

/// A command line that cannot be meant.
fn usage(message: String, help: &str) -> Failure {
    Failure::usage(&code::USAGE, message, help)
}
