//! Everything that can be known before the window, all findings at once.

mod privileges;
mod proof;
mod recovery;
mod server;
mod sorts;

use std::collections::BTreeMap;

use diagnostics::code::{INBOUND_REFERENCE, NO_PRIVILEGE, PREFLIGHT, TARGET_NOT_EMPTY};
use ir::{CompiledPlan, Existing, Inbound, PostgresTarget};
use runtime::EngineError;
use runtime::engine::Preflight;

use self::proof::Built;
use super::existing;
use super::objects::{self, Object};
use crate::connect::Session;
use crate::copy::Loadable;
use crate::introspect::set_search_path;

/// What the checks share. Each appends to `out`; an `Err` of theirs means that the server could not
/// be asked at all.
struct Checks<'a> {
    session: &'a mut Session,
    plan: &'a CompiledPlan,
    target: &'a PostgresTarget,
    /// A server of ours: its durability is not the user's concern.
    own_server: bool,
    /// The server is on this machine, or its certificate was verified in full.
    verified: bool,
    out: Preflight,
    /// The tables that take rows, as the proof built them.
    loadable: LoadableTables,
}

pub(super) type LoadableTables = BTreeMap<String, Loadable>;

pub(super) fn run(
    session: &mut Session,
    plan: &CompiledPlan,
    target: &PostgresTarget,
    own_server: bool,
    verified: bool,
) -> Result<(Preflight, LoadableTables), EngineError> {
    let (out, loadable) = Default::default();
    let mut checks = Checks { session, plan, target, own_server, verified, out, loadable };
    checks.server()?;
    checks.privileges()?;
    let built = checks.proof()?;
    set_search_path(checks.session, "pg_catalog")?;
    checks.existing(&built)?;
    checks.lock_budget(built.objects.len())?;
    Ok((checks.out, checks.loadable))
}

impl Checks<'_> {
    fn finding(&mut self, error: EngineError) {
        self.out.findings.push(error);
    }

    fn passed(&mut self, what: impl Into<String>) {
        self.out.passed.push(what.into());
    }

    /// The objects in the way, who refers to them, and their fingerprint.
    fn existing(&mut self, built: &Built) -> Result<(), EngineError> {
        let schema = self.target.schema.as_str();
        let old = objects::of_schema(self.session, schema)?;
        let replaced = objects::replaced_by(self.session, old, &built.objects)?;
        match self.target.existing {
            _ if replaced.is_empty() => {
                self.passed(format!("nothing in schema {schema} is in the way"));
            }
            Existing::Refuse => self.refuse_existing(&replaced),
            Existing::Replace => {
                self.inbound(&replaced)?;
                self.not_ours(&replaced);
            }
        }
        self.clashes(&built.names, &replaced)?;
        self.fingerprint(&replaced)
    }

    /// Names that are taken by what stays: an index, a sequence or a type of something else.
    fn clashes(&mut self, names: &[String], replaced: &[Object]) -> Result<(), EngineError> {
        let oids: Vec<u32> = replaced.iter().map(|object| object.address.1).collect();
        let schema = self.target.schema.clone();
        for row in self.session.rows(&PREFLIGHT, CLASHES, &[&schema, &names, &oids])? {
            let shown: String = row.get(0);
            let message = format!("a name that the plan uses is taken in schema `{schema}`");
            self.finding(
                EngineError::new(&TARGET_NOT_EMPTY, message)
                    .object(shown)
                    .help("rename one of the two; they cannot be in one schema"),
            );
        }
        Ok(())
    }

    /// What may not be read is a finding like any other.
    fn fingerprint(&mut self, replaced: &[Object]) -> Result<(), EngineError> {
        match existing::look(self.session, &self.target.schema, replaced) {
            Ok(before) => {
                self.out.before = before.fingerprint;
                self.out.replaced = before.tables;
            }
            Err(error) if error.code == &NO_PRIVILEGE => self.finding(error),
            Err(error) => return Err(error),
        }
        set_search_path(self.session, "pg_catalog")
    }

    fn refuse_existing(&mut self, replaced: &[Object]) {
        for object in replaced {
            let message =
                format!("`{}` is already in schema `{}`", object.name, self.target.schema);
            self.finding(EngineError::new(&TARGET_NOT_EMPTY, message).object(object.shown()).help(
                "write `existing: replace` to move it aside and keep it, or choose another schema",
            ));
        }
    }

    fn inbound(&mut self, replaced: &[Object]) -> Result<(), EngineError> {
        for inbound in existing::inbound(self.session, replaced)? {
            let shown = inbound.shown;
            let error = |help: &str| {
                EngineError::new(&INBOUND_REFERENCE, format!("{shown} refers to a replaced object"))
                    .object(shown.clone())
                    .help(help)
            };
            match (self.target.inbound, inbound.carry) {
                (Inbound::Carry, Some(_)) => self.passed(format!("{shown} is carried over")),
                (Inbound::Carry, None) => self.finding(error(
                    "it cannot be carried over; drop it before the run and create it again after",
                )),
                (Inbound::Refuse, _) => self.finding(error(
                    "write `inbound: carry` to rebuild it on the new objects in the same transaction",
                )),
            }
        }
        Ok(())
    }
}

/// Relations and types of schema $1 with a name of $2 that do not move away with the objects $3.
const CLASHES: &str = "\
    select pg_describe_object('pg_class'::regclass, c.oid, 0) \
    from pg_class c join pg_namespace n on n.oid = c.relnamespace \
    where n.nspname = $1 and c.relname = any ($2) and c.oid <> all ($3) \
      and not exists (select from pg_index i where i.indexrelid = c.oid and i.indrelid = any ($3)) \
      and not exists (select from pg_type t where t.typrelid = c.oid and t.oid = any ($3)) \
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass \
        and d.objid = c.oid and d.refclassid = 'pg_class'::regclass \
        and d.refobjid = any ($3) and d.deptype in ('a', 'i')) \
    union \
    select pg_describe_object('pg_type'::regclass, t.oid, 0) \
    from pg_type t join pg_namespace n on n.oid = t.typnamespace \
    where n.nspname = $1 and t.typname = any ($2) and t.oid <> all ($3) and t.typrelid = 0 \
      and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass \
        and d.objid = t.oid and d.refobjid = any ($3) and d.deptype in ('a', 'i')) \
      and not exists (select from pg_type e join pg_class c on c.oid = e.typrelid \
        where e.oid = t.typelem and c.oid = any ($3)) \
    order by 1";
