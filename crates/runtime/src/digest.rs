//! The order-independent content digest of a set of rows.

use std::fmt;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use sha2::{Digest as _, Sha256};
use xxhash_rust::xxh3::xxh3_128;

use crate::faults;

/// Row count and the sum (modulo 2^128) of the XXH3-128 hashes of each row's canonical bytes. A sum
/// and not an exclusive or: two equal rows must not cancel each other out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowDigest {
    pub rows: u64,
    pub sum: u128,
}

impl RowDigest {
    /// Adds one row by its canonical bytes, which must be unambiguous (length-prefixed values).
    pub fn add(&mut self, row: &[u8]) {
        self.add_hash(xxh3_128(row));
    }

    /// Adds one row by the XXH3-128 hash of its canonical bytes.
    pub fn add_hash(&mut self, hash: u128) {
        self.rows += 1;
        self.sum = self.sum.wrapping_add(hash);
    }

    /// The digest of both sets together.
    #[must_use]
    pub fn merge(self, other: RowDigest) -> RowDigest {
        RowDigest { rows: self.rows + other.rows, sum: self.sum.wrapping_add(other.sum) }
    }
}

/// `rows:hex`, stable: it stands in journals.
impl fmt::Display for RowDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:032x}", self.rows, self.sum)
    }
}

/// What [`fmt::Display`] gives.
impl std::str::FromStr for RowDigest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once(':').and_then(|(rows, sum)| {
            Some(RowDigest { rows: rows.parse().ok()?, sum: u128::from_str_radix(sum, 16).ok()? })
        });
        parts.ok_or_else(|| format!("`{text}` is not a digest of rows"))
    }
}

/// SHA-256 of a file's bytes, lower-case hexadecimal.
pub(crate) fn sha256_of(path: &Path) -> std::io::Result<String> {
    faults::io("read file")?;
    let mut file = BufReader::with_capacity(1 << 20, File::open(path)?);
    let mut hash = Sha256::new();
    loop {
        let bytes = file.fill_buf()?;
        if bytes.is_empty() {
            break;
        }
        hash.update(bytes);
        let count = bytes.len();
        file.consume(count);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::RowDigest;

    fn of(rows: &[&str]) -> RowDigest {
        let mut digest = RowDigest::default();
        rows.iter().for_each(|row| digest.add(row.as_bytes()));
        digest
    }

    #[test]
    fn order_does_not_matter_and_repeats_do() {
        assert_eq!(of(&["a", "b"]), of(&["b", "a"]));
        assert_ne!(of(&["a", "a"]), of(&["b", "b"]));
        assert_eq!(of(&["a"]).merge(of(&["b"])), of(&["a", "b"]));
    }

    #[test]
    fn its_text_is_read_back() {
        let digest = of(&["a", "b", "c"]);
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert!("3".parse::<RowDigest>().is_err() && "3:xyz".parse::<RowDigest>().is_err());
    }
}
