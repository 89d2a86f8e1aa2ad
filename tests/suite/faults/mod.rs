//! L3, L6 and L1 at every fault point: the program fails there, and is killed there; the target is as
//! before or as after, `status` names the command that ends it, the journal closes, and no source
//! changed.
//!
//! A seeded sample by default; `FAULTS=all` takes every point until none fires any more (`cargo xtask
//! faults --all`), `FAULTS=every:9` every ninth.

mod backups;
mod bench;
mod examples;
mod places;
mod points;
mod recovery;
