//! Roles that a plan or a dump names and a server that is lent does not have: made, and removed again.

use diagnostics::code::STATEMENT_FAILED;
use runtime::EngineError;

use crate::connect::Session;
use crate::quote;

/// Roles that may not log in, until they are removed or kept.
pub(crate) struct MadeRoles {
    session: Session,
    made: Vec<String>,
}

impl MadeRoles {
    /// Makes those of `roles` that are missing.
    ///
    /// # Errors
    /// What the server says.
    pub(crate) fn make(mut session: Session, roles: &[String]) -> Result<Self, EngineError> {
        let missing = missing(&mut session, roles)?;
        let mut roles = Self { session, made: Vec::new() };
        for role in missing {
            // One that another command makes at the same time is there as well.
            let made = roles.session.run(&format!("create role {} nologin", quote(&role)));
            match made {
                Ok(()) => roles.made.push(role),
                Err(error) if error.sqlstate.as_deref() == Some("42710") => {}
                Err(error) => {
                    roles.remove();
                    return Err(error.help(format!("create the role `{role}` there")));
                }
            }
        }
        Ok(roles)
    }

    pub(crate) fn keep(&mut self) {
        self.made.clear();
    }

    pub(crate) fn remove(&mut self) {
        for role in self.made.drain(..) {
            // A role that is in use by now belongs to somebody.
            drop(self.session.run(&format!("drop role if exists {}", quote(&role))));
        }
    }
}

/// Those of `roles` that the server does not have; `public` is none.
pub(crate) fn missing(session: &mut Session, roles: &[String]) -> Result<Vec<String>, EngineError> {
    let sql = "select r from unnest($1::text[]) r where lower(r) <> 'public' \
        and r not in (select rolname from pg_catalog.pg_roles)";
    let rows = session.rows(&STATEMENT_FAILED, sql, &[&roles])?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
