//! A database made for one rehearsal on a server that may create databases, and removed after it
//! with the roles that were made for it.

use ir::TlsMode;
use runtime::EngineError;

use crate::connect::{Address, Connector, Pins};
use crate::roles::MadeRoles;
use crate::scratch::Database;

pub struct RehearsalDatabase {
    address: Address,
    /// Roles of the plan that the server did not have; on a shared server they are few or none.
    roles: MadeRoles,
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
        let roles = MadeRoles::make(connector.open("rehearsal")?, roles)?;
        Ok(Self { address, roles, database: Some(database) })
    }

    pub fn address(&self) -> Address {
        self.address.clone()
    }

    /// Leaves it on the server; returns its name.
    pub fn keep(mut self) -> Option<String> {
        self.roles.keep();
        self.database.take().map(Database::keep)
    }
}

impl Drop for RehearsalDatabase {
    fn drop(&mut self) {
        // Roles go after the database in which they own or are granted something.
        drop(self.database.take());
        self.roles.remove();
    }
}
