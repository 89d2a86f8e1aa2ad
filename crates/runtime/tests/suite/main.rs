//! Whole runs against a simulated target and simulated sources, with faults at every call.

mod case;
mod dead;
mod faults;
mod journal;
mod order;
mod preflight;
mod runs;
mod sim;
mod verify;
