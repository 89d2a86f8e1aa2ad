//! What must hold of everything that reads bytes from outside, whatever the bytes are.
//!
//! One function per reader. Each panics where its reader breaks a promise: the fuzz targets call them
//! with what the fuzzer makes up, `tests/suite/hostile.rs` with the corpora that were kept.

mod compiled;
mod journal;
mod manifest;
mod plan;
mod sql;
mod tokens;
mod values;

use sha2::{Digest, Sha256};

/// Calls a reader with bytes and judges what it makes of them.
pub type Judge = fn(&[u8]);

/// Every reader by the name of its fuzz target and of its corpus.
pub const READERS: [(&str, Judge); 7] = [
    ("compiled_plan", compiled::judge),
    ("copy_values", values::judge),
    ("journal", journal::judge),
    ("manifest", manifest::judge),
    ("plan", plan::judge),
    ("plan_compile", plan::judge_compiled),
    ("sql", sql::judge),
];

pub use tokens::{Found, joined, of_sqlparser};

/// The judge of a reader.
///
/// # Panics
/// Where there is no reader of this name.
pub fn judge(reader: &str, bytes: &[u8]) {
    let found = READERS.iter().find(|(name, _)| *name == reader);
    let (_, judge) = found.unwrap_or_else(|| panic!("no reader is called `{reader}`"));
    judge(bytes);
}

/// SHA-256, lower-case hexadecimal.
fn sum_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
