//! The budget of one plan file. A plan is written by someone trusted, but its bytes may be
//! anything: every limit is checked before the memory or time it guards is spent.

use diagnostics::{Diagnostic, code};

/// Size of a plan file, bytes.
pub const MAX_BYTES: usize = 4 << 20;

/// Collections inside each other. The plan language itself needs seven.
pub(crate) const MAX_DEPTH: usize = 64;

/// What all values together may weigh, aliases expanded: about half a million short values.
pub(super) const MAX_WEIGHT: usize = 64 << 20;

/// What a value with a text of this many bytes weighs.
pub(super) fn weight(text: usize) -> usize {
    128 + text
}

pub(super) fn too_large(message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(&code::TOO_LARGE, message)
}
