//! Whole runs against a simulated target and simulated sources, with faults at every call.

#![allow(clippy::unwrap_used)] // a panic is how a test fails

mod case;
mod dead;
mod events;
mod faults;
mod journal;
mod order;
mod preflight;
mod recovery;
mod runs;
mod sim;
mod verify;
