//! The schema in which a run builds everything: granted to nobody, named after the run, and carrying
//! in its comment what a later run needs to know to clear it away.

use std::collections::BTreeSet;

use diagnostics::code::{NO_PRIVILEGE, STATEMENT_FAILED};
use ir::{CompiledPlan, PostgresTarget};
use runtime::EngineError;
use runtime::engine::{Leftover, RunInfo};
use serde::{Deserialize, Serialize};
use sql::quote_literal;

use super::objects;
use crate::connect::Session;
use crate::{extension, ledger, quote};

const PREFIX: &str = "cutover_stage_";

/// `DROP SCHEMA CASCADE` of thousands of tables in one go runs out of lock space (53200); larger
/// schemas are emptied in pieces first.
const PIECE: usize = 500;

/// The comment of a staging schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) run_id: String,
    pub(super) compiled_digest: String,
    pub(super) target_schema: String,
    /// Made by the run, to be dropped with the schema.
    pub(super) extensions: Vec<String>,
}

impl Note {
    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Writes it on a schema.
    pub(super) fn put(&self, session: &mut Session, schema: &str) -> Result<(), EngineError> {
        let text = quote_literal(&self.to_text());
        session.run(&format!("comment on schema {} is {text}", quote(schema)))
    }
}

pub(crate) fn name(run_id: &str) -> String {
    format!("{PREFIX}{}", run_id.replace('-', "_"))
}

/// Beside the staging schema, because what is in that one moves into the target: its table `step`
/// lists the steps that were executed, each written by the step's own transaction.
pub(super) fn notes_name(staging: &str) -> String {
    staging.replacen(PREFIX, "cutover_steps_", 1)
}

pub(super) fn kept_name(run_id: &str) -> String {
    format!("cutover_kept_{}", run_id.replace('-', "_"))
}

/// One transaction: the schema, its comment, and the extensions that the plan owns and the database
/// lacks.
pub(super) fn create(
    session: &mut Session,
    target: &PostgresTarget,
    plan: &CompiledPlan,
    run: &RunInfo,
) -> Result<String, EngineError> {
    session.run("begin")?;
    let created = create_inside(session, target, plan, run).and_then(|name| {
        session.run("commit")?;
        Ok(name)
    });
    if created.is_err() {
        drop(session.run("rollback"));
    }
    created
}

fn create_inside(
    session: &mut Session,
    target: &PostgresTarget,
    plan: &CompiledPlan,
    run: &RunInfo,
) -> Result<String, EngineError> {
    let name = name(&run.run_id);
    for schema in [&name, &notes_name(&name)] {
        let schema = quote(schema);
        session
            .run(&format!("create schema {schema}; revoke all on schema {schema} from public"))?;
    }
    session
        .run(&format!("create table {}.step (id text primary key)", quote(&notes_name(&name))))?;
    let mut extensions = Vec::new();
    for extension in &target.extensions {
        if !extension::is_installed(session, extension)?
            && let Some(sql) = extension::create_statement(session, extension, &target.schema)?
        {
            let failed = |error: EngineError| error.object(format!("extension {extension}"));
            session.run(&sql).map_err(failed)?;
            extensions.push(extension.clone());
        }
    }
    let note = Note {
        run_id: run.run_id.clone(),
        compiled_digest: plan.digest().0,
        target_schema: target.schema.clone(),
        extensions,
    };
    note.put(session, &name)?;
    Ok(name)
}

/// What the schema's comment says; `None`: there is no such schema, or it is none of ours.
pub(super) fn note(session: &mut Session, schema: &str) -> Result<Option<Note>, EngineError> {
    let sql = "select obj_description(oid, 'pg_namespace') from pg_catalog.pg_namespace \
        where nspname = $1";
    let rows = session.rows(&STATEMENT_FAILED, sql, &[&schema])?;
    let comment = rows.first().and_then(|row| row.get::<_, Option<String>>(0));
    Ok(comment.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Steps whose effect is in the staging schema.
pub(super) fn executed(
    session: &mut Session,
    staging: &str,
) -> Result<BTreeSet<String>, EngineError> {
    let sql = format!("select id from {}.step", quote(&notes_name(staging)));
    let rows = session.rows(&STATEMENT_FAILED, &sql, &[])?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

pub(super) fn exists(session: &mut Session, schema: &str) -> Result<bool, EngineError> {
    let sql = "select exists (select from pg_catalog.pg_namespace where nspname = $1)";
    session.value(&STATEMENT_FAILED, sql, &[&schema])
}

/// Staging schemas for this target: we hold its lock, so no run that made them is alive.
pub(super) fn leftovers(session: &mut Session, target: &str) -> Result<Vec<Leftover>, EngineError> {
    let sql = "select nspname::text, obj_description(oid, 'pg_namespace') \
        from pg_catalog.pg_namespace where starts_with(nspname, $1) order by nspname";
    let rows = session.rows(&STATEMENT_FAILED, sql, &[&PREFIX])?;
    let found = rows.iter().filter_map(|row| {
        let (handle, comment): (String, Option<String>) = (row.get(0), row.get(1));
        let note: Note = serde_json::from_str(&comment?).ok()?;
        (note.target_schema == target && name(&note.run_id) == handle).then(|| Leftover {
            run_id: note.run_id,
            what: format!("staging schema {handle}"),
            handle,
        })
    });
    Ok(found.collect())
}

/// Drops the schema and the extensions that its run made; nothing to drop is fine.
pub(super) fn remove(session: &mut Session, schema: &str) -> Result<(), EngineError> {
    if !schema.starts_with(PREFIX) {
        return Err(EngineError::new(&NO_PRIVILEGE, "only staging schemas are removed")
            .object(format!("schema {schema}")));
    }
    let sql = "select obj_description(oid, 'pg_namespace') from pg_catalog.pg_namespace \
        where nspname = $1";
    let rows = session.rows(&STATEMENT_FAILED, sql, &[&schema])?;
    let Some(row) = rows.first() else { return Ok(()) };
    let comment: Option<String> = row.get(0);
    let note: Option<Note> = comment.and_then(|text| serde_json::from_str(&text).ok());
    if let Some(note) = &note {
        // First, so that a worker that loads finds the run ended.
        session.run(&ledger::drop_statement(&note.run_id))?;
    }
    empty(session, schema)?;
    let extensions = note.map(|note| note.extensions).unwrap_or_default();
    match drop_all(session, schema, &extensions) {
        // 2BP01: somebody uses the extension by now, so it is not ours to drop any more.
        Err(error) if error.sqlstate.as_deref() == Some("2BP01") => drop_all(session, schema, &[]),
        result => result,
    }
}

fn drop_all(session: &mut Session, schema: &str, extensions: &[String]) -> Result<(), EngineError> {
    let mut sql = format!(
        "begin; drop schema {} cascade; drop schema if exists {} cascade;",
        quote(schema),
        quote(&notes_name(schema))
    );
    for extension in extensions {
        sql.push_str(&format!("drop extension if exists {};", quote(extension)));
    }
    sql.push_str("commit");
    session.run(&sql).inspect_err(|_| drop(session.client.batch_execute("rollback")))
}

/// Leaves at most one piece of tables.
pub(super) fn empty(session: &mut Session, schema: &str) -> Result<(), EngineError> {
    let tables: Vec<String> = objects::of_schema(session, schema)?
        .into_iter()
        .filter(objects::Object::is_table)
        .map(|table| format!("{}.{}", quote(schema), quote(&table.name)))
        .collect();
    for piece in tables.chunks(PIECE).skip(1) {
        session.run(&format!("drop table if exists {} cascade", piece.join(", ")))?;
    }
    Ok(())
}
