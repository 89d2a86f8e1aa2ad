//! Tests from the outside; see ../README.md.
#![allow(clippy::print_stdout)] // figures and skipped tests are part of the result
#![allow(clippy::unwrap_used)] // a test that cannot be set up fails

mod architecture;
mod baseline;
mod blocks;
mod bundle;
mod case;
mod check;
mod chunks;
mod clock;
mod confirm;
mod cut;
mod destinations;
mod diff;
mod disk;
mod drift;
mod examples;
mod failures;
mod faults;
mod fleet;
mod fleet_shared;
mod fleet_sources;
mod formats;
mod hostile;
mod html;
mod incidents;
mod init;
mod kills;
mod lsp;
mod misfits;
mod mistakes;
mod names;
mod pages;
mod permissions;
mod preflight;
mod rare;
mod readme;
mod real;
mod refused;
mod rehearse;
mod rows;
mod server;
mod several_schemas;
mod signals;
mod sources;
mod sqlite;
mod streams;
mod terminal;
mod workflows;

use testkit::{Database, Program};

/// The program under test.
fn cutover() -> Program {
    Program::new(env!("CARGO_BIN_EXE_cutover-under-test"))
}

/// The program with the database in the variable that the test plans name.
fn cutover_on(database: &Database) -> Program {
    cutover().env("CUTOVER_TEST_URL", &database.url)
}
