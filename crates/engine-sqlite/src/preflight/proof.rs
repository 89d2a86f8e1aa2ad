//! Proves the plan on an empty database in memory: its statements build the baseline, and what it
//! asks of the rows can be asked.

use catalog::{Catalog, DiffOptions, Normaliser, diff};
use diagnostics::code;
use ir::{Action, CompiledPlan, Moment, Origin, Place as StepPlace, Step};
use runtime::EngineError;
use runtime::engine::{Preflight, Result, TargetColumn};
use rusqlite::Connection;

use super::is_new;
use crate::cage::Cage;
use crate::connect;
use crate::error_code::engine_error;
use crate::execute::execute;
use crate::introspect::{columns, introspect};
use crate::scratch::SqliteNormaliser;
use crate::target::check;

/// Applies the plan's statements and the baseline's to empty databases in memory.
pub(super) fn prove(plan: &CompiledPlan, found: &mut Preflight) -> Result<(Catalog, Connection)> {
    let failed = |error: rusqlite::Error| engine_error(&code::NO_SCRATCH, &error);
    let mut conn = connect::in_memory().map_err(failed)?;
    let cage = Cage::for_building(&mut conn).map_err(failed)?;
    let before = found.findings.len();
    for (step, sql) in plan.steps.iter().filter_map(statement) {
        if let Err(error) = execute(&conn, &cage, &catalog::at_home(sql, "main")) {
            found.findings.push(error.object(step.origin.to_string()));
        }
    }
    if found.findings.len() == before {
        found.findings.extend(refused_checks(plan, &conn));
    }
    let built = introspect(&conn).map_err(failed)?;
    found.tables = target_columns(&conn).map_err(failed)?;
    compare(plan, &built, found);
    if found.findings.len() == before {
        found.passed.push(format!(
            "the plan's statements build the baseline ({}, in memory)",
            connect::version()
        ));
    }
    Ok((built, conn))
}

/// What is asked of the staged rows must at least be a question about the tables that will be there:
/// hours into a run is too late to find out.
fn refused_checks(plan: &CompiledPlan, conn: &Connection) -> Vec<EngineError> {
    let asked = plan.steps.iter().flat_map(questions);
    let refused = asked.filter_map(|(name, sql, origin)| {
        let error = check::prepare(conn, sql, &code::CHECK_FAILED).err()?;
        let message = format!("check `{name}`: {}", error.message);
        Some(EngineError { message, ..error }.object(origin.to_string()))
    });
    refused.collect()
}

fn questions(step: &Step) -> Vec<(&str, &str, &Origin)> {
    match &step.action {
        Action::Check(check) if check.moment != Moment::Before => {
            vec![(&check.name, &check.sql, &check.origin)]
        }
        Action::Promote { after } => {
            after.iter().map(|check| (&*check.name, &*check.sql, &check.origin)).collect()
        }
        Action::Invariant(same) => vec![(&same.name, &same.target_sql, &step.origin)],
        _ => Vec::new(),
    }
}

fn statement(step: &Step) -> Option<(&Step, &str)> {
    match &step.action {
        Action::Execute { sql, place: StepPlace::Staging | StepPlace::Promote } => {
            Some((step, sql))
        }
        _ => None,
    }
}

fn compare(plan: &CompiledPlan, built: &Catalog, found: &mut Preflight) {
    let baseline = match SqliteNormaliser::new().normalise(&plan.baseline.script) {
        Ok(baseline) => baseline,
        Err(message) => {
            found.findings.push(EngineError::new(&code::NO_SCRATCH, message));
            return;
        }
    };
    for error in baseline.errors {
        let at = plan.baseline.origins.get(error.statement);
        let place = at.map_or_else(
            || plan.baseline.file.clone(),
            |at| format!("{}:{}:{}", at.file, at.line, at.column),
        );
        let mut finding = EngineError::new(&code::STATEMENT_REFUSED, error.message).object(place);
        finding.offset = error.offset;
        found.findings.push(finding);
    }
    for difference in diff(&baseline.catalog, built, &DiffOptions::default()) {
        if !is_new(&difference, &plan.baseline.new) {
            let message = format!("the plan does not build the baseline: {difference}");
            found.findings.push(
                EngineError::new(&code::CATALOG_DIFFERS, message).object(&plan.baseline.file),
            );
        }
    }
}

type TargetColumns = std::collections::BTreeMap<String, Vec<TargetColumn>>;

fn target_columns(conn: &Connection) -> rusqlite::Result<TargetColumns> {
    let numbered = numbered_columns(conn)?;
    let mut tables = TargetColumns::new();
    for (table, rows) in columns(conn)? {
        if table.starts_with("sqlite_") {
            continue;
        }
        let column = |row: crate::introspect::ColumnRow| TargetColumn {
            identity: numbered.contains(&(table.clone(), row.name.clone())),
            name: row.name,
            type_name: row.data_type,
            not_null: row.not_null,
            has_default: row.default.is_some(),
            generated: row.hidden > 1,
        };
        let columns = rows.into_iter().filter(|row| row.hidden != 1).map(column).collect();
        tables.insert(table, columns);
    }
    Ok(tables)
}

/// Columns that are the rowid: SQLite numbers them where nothing is given ("ROWIDs and the INTEGER
/// PRIMARY KEY": the type is exactly `INTEGER`, the key has one column, the table has rowids).
fn numbered_columns(conn: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let sql = "SELECT l.name, max(x.name) FROM pragma_table_list l JOIN pragma_table_xinfo(l.name) x \
               WHERE l.schema = 'main' AND l.type = 'table' AND l.wr = 0 AND x.pk > 0 \
               GROUP BY l.name HAVING count(*) = 1 AND max(upper(x.type)) = 'INTEGER'";
    let mut statement = conn.prepare(sql)?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}
