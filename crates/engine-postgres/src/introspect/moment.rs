//! Two sessions that see the same moment, so that the families of few objects, whose queries take
//! long to plan, are read while the relations are.

use std::thread;

use catalog::Catalog;
use diagnostics::code::STATEMENT_FAILED;
use runtime::EngineError;

use super::{Scope, read};
use crate::connect::{Connector, Session};

/// A moment that other sessions can share.
pub(super) struct Moment {
    snapshot: String,
}

/// The moment that the session's transaction sees; `None` where it may have changed something, or
/// sees each statement's own.
pub(super) fn of(session: &mut Session) -> Result<Option<Moment>, EngineError> {
    let fixed = "select current_setting('transaction_read_only') = 'on' \
        and current_setting('transaction_isolation') = 'repeatable read'";
    if !session.value::<bool>(&STATEMENT_FAILED, fixed, &[])? {
        return Ok(None);
    }
    let snapshot = session.value(&STATEMENT_FAILED, "select pg_export_snapshot()", &[])?;
    Ok(Some(Moment { snapshot }))
}

impl Moment {
    /// The whole scope, half of it by a session of its own. Where the server has no room for
    /// another session, or whatever else keeps it from helping, the given one reads it all.
    pub(super) fn read(
        &self,
        session: &mut Session,
        scope: &Scope,
    ) -> Result<Catalog, EngineError> {
        let connector = session.connector().clone();
        thread::scope(|threads| {
            let families = threads.spawn(|| self.families(&connector, scope));
            let mut catalog = read(session, scope, |it| it.relations())?;
            let mut others = match families.join() {
                Ok(Ok(catalog)) => catalog,
                Ok(Err(_)) | Err(_) => read(session, scope, |it| it.families())?,
            };
            catalog.objects.append(&mut others.objects);
            Ok(catalog)
        })
    }

    fn families(&self, connector: &Connector, scope: &Scope) -> Result<Catalog, EngineError> {
        let mut session = connector.open("introspection")?;
        session.run("begin transaction isolation level repeatable read, read only")?;
        session.run(&format!("set transaction snapshot {}", sql::quote_literal(&self.snapshot)))?;
        read(&mut session, scope, |it| it.families())
    }
}
