//! Getting to the server: where it is, how it is trusted, and sessions whose settings are pinned.

mod address;
mod interrupt;
mod libpq;
mod passfile;
mod secret;
mod session;
mod tls;

pub use address::{Address, local_address};
pub(crate) use interrupt::Everything;
pub(crate) use session::Notice;
pub use session::{Connector, Pins, Session};
