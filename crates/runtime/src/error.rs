//! What an engine says when something does not work.

use std::fmt;

use diagnostics::Code;

/// What the runtime may do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// Repeating it cannot help.
    Permanent,
    /// A lock or a serialisation failure: the same transaction may succeed later.
    Transient,
    /// The connection is gone; whether the last statement took effect is unknown.
    ConnectionLost,
    /// The run was asked to stop.
    Interrupted,
}

/// Texts never hold secrets, nor row values but for the one shortened value that a `RUN812` is about,
/// without which nobody finds it; `message` is the engine's own main message where the
/// engine spoke (its DETAIL and CONTEXT carry user data and are left out).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineError {
    pub code: &'static Code,
    pub message: String,
    pub class: ErrorClass,
    pub sqlstate: Option<String>,
    /// The object it is about: `table orders`, `data/shop.db`.
    pub object: Option<String>,
    pub help: Option<String>,
    /// Byte offset in the SQL text, where the engine gives one.
    pub offset: Option<usize>,
    /// Where rows break a unique key: which.
    pub key: Option<Box<BrokenKey>>,
}

/// A unique key of a table that two rows have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenKey {
    pub table: String,
    /// As the engine names them; an expression is one of them.
    pub columns: Vec<String>,
}

impl EngineError {
    pub fn new(code: &'static Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            class: ErrorClass::Permanent,
            sqlstate: None,
            object: None,
            help: None,
            offset: None,
            key: None,
        }
    }

    #[must_use]
    pub fn class(mut self, class: ErrorClass) -> Self {
        self.class = class;
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    #[must_use]
    pub fn object(mut self, object: impl Into<String>) -> Self {
        self.object = Some(object.into());
        self
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.object {
            Some(object) => write!(f, "{object}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for EngineError {}
