//! The stored form of a compiled plan: pretty JSON with a format version, a sum of its own, and its
//! digest. The sum is the last value and covers every byte before it: a file that was changed or cut
//! says so by itself, also to somebody who has no digest to hold it against.

use std::fmt;
use std::io::{self, BufWriter, Write};

use sha2::{Digest as _, Sha256};

use crate::CompiledPlan;

/// Raised by one whenever an older reader could misread newer bytes.
pub const FORMAT_VERSION: u32 = 2;

/// The first format with a sum.
const SUMMED: u64 = 2;
const SUM: &str = ",\n  \"sum\": \"";
const END: &str = "\"\n}\n";
/// What ends the JSON of a plan, and comes after the sum instead.
const CLOSE: &[u8] = b"\n}";
/// Bytes that are hashed at a time: what writes JSON writes a word at a time.
const CHUNK: usize = 64 * 1024;
const INFALLIBLE: &str =
    "maps with text keys and plain values have a JSON form, which memory takes";

/// SHA-256 of the stored bytes, lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest(pub String);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Digest {
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_hash(Sha256::new_with_prefix(bytes))
    }

    fn from_hash(hash: Sha256) -> Self {
        Self(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// What people compare: the first twelve digits.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormatError {
    NotACompiledPlan(String),
    /// Its bytes are not those that were written.
    Damaged,
    TooNew {
        found: u64,
    },
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FormatError::NotACompiledPlan(why) => write!(f, "not a compiled plan: {why}"),
            FormatError::Damaged => f.write_str(
                "the compiled plan is damaged: its bytes are not those that were written; compile \
                 it again",
            ),
            FormatError::TooNew { found } => write!(
                f,
                "the compiled plan has format {found}, this program reads up to {FORMAT_VERSION}"
            ),
        }
    }
}

impl std::error::Error for FormatError {}

impl CompiledPlan {
    /// The bytes that are reviewed, stored and digested.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.store(&mut bytes).expect(INFALLIBLE);
        bytes
    }

    /// The digest of [`CompiledPlan::to_bytes`], without holding them: those of a large plan are more
    /// than all else that is known of it.
    pub fn digest(&self) -> Digest {
        self.store(io::sink()).expect(INFALLIBLE)
    }

    /// The sum ends a part of what the digest is of: large plans are read through once for both.
    fn store(&self, out: impl Write) -> io::Result<Digest> {
        let mut out = BufWriter::with_capacity(CHUNK, Summing::new(out));
        serde_json::to_writer_pretty(&mut out, self)?;
        out.into_inner()?.finish(u64::from(self.format) >= SUMMED)
    }

    /// # Errors
    /// When the bytes are not a compiled plan, or of a newer format.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        let not = |error: serde_json::Error| FormatError::NotACompiledPlan(error.to_string());
        let mut value: serde_json::Value = serde_json::from_slice(bytes).map_err(not)?;
        let format = value.get("format").and_then(serde_json::Value::as_u64);
        let sum = value.as_object_mut().and_then(|object| object.remove("sum"));
        match (format, sum) {
            (None, _) => Err(FormatError::NotACompiledPlan("it has no format version".to_owned())),
            (Some(found), _) if found > u64::from(FORMAT_VERSION) => {
                Err(FormatError::TooNew { found })
            }
            (Some(SUMMED..), None) => Err(FormatError::Damaged),
            (_, Some(_)) if !is_whole(bytes) => Err(FormatError::Damaged),
            _ => serde_json::from_value(value).map_err(not),
        }
    }
}

/// Hashes what is written, and holds back what may be the end of it.
struct Summing<W> {
    hash: Sha256,
    held: Vec<u8>,
    out: W,
}

impl<W: Write> Summing<W> {
    fn new(out: W) -> Self {
        Self { hash: Sha256::new(), held: Vec::with_capacity(CHUNK + CLOSE.len()), out }
    }

    fn pass(&mut self, bytes: usize) -> io::Result<()> {
        self.hash.update(&self.held[..bytes]);
        self.out.write_all(&self.held[..bytes])?;
        self.held.drain(..bytes);
        Ok(())
    }

    fn finish(mut self, with_sum: bool) -> io::Result<Digest> {
        let end = if with_sum {
            format!("{SUM}{}{END}", Digest::from_hash(self.hash.clone()))
        } else {
            "\n}\n".to_owned()
        };
        self.held = end.into_bytes();
        self.pass(self.held.len())?;
        Ok(Digest::from_hash(self.hash))
    }
}

impl<W: Write> Write for Summing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        self.pass(self.held.len().saturating_sub(CLOSE.len()))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The sum is the last value, and that of everything before it.
fn is_whole(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let parts = text.strip_suffix(END).and_then(|text| text.rsplit_once(SUM));
    parts.is_some_and(|(body, sum)| Digest::of(body.as_bytes()).0 == sum)
}
