//! A database made for one rehearsal on a server that may create databases, and removed after it
//! with the roles that were made for it.

use diagnostics::code::NO_SCRATCH;
use ir::TlsMode;
use runtime::EngineError;

use crate::connect::{Address, Connector, Pins, Session};
use crate::quote;
use crate::scratch::Database;

pub struct RehearsalDatabase {
    address: Address,
    /// Roles of the plan that the server did not have; on a shared server they are few or none.
    roles: Vec<String>,
    connector: Connector,
    /// `None` once it is to be kept.
    database: Option<Database>,
}

impl RehearsalDatabase {
    /// On the server of `url`, for a plan that names `roles`.
    ///
    /// # Errors
    /// What the server says; without the text of the URL.
    pub fn create(url: &str, roles: &[String]) -> Result<Self, EngineError> {
        let address = Address::from_url(url)?;
        let connector = Connector::new(address.clone(), TlsMode::VerifyFull, Pins::default())?;
        let database = Database::create(&connector)?;
        let address = address.with_database(database.name());
        let mut made = Self { address, roles: Vec::new(), connector, database: Some(database) };
        made.create_roles(roles)?;
        Ok(made)
    }

    pub fn address(&self) -> Address {
        self.address.clone()
    }

    /// Leaves it on the server; returns its name.
    pub fn keep(mut self) -> Option<String> {
        self.roles.clear();
        self.database.take().map(Database::keep)
    }

    fn create_roles(&mut self, roles: &[String]) -> Result<(), EngineError> {
        let mut session = self.connector.open("rehearsal")?;
        for role in missing(&mut session, roles)? {
            session.run(&format!("create role {} nologin", quote(&role)))?;
            self.roles.push(role);
        }
        Ok(())
    }
}

fn missing(session: &mut Session, roles: &[String]) -> Result<Vec<String>, EngineError> {
    let sql = "select r from unnest($1::text[]) r where lower(r) <> 'public' \
        and r not in (select rolname from pg_catalog.pg_roles)";
    let rows = session.rows(&NO_SCRATCH, sql, &[&roles])?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

impl Drop for RehearsalDatabase {
    fn drop(&mut self) {
        // Roles go after the database in which they own or are granted something.
        drop(self.database.take());
        if self.roles.is_empty() {
            return;
        }
        if let Ok(mut session) = self.connector.open("rehearsal") {
            for role in &self.roles {
                // A role that cannot go is of no use to anybody: it may not log in.
                drop(session.run(&format!("drop role if exists {}", quote(role))));
            }
        }
    }
}
