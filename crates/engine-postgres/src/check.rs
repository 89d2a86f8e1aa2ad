//! The plan's assertions: run with a cursor, so that a check that finds a million rows costs a few.

use ir::{Check, Expect};
use runtime::EngineError;
use runtime::engine::CheckOutcome;

use crate::connect::Session;

/// More rows than this are not counted.
const COUNTED: usize = 100;

/// A value longer than this is cut in messages.
const SHOWN: usize = 80;

/// In a read-only transaction of its own: an assertion changes nothing.
///
/// # Errors
/// What the server says, with the offset in the check's SQL.
pub(crate) fn alone(session: &mut Session, check: &Check) -> Result<CheckOutcome, EngineError> {
    session.run("begin transaction read only")?;
    let outcome = inside(session, check);
    drop(session.run("rollback"));
    outcome
}

/// In the transaction that is open.
///
/// # Errors
/// What the server says, with the offset in the check's SQL.
pub(crate) fn inside(session: &mut Session, check: &Check) -> Result<CheckOutcome, EngineError> {
    let sql = check.sql.trim_end().trim_end_matches(';');
    let declare = "declare cutover_check no scroll cursor for ";
    session.run(&format!("{declare}{sql}\n")).map_err(|mut error| {
        error.offset = error.offset.and_then(|offset| offset.checked_sub(declare.len()));
        error.object(format!("check {}", check.name))
    })?;
    let fetch = format!("fetch forward {} from cutover_check", COUNTED + 1);
    let rows =
        session.text(&fetch).map_err(|error| error.object(format!("check {}", check.name)))?;
    session.run("close cutover_check")?;
    Ok(judge(&check.expect, &rows))
}

fn judge(expect: &Expect, rows: &[Vec<Option<String>>]) -> CheckOutcome {
    let wanted = match expect {
        Expect::NoRows => {
            return CheckOutcome { passed: rows.is_empty(), found: describe(rows) };
        }
        Expect::True => "t",
        Expect::Value(value) => value,
    };
    match rows {
        [row] if row.len() == 1 => {
            let passed = row[0].as_deref() == Some(wanted);
            CheckOutcome { passed, found: show(row[0].as_deref()) }
        }
        _ => CheckOutcome { passed: false, found: describe(rows) },
    }
}

fn describe(rows: &[Vec<Option<String>>]) -> String {
    let Some(first) = rows.first() else { return "no rows".to_owned() };
    let values: Vec<String> = first.iter().map(|value| show(value.as_deref())).collect();
    let count = match rows.len() {
        1 => "1 row".to_owned(),
        many if many > COUNTED => format!("more than {COUNTED} rows"),
        many => format!("{many} rows"),
    };
    format!("{count}, first: ({})", values.join(", "))
}

fn show(value: Option<&str>) -> String {
    match value {
        None => "null".to_owned(),
        Some(text) if text.chars().count() > SHOWN => {
            format!("{}…", text.chars().take(SHOWN).collect::<String>())
        }
        Some(text) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(expect: Expect, rows: &[&[Option<&str>]]) -> (bool, String) {
        let own = |value: &Option<&str>| value.map(str::to_owned);
        let rows: Vec<Vec<_>> = rows.iter().map(|row| row.iter().map(own).collect()).collect();
        let CheckOutcome { passed, found } = judge(&expect, &rows);
        (passed, found)
    }

    #[test]
    fn only_one_row_with_one_value_is_a_value() {
        assert_eq!(outcome(Expect::NoRows, &[]), (true, "no rows".into()));
        assert_eq!(
            outcome(Expect::NoRows, &[&[Some("1"), None], &[None, None]]),
            (false, "2 rows, first: (1, null)".into())
        );
        assert_eq!(outcome(Expect::True, &[&[Some("t")]]), (true, "t".into()));
        assert_eq!(outcome(Expect::True, &[&[None]]), (false, "null".into()));
        assert_eq!(outcome(Expect::True, &[]), (false, "no rows".into()));
        assert_eq!(outcome(Expect::Value("7".into()), &[&[Some("8")]]), (false, "8".into()));
    }
}
