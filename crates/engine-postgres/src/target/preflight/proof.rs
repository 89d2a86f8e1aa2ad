//! The proof of the plan's DDL: the plan and its baseline are each built on empty tables, in one
//! transaction that is rolled back, and the two catalogs are compared.

use catalog::{Catalog, Change, Difference};
use diagnostics::code::{
    BASELINE_DIFFERENT, BASELINE_EXTRA_COMPONENT, BASELINE_MISSING_COMPONENT, NO_PRIVILEGE,
    PREFLIGHT,
};
use diagnostics::{SourceId, SourceText, Span};
use ir::{Action, Origin, Place};
use runtime::engine::TargetColumn;
use runtime::{EngineError, ErrorClass};
use sql::Dialect;

use super::Checks;
use crate::copy::Loadable;
use crate::introspect::{Scope, introspect};
use crate::scratch::HOME;
use crate::target::compare;
use crate::target::objects::{self, Object};
use crate::{extension, home, quote};

/// Findings beyond this say nothing new: one broken statement breaks all that build on it.
const SHOWN: usize = 50;

/// What the plan builds.
#[derive(Default)]
pub(super) struct Built {
    pub(super) objects: Vec<Object>,
    /// Every name that relations and types share, those of indexes and owned sequences too.
    pub(super) names: Vec<String>,
}

const NAMES: &str = "select c.relname::text from pg_class c \
    join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 \
    union select t.typname::text from pg_type t \
    join pg_namespace n on n.oid = t.typnamespace where n.nspname = $1";

impl Checks<'_> {
    /// Returns what the plan builds.
    pub(super) fn proof(&mut self) -> Result<Built, EngineError> {
        let before = self.out.findings.len();
        self.session.run("begin")?;
        let built = self.build_both(before);
        // A session that is gone has rolled back by itself.
        drop(self.session.run("rollback"));
        match built {
            // Without the right to create schemas there is nothing to prove; that is a finding already.
            Err(error) if error.code == &NO_PRIVILEGE && before > 0 => Ok(Built::default()),
            built => built,
        }
    }

    fn build_both(&mut self, before: usize) -> Result<Built, EngineError> {
        self.session.run("savepoint proof")?;
        self.make_home()?;
        self.build_plan()?;
        let built = introspect(self.session, &Scope::Schema(HOME.to_owned()))?;
        self.columns()?;
        self.sorts()?;
        self.loadable()?;
        crate::introspect::set_search_path(self.session, "pg_catalog")?;
        let objects = objects::of_schema(self.session, HOME)?;
        let names = self.session.rows(&PREFLIGHT, NAMES, &[&HOME])?;
        let names = names.iter().map(|row| row.get(0)).collect();
        self.session.run("rollback to proof")?;
        self.make_home()?;
        self.build_baseline()?;
        let expected = introspect(self.session, &Scope::Schema(HOME.to_owned()))?;
        if self.out.findings.len() == before {
            self.compare(expected, &built);
        }
        Ok(Built { objects, names })
    }

    fn make_home(&mut self) -> Result<(), EngineError> {
        self.session.run(&format!("create schema {}", quote(HOME)))?;
        home::enter(self.session, HOME)?;
        for name in self.target.extensions.clone() {
            self.make_extension(&name)?;
        }
        Ok(())
    }

    fn make_extension(&mut self, name: &str) -> Result<(), EngineError> {
        if self.is_refused(name) || extension::is_installed(self.session, name)? {
            return Ok(());
        }
        let schema = self.target.schema.clone();
        if let Some(sql) = extension::create_statement(self.session, name, &schema)?
            && let Err(error) = self.attempt(&sql)?
        {
            self.finding(error.object(format!("extension {name}")));
        }
        home::enter(self.session, HOME)
    }

    fn build_plan(&mut self) -> Result<(), EngineError> {
        let plan = self.plan;
        for step in &plan.steps {
            let Action::Execute { sql, place: Place::Staging } = &step.action else { continue };
            self.build(sql, &step.origin)?;
        }
        Ok(())
    }

    fn build_baseline(&mut self) -> Result<(), EngineError> {
        let baseline = &self.plan.baseline;
        for (statement, origin) in baseline.script.statements.iter().zip(&baseline.origins) {
            self.build(&statement.sql, origin)?;
        }
        Ok(())
    }

    fn build(&mut self, sql: &str, origin: &Origin) -> Result<(), EngineError> {
        let refused = extension::about(sql).is_some_and(|name| self.is_refused(&name));
        if refused || extension::is_done(self.session, sql)? {
            return Ok(());
        }
        if let Err(error) = self.attempt(sql)?
            && self.out.findings.len() < SHOWN
            && !self.follows_from_missing_role(&error)
        {
            self.finding(error.object(origin.to_string()));
        }
        Ok(())
    }

    /// That an extension cannot be made is one finding, however often it is asked for.
    fn is_refused(&self, extension: &str) -> bool {
        let object = format!("extension {extension}");
        self.out.findings.iter().any(|finding| finding.object.as_ref() == Some(&object))
    }

    /// A role that is not there is one finding, however many statements name it.
    fn follows_from_missing_role(&self, error: &EngineError) -> bool {
        let missing = self.out.findings.iter().filter_map(|finding| finding.object.as_deref());
        let mut roles = missing.filter_map(|object| object.strip_prefix("role "));
        error.sqlstate.as_deref() == Some("42704")
            && roles.any(|role| error.message.contains(&format!("role \"{role}\"")))
    }

    /// The inner error is the statement's; the outer one means that the connection is gone.
    fn attempt(&mut self, sql: &str) -> Result<Result<(), EngineError>, EngineError> {
        self.session.run("savepoint statement")?;
        let result = self.session.run(sql);
        match &result {
            Ok(()) => self.session.run("release statement")?,
            Err(error)
                if matches!(error.class, ErrorClass::ConnectionLost | ErrorClass::Interrupted) =>
            {
                return Err(error.clone());
            }
            Err(_) => self.session.run("rollback to statement; release statement")?,
        }
        Ok(result)
    }

    fn columns(&mut self) -> Result<(), EngineError> {
        for row in self.session.rows(&PREFLIGHT, COLUMNS, &[&HOME])? {
            let column = TargetColumn {
                name: row.get(1),
                type_name: row.get(2),
                not_null: row.get(3),
                has_default: row.get(4),
                generated: row.get(5),
                identity: row.get(6),
            };
            self.out.tables.entry(row.get(0)).or_default().push(column);
        }
        Ok(())
    }

    /// A table that was not built is a finding already.
    fn loadable(&mut self) -> Result<(), EngineError> {
        home::enter(self.session, HOME)?;
        for step in &self.plan.steps {
            let Action::Load(load) = &step.action else { continue };
            if self.out.tables.contains_key(&load.table) {
                let found = Loadable::look_up(&mut self.session.client, &load.table)?;
                self.loadable.insert(load.table.clone(), found);
            }
        }
        Ok(())
    }

    fn compare(&mut self, expected: Catalog, built: &Catalog) {
        let expected = compare::without_schema_grants(expected);
        let found = compare::against_baseline(&expected, built, self.plan, self.target);
        if found.is_empty() {
            self.passed(format!("the plan builds the baseline: {} objects", expected.len()));
        }
        for difference in found {
            let error = self.difference(&difference);
            self.finding(error);
        }
    }

    fn difference(&self, difference: &Difference) -> EngineError {
        let code = match difference.change {
            Change::Missing => &BASELINE_MISSING_COMPONENT,
            Change::Changed { .. } => &BASELINE_DIFFERENT,
            Change::Extra => &BASELINE_EXTRA_COMPONENT,
        };
        let error = EngineError::new(code, difference.to_string());
        match self.baseline_place(difference) {
            Some(origin) => error.object(origin.to_string()),
            None => error.object(self.plan.baseline.file.clone()),
        }
    }

    /// The first statement of the baseline that names the object and what it is on; failing that,
    /// the first that names what it is on.
    fn baseline_place(&self, difference: &Difference) -> Option<&Origin> {
        let baseline = &self.plan.baseline;
        let name = difference.key.name.split('(').next().unwrap_or_default();
        let parent = difference.key.parent.rsplit([' ', '.']).next().unwrap_or_default();
        let naming = |wanted: &[&str]| {
            baseline.script.statements.iter().position(|statement| {
                let names = names_in(&statement.sql);
                wanted.iter().all(|word| word.is_empty() || names.iter().any(|name| name == word))
            })
        };
        let at = naming(&[name, parent])
            .or_else(|| (!parent.is_empty()).then(|| naming(&[parent]))?)?;
        baseline.origins.get(at)
    }
}

fn names_in(statement: &str) -> Vec<String> {
    let text = SourceText::verbatim(statement, Span::new(SourceId(0), 0..statement.len()));
    let (statements, _) = sql::split(&text, Dialect::Postgres);
    statements.iter().flat_map(sql::identifiers).map(|name| name.name).collect()
}

/// Tables of schema $1 in name order, their columns in the order of the table.
const COLUMNS: &str = "select c.relname::text, a.attname::text, \
        format_type(a.atttypid, a.atttypmod), a.attnotnull, \
        a.atthasdef and a.attgenerated = '', a.attgenerated <> '', a.attidentity <> '' \
    from pg_class c join pg_namespace n on n.oid = c.relnamespace \
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped \
    where n.nspname = $1 and c.relkind in ('r', 'p') order by c.relname, a.attnum";
