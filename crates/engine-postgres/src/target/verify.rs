//! The staging schema against the baseline, and what may be wrong with an object that exists.

use catalog::properties::{NO, VALIDATED};
use catalog::{Catalog, Kind, Object, Scope as Facts, Via, fingerprint};
use diagnostics::code::{BASELINE_DIFFERENT, STATEMENT_FAILED};
use ir::{CompiledPlan, PostgresTarget};
use runtime::EngineError;
use runtime::engine::CatalogReport;

use super::compare;
use crate::connect::Session;
use crate::introspect::{Scope, introspect};
use crate::scratch::{self, HOME};
use crate::{extension, home};

/// The report, and the baseline as this server reads it.
pub(super) fn run(
    session: &mut Session,
    plan: &CompiledPlan,
    target: &PostgresTarget,
    staging: &str,
) -> Result<(CatalogReport, Catalog), EngineError> {
    let expected = baseline(session, plan)?;
    let built = introspect(session, &Scope::Schema(staging.to_owned()))?;
    let staged = compare::without_schema_grants(expected.clone());
    let differences = compare::against_baseline(&staged, &built, plan, target)
        .into_iter()
        .map(|difference| (difference.key.clone(), difference.to_string()))
        .collect();
    let report = CatalogReport {
        differences,
        defects: defects(session, staging, &expected, &built)?,
        fingerprint: fingerprint(&built, Facts::default()),
        via: Via::Engine(scratch::engine_name(session)?),
        catalog: built,
    };
    Ok((report, expected))
}

/// Applies the baseline to an empty schema in a transaction that is rolled back.
pub(super) fn baseline(session: &mut Session, plan: &CompiledPlan) -> Result<Catalog, EngineError> {
    session.run("begin")?;
    let catalog = read_baseline(session, plan);
    session.run("rollback")?;
    catalog
}

fn read_baseline(session: &mut Session, plan: &CompiledPlan) -> Result<Catalog, EngineError> {
    session.run(&format!("create schema {}", crate::quote(HOME)))?;
    home::enter(session, HOME)?;
    for (statement, origin) in plan.baseline.script.statements.iter().zip(&plan.baseline.origins) {
        if extension::is_done(session, &statement.sql)? {
            continue;
        }
        session.run(&statement.sql).map_err(|mut error| {
            error.code = &BASELINE_DIFFERENT;
            error.object(origin.to_string())
        })?;
    }
    introspect(session, &Scope::Schema(HOME.to_owned()))
}

/// Invalid indexes, constraints that are not validated though the baseline has them so, tables
/// without statistics.
fn defects(
    session: &mut Session,
    schema: &str,
    expected: &Catalog,
    built: &Catalog,
) -> Result<Vec<String>, EngineError> {
    let mut sql = include_str!("defects.sql").to_owned();
    if session.major() < 14 {
        // Before 14 a table that was never analyzed and an empty one look the same.
        sql = sql.replace("c.reltuples < 0", "false");
    }
    let rows = session.rows(&STATEMENT_FAILED, &sql, &[&schema])?;
    let mut found: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let unvalidated = |object: &Object| object.get(VALIDATED) == Some(NO);
    for (key, _) in built.of_kind(Kind::Constraint).filter(|(_, object)| unvalidated(object)) {
        if !expected.get(key).is_some_and(unvalidated) {
            found.push(format!("{key} is not validated"));
        }
    }
    Ok(found)
}

/// As [`defects`], of the promoted objects alone: the target schema may hold others.
pub(super) fn defects_of(
    session: &mut Session,
    schema: &str,
    new: &[super::objects::Object],
) -> Result<Vec<String>, EngineError> {
    let sql = "select c.relname::text from pg_index i join pg_class c on c.oid = i.indexrelid \
        where i.indrelid = any ($1) and not (i.indisvalid and i.indisready and i.indislive)";
    let oids: Vec<u32> = new.iter().map(|object| object.address.1).collect();
    let rows = session.rows(&STATEMENT_FAILED, sql, &[&oids])?;
    let sentence = |name: String| format!("index {name} of schema {schema} is not valid");
    Ok(rows.iter().map(|row| sentence(row.get(0))).collect())
}
