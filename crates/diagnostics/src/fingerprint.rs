//! Names for findings that stay when lines move: services track by them what is new and what is gone.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::Diagnostic;

/// One fingerprint per finding, in their order. It is made of the code, the path and the message, and
/// for equal ones of their number, so that all are different; lines and columns have no part in it.
pub(crate) fn of<'a>(findings: impl Iterator<Item = (&'a Diagnostic, String)>) -> Vec<String> {
    let mut seen: BTreeMap<(&str, String, &str), u32> = BTreeMap::new();
    findings
        .map(|(one, path)| {
            let number = seen.entry((one.code.id, path.clone(), &one.message)).or_default();
            *number += 1;
            digest(&[one.code.id, &path, &one.message, &number.to_string()])
        })
        .collect()
}

/// 128 bits are enough for names; each part ends with a byte that no text holds.
fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0xff]);
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
