//! PostgreSQL as a target: introspection, scratch databases, the binary COPY path, staging and
//! promote. The only crate that speaks to a PostgreSQL server or starts one.

pub mod backup;
pub mod capture;
pub mod connect;
pub mod copy;
pub mod introspect;
pub mod rehearsal;
pub mod scratch;
pub mod server;
pub mod sqlstate;
pub mod target;

mod check;
mod extension;
mod guard;
mod home;
mod ledger;
mod record;
mod roles;
mod throwaway;
mod worker;

use sql::Dialect;

/// The one way in which a name gets into SQL.
fn quote(name: &str) -> String {
    sql::quote_ident(name, Dialect::Postgres)
}
