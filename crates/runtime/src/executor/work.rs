//! What workers do.

use diagnostics::code;
use ir::{Action, Check, Expect, Invariant, Place};

use super::context::defect;
use super::{Context, collide, figures, load};
use crate::engine::{CheckOutcome, RowSink, Worker};
use crate::events::Event;
use crate::journal::Record;
use crate::run::session::Session;
use crate::{EngineError, narrow};

/// Runs the step at this position of the plan.
pub(super) fn step(
    at: usize,
    context: &Context<'_>,
    worker: &mut dyn Worker,
) -> Result<(), EngineError> {
    context.go_on()?;
    let step = &context.session.plan.steps[at];
    let intent = || context.session.record(Record::Intent { step: step.id.clone(), creates: None });
    match &step.action {
        Action::Execute { sql, place: Place::Staging } => {
            intent()?;
            let done = worker.execute_once(&step.id, sql).map(drop);
            done.map_err(|error| collide::told(context, error))
        }
        Action::Load(rule) => {
            intent()?;
            load::load(context, worker, rule)
        }
        Action::SetSequences { table } => {
            intent()?;
            worker.set_sequences(table)
        }
        Action::Analyze { table } => {
            intent()?;
            worker.analyze(table)
        }
        Action::VerifyRows { table } => verify_rows(context, worker, table),
        Action::Check(check) => {
            let outcome = worker.check(check)?;
            judge(context.session, check, &outcome)
        }
        Action::Invariant(invariant) => hold(context, worker, invariant),
        Action::Execute { place: Place::Promote, .. }
        | Action::Preflight
        | Action::Backup { .. }
        | Action::BackupTarget
        | Action::CreateStaging
        | Action::VerifyCatalog
        | Action::Promote { .. }
        | Action::Settle => Err(defect(format!("step `{}` came to a worker", step.id))),
    }
}

/// What was sent against what the target gives back (L5).
fn verify_rows(
    context: &Context<'_>,
    worker: &mut dyn Worker,
    table: &str,
) -> Result<(), EngineError> {
    let binding = context.binding(table)?;
    let sent = context.session.progress().sent.get(table).copied();
    let sent =
        sent.ok_or_else(|| defect(format!("table `{table}` is verified before its load")))?;
    let found = worker.row_digest(table, &binding.into)?;
    if found != sent {
        let (sent, same) = (sent.to_string(), found.rows == sent.rows);
        let error = rows_differ(table, &sent, &found.to_string(), same);
        let replay = &mut |sink: &mut dyn RowSink| load::replay(context, table, sink);
        return Err(narrow::with_rows(error, worker.tell(), table, &binding.into, replay));
    }
    let digest = found.to_string();
    if let Some(count) = context.session.progress().tables.get_mut(table) {
        count.verified = Some(digest.clone());
    }
    context.session.record(Record::RowsVerified { table: table.to_owned(), digest })
}

pub(crate) fn rows_differ(table: &str, sent: &str, found: &str, same_count: bool) -> EngineError {
    let count = |digest: &str| digest.split(':').next().unwrap_or_default().to_owned();
    let message = if same_count {
        format!(
            "{} rows of `{table}` arrived, but not with the content that was sent",
            count(found)
        )
    } else {
        format!("{} rows of `{table}` were sent and {} are there", count(sent), count(found))
    };
    EngineError::new(&code::ROWS_DIFFER, message)
        .object(format!("table {table}"))
        .help("a trigger or a statement of the plan may change the rows between load and verify")
}

/// Tells the result of a check; one that does not hold is an error.
pub(crate) fn judge(
    session: &Session<'_>,
    check: &Check,
    outcome: &CheckOutcome,
) -> Result<(), EngineError> {
    told(session, &check.name, outcome)?;
    if outcome.passed {
        return Ok(());
    }
    let error = does_not_hold(&check.name, &outcome.found);
    Err(match &check.expect {
        Expect::NoRows => error.help("the query gives the rows that are wrong: none was expected"),
        Expect::True => error.help("one row with one value that is true was expected"),
        Expect::Value(value) => {
            error.help(format!("one row with the value `{value}` was expected"))
        }
    })
}

pub(crate) fn told(
    session: &Session<'_>,
    name: &str,
    outcome: &CheckOutcome,
) -> Result<(), EngineError> {
    let (name, found, passed) = (name.to_owned(), outcome.found.clone(), outcome.passed);
    session.emit(Event::Check { name: name.clone(), passed, found: found.clone() });
    // What a check found may be data of the target: counts stay, values do not reach the journal.
    let found = if passed { String::new() } else { "it does not hold".to_owned() };
    session.record(Record::CheckDone { name, passed, found })
}

fn does_not_hold(name: &str, found: &str) -> EngineError {
    EngineError::new(&code::CHECK_FAILED, format!("check `{name}` does not hold: {found}"))
}

fn hold(
    context: &Context<'_>,
    worker: &mut dyn Worker,
    invariant: &Invariant,
) -> Result<(), EngineError> {
    let files = context.files.of(&invariant.source).len();
    let results = (0..files)
        .map(|index| context.snapshot(&invariant.source, index)?.query(&invariant.source_sql))
        .collect::<Result<Vec<_>, _>>()?;
    let here = worker.query(&invariant.target_sql)?;
    let outcome = match figures::together(results) {
        Ok(there) => CheckOutcome {
            passed: figures::equal(&there, &here),
            found: format!(
                "{} in the source, {} in the target",
                figures::shown(&there),
                figures::shown(&here)
            ),
        },
        Err(why) => CheckOutcome { passed: false, found: why },
    };
    told(context.session, &invariant.name, &outcome)?;
    if outcome.passed { Ok(()) } else { Err(does_not_hold(&invariant.name, &outcome.found)) }
}
