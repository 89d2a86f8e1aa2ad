//! A text that must never be printed.

/// No `Debug`, `Display` or `Serialize`: what would print it does not compile.
#[derive(Clone)]
pub(super) struct Secret(String);

impl Secret {
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }

    /// For the client library only.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}
