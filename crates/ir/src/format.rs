//! The stored form of a compiled plan: pretty JSON with a format version, and its digest.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::CompiledPlan;

/// Raised by one whenever an older reader could misread newer bytes.
pub const FORMAT_VERSION: u32 = 1;

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
        Self(Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// What people compare: the first twelve digits.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormatError {
    NotACompiledPlan(String),
    TooNew { found: u64 },
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FormatError::NotACompiledPlan(why) => write!(f, "not a compiled plan: {why}"),
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
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }

    /// # Errors
    /// When the bytes are not a compiled plan, or of a newer format.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        let not = |error: serde_json::Error| FormatError::NotACompiledPlan(error.to_string());
        let value: serde_json::Value = serde_json::from_slice(bytes).map_err(not)?;
        match value.get("format").and_then(serde_json::Value::as_u64) {
            None => Err(FormatError::NotACompiledPlan("it has no format version".to_owned())),
            Some(found) if found > u64::from(FORMAT_VERSION) => Err(FormatError::TooNew { found }),
            Some(_) => serde_json::from_value(value).map_err(not),
        }
    }
}
